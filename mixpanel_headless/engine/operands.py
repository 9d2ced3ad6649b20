"""The metrics of a report, each computed by the engine that its behavior names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from . import labels, series
from .errors import BadQuery, Unsupported
from .funnel_reading import read_funnel
from .funnels import compute_funnel, entered, scalar, steps_leaf
from .matching import display_name
from .measures import read_measure
from .metrics import Metric, Question, compute, is_known, ranks, read_segment_method
from .reading import mapping, refuse_unknown, text
from .retention import Averages, averaged, born, compute_retention, plotted, rows_leaf
from .retention_reading import read_retention
from .times import Range, Window, buckets, whole

if TYPE_CHECKING:
    from .groups import Grouping
    from .series import Path, Points, Table

BEHAVIOR_KEYS = frozenset({"type", "name", "id", "resourceType", "filtersDeterminer", "filters", "behaviors", "dataset",
    "raw_cohort", "renamed", "search", "label"})  # fmt: skip
MEASUREMENT_KEYS = frozenset(
    {"math", "property", "perUserAggregation", "percentile", "segmentMethod", "multiAttribution"}
)
DEFAULT_NAMES = {"people": "User Profiles", "cohort": "Cohort"}


@attrs.frozen
class Plan:
    """How a report is cut into points, and what happens to them.

    `whole_of` names the kind of behavior whose whole answer is asked for, instead of one number a point.
    """

    span: Range
    windows: Sequence[Window]
    unit: str
    analysis: str
    rolling: int
    comparison: Mapping[str, Any] | None
    whole_of: str | None = None

    @property
    def keys(self) -> list[str]:
        """The keys of the plotted points; a rolling report reads more than it plots."""
        first = self.rolling - 1 if self.analysis == "rolling" else 0
        return [window.key for window in self.windows[first:]]

    def leaf(self, points: Points) -> dict[str, Any]:
        """The answer's form of plotted points."""
        return dict(zip(self.keys, points, strict=True))

    def analysed(self, table: Table) -> Table:
        """The table with rolling means or running sums in place of its points."""
        if self.analysis == "rolling":
            return series.each(table, lambda points: series.rolled(points, self.rolling))
        return series.each(table, series.running) if self.analysis == "cumulative" else table


@attrs.frozen
class Operand:
    """A computed metric.

    `table` is empty for an event that was never seen; `empty` is the value of a point without data; `leaf` gives points
    the answer's form, `size` orders segments, `ranks` tells which stay when there are too many.
    """

    label: str
    table: Table
    groupings: Sequence[Grouping]
    leaf: Callable[[Points], dict[str, Any]]
    ranks: Callable[[], Mapping[Path, float]]
    empty: int | None = 0
    size: Callable[[Points], float] = series.weight

    @property
    def known(self) -> bool:
        """Whether there is anything to plot."""
        return bool(self.table)


def compute_operand(question: Question, clause: Mapping[str, Any], plan: Plan) -> Operand:
    """The numbers of one metric clause; what no engine here answers is refused by name."""
    behavior = clause.get("behavior")
    if not isinstance(behavior, Mapping):
        if clause.get("id") is not None:
            raise Unsupported("a saved metric (a show clause with an id)")
        raise BadQuery("A metric needs a behavior.")
    kind = text(behavior, "type", "event")
    if kind == "flows":
        raise Unsupported(f"behavior type {kind!r}")
    if plan.whole_of not in {None, kind}:
        raise BadQuery(f"The chart shows a {plan.whole_of}, not a behavior of type {kind!r}.")
    engines = {"funnel": _funnel, "retention": _retention}
    return engines.get(kind, _events)(question, clause, plan)


def _funnel(question: Question, clause: Mapping[str, Any], plan: Plan) -> Operand:
    funnel = read_funnel(clause, question.store.project)
    if not any(is_known(question, step) for step in funnel.steps):
        return Operand(funnel.name, {}, [], plan.leaf, dict)
    found = compute_funnel(question, funnel, plan.windows)
    sizes = {path: entered(points) for path, points in found.table.items()}
    if plan.whole_of is not None:
        return Operand(
            funnel.name,
            found.table,
            found.groupings,
            leaf=lambda points: steps_leaf(funnel, points),
            ranks=lambda: sizes,
            size=entered,
        )
    table = series.each(found.table, lambda points: [scalar(funnel, progress) for progress in points])
    return Operand(funnel.name, plan.analysed(table), found.groupings, plan.leaf, lambda: sizes, funnel.empty)


def _retention(question: Question, clause: Mapping[str, Any], plan: Plan) -> Operand:
    project = question.store.project
    retention = read_retention(clause, project, plan.span)
    if not is_known(question, retention.birth):
        return Operand(retention.name, {}, [], plan.leaf, dict)
    by_bucket = plan.windows[-1].key != "all"
    rows = plan.windows if by_bucket else buckets(plan.span, plan.unit, project.week_start)
    found = compute_retention(question, retention, rows)
    averages = Averages.at(question.now, retention, rows, project)
    sizes = {path: born(points) for path, points in found.table.items()}
    if plan.whole_of is not None:
        return Operand(
            retention.name,
            found.table,
            found.groupings,
            leaf=lambda points: rows_leaf(averages, [window.key for window in rows], points),
            ranks=lambda: sizes,
            size=born,
        )
    if by_bucket:
        table = series.each(found.table, lambda points: plotted(retention, points))
    else:
        table = series.each(found.table, lambda points: [averaged(retention, averages, points)])
    return Operand(retention.name, plan.analysed(table), found.groupings, plan.leaf, lambda: sizes)


def _events(question: Question, clause: Mapping[str, Any], plan: Plan) -> Operand:
    metric = _read_metric(clause)
    behavior, project = metric.behavior, question.store.project
    name = display_name(behavior, project) or DEFAULT_NAMES.get(text(behavior, "type"), "")
    label = text(clause, "name") or labels.series_label(name, metric.measure.label)
    table: Table = {}
    groupings: Sequence[Grouping] = []
    if is_known(question, behavior):
        found = compute(question, metric, plan.windows)
        table, groupings = plan.analysed(found.table), found.groupings
    return Operand(
        label,
        table,
        groupings,
        leaf=plan.leaf,
        ranks=lambda: ranks(question, metric, whole(plan.span)),
        empty=metric.measure.empty,
    )


def _read_metric(clause: Mapping[str, Any]) -> Metric:
    behavior = mapping(clause.get("behavior"), "behavior")
    refuse_unknown(behavior, BEHAVIOR_KEYS, "behavior")
    measurement = mapping(clause.get("measurement") or {}, "measurement")
    refuse_unknown(measurement, MEASUREMENT_KEYS, "measurement")
    measure = read_measure(measurement)
    if text(behavior, "type", "event") == "people" and measure.sessions:
        raise BadQuery("Profiles have no sessions.")
    return Metric(behavior, measure, read_segment_method(measurement))
