"""A report's series: metrics and formulas over one range, named, limited and nested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from . import labels, series
from .errors import BadQuery, Unsupported
from .formulas import parse
from .operands import Operand, Plan, compute_operand
from .reading import listing, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .metrics import Question


@attrs.frozen
class Shown:
    """One series of the answer, before it is limited and nested."""

    label: str
    place: int
    operand: Operand


def report_series(
    question: Question, shows: Sequence[Mapping[str, Any]], plan: Plan, limit: int
) -> tuple[dict[str, Any], bool]:
    """The `series` of an answer, and whether segments had to be cut off."""
    operands = {
        place: compute_operand(question, clause, plan)
        for place, clause in enumerate(shows)
        if clause.get("type") != "formula"
    }
    kept = []
    for place, clause in enumerate(shows):
        operand = operands.get(place) or _formula(question, clause, operands, plan)
        if operand.known and not clause.get("isHidden"):
            kept.append(Shown(operand.label, place, operand))
    names = labels.distinct_labels([one.label for one in kept], [one.place for one in kept])
    body, hit = {}, False
    for name, one in zip(names, kept, strict=True):
        body[name], cut = _nested(one.operand, limit)
        hit = hit or cut
    return body, hit


def _formula(question: Question, clause: Mapping[str, Any], metrics: Mapping[int, Operand], plan: Plan) -> Operand:
    """The formula over the metrics it names; nothing when none of their events was ever seen."""
    if clause.get("id") is not None:
        raise Unsupported("a saved formula (a show clause with an id)")
    if plan.whole_of is not None:
        raise BadQuery(f"The chart shows a {plan.whole_of}, not a formula.")
    formula = parse(clause.get("definition"))
    named = {labels.letter(number): operand for number, operand in metrics.items()}
    if clause.get("referencedMetrics"):
        parts = listing(clause["referencedMetrics"], "referencedMetrics")
        own = [compute_operand(question, mapping(part, "A referenced metric"), plan) for part in parts]
        named = {labels.letter(number): operand for number, operand in enumerate(own)}
    if unknown := sorted(formula.names - set(named)):
        raise BadQuery(f"The formula {clause['definition']!r} names {unknown[0]}, which is no metric of the report.")
    used = {name: named[name] for name in sorted(formula.names)}
    table: series.Table = {}
    if not used or any(operand.known for operand in used.values()):
        tables = {name: operand.table for name, operand in used.items()}
        empties = {name: operand.empty for name, operand in used.items()}
        table = series.evaluate(formula, tables, empties, len(plan.keys))
    groupings = next((operand.groupings for operand in used.values() if operand.known), [])
    return Operand(
        text(clause, "name") or clause["definition"],
        table,
        groupings,
        leaf=plan.leaf,
        ranks=lambda: {path: series.weight(points) for path, points in table.items()},
    )


def _nested(operand: Operand, limit: int) -> tuple[dict[str, Any], bool]:
    orders = [grouping.order for grouping in operand.groupings]
    table, cut = series.kept(operand.table, len(orders), limit, operand.ranks)
    return series.nested(table, operand.leaf, orders, operand.size), cut
