"""Cohorts defined on the spot, by what users did and who they are, and breakdowns by cohort."""
# ruff: noqa: A002 - a property is called `property` wherever a caller names one

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from mixpanel_headless.errors import shown
from mixpanel_headless.suggestions import listed

from .cohort_counts import aggregated, count_bound, count_window, event_selector, refuse_criterion
from .cohort_members import check_cohort, cohort_identity
from .fields import check_kinds, is_positive_integer
from .names import is_no_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .cohort_counts import Aggregation
    from .dates import Day
    from .filters import Filter
    from .vocabulary import PropertyType

ProfileOperator = Literal[
    "equals", "not_equals", "contains", "not_contains", "greater_than", "less_than", "is_set", "is_not_set"
]
ProfileValue: TypeAlias = "str | int | float | bool | Sequence[str]"

_PROFILE_OPERATORS: Final[dict[str, str]] = {
    "equals": "==",
    "not_equals": "!=",
    "contains": "in",
    "not_contains": "not in",
    "greater_than": ">",
    "less_than": "<",
    "is_set": "defined",
    "is_not_set": "not defined",
}


@attrs.frozen
class CohortCriteria:
    """One condition that members of a cohort meet; the named constructors say which there are.

    `node` is its place in the selector tree, `behavior` the event count that the node refers to.
    """

    node: dict[str, Any]
    behavior: dict[str, Any] | None = None

    @classmethod
    def did_event(
        cls,
        event: str,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        exactly: int | None = None,
        within_days: int | None = None,
        within_weeks: int | None = None,
        within_months: int | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        where: Filter | Sequence[Filter] | None = None,
        aggregation: Aggregation | None = None,
        aggregation_property: str | None = None,
    ) -> CohortCriteria:
        """Did the event that often (or reached that aggregate of a property) in a stretch up to now, or between days.

        Exactly one of `at_least`, `at_most`, `exactly` and exactly one stretch must be given.
        """
        if is_no_name(event):
            refuse_criterion("CD4_EMPTY_EVENT", f"{shown(event)} names no event")
        operator, operand = count_bound({">=": at_least, "<=": at_most, "==": exactly})
        window = count_window({"day": within_days, "week": within_weeks, "month": within_months}, from_date, to_date)
        count = {
            "event_selector": {"event": event, **event_selector(where)},
            "type": "absolute",
            **aggregated(aggregation, aggregation_property),
        }
        node = {"property": "behaviors", "operator": operator, "operand": operand}
        return cls(node, {"count": count, **window})

    @classmethod
    def did_not_do_event(
        cls,
        event: str,
        *,
        within_days: int | None = None,
        within_weeks: int | None = None,
        within_months: int | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
    ) -> CohortCriteria:
        """Did not do the event at all in a stretch up to now, or between days."""
        return cls.did_event(
            event,
            exactly=0,
            within_days=within_days,
            within_weeks=within_weeks,
            within_months=within_months,
            from_date=from_date,
            to_date=to_date,
        )

    @classmethod
    def has_property(
        cls,
        property: str,
        value: ProfileValue,
        *,
        operator: ProfileOperator = "equals",
        property_type: PropertyType = "string",
    ) -> CohortCriteria:
        """Has a profile property that compares so."""
        if is_no_name(property):
            refuse_criterion("CD7_EMPTY_PROPERTY", f"{shown(property)} names no property")
        if operator not in _PROFILE_OPERATORS:
            refuse_criterion(
                "CD11_UNKNOWN_OPERATOR", f"operator is {shown(operator)}; it can be {listed(_PROFILE_OPERATORS)}"
            )
        operand = list(value) if isinstance(value, tuple) else value
        comparison = {"operator": _PROFILE_OPERATORS[operator], "operand": operand, "type": property_type}
        return cls({"property": "user", "value": property, **comparison})

    @classmethod
    def property_is_set(cls, property: str) -> CohortCriteria:
        """Has the profile property, whatever its value."""
        return cls.has_property(property, "", operator="is_set")

    @classmethod
    def property_is_not_set(cls, property: str) -> CohortCriteria:
        """Lacks the profile property."""
        return cls.has_property(property, "", operator="is_not_set")

    @classmethod
    def in_cohort(cls, cohort_id: int) -> CohortCriteria:
        """Belongs to the saved cohort."""
        return cls(_membership(cohort_id, "in"))

    @classmethod
    def not_in_cohort(cls, cohort_id: int) -> CohortCriteria:
        """Does not belong to the saved cohort."""
        return cls(_membership(cohort_id, "not in"))


