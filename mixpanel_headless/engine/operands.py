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
from .times import Range, Window, whole

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
    if kind in {"retention", "flows"}:
        raise Unsupported(f"behavior type {kind!r}")
    if plan.whole_of not in {None, kind}:
        raise BadQuery(f"The chart shows a {plan.whole_of}, not a behavior of type {kind!r}.")
    return _funnel(question, clause, plan) if kind == "funnel" else _events(question, clause, plan)


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
