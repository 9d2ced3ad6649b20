"""Raw data: every event and every profile, row by row.

for row in ws.stream_events(from_date="2026-01-01", to_date="2026-01-31"): ...
"""

from __future__ import annotations

import functools
import os  # noqa: TC003 - commands are made from annotations
import time
from collections.abc import Mapping, Sequence  # noqa: TC003 - as above
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

import attrs

from mixpanel_headless.operation import Async, Mode, Surface, composite, operation, stream
from mixpanel_headless.paging import Walk
from mixpanel_headless.query.exports import EventExport, ProfileExport
from mixpanel_headless.request import Json, Request
from mixpanel_headless.results.profiles import ProfilePage, check_profiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import date

    from mixpanel_headless.exports.writing import EventFile
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.results.exports import Exported
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

    @stream(command="events")
    async def stream_events(
        self: Exports[Async],
        *,
        from_date: Day,
        to_date: Day,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        raw: bool = False,
    ) -> AsyncIterator[Iterable[dict[str, Any]]]:
        """Every event from one day to another, both included, each once however often the connection breaks.

        Rows are `event_name`, `event_time` (UTC), `distinct_id`, `insert_id` (a random one if the event has none) and
        `properties`, the others; with `raw`, the service's own objects. Memory does not grow with the number of events.
        Costs one request of the export budget, and one more for each cut, 5xx or refusal. Lines that are no events are left
        out, and their number is logged as a warning. An answer that is cut is noticed by its length or by the end of its
        packing; where a proxy takes both away, a cut between two lines is not, and a warning says so.

        Raises TransportError, ServerError or RateLimitError after three cuts, 5xx or refusals in a row that brought nothing
        new, InvalidResponseError for a line without an end after 64 MB.

        - `events`: only these events.
        - `raw`: the service's own objects instead of rows.
        - `limit`: at most so many events, up to 100,000.
        """
        from mixpanel_headless.exports.rows import Reader, event_object, event_objects, event_row, event_rows

        wanted = EventExport(from_date=from_date, to_date=to_date, events=events, where=where, limit=limit)
        reader = Reader(event_objects, event_object) if raw else Reader(event_rows, event_row)
        request = Exports._event_lines.request(self, wanted)
        async with aclosing(self.read_lines(request, Exports.stream_events)) as pages:
            async for lines in pages:
                yield reader.rows(lines)
        reader.tell()

    @composite(command="event-files")
    async def export_events(
        self: Exports[Async],
        to: str | os.PathLike[str],
        *,
        from_date: Day,
        to_date: Day,
        format: Literal["parquet", "jsonl.gz"] = "parquet",  # noqa: A002 - what callers call it
        events: Sequence[str] | None = None,
        where: str | None = None,
        progress: bool = False,
    ) -> Exported:
        """Every event of some days, both ends included, in a folder: one file a day, each event once.

        Parquet has the columns `event_name`,
        `event_time`, `distinct_id`, `insert_id` and `properties` (JSON, all of them) and needs the extra `analytics`;
        `jsonl.gz` has the service's own lines. Of copies with one `$insert_id`, time, user and name, the one that arrived
        last stays. A manifest, `export.json`, names the files that are whole: the same call after a crash or Ctrl-C goes on
        with the days that are missing, and with those that were not closed when they were asked for. Costs one request of
        the export budget a day, and one more for each cut.

        - `to`: a path, or a URL that fsspec knows, such as `s3://bucket/folder`.
        - `events`: only these events.
        - `format`: what the files are: Parquet, or the service's own lines, compressed.
        - `progress`: shows how far it has come, and which budget it waits for.
        """
        from mixpanel_headless.exports.days import DayFiles
        from mixpanel_headless.exports.places import choose_place
        from mixpanel_headless.exports.waits import told_waits
        from mixpanel_headless.exports.writing import check_format
        from mixpanel_headless.results.progress import Progress

        wanted = EventExport(from_date=from_date, to_date=to_date, events=events, where=where)
        form, host = check_format(format), self.settings.host("export")
        question = {"of": "events", "format": form, "host": host, **wanted.question(self.pin.project)}
        place, days = choose_place(to), wanted.days()

        async def read(day: date, file: EventFile) -> int:
            request = Exports._event_lines.request(self, attrs.evolve(wanted, from_date=day, to_date=day))
            return await self.read_into(file, request, Exports.export_events)

        with Progress(len(days), shown=progress, noun="days") as bar:
            async with told_waits(bar, await self.dispatcher(), self.pin.project):
                return await DayFiles(place, question, form, read, bar).make(days)

    @operation
    def _exported_profiles(
        self, question: Mapping[str, Any], page: int, session_id: str | None, *, raw: bool
    ) -> Request[ProfilePage]:
        """One page of profiles; the service counts the first page of a session only."""
        body = {**question, "page": page, **({"session_id": session_id} if session_id else {})}
        read = ProfilePage.as_sent if raw else ProfilePage.from_reply
        return Request("POST", "query", "/engage/", read, body=body, accept=check_profiles)

    @stream(command="profiles")
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

        Rows are `distinct_id`, `last_seen` and `properties`, the others; with `raw`, the service's own objects.
        Costs one query for all pages together.

        Raises InvalidResponseError when the service gives a page twice.

        - `cohort_id`: only members of this cohort.
        - `output_properties`: only these properties.
        - `raw`: the service's own objects instead of rows.
        - `group_id`: the kind of group, by its id, whose profiles are asked for instead of users'.
        - `behaviors`: what users did, for an expression to refer to.
        - `as_of_timestamp`: seconds since 1970: profiles as they were then.
        - `include_all_users`: members of the cohort without a profile too.
        """
        wanted = ProfileExport(
            where=where, cohort_id=cohort_id, output_properties=output_properties, distinct_id=distinct_id,
            distinct_ids=distinct_ids, group_id=group_id, behaviors=behaviors, as_of_timestamp=as_of_timestamp,
            include_all_users=include_all_users,
        )  # fmt: skip
        body = wanted.body(self.pin.project, time.time())
        if distinct_ids is not None and not distinct_ids:
            return
        walk = Walk(functools.partial(self._exported_profiles, body, raw=raw))
        while page := await walk.next():
            yield page.profiles

    @composite(command="profile-files")
    async def export_profiles(
        self: Exports[Async],
        to: str | os.PathLike[str],
        *,
        format: Literal["parquet", "jsonl.gz"] = "parquet",  # noqa: A002 - what callers call it
        where: str | None = None,
        cohort_id: str | None = None,
        output_properties: Sequence[str] | None = None,
        group_id: str | None = None,
        behaviors: Sequence[Mapping[str, Any]] | None = None,
        as_of_timestamp: int | None = None,
        include_all_users: bool = False,
        progress: bool = False,
    ) -> Exported:
        """Every profile, or those that are chosen, in a folder, some pages to a file.

        Rows are `distinct_id`, `last_seen` and `properties`. The same call after a crash or Ctrl-C goes on in the same list
        while the service knows it, which costs nothing; else, and after an export that came to its end, it begins anew.
        Costs one query for all pages together.

        - `to`: a path, or a URL that fsspec knows, such as `s3://bucket/folder`.
        - `format`: what the files are: Parquet, or lines of JSON, compressed.
        - `progress`: shows how far it has come, and which budget it waits for.
        - others: those of `stream_profiles`.
        """
        from mixpanel_headless.exports.pages import PageFiles
        from mixpanel_headless.exports.places import choose_place
        from mixpanel_headless.exports.waits import told_waits
        from mixpanel_headless.exports.writing import check_format
        from mixpanel_headless.results.progress import Progress

        wanted = ProfileExport(
            where=where, cohort_id=cohort_id, output_properties=output_properties, group_id=group_id,
            behaviors=behaviors, as_of_timestamp=as_of_timestamp, include_all_users=include_all_users,
        )  # fmt: skip
        form, host = check_format(format), self.settings.host("query")
        body = wanted.body(self.pin.project, time.time())
        place, question = choose_place(to), {"of": "profiles", "format": form, "host": host, **body}
        read = functools.partial(self._exported_profiles, body, raw=False)
        with Progress(0, shown=progress, noun="profiles") as bar:
            async with told_waits(bar, await self.dispatcher(), self.pin.project):
                return await PageFiles(place, question, form, read, bar).make()


def read_nothing(tree: Json, provenance: Provenance) -> None:
    """A streamed answer has been read by its end."""
