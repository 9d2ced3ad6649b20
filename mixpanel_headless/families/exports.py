"""Raw data: every event and every profile, row by row.

for row in ws.stream_events(from_date="2026-01-01", to_date="2026-01-31"): ...
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence  # noqa: TC003 - commands are made from annotations
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from mixpanel_headless.operation import Async, Mode, Surface, operation, stream
from mixpanel_headless.query.exports import EventExport, ProfileExport
from mixpanel_headless.request import Json, Request
from mixpanel_headless.results.profiles import check_profiles, read_profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.results.provenance import Provenance

RETRIES = 3
"""How often an export that brings nothing new is sent again, as the reference does."""


class Exports(Surface[Mode]):
    """Raw events and profiles. Events spend the export budget: 60 requests an hour, 3 a second, 100 at once."""

    @operation
    def _event_lines(self, wanted: EventExport) -> Request[None]:
        """The request whose answer is lines of events."""
        params = wanted.params(self.pin.project)
        return Request("GET", "export", "/export", read_nothing, params, retries=RETRIES)

    @stream
    async def stream_events(
        self: Exports[Async],
        *,
        from_date: Day,
        to_date: Day,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        raw: bool = False,
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Every event from one day to another, both included, each once however often the connection breaks.

        Rows are `event_name`, `event_time` (UTC), `distinct_id`, `insert_id` (a random one if the event has none) and
        `properties`, the others; with `raw`, the service's own objects. `where` is an expression of the service's; `limit`
        at most 100,000. Memory does not grow with the number of events. Costs one request of the export budget, and one
        more for each cut, 5xx or refusal; three in a row that bring nothing new raise TransportError, ServerError or
        RateLimitError. Lines that are no events are left out, and their number is logged as a warning.
        """
        from mixpanel_headless.exports.rows import Reader, event_object, event_row

        wanted = EventExport(from_date=from_date, to_date=to_date, events=events, where=where, limit=limit)
        reader = Reader(event_object if raw else event_row)
        request = Exports._event_lines.request(self, wanted)
        async with aclosing(self.read_lines(request, Exports.stream_events)) as pages:
            async for lines in pages:
                yield reader.rows(lines)
        reader.tell()

    @operation
    def _profiles_as_sent(self, body: Mapping[str, Any]) -> Request[Mapping[str, Any]]:
        """One page of profiles, read no further."""
        return Request("POST", "query", "/engage/", read_nothing_further, body=body, accept=check_profiles)

    @stream
    async def stream_profiles(
        self: Exports[Async],
        *,
        where: str | None = None,
        cohort_id: str | None = None,
        output_properties: Sequence[str] | None = None,
        raw: bool = False,
        distinct_id: str | None = None,
        distinct_ids: Sequence[str] | None = None,
        group_id: str | None = None,
        behaviors: Sequence[Mapping[str, Any]] | None = None,
        as_of_timestamp: int | None = None,
        include_all_users: bool = False,
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Every profile, or those that are chosen, page by page.

        Rows are `distinct_id`, `last_seen` and `properties`, the others; with `raw`, the service's own objects. `group_id`
        asks for profiles of a group instead of users', `as_of_timestamp` (Unix seconds) for those of a past moment,
        `include_all_users` also for members of the cohort without a profile. Costs one query for all pages together.
        """
        wanted = ProfileExport(
            where=where, cohort_id=cohort_id, output_properties=output_properties, distinct_id=distinct_id,
            distinct_ids=distinct_ids, group_id=group_id, behaviors=behaviors, as_of_timestamp=as_of_timestamp,
            include_all_users=include_all_users,
        )  # fmt: skip
        body = wanted.body(self.pin.project, time.time())
        if distinct_ids is not None and not distinct_ids:
            return
        while True:
            page = await self._profiles_as_sent(body)
            profiles = page["results"]
            yield list(profiles) if raw else [read_profile(profile) for profile in profiles]
            if not profiles or not page.get("session_id"):
                return
            body = {**body, "page": body["page"] + 1, "session_id": page["session_id"]}


def read_nothing(tree: Json, provenance: Provenance) -> None:
    """A streamed answer has been read by its end."""


def read_nothing_further(tree: Json, provenance: Provenance) -> Mapping[str, Any]:
    """The answer as it came."""
    page: Mapping[str, Any] = tree
    return page
