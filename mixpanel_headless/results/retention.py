"""The answer to a retention question."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from mixpanel_headless.errors import QueryError

from .curves import curves_of
from .cuts import Cut, find_cuts, is_date, is_trend
from .drawings import grid_of
from .series import SeriesReport
from .table import OVERALL, Table, clip_date, flatten_series, in_periods, segment_columns
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .curves import Curve
    from .drawings import ChartKind, Grid

Cell = dict[str, Any]
AVERAGE: Final = "$average"
_PARTS: Final = ("first", "counts", "rates")
_OWN: Final = frozenset({"cohort_date", "bucket", "count", "rate", "first"})


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetentionQueryResult(SeriesReport):
    """A retention answer: for each cohort date who came back in each bucket of time, and the raw `series`.

    A cohort holds `first`, the users who began then, and by bucket `counts`, the users who came back, and `rates`, their
    share from 0 to 1. Its table has a row for each bucket, counted from 0: `cohort_date`, `bucket`, `count`, `rate`,
    after `segment` where the answer has segments; then `cohorts` has those of everybody.
    """

    report_type: ClassVar[str] = "retention"
    charts: ClassVar[tuple[ChartKind, ...]] = ("heatmap", "line", "bar")
    shapes: ClassVar[tuple[type, ...]] = (dict,)

    @classmethod
    def check_reply(cls, reply: Any) -> None:
        super().check_reply(reply)
        series = reply["series"]
        if len(series) > 1:
            raise QueryError(
                f"The answer holds {len(series)} retentions, {sorted(series)}; a result is one.",
                status_code=200,
                response_body=reply,
                hint="Ask for each of them alone, or give the bookmark to run_params.",
            )
        if not all(isinstance(node, dict) for node in series.values()):
            raise QueryError("The answer's series holds no cohorts.", status_code=200, response_body=reply)

    @cached_property
    def cohorts(self) -> dict[str, Cell]:
        """The cohorts of everybody by date, in the answer's order."""
        return _by_date(cut for cut in self._cuts if cut.is_overall)

    @cached_property
    def average(self) -> Cell:
        """The average of everybody's cohorts, weighted by their size; empty when the service gives none."""
        return self._averages().get("", {})

    @cached_property
    def segments(self) -> dict[str, dict[str, Cell]]:
        """The cohorts of each segment by date; levels of segments are joined by ` / `."""
        labels = dict.fromkeys(cut.label for cut in self._cuts if not cut.is_overall)
        return {label: _by_date(cut for cut in self._cuts if cut.label == label) for label in labels}

    @cached_property
    def segment_averages(self) -> dict[str, Cell]:
        """The average of the cohorts of each segment."""
        return {label: cell for label, cell in self._averages().items() if label}

    @cached_property
    def _cuts(self) -> list[Cut[Cell]]:
        return find_cuts(self._series, self._headers, _read_cell, _is_row)

    def _averages(self) -> dict[str, Cell]:
        return {cut.label: copy_tree(cut.value) for cut in self._cuts if cut.date == AVERAGE}

    @property
    def shown(self) -> Table:
        """A row for each cohort, after one of their average: its size, then the rate of each bucket."""
        if not self._cuts:
            return self.table
        own = self._by_cohort()
        return own if self.comparison is None else in_periods(own, self.comparison.shown)

    def _by_cohort(self) -> Table:
        depth, width = self._depth(), max(len(_list(cut.value, "counts")) for cut in self._cuts)
        order = {label: place for place, label in enumerate(dict.fromkeys(cut.label for cut in self._cuts))}
        cohorts = sorted(_dated(self._cuts), key=lambda pair: (order[pair[0].label], pair[1] != AVERAGE))
        rows = [(*cut.padded(depth), day, cut.value.get("first"), *_rates(cut.value, width)) for cut, day in cohorts]
        columns = (*segment_columns(self._headers, depth, _OWN), "cohort_date", "first", *map(str, range(width)))
        return Table(columns, rows)

    def _depth(self) -> int:
        return max((len(cut.segments) for cut in self._cuts), default=0)

    def _tabulate(self) -> Table:
        """A row for each bucket of each cohort, by segment and date; of a trend, as an insights table."""
        if not self._cuts and is_trend(self._series):
            return flatten_series(self._series, self._headers, number=self._number())
        cuts = [cut for cut in self._cuts if cut.date not in {None, AVERAGE}]
        depth = self._depth() if any(not cut.is_overall for cut in cuts) else 0
        if depth:
            cuts = [cut for cut in cuts if not cut.is_overall]
        rows = [
            (*cut.padded(depth)[:depth], day, bucket, count, rate)
            for cut, day in sorted(_dated(cuts), key=lambda pair: (pair[0].padded(depth), pair[1]))
            for bucket, (count, rate) in enumerate(zip(_list(cut.value, "counts"), _rates(cut.value), strict=False))
        ]
        return Table((*segment_columns(self._headers, depth, _OWN), "cohort_date", "bucket", "count", "rate"), rows)

    def grid(self) -> Grid | None:
        """The share of each cohort that came back, by bucket."""
        labels = len(segment_columns(self._headers, self._depth(), _OWN)) + 1 + (self.comparison is not None)
        return grid_of(self.shown, labels + 1, labels=labels, shares=True) if self._cuts else None

    def curves(self) -> list[Curve]:
        """The numbers of a trend; none of cohorts."""
        return curves_of(self.table) if not self._cuts and is_trend(self._series) else []

    def _remarks(self) -> list[str]:
        remarks = super()._remarks()
        if any(self._series.values()) and not self._cuts and not is_trend(self._series):
            remarks.append("no cohorts were found in the series")
        return remarks

    def _read(self) -> dict[str, Any]:
        return {
            "cohorts": self.cohorts,
            "average": self.average,
            "segments": self.segments,
            "segment_averages": self.segment_averages,
        }


def _read_cell(node: Any) -> Cell | None:
    """A cohort; None for anything else, such as a segment that happens to be called like a part of one."""
    if isinstance(node, dict) and any(name in node and not isinstance(node[name], dict) for name in _PARTS):
        return node
    return None


def _is_row(key: str) -> bool:
    return key == AVERAGE or is_date(key)


def _dated(cuts: Iterable[Cut[Cell]]) -> list[tuple[Cut[Cell], str]]:
    """Each cut with its day, or its moment where a day has several."""
    dated = [(cut, cut.date or OVERALL) for cut in cuts]
    days = {(cut.label, _day(date)) for cut, date in dated}
    return [(cut, _day(date) if len(days) == len(dated) else clip_date(date)) for cut, date in dated]


def _day(date: str) -> str:
    return date[:10] if is_date(date) else date


def _by_date(cuts: Iterable[Cut[Cell]]) -> dict[str, Cell]:
    return {day: copy_tree(cut.value) for cut, day in _dated(cuts) if cut.date not in {None, AVERAGE}}


def _list(cell: Cell, name: str) -> list[Any]:
    value = cell.get(name)
    return value if isinstance(value, list) else []


def _rates(cell: Cell, width: int | None = None) -> list[Any]:
    """A rate for each bucket, or for so many; 0 for one that the service counted and gave no rate."""
    counted = len(_list(cell, "counts"))
    rates = _list(cell, "rates")[:counted]
    rates = rates + [0.0] * (counted - len(rates))
    return rates + [None] * ((width or counted) - counted)
