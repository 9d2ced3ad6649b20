"""What people did, event by event.

ws.activity_feed(["user-1"], from_date="2026-01-01").df
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_headless.errors import InvalidArgumentError, QueryError, shown
from mixpanel_headless.operation import Async, Mode, composite, operation
from mixpanel_headless.query.dates import Day, checked_day
from mixpanel_headless.request import Json, Request
from mixpanel_headless.results.activity import ActivityFeedResult, read_activity

from .identity import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


WINDOW = timedelta(days=30)
"""The days of a feed that names no first one."""


class Activity(Identity[Mode]):
    """The feed of what people did; a page costs one query, none when the answer is known."""

    @operation
    def _query_activity(self, body: Mapping[str, Json], days_asked: Mapping[str, Any]) -> Request[ActivityFeedResult]:
        """What some people did."""
        return Request(
            "POST",
            "query",
            "/stream/bookmark",
            lambda tree, provenance: read_activity(tree, provenance, **days_asked),
            body=body,
            names_project=False,
        )

    @composite
    async def activity_feed(
        self: Activity[Async],
        distinct_ids: Sequence[str],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        limit: int | None = None,
        include_events: Sequence[str] | None = None,
        exclude_events: Sequence[str] | None = None,
        sentinel_event: Mapping[str, Any] | None = None,
        paging_window: int | None = None,
        search: str | None = None,
        search_properties: Sequence[Mapping[str, Any]] | None = None,
        use_custom_events: bool | None = None,
    ) -> ActivityFeedResult:
        """What people did in those days (the last 30 by default), the newest page of it; never kept.

        The `sentinel_event` of a result asks for the page before it. Costs one query, and those of `resolve_workspace_id`.

        - `include_events`: only these events.
        - `exclude_events`: all events but these.
        - `sentinel_event`: the event of an earlier result that says where to go on.
        - `paging_window`: how many days back a page may reach.
        - `search`: a text that stands in an event.
        - `search_properties`: where that text is looked for.
        - `use_custom_events`: shows custom events too.
        """
        if include_events and exclude_events:
            refuse("include_events and exclude_events cannot both be given")
        if search_properties and not search:
            refuse("search_properties needs a search text", "Give search too.")
        window = feed_window(from_date, to_date)
        ids = list(distinct_ids)
        optional = {
            "limit": limit,
            "include_events": include_events and list(include_events),
            "exclude_events": exclude_events and list(exclude_events),
            "sentinel_event": sentinel_event,
            "paging_window": paging_window,
            "search": search,
            "search_properties": search_properties and list(search_properties),
            "use_custom_events": use_custom_events,
        }
        body = {
            "project_id": self.pin.project,
            "workspace_id": await self.resolve_workspace_id(),
            "bookmark": {"dateRange": window, "entries": []},
            "distinct_ids": ids,
            "mode": "raw",
            **{name: value for name, value in optional.items() if value is not None},
        }
        asked = {"distinct_ids": ids, "from_date": from_date and str(from_date), "to_date": to_date and str(to_date)}
        return await self._query_activity(body, asked)


def feed_window(from_date: Day | None, to_date: Day | None) -> dict[str, Any]:
    """The days of an activity feed as the service takes them; without a first day the 30 before the last."""
    try:
        first, last = (None if day is None else checked_day(day, "date") for day in (from_date, to_date))
        if last is not None:
            first = first or (date.fromisoformat(last) - WINDOW).isoformat()
            return {"type": "between", "from": first, "to": last}
    except (InvalidArgumentError, OverflowError) as error:
        refuse(f"from_date {shown(from_date)} to to_date {shown(to_date)} are no days: {error}", "Give YYYY-MM-DD.")
    if first is None:
        return {"type": "relative_after", "window": {"unit": "day", "value": WINDOW.days}}
    return {"type": "since", "from": first}


def refuse(complaint: str, hint: str = "Give one of them.") -> None:
    """Raise what says that the service would refuse the call; it is not sent."""
    raise QueryError(f"{complaint}.", status_code=400, hint=hint, sent=False)
