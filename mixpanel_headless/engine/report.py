"""A report's series: metrics and formulas over one range, named, limited and nested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from . import labels, series
from .errors import BadQuery, Unsupported
from .formulas import parse
from .matching import display_name
from .measures import read_measure
from .metrics import Metric, Question, compute, is_known, ranks, read_segment_method
from .reading import listing, mapping, refuse_unknown, text
from .times import Range, Window, whole

if TYPE_CHECKING:
    from .groups import Grouping
    from .series import Table

OTHER_ENGINES = ("funnel", "retention", "flows")
BEHAVIOR_KEYS = frozenset({"type", "name", "id", "resourceType", "filtersDeterminer", "filters", "behaviors", "dataset",
    "raw_cohort", "renamed", "search", "label"})  # fmt: skip
MEASUREMENT_KEYS = frozenset(
    {"math", "property", "perUserAggregation", "percentile", "segmentMethod", "multiAttribution"}
)
DEFAULT_NAMES = {"people": "User Profiles", "cohort": "Cohort"}


@attrs.frozen
class Plan:
    """How a report is cut into points, and what happens to them."""

    span: Range
    windows: Sequence[Window]
    unit: str
    analysis: str
    rolling: int
    comparison: Mapping[str, Any] | None

    @property
    def keys(self) -> list[str]:
        """The keys of the plotted points; a rolling report reads more than it plots."""
        first = self.rolling - 1 if self.analysis == "rolling" else 0
        return [window.key for window in self.windows[first:]]

    def analysed(self, table: Table) -> Table:
        """The table with rolling means or running sums in place of its points."""
        if self.analysis == "rolling":
            return series.each(table, lambda points: series.rolled(points, self.rolling))
        return series.each(table, series.running) if self.analysis == "cumulative" else table


@attrs.frozen
class Operand:
    """A computed metric; `table` is empty for an event that was never seen."""

    metric: Metric
    table: Table
    groupings: Sequence[Grouping]

    @property
    def known(self) -> bool:
        return bool(self.table)


@attrs.frozen
class Shown:
    """One series of the answer, before it is limited and nested."""

    label: str
    place: int
    table: Table
    groupings: Sequence[Grouping]
    metric: Metric | None


def report_series(
    question: Question, shows: Sequence[Mapping[str, Any]], plan: Plan, limit: int
) -> tuple[dict[str, Any], bool]:
    """The `series` of an answer, and whether segments had to be cut off."""
    operands = {
        place: _operand(question, clause, plan) for place, clause in enumerate(shows) if clause.get("type") != "formula"
    }
    shown = []
    for place, clause in enumerate(shows):
        if place not in operands:
            shown.append(_formula(question, clause, place, operands, plan))
        elif not clause.get("isHidden") and operands[place].known:
            shown.append(_metric(question, clause, place, operands[place]))
    kept = [one for one in shown if one is not None]
    names = labels.distinct_labels([one.label for one in kept], [one.place for one in kept])
    body, hit = {}, False
    for name, one in zip(names, kept, strict=True):
        body[name], cut = _nested(question, one, plan, limit)
        hit = hit or cut
    return body, hit


def _operand(question: Question, clause: Mapping[str, Any], plan: Plan) -> Operand:
    metric = read_metric(clause)
    if not is_known(question, metric.behavior):
        return Operand(metric, {}, [])
    found = compute(question, metric, plan.windows)
    return Operand(metric, plan.analysed(found.table), found.groupings)


def _metric(question: Question, clause: Mapping[str, Any], place: int, operand: Operand) -> Shown:
    behavior, measure = operand.metric.behavior, operand.metric.measure
    name = display_name(behavior, question.store.project) or DEFAULT_NAMES.get(text(behavior, "type"), "")
    label = text(clause, "name") or labels.series_label(name, measure.label)
    return Shown(label, place, operand.table, operand.groupings, operand.metric)


def _formula(
    question: Question, clause: Mapping[str, Any], place: int, metrics: Mapping[int, Operand], plan: Plan
) -> Shown | None:
    """The formula over the metrics it names, or None when none of their events was ever seen."""
    if clause.get("id") is not None:
        raise Unsupported("a saved formula (a show clause with an id)")
    formula = parse(clause.get("definition"))
    named = {labels.letter(number): operand for number, operand in metrics.items()}
    if clause.get("referencedMetrics"):
        parts = listing(clause["referencedMetrics"], "referencedMetrics")
        own = [_operand(question, mapping(part, "A referenced metric"), plan) for part in parts]
        named = {labels.letter(number): operand for number, operand in enumerate(own)}
    if unknown := sorted(formula.names - set(named)):
        raise BadQuery(f"The formula {clause['definition']!r} names {unknown[0]}, which is no metric of the report.")
    used = {name: named[name] for name in sorted(formula.names)}
    if used and not any(operand.known for operand in used.values()):
        return None
    if clause.get("isHidden"):
        return None
    tables = {name: operand.table for name, operand in used.items()}
    empties = {name: operand.metric.measure.empty for name, operand in used.items()}
    table = series.evaluate(formula, tables, empties, len(plan.keys))
    groupings = next((operand.groupings for operand in used.values() if operand.known), [])
    return Shown(text(clause, "name") or clause["definition"], place, table, groupings, None)


def _nested(question: Question, shown: Shown, plan: Plan, limit: int) -> tuple[dict[str, Any], bool]:
    depth = len(shown.groupings)

    def weights() -> Mapping[series.Path, float]:
        if shown.metric is not None:
            return ranks(question, shown.metric, whole(plan.span))
        return {path: series.weight(points) for path, points in shown.table.items()}

    table, cut = series.kept(shown.table, depth, limit, weights)
    return series.nested(table, plan.keys, depth, [grouping.order for grouping in shown.groupings]), cut


def read_metric(clause: Mapping[str, Any]) -> Metric:
    """A metric clause; what other engines answer, and saved metrics, are refused."""
    behavior = clause.get("behavior")
    if not isinstance(behavior, Mapping):
        if clause.get("id") is not None:
            raise Unsupported("a saved metric (a show clause with an id)")
        raise BadQuery("A metric needs a behavior.")
    kind = text(behavior, "type", "event")
    if kind in OTHER_ENGINES:
        raise Unsupported(f"behavior type {kind!r}")
    refuse_unknown(behavior, BEHAVIOR_KEYS, "behavior")
    measurement = mapping(clause.get("measurement") or {}, "measurement")
    refuse_unknown(measurement, MEASUREMENT_KEYS, "measurement")
    measure = read_measure(measurement)
    if kind == "people" and measure.sessions:
        raise BadQuery("Profiles have no sessions.")
    return Metric(behavior, measure, read_segment_method(measurement))
