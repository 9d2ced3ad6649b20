"""The answer to an insights question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import attrs

from .series import SeriesReport
from .table import Table, flatten_series

if TYPE_CHECKING:
    from .drawings import ChartKind


@attrs.frozen(kw_only=True, eq=False, repr=False)
class QueryResult(SeriesReport):
    """An insights answer; its `series` is metric → nested segments → `{date or "all": value}`."""

    report_type: ClassVar[str] = "insights"
    charts: ClassVar[tuple[ChartKind, ...]] = ("line", "bar")

    def _tabulate(self) -> Table:
        """The series as rows: `date` (if any), `event`, the segments, `count`."""
        display = self._asked().get("displayOptions")
        chart = display.get("chartType") if isinstance(display, Mapping) else None
        return flatten_series(self._series, self._headers, chart)
