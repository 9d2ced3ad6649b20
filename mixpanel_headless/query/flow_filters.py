"""Conditions in the two forms that a flow takes: of one step, and of the whole flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown
from mixpanel_headless.suggestions import listed

from .cohort_members import CohortMember
from .filter_clauses import filter_clause
from .filter_operands import operand_flaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .filters import Filter

# The operators of a step by the type of the property. Of days, `>` is before one; with a unit, inside the last so many.
_STRING: Final = {
    "equals": "==",
    "does not equal": "!=",
    "contains": "in",
    "does not contain": "not in",
    "is set": "set",
    "is not set": "not set",
}
_NUMBER: Final = {
    "equals": "==",
    "does not equal": "!=",
    "is greater than": ">",
    "is less than": "<",
    "is at least": ">=",
    "is at most": "<=",
    "is between": "><",
    "not between": "!><",
    "is set": "is set",
    "is not set": "is not set",
}
_DATETIME: Final = {
    "was on": "==",
    "was not on": "!=",
    "was before": ">",
    "was since": "<",
    "was between": "><",
    "was not between": "!><",
    "was in the": ">",
    "was not in the": "<",
}
_SOURCES: Final = {"events": "properties", "people": "user"}


def step_filters(conditions: Iterable[Filter], path: str) -> list[dict[str, Any]]:
    """Conditions on the events of one step; raises `SG1` to `SG5` for what a step cannot be filtered by."""
    return [_step_filter(condition, f"{path}[{position}]") for position, condition in enumerate(conditions)]


def _step_filter(condition: Filter, path: str) -> dict[str, Any]:
    kind = condition.property_type
    named = {"name": _property_name(condition, path), "source": _SOURCES[condition.resource_type], "type": kind}
    if kind == "boolean":
        comparison = {"operand": condition.operator}
    elif kind in _COMPARISONS:
        known, code, operand = _COMPARISONS[kind]
        operator = _operator(condition, known, code, path)
        if flaw := operand_flaw(condition):
            raise ParamValidationError(f"{path}: {flaw}.", "SG5_VALUE_TYPE", path=path)
        comparison = {"operator": operator, **operand(condition)}
    else:
        _refuse(f"a property of the type {shown(kind)}", "give it to where", "SG4_UNSUPPORTED_PROPERTY_TYPE", path)
    return {"property": named, "type": kind, "selected_property_type": kind, "filter": comparison}


def flow_filters(conditions: Sequence[Filter], paths: Sequence[str]) -> dict[str, Any]:
    """The parts of a bookmark that filter a whole flow: by one cohort, and by what its events hold.

    Raises `BB3_FLOW_PROPERTY_FILTER_TYPE` for a custom property and `BB5_FLOW_MULTIPLE_COHORT_FILTERS`.
    """
    cohorts = [condition.value for condition in conditions if isinstance(condition.value, CohortMember)]
    if len(cohorts) > 1:
        raise ParamValidationError(
            f"A flow is filtered by one cohort, not by {len(cohorts)}.",
            "BB5_FLOW_MULTIPLE_COHORT_FILTERS",
            path="where",
            hint="Combine them into one CohortDefinition.",
        )
    by_event = [
        _event_filter(condition, path)
        for condition, path in zip(conditions, paths, strict=True)
        if not isinstance(condition.value, CohortMember)
    ]
    return {
        **({"filter_by_cohort": cohorts[0].to_dict()["cohort"]} if cohorts else {}),
        **({"filter_by_event": {"operator": "and", "children": by_event}} if by_event else {}),
    }


def _event_filter(condition: Filter, path: str) -> dict[str, Any]:
    clause = {**filter_clause(condition), "propertyName": _property_name(condition, path)}
    return {key: part for key, part in clause.items() if key not in {"value", "defaultType"}}


def _property_name(condition: Filter, path: str) -> str:
    if isinstance(condition.property, str):
        return condition.property
    kind = type(condition.property).__name__
    raise ParamTypeError(
        f"{path}: a flow is filtered by named properties only, not by a {kind}.",
        "BB3_FLOW_PROPERTY_FILTER_TYPE",
        path=path,
        hint="Name a property, or filter by a cohort that uses the custom one.",
    )


def _operator(condition: Filter, known: Mapping[str, str], code: str, path: str) -> str:
    if condition.operator not in known:
        _refuse(repr(condition.operator), f"it can be {listed(known)}", code, path)
    return known[condition.operator]


def _refuse(what: str, way_out: str, code: str, path: str) -> NoReturn:
    raise ParamValidationError(f"{path}: a step of a flow cannot be filtered by {what}; {way_out}.", code, path=path)


def _words(condition: Filter) -> dict[str, Any]:
    value = condition.value
    return {"operand": "" if value is None else list(value) if isinstance(value, tuple) else value}


def _numbers(condition: Filter) -> dict[str, Any]:
    """Numbers as the service reads them here: in text."""
    value = condition.value
    if value is None:
        return {"operand": ""}
    return {"operand": [str(item) for item in value] if isinstance(value, tuple) else str(value)}


def _moments(condition: Filter) -> dict[str, Any]:
    value = condition.value
    if condition.date_unit is not None:
        return {"operand": value, "unit": f"{condition.date_unit}s"}
    return {"operand": [_american(day) for day in value] if isinstance(value, tuple) else _american(value)}


def _american(day: str) -> str:
    year, month, of_month = day.split("-")
    return f"{month}/{of_month}/{year}"


_COMPARISONS: Final[dict[str, tuple[Mapping[str, str], str, Callable[[Filter], dict[str, Any]]]]] = {
    "string": (_STRING, "SG1_UNKNOWN_STRING_OPERATOR", _words),
    "number": (_NUMBER, "SG2_UNKNOWN_NUMBER_OPERATOR", _numbers),
    "datetime": (_DATETIME, "SG3_UNKNOWN_DATETIME_OPERATOR", _moments),
}
