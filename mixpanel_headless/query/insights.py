"""Insights: a question as keywords, checked and put into the form that the service reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from mixpanel_headless.errors import InvalidArgumentError, shown

from .bookmark import checked_bookmark
from .coverage import Coverage
from .dates import DEFAULT_LAST, Day
from .fields import as_tuple, is_positive_integer, is_whole
from .formulas import Formula
from .insights_query import AnyMetric, InsightsQuery
from .insights_rules import query_problems
from .measurements import Measurement
from .metric_refs import entry_of
from .metrics import plain_clause
from .patterns import by_pattern
from .vocabulary import among

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from .comparisons import TimeComparison
    from .custom_properties import AnyProperty
    from .filter_clauses import AnyFilter
    from .groups import AnyGroup
    from .vocabulary import Math, Mode, PerUser, Unit

MAX_LIMIT: Final = 50_000
_CHARTS: Final = {"total": "bar", "table": "table"}


def build_insights_params(
    events: AnyMetric | Sequence[AnyMetric],
    *,
    from_date: Day | None = None,
    to_date: Day | None = None,
    last: int = DEFAULT_LAST,
    unit: Unit = "day",
    math: Math = "total",
    math_property: AnyProperty | None = None,
    per_user: PerUser | None = None,
    percentile_value: float | None = None,
    group_by: AnyGroup | Sequence[AnyGroup] | None = None,
    where: AnyFilter | Sequence[AnyFilter] | None = None,
    formula: str | None = None,
    formula_label: str | None = None,
    rolling: int | None = None,
    cumulative: bool = False,
    mode: Mode = "timeseries",
    time_comparison: TimeComparison | None = None,
    data_group_id: int | None = None,
    today: dt.date | None = None,
) -> dict[str, Any]:
    """The bookmark of an insights report, ready to be sent.

    `math`, `math_property`, `per_user` and `percentile_value` apply to events given as plain names.

    Raises `BookmarkValidationError` with every problem at once.

    - `events`: names of events, or metrics, behaviors and formulas.
    - `from_date`: the first day in the project's time zone, such as 2026-01-31, instead of `last`.
    - `to_date`: the last day, itself included; today if only the first is given.
    - `last`: so many days before today, and today: 5 covers six days, as the service counts them.
    - `unit`: the length of time that one number is for.
    - `math`: what is counted, or computed from a property.
    - `math_property`: the property whose numbers `math` computes with.
    - `per_user`: what each user's numbers become before `math` goes over users.
    - `percentile_value`: which percentile `math="percentile"` gives, above 0 and below 100.
    - `group_by`: a property, a cohort or how often users did something, to break the answer down by.
    - `where`: what must hold of the events; of several conditions all must.
    - `formula`: an expression over the events by their letters, such as A / B; it is shown instead of them.
    - `formula_label`: what the formula is called.
    - `rolling`: the average over so many units instead of each one's number.
    - `cumulative`: the sum from the first unit on instead of each one's number.
    - `mode`: a number for each unit (timeseries), one for all days (total), or one for each segment (table).
    - `time_comparison`: an earlier time to set beside this one.
    - `data_group_id`: the kind of group, by its id, that is counted instead of users.
    """
    query = InsightsQuery(
        events=as_tuple(events),
        coverage=Coverage.of(
            from_date=from_date,
            to_date=to_date,
            last=last,
            today=today,
            unit=unit,
            group_by=group_by,
            where=where,
            time_comparison=time_comparison,
            data_group_id=data_group_id,
        ),
        measurement=Measurement(math, math_property, per_user, percentile_value),
        formula=formula,
        formula_label=formula_label,
        rolling=rolling,
        cumulative=cumulative,
        mode=mode,
    )
    return checked_bookmark(query_problems(query), lambda: _bookmark(query))


ask_insights = by_pattern(build_insights_params)
"""The question that the same arguments make, for less where only the events are new."""


def check_limit(limit: object) -> int:
    """The number of segments to return, 1 to 50000; raises `InvalidArgumentError` for anything else."""
    if not is_whole(limit) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidArgumentError(f"limit is {shown(limit)}; it must be an integer from 1 to {MAX_LIMIT}.")
    return limit


def check_view(workspace_id: object) -> int | None:
    """The number of a data view, None for the pinned one; raises `InvalidArgumentError` for anything else."""
    if workspace_id is None or is_positive_integer(workspace_id):
        return cast("int | None", workspace_id)
    raise InvalidArgumentError(f"workspace_id is {shown(workspace_id)}.", hint="Give the data view's number, or None.")


def _bookmark(query: InsightsQuery) -> dict[str, Any]:
    return {"sections": query.coverage.sections(_show(query)), "displayOptions": _display(query)}


def _show(query: InsightsQuery) -> list[dict[str, Any]]:
    """Metrics in their order, then formulas; a formula over them hides them."""
    formulas = query.formulas()
    clauses = [
        plain_clause(event, query.measurement) if isinstance(event, str) else entry_of(event)
        for event in query.events
        if not isinstance(event, Formula)
    ]
    if not formulas:
        return clauses
    if not all(formula.metrics for formula in formulas):
        clauses = [{**clause, "isHidden": True} for clause in clauses]
    return [*clauses, *(formula.to_dict() for formula in formulas)]


def _display(query: InsightsQuery) -> dict[str, Any]:
    display: dict[str, Any] = {
        "chartType": _CHARTS[query.mode] if among(query.mode, _CHARTS) else "line",
        "analysis": "linear",
    }
    if query.cumulative:
        display["analysis"] = "cumulative"
    if query.rolling is not None:
        display["analysis"] = "rolling"
        display["rollingWindowSize"] = query.rolling
    return {**display, **query.coverage.compared()}
