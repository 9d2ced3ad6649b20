"""Answers of the older reports: one class for each, with its numbers as the service gave them and as a table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .drawings import Stages, grid_of
from .provenance import Provenance, given
from .report import Report
from .table import Table
from .trees import own_tree

if TYPE_CHECKING:
    from .drawings import ChartKind, Grid

Series = dict[str, dict[str, Any]]
MOST_NAMED = 5
"""Events that a title names."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LegacyReport(Report):
    """What all answers of the older reports have in common."""

    report_type: ClassVar[str] = "legacy"
    provenance: Provenance = attrs.field(factory=given)

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        asked = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        names = [name for name in asked.get("distinct_ids") or asked.get("events") or () if isinstance(name, str)]
        several = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else "")
        named = asked.get("event") or several or asked.get("funnel_id") or asked.get("born_event") or ""
        end = asked.get("to_date")
        days = (asked.get("from_date"), f"to {end}" if end else None)
        return " ".join(str(part) for part in (self.report_type, named, *days) if part)

    def _values(self) -> dict[str, Any]:
        return {
            field.name: plain(getattr(self, field.name))
            for field in attrs.fields(type(self))
            if field.name != "provenance"
        }


def plain(value: Any) -> Any:
    """A part of an answer as JSON-ready data."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SeriesCounts(LegacyReport):
    """Counts by name and date: the shape that several of these answers share."""

    charts: ClassVar[tuple[ChartKind, ...]] = ("line", "bar")
    column: ClassVar[str]
    """What the names in the series are."""
    from_date: str
    to_date: str
    unit: str
    series: Series = attrs.field(converter=own_tree)

    @cached_property
    def table(self) -> Table:
        """A row for each date of each name, in the answer's order."""
        rows = [(day, name, count) for name, days in self.series.items() for day, count in days.items()]
        return Table(("date", self.column, "count"), rows)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SegmentationResult(SeriesCounts):
    """How often an event happened, by date and by the values of `segment_property`."""

    report_type: ClassVar[str] = "segmentation"
    column: ClassVar[str] = "segment"
    event: str
    segment_property: str | None

    @property
    def total(self) -> float:
        """All counts together."""
        total: float = sum(count for days in self.series.values() for count in days.values())
        return total

    def _values(self) -> dict[str, Any]:
        return {**super()._values(), "total": self.total}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class EventCountsResult(SeriesCounts):
    """How often several events happened, by date."""

    report_type: ClassVar[str] = "event counts"
    column: ClassVar[str] = "event"
    events: list[str]
    type: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PropertyCountsResult(SeriesCounts):
    """How often each value of a property came with an event, by date."""

    report_type: ClassVar[str] = "property counts"
    column: ClassVar[str] = "value"
    event: str
    property_name: str
    type: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NumericBucketResult(SeriesCounts):
    """How often an event happened, by date and by ranges of a number."""

    report_type: ClassVar[str] = "segmentation by ranges"
    column: ClassVar[str] = "bucket"
    event: str
    property_expr: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NumericResult(LegacyReport):
    """One number for each date."""

    charts: ClassVar[tuple[ChartKind, ...]] = ("line", "bar")
    column: ClassVar[str]
    event: str
    from_date: str
    to_date: str
    property_expr: str
    unit: str
    results: dict[str, float] = attrs.field(converter=own_tree)
    computed_at: str | None = None

    @cached_property
    def table(self) -> Table:
        """A row for each date."""
        return Table(("date", self.column), self.results.items())


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NumericSumResult(NumericResult):
    """The sum of a number over an event, by date."""

    report_type: ClassVar[str] = "sum"
    column: ClassVar[str] = "sum"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NumericAverageResult(NumericResult):
    """The average of a number over an event, by date."""

    report_type: ClassVar[str] = "average"
    column: ClassVar[str] = "average"


@attrs.frozen(kw_only=True)
class FunnelResultStep:
    """How many reached one step of a funnel, and which part of those of the step before it."""

    event: str
    count: int
    conversion_rate: float

    def to_dict(self) -> dict[str, Any]:
        """The step as JSON-ready data."""
        return attrs.asdict(self)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FunnelResult(LegacyReport):
    """A saved funnel: its `steps` over all dates, and `by_date` the steps of each date as the service gave them.

    With `on`, `by_date` holds every segment too, and the steps are those of everybody.
    """

    report_type: ClassVar[str] = "funnel"
    charts: ClassVar[tuple[ChartKind, ...]] = ("funnel",)
    funnel_id: int
    funnel_name: str
    from_date: str
    to_date: str
    steps: list[FunnelResultStep]
    by_date: dict[str, Any] = attrs.field(converter=own_tree)

    @property
    def conversion_rate(self) -> float:
        """The part of those of the first step that reached the last."""
        first, last = (self.steps[0].count, self.steps[-1].count) if self.steps else (0, 0)
        return last / first if first else 0.0

    def stages(self) -> list[Stages]:
        """The one funnel of everybody."""
        names, counts = ([step.event for step in self.steps], [step.count for step in self.steps])
        return [Stages("", tuple(names), tuple(counts))]

    @cached_property
    def table(self) -> Table:
        """A row for each step, counted from 1."""
        rows = [(place, step.event, step.count, step.conversion_rate) for place, step in enumerate(self.steps, 1)]
        return Table(("step", "event", "count", "conversion_rate"), rows)

    def _values(self) -> dict[str, Any]:
        return {**super()._values(), "conversion_rate": self.conversion_rate}


@attrs.frozen(kw_only=True)
class CohortInfo:
    """Who began on one date: how many, and the part that came back in each period after it."""

    date: str
    size: int
    retention: list[float]

    def to_dict(self) -> dict[str, Any]:
        """The cohort as JSON-ready data."""
        return attrs.asdict(self)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RetentionResult(LegacyReport):
    """Who came back, by the date on which they began."""

    report_type: ClassVar[str] = "retention"
    charts: ClassVar[tuple[ChartKind, ...]] = ("heatmap",)
    born_event: str
    return_event: str
    from_date: str
    to_date: str
    unit: str
    cohorts: list[CohortInfo]

    def grid(self) -> Grid | None:
        """The part of each cohort that came back, by period."""
        return grid_of(self.table, 2, labels=1, shares=True)

    @cached_property
    def table(self) -> Table:
        """A row for each date; a period that it has not had yet is None."""
        width = max((len(cohort.retention) for cohort in self.cohorts), default=0)
        rows = [(one.date, one.size, *padded(one.retention, width)) for one in self.cohorts]
        return Table(("cohort_date", "cohort_size", *(f"period_{place}" for place in range(width))), rows)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FrequencyResult(LegacyReport):
    """In how many periods of `addiction_unit` people did something, by date: how many in at least 1, 2, ... of them."""

    report_type: ClassVar[str] = "frequency"
    charts: ClassVar[tuple[ChartKind, ...]] = ("heatmap",)
    event: str | None
    from_date: str
    to_date: str
    unit: str
    addiction_unit: str
    data: dict[str, list[int]] = attrs.field(converter=own_tree)

    def grid(self) -> Grid | None:
        """How many people there were, by date and number of periods."""
        return grid_of(self.table, 1, labels=1, shares=False)

    @cached_property
    def table(self) -> Table:
        """A row for each date."""
        width = max(map(len, self.data.values()), default=0)
        rows = [(day, *padded(counts, width)) for day, counts in self.data.items()]
        return Table(("date", *(f"period_{place}" for place in range(1, width + 1))), rows)


def padded(values: list[Any], width: int) -> list[Any]:
    return [*values, *[None] * (width - len(values))]
