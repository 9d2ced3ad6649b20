"""Retention: a question as keywords, checked and put into the form that the service reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import ValidationError

from .behavior_query import (
    BehaviorQuery,
    event_problems,
    is_readable,
    math_problems,
    ref_problems,
    set_beside,
)
from .behaviors import BehaviorRef, RetentionBehavior
from .bookmark import checked_bookmark
from .cohorts import CohortBreakdown
from .coverage import Coverage, coverage_problems
from .dates import DEFAULT_LAST, Day
from .fields import as_tuple
from .funnel_rules import retention_problems
from .measurements import Measurement, retention_measurement_problems
from .metrics import RetentionMetric
from .rules import Rule, choice, problems
from .steps import AnyEvent, RetentionEvent
from .vocabulary import RETENTION_UNITS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from .comparisons import TimeComparison
    from .custom_properties import AnyProperty
    from .filter_clauses import AnyFilter
    from .groups import AnyGroup
    from .vocabulary import Alignment, RetentionMath, RetentionMode, RetentionUnit, UnboundedMode

_CHARTS: Final = {"curve": "retention-curve", "trends": "line", "table": "table"}
_ANY_EVENT: Final = RetentionEvent("any")
"""Stands where an event cannot be read, so that all else is checked too."""


def build_retention_params(
    born_event: AnyEvent | RetentionEvent | BehaviorRef,
    return_event: AnyEvent | RetentionEvent | None = None,
    *,
    retention_unit: RetentionUnit = "week",
    alignment: Alignment = "birth",
    bucket_sizes: Sequence[int] | None = None,
    from_date: Day | None = None,
    to_date: Day | None = None,
    last: int = DEFAULT_LAST,
    unit: RetentionUnit = "day",
    math: RetentionMath = "retention_rate",
    math_property: AnyProperty | None = None,
    group_by: AnyGroup | Sequence[AnyGroup] | None = None,
    where: AnyFilter | Sequence[AnyFilter] | None = None,
    mode: RetentionMode = "curve",
    unbounded_mode: UnboundedMode | None = None,
    retention_cumulative: bool = False,
    time_comparison: TimeComparison | None = None,
    data_group_id: int | None = None,
    today: dt.date | None = None,
) -> dict[str, Any]:
    """The bookmark of a retention report, ready to be sent.

    The users of a row did `born_event` in one `unit` of the days; its buckets count `retention_unit` after unit since then, in which
    they did `return_event`. A saved retention in place of `born_event` sets its own return event, unit, alignment, buckets
    and unbounded mode.

    Raises `BookmarkValidationError` with every problem at once.

    - `born_event`: the event that a user begins with, or a saved retention.
    - `return_event`: the event that counts as coming back; needed unless `born_event` is a saved retention.
    - `retention_unit`: the length of a bucket.
    - `alignment`: whether a user's buckets begin with the first event itself (birth) or with the day, week or month it is in.
    - `bucket_sizes`: lengths of the buckets one after the other, in the unit of buckets; how many there are otherwise follows
      from the days.
    - `unit`: the length of time whose beginners make a row.
    - `math`: the share that came back, how many did, or how often.
    - `math_property`: the property that `math="average"` averages, and that `math="total"` may add up.
    - `mode`: a curve, one bucket over time (trends), or a table.
    - `unbounded_mode`: whether coming back later (carry_back) or earlier (carry_forward) counts for a bucket too, or only an
      unbroken streak.
    - `retention_cumulative`: counts for a bucket whoever came back until then.
    - others: those of `build_params`.
    """
    settings: dict[str, Any] = {
        "return_event": return_event,
        "retention_unit": retention_unit,
        "alignment": alignment,
        "bucket_sizes": bucket_sizes,
        "unbounded_mode": unbounded_mode,
    }
    groups = as_tuple(group_by)
    query = BehaviorQuery(
        behavior=born_event if isinstance(born_event, BehaviorRef) else _behavior(born_event, settings),
        measurement=Measurement(math, math_property),
        coverage=Coverage.of(
            from_date=from_date,
            to_date=to_date,
            last=last,
            today=today,
            unit=unit,
            group_by=[group for group in groups if not _is_blank(group)] if any(map(_is_blank, groups)) else group_by,
            where=where,
            time_comparison=time_comparison,
            data_group_id=data_group_id,
        ),
        mode=mode,
        set_beside=set_beside(born_event, RetentionBehavior, settings),
    )
    found = [*_event_problems(born_event, return_event), *_query_problems(query), *_group_problems(groups)]
    return checked_bookmark(found, lambda: _bookmark(query, cumulative=retention_cumulative))


def _behavior(born_event: object, settings: dict[str, Any]) -> RetentionBehavior:
    """The retention, with stand-ins for what cannot be read."""
    sides = (born_event, settings["return_event"])
    born, back = (side if is_readable(side, RetentionEvent) else _ANY_EVENT for side in sides)
    return RetentionBehavior(**{**settings, "born_event": born, "return_event": back})


def _is_blank(group: object) -> bool:
    return isinstance(group, str) and not group.strip()


def _event_problems(born_event: object, return_event: object) -> Iterator[ValidationError]:
    if isinstance(born_event, BehaviorRef):
        return
    born_codes = ("R1_EMPTY_BORN_EVENT", "R1_INVISIBLE_BORN_EVENT")
    return_codes = ("R2_EMPTY_RETURN_EVENT", "R2_INVISIBLE_RETURN_EVENT")
    yield from event_problems(born_event, RetentionEvent, "born_event", born_codes)
    yield from event_problems(return_event, RetentionEvent, "return_event", return_codes)


def _query_problems(query: BehaviorQuery[RetentionBehavior]) -> Iterator[ValidationError]:
    yield from ref_problems(query, "retention", "born_event", ("R14_BEHAVIOR_REF_TYPE", "R15_BEHAVIOR_REF_SETTINGS"))
    if isinstance(query.behavior, RetentionBehavior):
        yield from retention_problems(query.behavior)
    yield from math_problems(retention_measurement_problems(query.measurement), query.measurement)
    yield from problems((_MODE,), query)
    yield from coverage_problems(query.coverage, unit=_UNIT)


def _group_problems(groups: Sequence[object]) -> Iterator[ValidationError]:
    if any(map(_is_blank, groups)):
        yield ValidationError("group_by", "the name of a property is blank.", "R12_EMPTY_GROUP_BY")
    if len({isinstance(group, CohortBreakdown) for group in groups}) > 1:
        complaint = "a retention is broken down by cohorts or by properties, not by both"
        yield ValidationError("group_by", f"{complaint}.", "CB3_RETENTION_MIXED_BREAKDOWN")


_MODE: Final = choice("R10_INVALID_MODE", "mode", _CHARTS)
_UNIT: Final[Rule[Coverage]] = choice("R11_INVALID_UNIT", "unit", RETENTION_UNITS)


def _sorting() -> dict[str, Any]:
    """How the web report sorts its charts; the service wants it said, and no answer depends on it."""
    by_average = {"sortBy": "value", "sortOrder": "desc", "valueField": "averageValue"}
    by_size = {"sortBy": "value", "sortOrder": "desc", "valueField": "size", "viewNLimit": 12}
    columns: dict[str, list[dict[str, Any]]] = {"bar": [], "line": [by_average], "table": [by_size]}
    return {chart: {"sortBy": "column", "colSortAttrs": attributes} for chart, attributes in columns.items()}


def _bookmark(query: BehaviorQuery[RetentionBehavior], *, cumulative: bool) -> dict[str, Any]:
    metric = RetentionMetric(
        query.behavior,
        query.measurement.math,  # type: ignore[arg-type]
        query.measurement.property,
        retention_cumulative=cumulative,
    )
    return {
        **query.bookmark(metric.to_dict(), _CHARTS[query.mode]),
        "sorting": _sorting(),
        "columnWidths": {"bar": {}},
    }
