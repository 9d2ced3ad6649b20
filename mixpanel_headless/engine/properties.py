"""Which property a clause means, and its value: stored, or computed by a custom property."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .custom_properties import custom_value
from .errors import BadQuery, Unsupported
from .reading import mapping, refuse_unknown, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .expressions import Value
    from .scopes import Scope


# What a clause may hold without changing the answer in a way that is not computed; the last four are for the eye.
PROPERTY_KEYS = frozenset({"value", "propertyName", "name", "resourceType", "type", "propertyType",
    "propertyDefaultType", "defaultType", "filterType", "filterOperator", "filterValue", "filterDateUnit",
    "filterJoinType", "listQuantifier", "listItemFilters", "listItemGroup", "joinPropertyType", "typeCast", "unit",
    "customBucket", "customGroups", "groups", "customProperty", "customPropertyId", "behavior", "cohorts", "dataset",
    "search", "label", "id"})  # fmt: skip


def property_name(clause: Mapping[str, Any]) -> str:
    """What the property of a filter, breakdown or measurement is called."""
    if clause.get("customPropertyId") is not None:
        raise Unsupported("customPropertyId")
    if clause.get("customProperty") is not None:
        custom = mapping(clause["customProperty"], "customProperty")
        return text(custom, "name") or text(custom, "displayFormula")
    name = next((clause[key] for key in ("value", "propertyName", "name") if clause.get(key) is not None), None)
    if not isinstance(name, str):
        raise BadQuery("A property name is missing.")
    return name


def property_value(clause: Mapping[str, Any], scope: Scope, resource: str = "events") -> Value:
    """The property's value in the current row; `resource` is meant when the clause names none."""
    refuse_unknown(clause, PROPERTY_KEYS, "property clause")
    name = property_name(clause)
    if clause.get("customProperty") is not None:
        return custom_value(clause["customProperty"], scope)
    return scope.value(name, clause.get("resourceType", resource))
