"""How often, when and of which events: the count behind a criterion of a cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, get_args

from mixpanel_headless.errors import ParamValidationError, shown
from mixpanel_headless.suggestions import listed

from .dates import Day, checked_day
from .fields import as_tuple, check_kinds, is_positive_integer
from .filter_clauses import filter_clause
from .filters import Filter
from .names import is_no_name

if TYPE_CHECKING:
    from collections.abc import Sequence

Aggregation = Literal["total", "unique", "average", "min", "max", "median"]
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


def refuse_criterion(code: str, complaint: str) -> NoReturn:
    """Raises `ParamValidationError` about a criterion of a cohort."""
    raise ParamValidationError(f"Cohort: {complaint}.", code, path="CohortCriteria")


def count_bound(bounds: dict[str, int | None]) -> tuple[str, int]:
    """The comparison with the one bound that is given."""
    given = [(operator, bound) for operator, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        refuse_criterion("CD1_FREQUENCY_PARAM_REQUIRED", "give exactly one of at_least, at_most, exactly")
    operator, bound = given[0]
    if not isinstance(bound, (int, float)) or bound < 0:
        refuse_criterion("CD2_FREQUENCY_NEGATIVE", f"a count is 0 or more, not {shown(bound)}")
    return operator, bound


def count_window(windows: dict[str, int | None], from_date: Day | None, to_date: Day | None) -> dict[str, Any]:
    """The stretch of time that counts, of which exactly one is given."""
    given = [(unit, size) for unit, size in windows.items() if size is not None]
    if from_date is not None and to_date is None:
        refuse_criterion("CD5_FROM_REQUIRES_TO", "from_date needs a to_date")
    if to_date is not None and from_date is None:
        refuse_criterion("CD5_TO_REQUIRES_FROM", "to_date needs a from_date")
    if len(given) + (from_date is not None) != 1:
        refuse_criterion(
            "CD3_TIME_CONSTRAINT_REQUIRED", "give exactly one of within_days, within_weeks, within_months, or days"
        )
    if from_date is not None and to_date is not None:
        days = {"from_date": checked_day(from_date, "from_date"), "to_date": checked_day(to_date, "to_date")}
        if days["from_date"] > days["to_date"]:
            refuse_criterion("CD6_DATE_ORDER", f"from_date {days['from_date']} comes after to_date {days['to_date']}")
        return days
    unit, size = given[0]
    if not is_positive_integer(size):
        refuse_criterion("CD3_WINDOW_NOT_POSITIVE", f"a stretch counts whole {unit}s, not {shown(size)}")
    return {"window": {"unit": unit, "value": size}}


def event_selector(where: Filter | Sequence[Filter] | None) -> dict[str, Any]:
    """The conditions that a counted event meets; nothing when there are none."""
    conditions = as_tuple(where)
    check_kinds(conditions, "CD13_FILTER_TYPE", "CohortCriteria.where", Filter)
    for condition in conditions:
        if condition.operator not in _EVENT_OPERATORS:
            refuse_criterion(
                "CD10_UNSUPPORTED_FILTER_OPERATOR",
                f"an event in a cohort cannot be filtered by {shown(condition.operator)}, only by {listed(_EVENT_OPERATORS)}",
            )
    if not conditions:
        return {}
    clauses = [filter_clause(condition) for condition in conditions]
    children = [{key: value for key, value in clause.items() if value is not None} for clause in clauses]
    return {"selector": {"operator": "and", "children": children}}


def aggregated(aggregation: str | None, source: str | None) -> dict[str, Any]:
    """What is added up over the events, when they are not just counted."""
    if (aggregation is None) != (source is None):
        refuse_criterion("CA1_AGGREGATION_PAIR", "aggregation and aggregation_property go together")
    if aggregation is None or source is None:
        return {}
    if is_no_name(source):
        refuse_criterion("CA2_EMPTY_AGGREGATION_PROPERTY", "aggregation_property is blank")
    if aggregation not in get_args(Aggregation):
        refuse_criterion(
            "CA3_UNKNOWN_AGGREGATION", f"aggregation is {shown(aggregation)}; it can be {listed(get_args(Aggregation))}"
        )
    return {"aggregationOperator": aggregation, "property": source}
