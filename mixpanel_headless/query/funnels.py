"""Funnels: a question as keywords, checked and put into the form that the service reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mixpanel_headless.errors import ValidationError

from .behavior_query import (
    BehaviorQuery,
    event_problems,
    is_readable,
    math_problems,
    ref_problems,
    set_beside,
)
from .behaviors import BehaviorRef, FunnelBehavior
from .bookmark import checked_bookmark
from .coverage import Coverage, coverage_problems
from .dates import DEFAULT_LAST, Day
from .fields import as_tuple
from .filters import Filter
from .frequency import FrequencyBreakdown
from .funnel_rules import MIN_STEPS, funnel_problems
from .measurements import Measurement, funnel_measurement_problems
from .metrics import FunnelMetric
from .rules import choice, problems
from .steps import FunnelStep

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from .behaviors import AnyStep, Exclusion, HoldingConstant
    from .cohorts import CohortBreakdown
    from .comparisons import TimeComparison
    from .custom_properties import AnyProperty
    from .groups import GroupBy
    from .vocabulary import FunnelMath, FunnelMode, FunnelOrder, ReentryMode, Unit, WindowUnit

MemberGroup: TypeAlias = "str | GroupBy | CohortBreakdown"
_CHARTS: Final = {"steps": "funnel-steps", "trends": "line", "table": "table"}
_ANY_STEP: Final = FunnelStep("any")
"""Stands where a step cannot be read, so that all else is checked too."""


def build_funnel_params(
    steps: BehaviorRef | Sequence[AnyStep],
    *,
    from_date: Day | None = None,
    to_date: Day | None = None,
    last: int = DEFAULT_LAST,
    unit: Unit = "day",
    math: FunnelMath = "conversion_rate_unique",
    math_property: AnyProperty | None = None,
    conversion_window: int = 14,
    conversion_window_unit: WindowUnit = "day",
    order: FunnelOrder = "loose",
    group_by: MemberGroup | Sequence[MemberGroup] | None = None,
    where: Filter | Sequence[Filter] | None = None,
    exclusions: str | Exclusion | Sequence[str | Exclusion] | None = None,
    holding_constant: str | HoldingConstant | Sequence[str | HoldingConstant] | None = None,
    mode: FunnelMode = "steps",
    reentry_mode: ReentryMode | None = None,
    time_comparison: TimeComparison | None = None,
    data_group_id: int | None = None,
    today: dt.date | None = None,
) -> dict[str, Any]:
    """The bookmark of a funnel report, ready to be sent.

    The days are those of the first step; the other steps follow inside the conversion window. A saved funnel as the one step
    sets its own window, order, exclusions, held properties and re-entry.

    Raises `BookmarkValidationError` with every problem at once.

    - `steps`: 2 to 100 events in their order, or a saved funnel.
    - `unit`: the length of time that one funnel of `mode="trends"` is for.
    - `math`: the share that converts, how many do, or what is computed from a property at a step.
    - `conversion_window`: how long after the first step the last may come, in units of `conversion_window_unit`.
    - `conversion_window_unit`: what `conversion_window` counts.
    - `order`: whether other events may stand between the steps in their order (loose), or the steps in any order.
    - `exclusions`: events that end the way of whoever does them in between.
    - `holding_constant`: properties whose value must be the same at all steps.
    - `mode`: the steps, one funnel for each unit (trends), or one for each segment (table).
    - `reentry_mode`: from which of several first steps a user's way is counted.
    - others: those of `build_params`.
    """
    settings: dict[str, Any] = {
        "conversion_window": conversion_window,
        "conversion_window_unit": conversion_window_unit,
        "order": order,
        "exclusions": exclusions,
        "holding_constant": holding_constant,
        "reentry_mode": reentry_mode,
    }
    items = as_tuple(steps)
    query = BehaviorQuery(
        behavior=steps if isinstance(steps, BehaviorRef) else FunnelBehavior(_readable(items), **settings),
        measurement=Measurement(math, math_property),
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
        mode=mode,
        set_beside=set_beside(steps, FunnelBehavior, settings),
    )
    return checked_bookmark(_query_problems(query, items), lambda: _bookmark(query))


def _readable(items: Sequence[Any]) -> list[Any]:
    """The steps, with stand-ins for what cannot be read and for what is missing."""
    steps = [_as_step(item) for item in items]
    return steps + [_ANY_STEP] * (MIN_STEPS - len(steps))


def _as_step(item: Any) -> FunnelStep:
    if isinstance(item, FunnelStep):
        return item
    return FunnelStep(item) if is_readable(item, FunnelStep) else _ANY_STEP


def _query_problems(query: BehaviorQuery[FunnelBehavior], items: Sequence[object]) -> Iterator[ValidationError]:
    """Everything that is wrong with the arguments."""
    yield from ref_problems(query, "funnel", "steps", ("F13_BEHAVIOR_REF_TYPE", "F14_BEHAVIOR_REF_SETTINGS"))
    if isinstance(query.behavior, FunnelBehavior):
        if len(items) < MIN_STEPS:
            complaint = f"a funnel has at least {MIN_STEPS} steps, not {len(items)}"
            yield ValidationError("steps", f"{complaint}.", "F1_MIN_STEPS")
        for position, item in enumerate(items):
            codes = ("F2_EMPTY_STEP_EVENT", "F2_INVISIBLE_STEP_EVENT")
            yield from event_problems(item, FunnelStep, f"steps[{position}]", codes)
        yield from funnel_problems(query.behavior, math=query.measurement.math)
    yield from math_problems(funnel_measurement_problems(query.measurement), query.measurement)
    yield from problems((_MODE,), query)
    yield from coverage_problems(query.coverage, conditions=(Filter,))
    for position, group in enumerate(query.coverage.groups):
        if isinstance(group, FrequencyBreakdown):
            complaint = "a funnel has no breakdown by frequency; give property names, GroupBy or CohortBreakdown"
            yield ValidationError(
                query.coverage.path("group_by", position), f"{complaint}.", "BB1_GROUP_BY_ELEMENT_TYPE"
            )


_MODE: Final = choice("F15_INVALID_MODE", "mode", _CHARTS)


def _bookmark(query: BehaviorQuery[FunnelBehavior]) -> dict[str, Any]:
    metric = FunnelMetric(query.behavior, query.measurement.math, query.measurement.property)  # type: ignore[arg-type]
    return query.bookmark(metric.to_dict(), _CHARTS[query.mode])
