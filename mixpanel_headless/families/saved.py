"""Questions that the service keeps, asked again as they are saved.

ws.query_saved_report(7509, bookmark_type="funnels", from_date="2026-01-01", to_date="2026-01-31")
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from mixpanel_headless.errors import InvalidArgumentError
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.query.dates import Day, checked_day, today
from mixpanel_headless.request import Json, Request, query_params
from mixpanel_headless.results.saved import FlowsResult, SavedReportResult, read_saved, read_saved_flow

from .discovery import check_count
from .legacy import days

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance

SavedKind = Literal["insights", "funnels", "retention", "flows"]
PATHS: dict[str, str] = {
    "insights": "/insights", "funnels": "/funnels", "retention": "/retention", "flows": "/arb_funnels",
}  # fmt: skip
FLOW_QUERY = "flows_sankey"
WINDOW = timedelta(days=30)


class SavedReports(Surface[Mode]):
    """Reports asked as they are saved; each call costs one query."""

    @operation
    def query_saved_report(
        self,
        bookmark_id: int,
        *,
        bookmark_type: SavedKind = "insights",
        from_date: Day | None = None,
        to_date: Day | None = None,
    ) -> Request[SavedReportResult]:
        """The answer to a saved report of that type, any other than the four being asked as insights.

        Dates are for funnels (the last 30 days by default); the others keep those that they are saved with, and refuse dates.

        - `bookmark_type`: which kind of report it is.
        """
        check_count("bookmark_id", bookmark_id)
        kind: str = bookmark_type if isinstance(bookmark_type, str) and bookmark_type in PATHS else "insights"
        if kind == "funnels":
            first, last = funnel_days(from_date, to_date)
            params = query_params(funnel_id=bookmark_id, from_date=first, to_date=last)
        elif from_date is not None or to_date is not None:
            raise InvalidArgumentError(
                f"A saved {kind} report keeps its own dates.",
                hint="Leave the dates out, or take its params from get_bookmark, change them and run them.",
                sent=False,
            )
        else:
            params = query_params(bookmark_id=bookmark_id, query_type=FLOW_QUERY if kind == "flows" else None)

        def read(tree: Json, provenance: Provenance) -> SavedReportResult:
            return read_saved(tree, provenance, bookmark_id=bookmark_id, kind=kind)

        return Request("GET", "query", PATHS[kind], read, params, lifetime="range", shape=dict)

    @operation
    def query_saved_flows(self, bookmark_id: int) -> Request[FlowsResult]:
        """The answer to a saved flow: columns of events and the ways between them."""
        check_count("bookmark_id", bookmark_id)
        params = query_params(bookmark_id=bookmark_id, query_type=FLOW_QUERY)
        return Request(
            "GET",
            "query",
            PATHS["flows"],
            lambda tree, provenance: read_saved_flow(tree, provenance, bookmark_id=bookmark_id),
            params,
            lifetime="range",
            shape=dict,
        )


def funnel_days(from_date: Day | None, to_date: Day | None) -> tuple[str, str]:
    """The days of a saved funnel: 30 from the given one, up to today."""
    now = today()
    if from_date is None:
        last = date.fromisoformat(checked_day(to_date or now, "to_date"))
        return (last - WINDOW).isoformat(), last.isoformat()
    first = date.fromisoformat(checked_day(from_date, "from_date"))
    return days(first, to_date or max(first, min(first + WINDOW, now)))
