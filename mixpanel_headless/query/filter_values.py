"""What a filter keeps of an operator and a value, and what it refuses."""

from __future__ import annotations

from typing import Any, get_args

from mixpanel_headless.errors import ParamValidationError, shown
from mixpanel_headless.suggestions import did_you_mean, listed

from .dates import Day, as_text, checked_day
from .fields import as_tuple
from .operators import DAYS, EQUALITY, OPERATORS, boolean_operator, wire_operator
from .vocabulary import DateUnit, PropertyType, ResourceType


def known_operator(operator: str) -> str:
    """The wire name behind an operator or one of its aliases."""
    name = wire_operator(operator)
    if name is None:
        raise ParamValidationError(
            f"There is no filter operator {shown(operator)}{did_you_mean(operator, OPERATORS) or '.'}",
            "FD1_UNKNOWN_OPERATOR",
            path="Filter.operator",
            hint=f"Use one of: {listed(OPERATORS)}.",
        )
    return name


def checked_boolean(operator: str, value: object) -> str:
    """The operator, `true` or `false`, that a comparison with a boolean stands for."""
    name = boolean_operator(operator, value)
    if name is None:
        raise ParamValidationError(
            f"A boolean property cannot be compared by {shown(operator)} with {shown(value)}.",
            "FD2_BOOLEAN_COMPARISON",
            path="Filter.operator",
            hint="Use Filter.is_true(...) or Filter.is_false(...).",
        )
    return name


def check_words(property_type: str, resource_type: str, date_unit: str | None) -> None:
    """Raises `FD5_DATE_UNIT`, `FD6_PROPERTY_TYPE` or `FD7_RESOURCE_TYPE` for a word that there is not."""
    for code, name, word, known in (
        ("FD5_DATE_UNIT", "date_unit", date_unit, (None, *get_args(DateUnit))),
        ("FD6_PROPERTY_TYPE", "property_type", property_type, get_args(PropertyType)),
        ("FD7_RESOURCE_TYPE", "resource_type", resource_type, get_args(ResourceType)),
    ):
        if word not in known:
            words = listed(filter(None, known))
            raise ParamValidationError(
                f"Filter.{name} is {shown(word)}; it can be {words}.", code, path=f"Filter.{name}"
            )


def stored_value(operator: str, value: Any) -> Any:
    """The value as a filter keeps it: texts in a list where the operator takes several, days as YYYY-MM-DD."""
    if isinstance(value, (list, tuple)):
        value = tuple(map(as_text, value))
    elif operator in EQUALITY and isinstance(value, str):
        value = (value,)
    if operator in DAYS:
        value = as_text(value)
        for day in as_tuple(value):
            if isinstance(day, str):
                checked_day(day, "Filter.value")
    return value


def type_of(value: object) -> PropertyType:
    """The property type that a value speaks of."""
    values = as_tuple(value)
    if values and all(isinstance(item, bool) for item in values):
        return "boolean"
    numeric = values and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in values)
    return "number" if numeric else "string"


def ordered_days(from_date: Day, to_date: Day) -> list[str]:
    """Two days as YYYY-MM-DD; the first must not come after the second."""
    days = [checked_day(from_date, "from_date"), checked_day(to_date, "to_date")]
    if days != sorted(days):
        raise ParamValidationError(f"from_date {days[0]} comes after to_date {days[1]}.", "FD3_DATE_ORDER")
    return days
