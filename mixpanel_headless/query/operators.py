"""Filter operators: their wire names, the constructor names that stand for them, and what they compare."""

from __future__ import annotations

from typing import Final

ALIASES: Final = {
    "not_equals": "does not equal",
    "is equal to": "equals",
    "not_contains": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "greater_than": "is greater than",
    "less_than": "is less than",
    "at_least": "is at least",
    "at_most": "is at most",
    "between": "is between",
    "not_between": "not between",
    "is_set": "is set",
    "is_not_set": "is not set",
    "is_true": "true",
    "is_false": "false",
    "on": "was on",
    "not_on": "was not on",
    "before": "was before",
    "since": "was since",
    "date_between": "was between",
    "date_not_between": "was not between",
    "in_the_last": "was in the",
    "not_in_the_last": "was not in the",
    "in_the_next": "was in the next",
}
EQUALITY: Final = frozenset({"equals", "does not equal"})
BOOLEAN: Final = frozenset({"true", "false"})
DAYS: Final = frozenset({"was on", "was not on", "was before", "was since", "was between", "was not between"})
LIST_CONTAINS: Final = "list_contains"
OPERATORS: Final = frozenset({*ALIASES.values(), "contains", LIST_CONTAINS})


def wire_operator(operator: str) -> str | None:
    """The wire name behind an operator or an alias, or None for an unknown one."""
    name = ALIASES.get(operator, operator)
    return name if name in OPERATORS else None


def boolean_operator(operator: str, value: object) -> str | None:
    """`true` or `false` for a comparison of a boolean property, or None when it is no such comparison."""
    if operator in BOOLEAN:
        return operator if value is None else None
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if operator not in EQUALITY or not isinstance(value, bool):
        return None
    return "true" if value == (operator == "equals") else "false"
