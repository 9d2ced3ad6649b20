"""Filters: which events, profiles or list items count."""
# ruff: noqa: A002 - a property is called `property` wherever a caller names one

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown

from .cohort_members import CohortMember
from .custom_properties import check_property
from .dates import Day, checked_day
from .fields import as_tuple, check_kinds, is_positive_integer
from .filter_values import check_words, checked_boolean, known_operator, ordered_days, stored_value, type_of
from .operators import BOOLEAN, LIST_CONTAINS
from .vocabulary import DateUnit, PropertyType, Quantifier, ResourceType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cohorts import CohortDefinition
    from .custom_properties import AnyProperty

Scalar: TypeAlias = "str | int | float | bool"


@attrs.frozen(init=False)
class Filter:
    """A condition on one property; the named constructors say which conditions there are."""

    property: AnyProperty
    operator: str
    value: Any
    property_type: PropertyType
    resource_type: ResourceType
    date_unit: DateUnit | None
    items: tuple[Filter, ...]
    quantifier: Quantifier | None

    def __init__(
        self,
        property: AnyProperty,
        operator: str,
        value: Scalar | Day | Sequence[Scalar | Day] | CohortMember | None = None,
        property_type: PropertyType = "string",
        resource_type: ResourceType = "events",
        date_unit: DateUnit | None = None,
        *,
        items: Sequence[Filter] = (),
        quantifier: Quantifier | None = None,
    ) -> None:
        check_property(property, "Filter.property")
        name = known_operator(operator)
        if name == LIST_CONTAINS and not items:
            raise ParamValidationError(
                "A list_contains filter needs conditions on the items.",
                "LC1_MISSING_ITEM_FILTERS",
                path="Filter.items",
                hint="Build it with Filter.list_contains(...).",
            )
        if property_type == "boolean" or name in BOOLEAN:
            name, value, property_type = checked_boolean(name, value), None, "boolean"
        check_words(property_type, resource_type, date_unit)
        stored = stored_value(name, value)
        self.__attrs_init__(property, name, stored, property_type, resource_type, date_unit, tuple(items), quantifier)

    @classmethod
    def equals(
        cls, property: AnyProperty, value: Scalar | Sequence[Scalar], *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The property has this value, or one of these; numbers and booleans are compared as such."""
        return cls(property, "equals", value, type_of(value), resource_type)

    @classmethod
    def not_equals(
        cls, property: AnyProperty, value: Scalar | Sequence[Scalar], *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The property has none of these values; one that is not set passes."""
        return cls(property, "does not equal", value, type_of(value), resource_type)

    @classmethod
    def contains(cls, property: AnyProperty, value: str, *, resource_type: ResourceType = "events") -> Filter:
        """The text holds this part."""
        return cls(property, "contains", value, "string", resource_type)

    @classmethod
    def not_contains(cls, property: AnyProperty, value: str, *, resource_type: ResourceType = "events") -> Filter:
        """The text does not hold this part; one that is not set passes."""
        return cls(property, "does not contain", value, "string", resource_type)

    @classmethod
    def starts_with(cls, property: AnyProperty, value: str, *, resource_type: ResourceType = "events") -> Filter:
        """The text begins so."""
        return cls(property, "starts with", value, "string", resource_type)

    @classmethod
    def ends_with(cls, property: AnyProperty, value: str, *, resource_type: ResourceType = "events") -> Filter:
        """The text ends so."""
        return cls(property, "ends with", value, "string", resource_type)

    @classmethod
    def greater_than(cls, property: AnyProperty, value: float, *, resource_type: ResourceType = "events") -> Filter:
        """The number is above this one."""
        return cls(property, "is greater than", value, "number", resource_type)

    @classmethod
    def less_than(cls, property: AnyProperty, value: float, *, resource_type: ResourceType = "events") -> Filter:
        """The number is below this one."""
        return cls(property, "is less than", value, "number", resource_type)

    @classmethod
    def at_least(cls, property: AnyProperty, value: float, *, resource_type: ResourceType = "events") -> Filter:
        """The number is this one or above."""
        return cls(property, "is at least", value, "number", resource_type)

    @classmethod
    def at_most(cls, property: AnyProperty, value: float, *, resource_type: ResourceType = "events") -> Filter:
        """The number is this one or below."""
        return cls(property, "is at most", value, "number", resource_type)

    @classmethod
    def between(
        cls, property: AnyProperty, min_val: float, max_val: float, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The number lies between these two, both included."""
        return cls(property, "is between", [min_val, max_val], "number", resource_type)

    @classmethod
    def not_between(
        cls, property: AnyProperty, min_val: float, max_val: float, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The number lies below the first or above the second."""
        return cls(property, "not between", [min_val, max_val], "number", resource_type)

    @classmethod
    def is_set(cls, property: AnyProperty, *, resource_type: ResourceType = "events") -> Filter:
        """The property has a value."""
        return cls(property, "is set", None, "string", resource_type)

    @classmethod
    def is_not_set(cls, property: AnyProperty, *, resource_type: ResourceType = "events") -> Filter:
        """The property is missing or null."""
        return cls(property, "is not set", None, "string", resource_type)

    @classmethod
    def is_true(cls, property: AnyProperty, *, resource_type: ResourceType = "events") -> Filter:
        """The property is true."""
        return cls(property, "true", None, "boolean", resource_type)

    @classmethod
    def is_false(cls, property: AnyProperty, *, resource_type: ResourceType = "events") -> Filter:
        """The property is false."""
        return cls(property, "false", None, "boolean", resource_type)

    @classmethod
    def on(cls, property: AnyProperty, date: Day, *, resource_type: ResourceType = "events") -> Filter:
        """The time falls on this day."""
        return cls(property, "was on", checked_day(date, "date"), "datetime", resource_type)

    @classmethod
    def not_on(cls, property: AnyProperty, date: Day, *, resource_type: ResourceType = "events") -> Filter:
        """The time is set and falls on another day."""
        return cls(property, "was not on", checked_day(date, "date"), "datetime", resource_type)

    @classmethod
    def before(cls, property: AnyProperty, date: Day, *, resource_type: ResourceType = "events") -> Filter:
        """The time comes before this day begins."""
        return cls(property, "was before", checked_day(date, "date"), "datetime", resource_type)

    @classmethod
    def since(cls, property: AnyProperty, date: Day, *, resource_type: ResourceType = "events") -> Filter:
        """The time is this day or later."""
        return cls(property, "was since", checked_day(date, "date"), "datetime", resource_type)

    @classmethod
    def date_between(
        cls, property: AnyProperty, from_date: Day, to_date: Day, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The time falls between these days, both included."""
        return cls(property, "was between", ordered_days(from_date, to_date), "datetime", resource_type)

    @classmethod
    def date_not_between(
        cls, property: AnyProperty, from_date: Day, to_date: Day, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The time is set and falls outside these days."""
        return cls(property, "was not between", ordered_days(from_date, to_date), "datetime", resource_type)

    @classmethod
    def in_the_last(
        cls, property: AnyProperty, quantity: int, date_unit: DateUnit, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The time lies at most this long ago; a week is 7 days, a month 30."""
        return _relative(cls, "was in the", property, quantity, date_unit, resource_type)

    @classmethod
    def not_in_the_last(
        cls, property: AnyProperty, quantity: int, date_unit: DateUnit, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The time lies longer ago, or ahead."""
        return _relative(cls, "was not in the", property, quantity, date_unit, resource_type)

    @classmethod
    def in_the_next(
        cls, property: AnyProperty, quantity: int, date_unit: DateUnit, *, resource_type: ResourceType = "events"
    ) -> Filter:
        """The time lies ahead, by less than this."""
        return _relative(cls, "was in the next", property, quantity, date_unit, resource_type)

    @classmethod
    def in_cohort(cls, cohort: int | CohortDefinition, name: str | None = None) -> Filter:
        """The user belongs to the cohort: a saved one by id, or one defined here."""
        return cls("$cohorts", "contains", CohortMember(cohort, name), "list")

    @classmethod
    def not_in_cohort(cls, cohort: int | CohortDefinition, name: str | None = None) -> Filter:
        """The user does not belong to the cohort."""
        return cls("$cohorts", "does not contain", CohortMember(cohort, name, negated=True), "list")

    @classmethod
    def list_contains(
        cls,
        property: str,
        *conditions: Filter,
        quantifier: Quantifier = "any",
        resource_type: ResourceType = "events",
        **equal_to: str | list[str],
    ) -> Filter:
        """An item of the list (or every item) meets all conditions; `brand="acme"` stands for an equality."""
        items = _item_filters(conditions, equal_to, quantifier)
        return cls(property, LIST_CONTAINS, None, "object", resource_type, items=items, quantifier=quantifier)


def _relative(
    cls: type[Filter], operator: str, source: AnyProperty, quantity: int, unit: DateUnit, resource_type: ResourceType
) -> Filter:
    if not is_positive_integer(quantity):
        raise ParamValidationError(f"quantity is {shown(quantity)}; it must be an integer above 0.", "FD4_QUANTITY")
    return cls(source, operator, quantity, "datetime", resource_type, unit)


def _item_filters(
    conditions: tuple[Filter, ...], equal_to: dict[str, str | list[str]], quantifier: str
) -> tuple[Filter, ...]:
    def refuse(code: str, complaint: str, kind: type[ParamValidationError] = ParamValidationError) -> None:
        raise kind(f"Filter.list_contains: {complaint}.", code, path="Filter.list_contains")

    if conditions and equal_to:
        refuse("LC3_MIXED_ARGS", "give filters or name=value pairs, not both")
    if quantifier not in get_args(Quantifier):
        refuse("LC4_INVALID_QUANTIFIER", f"quantifier is {shown(quantifier)}; it can be 'any' or 'all'")
    if not conditions and not equal_to:
        refuse("LC7_NO_CONDITIONS", "give at least one condition on the items")
    check_kinds(conditions, "LC5_CONDITION_TYPE", "Filter.list_contains", Filter)
    for condition in conditions:
        if condition.items:
            refuse("LC8_NESTED_LIST_CONTAINS", "a condition on an item cannot be a list_contains itself")
    for name, value in equal_to.items():
        if not all(isinstance(item, str) for item in as_tuple(value)):
            refuse("LC6_KWARG_VALUE_TYPE", f"{name}={shown(value)} is neither text nor a list of texts", ParamTypeError)
    return conditions or tuple(Filter.equals(name, value) for name, value in equal_to.items())


def as_filters(value: Filter | Sequence[Filter] | None) -> tuple[Filter, ...]:
    """What a caller gave as filters, as a tuple."""
    return as_tuple(value)
