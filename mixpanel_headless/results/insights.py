"""The answer to an insights question."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import attrs

from .series import SeriesReport
from .table import Table, flatten_series


@attrs.frozen(kw_only=True, eq=False, repr=False)
class QueryResult(SeriesReport):
    """An insights answer; its `series` is metric → nested segments → `{date or "all": value}`."""

    report_type: ClassVar[str] = "insights"

    @cached_property
    def table(self) -> Table:
        """The series as rows: `date` (if any), `event`, the segments, `count`."""
        display = self._asked().get("displayOptions")
        chart = display.get("chartType") if isinstance(display, Mapping) else None
        return flatten_series(self._series, self._headers, chart)

    def _repr_html_(self) -> str:
        from .curves import curves_of
        from .plot import plot_of
        from .svg import svg_plot

        plot = plot_of(curves_of(self.table))
        return (svg_plot(plot) if plot else "") + super()._repr_html_()