@attrs.frozen(init=False)
class CohortDefinition:
    """The users who meet all criteria; `any_of` asks for one of them, and definitions nest."""

    criteria: tuple[CohortCriteria | CohortDefinition, ...]
    operator: Literal["and", "or"]

    def __init__(self, *criteria: CohortCriteria | CohortDefinition, operator: Literal["and", "or"] = "and") -> None:
        if not criteria:
            refuse_criterion("CD9_EMPTY_CRITERIA", "a cohort needs at least one criterion")
        check_kinds(criteria, "CD12_CRITERION_TYPE", "CohortDefinition", CohortCriteria, CohortDefinition)
        self.__attrs_init__(criteria, operator)

    @classmethod
    def all_of(cls, *criteria: CohortCriteria | CohortDefinition) -> CohortDefinition:
        """The users who meet every criterion."""
        return cls(*criteria)

    @classmethod
    def any_of(cls, *criteria: CohortCriteria | CohortDefinition) -> CohortDefinition:
        """The users who meet at least one criterion."""
        return cls(*criteria, operator="or")

    def to_dict(self) -> dict[str, Any]:
        """The definition as a `raw_cohort`: a selector tree, and the behaviors it counts in reading order."""
        behaviors = {f"bhvr_{position}": behavior for position, behavior in enumerate(self._behaviors())}
        return {"selector": self._tree(iter(behaviors)), "behaviors": behaviors}

    def _behaviors(self) -> Iterator[dict[str, Any]]:
        for item in self.criteria:
            if isinstance(item, CohortDefinition):
                yield from item._behaviors()
            elif item.behavior is not None:
                yield item.behavior

    def _tree(self, names: Iterator[str]) -> dict[str, Any]:
        children: list[dict[str, Any]] = []
        for item in self.criteria:
            if isinstance(item, CohortDefinition):
                children.append(item._tree(names))
            else:
                named = {} if item.behavior is None else {"property": "behaviors", "value": next(names)}
                children.append({**named, **item.node})
        return {"operator": self.operator, "children": children}


@attrs.frozen
class CohortBreakdown:
    """Members of a cohort beside those outside it."""

    cohort: int | CohortDefinition
    name: str | None = None
    include_negated: bool = True

    def __attrs_post_init__(self) -> None:
        check_cohort(self.cohort, self.name, "CohortBreakdown", "CB")

    def to_dict(self, data_group_id: int | None = None) -> dict[str, Any]:
        """The breakdown as an entry of a `group` section."""
        name = self.name or ""
        group = None if data_group_id is None else str(data_group_id)
        identity = {**cohort_identity(self.cohort), **({"groups": []} if isinstance(self.cohort, int) else {})}
        sides = (False, True) if self.include_negated else (False,)
        return {
            "value": [f"Not In {name}" if negated else name for negated in sides],
            "resourceType": "events",
            "profileType": None,
            "search": "",
            "dataGroupId": group,
            "propertyType": None,
            "typeCast": None,
            "cohorts": [{"name": name, "negated": negated, "data_group_id": group, **identity} for negated in sides],
            "isHidden": False,
        }


def _membership(cohort_id: int, operator: str) -> dict[str, Any]:
    if not is_positive_integer(cohort_id):
        refuse_criterion("CD8_COHORT_ID_NOT_POSITIVE", f"cohort id {shown(cohort_id)} is no integer above 0")
    return {"property": "cohort", "value": cohort_id, "operator": operator}
