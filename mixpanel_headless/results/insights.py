"""The answer to an insights question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from mixpanel_headless.errors import QueryError, shown

from .series import SeriesReport
from .table import Table, flatten_series

if TYPE_CHECKING:
    from .drawings import ChartKind


@attrs.frozen(kw_only=True, eq=False, repr=False)
class QueryResult(SeriesReport):
    """An insights answer; its `series` is metric → nested segments → `{date or "all": value}`."""

    report_type: ClassVar[str] = "insights"
    charts: ClassVar[tuple[ChartKind, ...]] = ("line", "bar")

    @classmethod
    def check_reply(cls, reply: Any) -> None:
        super().check_reply(reply)
        for metric, node in reply["series"].items():
            if not isinstance(node, dict):
                told = f"The answer's series of {shown(metric)} is {shown(node)}, which is no dates or segments."
                raise QueryError(told, status_code=200, response_body=reply)

    def _tabulate(self) -> Table:
        """The series as rows: `date` (if any), `event`, the segments, `count`."""
        display = self._asked().get("displayOptions")
        chart = display.get("chartType") if isinstance(display, Mapping) else None
        return flatten_series(self._series, self._headers, chart)
