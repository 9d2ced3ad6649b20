"""Metrics: what a query shows, each a behavior with its measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError

from .behaviors import BehaviorRef, FunnelBehavior, RetentionBehavior, SimpleBehavior
from .cohort_members import check_cohort, cohort_identity
from .custom_properties import AnyProperty, check_measured, measured_property
from .fields import event_name, instances, one_of
from .filter_clauses import filter_clauses
from .filters import Filter, as_filters
from .measurements import (
    Measurement,
    funnel_measurement_problems,
    measurement_problems,
    retention_measurement_problems,
)
from .steps import AnyEvent, CustomEventRef, FunnelStep, check_event, event_label
from .vocabulary import (
    DATASET,
    Combinator,
    FunnelMath,
    Math,
    PerUser,
    RetentionMath,
    SegmentMethod,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.errors import ValidationError

    from .cohorts import CohortDefinition

MetricEvent: TypeAlias = "AnyEvent | Sequence[AnyEvent] | SimpleBehavior | BehaviorRef"

# The same rules have codes of their own where they are met on a Metric.
_METRIC_CODES = {
    "V1_MATH_REQUIRES_PROPERTY": "V13_METRIC_REQUIRES_PROPERTY",
    "V2_MATH_REJECTS_PROPERTY": "V14_METRIC_REJECTS_PROPERTY",
}


def _event(event: MetricEvent) -> AnyEvent | tuple[AnyEvent, ...] | SimpleBehavior | BehaviorRef:
    if not isinstance(event, (list, tuple)):
        return event  # type: ignore[return-value]
    return event[0] if len(event) == 1 else tuple(event)


@attrs.frozen
class Metric:
    """Events turned into a number; a list of events counts any of them."""

    event: AnyEvent | tuple[AnyEvent, ...] | SimpleBehavior | BehaviorRef = attrs.field(
        converter=_event, validator=event_name
    )
    math: Math = "total"
    property: AnyProperty | None = None
    per_user: PerUser | None = None
    percentile_value: float | None = None
    filters: tuple[Filter, ...] = attrs.field(
        default=None, converter=as_filters, validator=instances("MT4_FILTER_TYPE", Filter)
    )
    filters_combinator: Combinator = attrs.field(
        default="all", validator=one_of("MT5_FILTERS_COMBINATOR", get_args(Combinator))
    )
    segment_method: SegmentMethod | None = attrs.field(
        default=None, validator=one_of("MT6_SEGMENT_METHOD", get_args(SegmentMethod))
    )

    def __attrs_post_init__(self) -> None:
        _check_kind(self.event, "simple", "Metric.event", SimpleBehavior, str, CustomEventRef, tuple)
        if isinstance(self.event, tuple):
            _check_events(self.event)
        if self.filters and isinstance(self.event, (SimpleBehavior, BehaviorRef)):
            _refuse("MT3_FILTERS_WITH_BEHAVIOR", "Metric.filters", "filters go on the events inside a behavior")
        _check_measurement("Metric", measurement_problems(self.measurement()))

    def measurement(self) -> Measurement:
        """The math with its property and its other parts."""
        return Measurement(self.math, self.property, self.per_user, self.percentile_value, self.segment_method)

    def to_dict(self) -> dict[str, Any]:
        """The metric as an entry of the `show` section."""
        return {"type": "metric", "behavior": self._behavior(), "measurement": self.measurement().to_dict()}

    def _behavior(self) -> dict[str, Any]:
        event = self.event
        if isinstance(event, (SimpleBehavior, BehaviorRef)):
            return event.to_dict()
        if isinstance(event, tuple):
            steps = [FunnelStep(item, None, self.filters, self.filters_combinator) for item in event]
            return SimpleBehavior(steps).to_dict()
        return _event_behavior(event, filter_clauses(self.filters), self.filters_combinator)


def plain_clause(name: str, measurement: Measurement) -> dict[str, Any]:
    """An event given by its name alone as an entry of the `show` section; whoever calls has checked both."""
    return {"type": "metric", "behavior": _event_behavior(name, [], "all"), "measurement": measurement.to_dict()}


def _event_behavior(event: AnyEvent, filters: list[dict[str, Any]], combinator: Combinator) -> dict[str, Any]:
    kind = {"type": "custom-event", "id": event.id} if isinstance(event, CustomEventRef) else {"type": "event"}
    return {
        **kind,
        "name": event_label(event),
        "resourceType": "events",
        "filters": filters,
        "filtersDeterminer": combinator,
    }


@attrs.frozen
class CohortMetric:
    """The size of a cohort over time."""

    cohort: int | CohortDefinition
    name: str | None = None

    def __attrs_post_init__(self) -> None:
        check_cohort(self.cohort, self.name, "CohortMetric", "CM")

    def to_dict(self) -> dict[str, Any]:
        """The metric as an entry of the `show` section."""
        behavior = {
            "type": "cohort",
            "name": self.name or "",
            "resourceType": "cohorts",
            "dataGroupId": None,
            "dataset": DATASET,
            "filtersDeterminer": "all",
            "filters": [],
            **cohort_identity(self.cohort),
        }
        measurement = {"math": "unique", "property": None, "perUserAggregation": None}
        return {"type": "metric", "behavior": behavior, "measurement": measurement, "isHidden": False}


@attrs.frozen
class FunnelMetric:
    """A funnel as one number: its conversion, a count, or an aggregate of a property."""

    behavior: FunnelBehavior | BehaviorRef
    math: FunnelMath = "conversion_rate_unique"
    property: AnyProperty | None = None
    step_index: int | None = None
    label: str | None = None

    def __attrs_post_init__(self) -> None:
        _check_kind(self.behavior, "funnel", "FunnelMetric.behavior", FunnelBehavior)
        check_measured(self.property, "FunnelMetric.property")
        _check_measurement("FunnelMetric", funnel_measurement_problems(Measurement(self.math, self.property)))

    def to_dict(self) -> dict[str, Any]:
        """The metric as an entry of the `show` section."""
        measurement = {"math": self.math, "property": funnel_property(self.property), "stepIndex": self.step_index}
        named = {"name": self.label} if self.label else {}
        return {"type": "metric", "behavior": self.behavior.to_dict(), "measurement": measurement, **named}


@attrs.frozen
class RetentionMetric:
    """A retention as one number, for one bucket of time after the first event."""

    behavior: RetentionBehavior | BehaviorRef
    math: RetentionMath = "retention_rate"
    property: AnyProperty | None = None
    bucket_index: int | None = None
    retention_cumulative: bool = False
    label: str | None = None

    def __attrs_post_init__(self) -> None:
        _check_kind(self.behavior, "retention", "RetentionMetric.behavior", RetentionBehavior)
        check_measured(self.property, "RetentionMetric.property")
        _check_measurement("RetentionMetric", retention_measurement_problems(Measurement(self.math, self.property)))

    def to_dict(self) -> dict[str, Any]:
        """The metric as an entry of the `show` section."""
        parts = {
            "math": self.math,
            "property": None if self.property is None else measured_property(self.property),
            "retentionBucketIndex": self.bucket_index,
            "retentionCumulative": True if self.retention_cumulative else None,
        }
        measurement = {key: value for key, value in parts.items() if value is not None}
        named = {"name": self.label} if self.label else {}
        return {"type": "metric", "behavior": self.behavior.to_dict(), "measurement": measurement, **named}


def funnel_property(source: AnyProperty | None) -> dict[str, Any] | None:
    """The property that a funnel measurement aggregates; there a plain name carries its type."""
    if isinstance(source, str):
        return {"name": source, "type": "number", "resourceType": "events"}
    return None if source is None else measured_property(source)


def _check_measurement(owner: str, found: Sequence[ValidationError]) -> None:
    for problem in found:
        code = _METRIC_CODES.get(problem.code, problem.code)
        raise ParamValidationError(f"{owner}: {problem.message}", code, path=f"{owner}.{problem.path}")


def _check_events(events: tuple[AnyEvent, ...]) -> None:
    if not events:
        _refuse("MT1_NO_EVENTS", "Metric.event", "the list of events is empty")
    for position, event in enumerate(events):
        check_event(event, f"Metric.event[{position}]")


def _check_kind(value: object, wanted: str, path: str, *inline: type) -> None:
    if isinstance(value, BehaviorRef):
        if value.type != wanted:
            _refuse("BH5_BEHAVIOR_REF_TYPE", path, f"a saved {value.type} behavior stands where a {wanted} one belongs")
    elif not isinstance(value, inline):
        raise ParamTypeError(f"{path} is a {type(value).__name__}.", "BH7_BEHAVIOR_TYPE", path=path)


def _refuse(code: str, path: str, complaint: str) -> None:
    raise ParamValidationError(f"{path}: {complaint}.", code, path=path)
