"""The conditions of a flow's steps, which have a form of their own, as the filter clauses of every other report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import BadQuery, Unsupported
from .reading import listing, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

RESOURCES = {"properties": "events", "user": "people"}
STRING = {
    "==": "equals",
    "!=": "does not equal",
    "in": "contains",
    "not in": "does not contain",
    "set": "is set",
    "not set": "is not set",
}
NUMBER = {
    "==": "equals",
    "!=": "does not equal",
    ">": "is greater than",
    "<": "is less than",
    ">=": "is at least",
    "<=": "is at most",
    "><": "is between",
    "!><": "not between",
    "is set": "is set",
    "is not set": "is not set",
}
DATETIME = {
    "==": "was on",
    "!=": "was not on",
    ">": "was before",
    "<": "was since",
    "><": "was between",
    "!><": "was not between",
}
RELATIVE = {">": "was in the", "<": "was not in the"}


def step_clause(condition: Any) -> dict[str, Any]:
    """The filter clause that means the same as one of a step's `property_filter_params_list`."""
    condition = mapping(condition, "A step's filter")
    named = mapping(condition.get("property"), "The property of a step's filter")
    source, kind = text(named, "source", "properties"), text(condition, "type", text(named, "type", "string"))
    if source not in RESOURCES:
        raise Unsupported(f"a step's filter on {source!r}")
    comparison = mapping(condition.get("filter"), "The filter of a step's filter")
    operator, value, unit = _comparison(kind, comparison)
    return {
        "resourceType": RESOURCES[source],
        "value": named.get("name"),
        "filterType": kind,
        "filterOperator": operator,
        "filterValue": value,
        "filterDateUnit": unit,
    }


def event_clauses(filtered: Any) -> tuple[list[dict[str, Any]], str]:
    """The clauses of `filter_by_event`, and how they are joined."""
    filtered = mapping(filtered, "filter_by_event")
    children = [
        mapping(child, "A filter of filter_by_event") for child in listing(filtered.get("children"), "children")
    ]
    return [dict(child) for child in children], text(filtered, "operator", "and")


def _comparison(kind: str, comparison: Mapping[str, Any]) -> tuple[str, Any, str | None]:
    operator, operand, unit = text(comparison, "operator"), comparison.get("operand"), text(comparison, "unit") or None
    if kind == "boolean":
        return str(operand).lower(), None, None
    if kind == "string":
        return _known(STRING, operator, kind), None if "set" in operator else operand, None
    if kind == "number":
        value = [_number(item) for item in operand] if isinstance(operand, list) else _number(operand)
        return _known(NUMBER, operator, kind), value, None
    if kind != "datetime":
        raise Unsupported(f"a step's filter of the type {kind!r}")
    if unit is not None:
        return _known(RELATIVE, operator, kind), _number(operand), unit.removesuffix("s")
    days = [_day(item) for item in operand] if isinstance(operand, list) else _day(operand)
    return _known(DATETIME, operator, kind), days, None


def _known(operators: Mapping[str, str], operator: str, kind: str) -> str:
    if operator not in operators:
        raise BadQuery(f"A step's filter on a {kind} takes one of {', '.join(operators)}, not {operator!r}.")
    return operators[operator]


def _number(operand: Any) -> Any:
    """A number that stands as text; the filter refuses what is none."""
    if not isinstance(operand, str):
        return operand
    try:
        return float(operand) if operand else None
    except ValueError:
        return operand


def _day(operand: Any) -> Any:
    """MM/DD/YYYY as YYYY-MM-DD; the filter refuses what is no date."""
    parts = operand.split("/") if isinstance(operand, str) else []
    return f"{parts[2]}-{parts[0]:0>2}-{parts[1]:0>2}" if len(parts) == 3 else operand
