"""Answers of reports that the service keeps."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .curves import curves_of
from .drawings import Ways
from .flows import FlowQueryResult
from .funnels import FunnelQueryResult
from .legacy import LegacyReport
from .legacy_reading import read_retention, require
from .retention import RetentionQueryResult
from .table import Table, flatten_series, in_periods
from .trees import copy_tree, own_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.request import Json

    from .curves import Curve
    from .drawings import ChartKind, Grid, Stages
    from .provenance import Provenance

TYPES = {"insights": "insights", "funnels": "funnel", "retention": "retention", "flows": "flows"}
"""What a saved report's result calls its type."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SavedReportResult(LegacyReport):
    """A saved report's answer, its `series` as the service gave it.

    `comparison` is the answer for the other time that the report is held against, None if it is held against none.
    """

    bookmark_id: int
    computed_at: str
    from_date: str
    to_date: str
    headers: list[str]
    series: dict[str, Any] = attrs.field(converter=own_tree)
    report_type: str  # type: ignore[misc] # each report has its own
    comparison: SavedReportResult | None = None
    charts: ClassVar[tuple[ChartKind, ...]] = ("line", "bar", "funnel", "heatmap", "sankey")

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        other = self.comparison
        compared = f", compared with {other.from_date[:10]} to {other.to_date[:10]}" if other else ""
        return f"saved {self.report_type} report {self.bookmark_id}{compared}"

    def curves(self) -> Sequence[Curve]:
        """The numbers of an insights report."""
        return curves_of(self.table) if self.report_type == "insights" else []

    def stages(self) -> Sequence[Stages]:
        """The steps of a funnel, those of all dates together."""
        if self.report_type != "funnel":
            return []
        compared = {"series": self.comparison.series} if self.comparison else None
        return FunnelQueryResult(series=self.series, headers=self.headers, comparison=compared).stages()

    def grid(self) -> Grid | None:
        """The cohorts of a retention, as older reports have them or as newer ones."""
        if self.report_type != "retention":
            return None
        if any(isinstance(cohort, dict) and "counts" in cohort for cohort in self.series.values()):
            asked = {"born_event": "", "return_event": "", "unit": ""}
            dates = {"from_date": self.from_date, "to_date": self.to_date}
            return read_retention(self.series, self.provenance, **asked, **dates).grid()
        return RetentionQueryResult(series=self.series, headers=self.headers).grid()

    def ways(self) -> Ways:
        """The ways between the columns of a flow."""
        return ways_of(self.series.get("steps")) if self.report_type == "flows" else Ways()

    @cached_property
    def table(self) -> Table:
        """The numbers of an insights report as rows; one row with the whole series for the other types.

        Those of the time that it is compared with come after its own, told apart by the column `period`.
        """
        own = self._tabulate()
        return own if self.comparison is None else in_periods(own, self.comparison.table)

    def _tabulate(self) -> Table:
        if self.report_type != "insights":
            return Table(("series",), [(self.series,)])
        dated = {name: days for name, days in self.series.items() if isinstance(days, dict)}
        if all(not isinstance(count, dict) for days in dated.values() for count in days.values()):
            return Table(("date", "event", "count"), [(d, e, c) for e, days in dated.items() for d, c in days.items()])
        return flatten_series(self.series, self.headers)

    def _values(self) -> dict[str, Any]:
        values, other = super()._values(), self.comparison
        del values["comparison"]
        if other is None:
            return values
        return {
            **values,
            "comparison": {"from_date": other.from_date, "to_date": other.to_date, "series": other.series},
        }


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FlowsResult(LegacyReport):
    """A saved flow's answer: the columns of events and the ways between them, as the service gave them."""

    report_type: ClassVar[str] = "flows"
    charts: ClassVar[tuple[ChartKind, ...]] = ("sankey",)
    bookmark_id: int
    computed_at: str
    steps: list[dict[str, Any]] = attrs.field(converter=own_tree)
    breakdowns: list[Any] = attrs.field(converter=own_tree)
    overall_conversion_rate: float
    metadata: dict[str, Any] = attrs.field(converter=own_tree)

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        return f"saved flow {self.bookmark_id}"

    def ways(self) -> Ways:
        """The ways between the columns of events."""
        return ways_of(self.steps)

    @cached_property
    def table(self) -> Table:
        """A row for each step."""
        names = list(dict.fromkeys(name for step in self.steps for name in step))
        return Table(tuple(names), [tuple(step.get(name) for name in names) for step in self.steps])


def ways_of(steps: Any) -> Ways:
    """The ways between columns, as an answer about flows holds them."""
    return FlowQueryResult(steps=steps if isinstance(steps, list) else []).ways()


def read_saved(tree: Json, provenance: Provenance, *, bookmark_id: int, kind: str) -> SavedReportResult:
    """A saved report's answer; what its type is, is known and not guessed from the answer."""
    body = require(tree, dict)
    series, first, last = read_time(body, kind)
    headers = body.get("headers") or [] if kind == "insights" else [f"${TYPES[kind]}"]
    result = SavedReportResult(
        bookmark_id=bookmark_id, computed_at=body.get("computed_at") or "", from_date=first, to_date=last,
        headers=copy_tree(headers), series=series, report_type=TYPES[kind], provenance=provenance,
    )  # fmt: skip
    if not isinstance(compared := body.get("time_comparison"), dict):
        return result
    series, first, last = read_time(compared, kind)
    return attrs.evolve(result, comparison=attrs.evolve(result, from_date=first, to_date=last, series=series))


def read_time(body: dict[str, Any], kind: str) -> tuple[dict[str, Any], str, str]:
    """The series of one time, its first day and its last."""
    if kind == "insights":
        days = body.get("date_range") or {}
        return body.get("series", {}), days.get("from_date", ""), days.get("to_date", "")
    series = require(body.get("data", body.get("series", body)), dict) if kind != "flows" else body
    dates = sorted(key for key in series if isinstance(key, str) and key[:2].isdigit())
    return series, *((dates[0], dates[-1]) if dates else ("", ""))


def read_saved_flow(tree: Json, provenance: Provenance, *, bookmark_id: int) -> FlowsResult:
    """A saved flow's answer."""
    body = require(tree, dict)
    return FlowsResult(
        bookmark_id=bookmark_id, computed_at=body.get("computed_at") or "", steps=body.get("steps") or [],
        breakdowns=body.get("breakdowns") or [], overall_conversion_rate=body.get("overallConversionRate") or 0.0,
        metadata=body.get("metadata") or {}, provenance=provenance,
    )  # fmt: skip
