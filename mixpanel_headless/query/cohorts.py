"""Cohorts defined on the spot, by what users did and who they are."""
# ruff: noqa: A002 - a property is called `property` wherever a caller names one

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import attrs

from mixpanel_headless.errors import ParamValidationError

from .dates import Day, checked_day
from .fields import as_tuple, check_kinds, is_positive_integer
from .filter_clauses import filter_clause
from .filters import Filter
from .names import name_flaw
from .suggestions import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .vocabulary import PropertyType

Aggregation = Literal["total", "unique", "average", "min", "max", "median"]
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
_EVENT_OPERATORS: Final = frozenset(
    {
        "equals",
        "does not equal",
        "contains",
        "does not contain",
        "is greater than",
        "is less than",
        "is between",
        "is set",
        "is not set",
    }
)


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
        if _is_no_name(event):
            _refuse("CD4_EMPTY_EVENT", f"{event!r} names no event")
        operator, operand = _threshold({">=": at_least, "<=": at_most, "==": exactly})
        window = _window({"day": within_days, "week": within_weeks, "month": within_months}, from_date, to_date)
        count = {
            "event_selector": {"event": event, **_selector(where)},
            "type": "absolute",
            **_aggregated(aggregation, aggregation_property),
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
        if _is_no_name(property):
            _refuse("CD7_EMPTY_PROPERTY", f"{property!r} names no property")
        if operator not in _PROFILE_OPERATORS:
            _refuse("CD11_UNKNOWN_OPERATOR", f"operator is {operator!r}; it can be {listed(_PROFILE_OPERATORS)}")
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
            _refuse("CD9_EMPTY_CRITERIA", "a cohort needs at least one criterion")
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
                children.append(item.node if item.behavior is None else {**item.node, "value": next(names)})
        return {"operator": self.operator, "children": children}


def _refuse(code: str, complaint: str) -> None:
    raise ParamValidationError(f"Cohort: {complaint}.", code, path="CohortCriteria")


def _is_no_name(text: object) -> bool:
    return not isinstance(text, str) or name_flaw(text) is not None


def _threshold(bounds: dict[str, int | None]) -> tuple[str, int]:
    given = [(operator, bound) for operator, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        _refuse("CD1_FREQUENCY_PARAM_REQUIRED", "give exactly one of at_least, at_most, exactly")
    operator, bound = given[0]
    if not isinstance(bound, (int, float)) or bound < 0:
        _refuse("CD2_FREQUENCY_NEGATIVE", f"a count is 0 or more, not {bound!r}")
    return operator, bound


def _window(windows: dict[str, int | None], from_date: Day | None, to_date: Day | None) -> dict[str, Any]:
    given = [(unit, size) for unit, size in windows.items() if size is not None]
    if from_date is not None and to_date is None:
        _refuse("CD5_FROM_REQUIRES_TO", "from_date needs a to_date")
    if to_date is not None and from_date is None:
        _refuse("CD5_TO_REQUIRES_FROM", "to_date needs a from_date")
    if len(given) + (from_date is not None) != 1:
        _refuse("CD3_TIME_CONSTRAINT_REQUIRED", "give exactly one of within_days, within_weeks, within_months, or days")
    if from_date is not None and to_date is not None:
        days = {"from_date": checked_day(from_date, "from_date"), "to_date": checked_day(to_date, "to_date")}
        if days["from_date"] > days["to_date"]:
            _refuse("CD6_DATE_ORDER", f"from_date {days['from_date']} comes after to_date {days['to_date']}")
        return days
    unit, size = given[0]
    if not is_positive_integer(size):
        _refuse("CD3_WINDOW_NOT_POSITIVE", f"a stretch counts whole {unit}s, not {size!r}")
    return {"window": {"unit": unit, "value": size}}


def _selector(where: Filter | Sequence[Filter] | None) -> dict[str, Any]:
    conditions = as_tuple(where)
    check_kinds(conditions, "CD13_FILTER_TYPE", "CohortCriteria.where", Filter)
    for condition in conditions:
        if condition.operator not in _EVENT_OPERATORS:
            _refuse(
                "CD10_UNSUPPORTED_FILTER_OPERATOR",
                f"an event in a cohort cannot be filtered by {condition.operator!r}, only by {listed(_EVENT_OPERATORS)}",
            )
    if not conditions:
        return {}
    clauses = [filter_clause(condition) for condition in conditions]
    children = [{key: value for key, value in clause.items() if value is not None} for clause in clauses]
    return {"selector": {"operator": "and", "children": children}}


def _aggregated(aggregation: str | None, source: str | None) -> dict[str, Any]:
    if (aggregation is None) != (source is None):
        _refuse("CA1_AGGREGATION_PAIR", "aggregation and aggregation_property go together")
    if aggregation is None or source is None:
        return {}
    if _is_no_name(source):
        _refuse("CA2_EMPTY_AGGREGATION_PROPERTY", "aggregation_property is blank")
    if aggregation not in get_args(Aggregation):
        _refuse("CA3_UNKNOWN_AGGREGATION", f"aggregation is {aggregation!r}; it can be {listed(get_args(Aggregation))}")
    return {"aggregationOperator": aggregation, "property": source}


def _membership(cohort_id: int, operator: str) -> dict[str, Any]:
    if not is_positive_integer(cohort_id):
        _refuse("CD8_COHORT_ID_NOT_POSITIVE", f"cohort id {cohort_id!r} is no integer above 0")
    return {"property": "cohort", "value": cohort_id, "operator": operator}
