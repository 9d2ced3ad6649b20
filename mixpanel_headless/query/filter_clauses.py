"""Filters and frequency filters in their wire form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from .cohort_members import CohortMember
from .custom_properties import CustomPropertyRef, InlineCustomProperty, property_problems
from .filters import Filter
from .frequency import FrequencyFilter
from .vocabulary import DATASET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mixpanel_headless.errors import ValidationError

AnyFilter: TypeAlias = "Filter | FrequencyFilter"


def filter_clause(condition: AnyFilter) -> dict[str, Any]:
    """One condition as an entry of a `filter` or `filters` section."""
    if isinstance(condition, FrequencyFilter):
        return frequency_clause(condition)
    return _list_clause(condition) if condition.items else _property_clause(condition)


def filter_clauses(conditions: Iterable[AnyFilter]) -> list[dict[str, Any]]:
    """Conditions as a `filter` or `filters` section, in the given order."""
    return [filter_clause(condition) for condition in conditions]


def filter_problems(condition: AnyFilter, path: str) -> Iterator[ValidationError]:
    """What is wrong with the custom properties inside a condition."""
    nested = condition.event_filters if isinstance(condition, FrequencyFilter) else condition.items
    if isinstance(condition, Filter):
        yield from property_problems(condition.property, path)
    for part in nested:
        yield from filter_problems(part, path)


def _property_clause(condition: Filter) -> dict[str, Any]:
    clause: dict[str, Any] = {
        "resourceType": condition.resource_type,
        "filterType": condition.property_type,
        "defaultType": condition.property_type,
        "filterValue": _plain(condition.value),
        "filterOperator": condition.operator,
        **_identity(condition),
    }
    if condition.date_unit is not None:
        clause["filterDateUnit"] = condition.date_unit
    return clause


def _identity(condition: Filter) -> dict[str, Any]:
    source = condition.property
    if isinstance(source, CustomPropertyRef):
        return {"customPropertyId": source.id, "dataset": DATASET}
    if isinstance(source, InlineCustomProperty):
        kind = source.property_type or condition.property_type
        return {
            "customProperty": source.definition(kind),
            "dataset": DATASET,
            "resourceType": source.resource_type,
            "filterType": kind,
            "defaultType": kind,
        }
    return {"value": source}


def _plain(value: Any) -> Any:
    if isinstance(value, CohortMember):
        return [value.to_dict()]
    return list(value) if isinstance(value, tuple) else value


def _list_clause(condition: Filter) -> dict[str, Any]:
    return {
        "dataset": DATASET,
        "value": condition.property,
        "resourceType": condition.resource_type,
        "filterType": "object",
        "defaultType": "object",
        "filterJoinType": "list",
        "listQuantifier": condition.quantifier,
        "listItemFilters": [{**filter_clause(item), "dataset": DATASET} for item in condition.items],
        "filterOperator": "true",
        "filterValue": True,
    }


def frequency_clause(condition: FrequencyFilter) -> dict[str, Any]:
    """How often users did an event, as a filter entry."""
    return {
        "dataset": DATASET,
        "value": condition.label or f"{condition.event} Frequency",
        "resourceType": "people",
        "profileType": None,
        "search": "",
        "dataGroupId": None,
        "behavior": {
            "aggregationOperator": "total",
            "behaviorType": "$frequency",
            "dateRange": _window(condition),
            "event": {"label": condition.event, "value": condition.event},
            "filters": filter_clauses(condition.event_filters),
            "filtersOperator": "and",
        },
        "filterType": "number",
        "defaultType": "number",
        "filterOperator": condition.operator,
        "filterValue": condition.value,
        "propertyObjectKey": None,
    }


def _window(condition: FrequencyFilter) -> dict[str, Any] | None:
    if condition.date_range_value is None:
        return None
    unit = condition.date_range_unit
    return {"type": "in the last", "unit": unit, "window": {"unit": unit, "value": condition.date_range_value}}
