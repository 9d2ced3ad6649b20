"""What a metric measures when it is more than one event: any of several, a funnel, a retention, or a saved one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown

from .fields import as_tuple, event_name, instances, non_blank, one_of, positive_id
from .names import name_flaw
from .steps import AnyEvent, CustomEventRef, FunnelStep, RetentionEvent, event_label
from .vocabulary import (
    Alignment,
    BehaviorType,
    FunnelOrder,
    ReentryMode,
    ResourceType,
    RetentionUnit,
    UnboundedMode,
    WindowUnit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


AnyStep: TypeAlias = "AnyEvent | FunnelStep"


def _steps(owner: str, field: str, value: AnyStep | Sequence[AnyStep], *, fewest: int) -> tuple[FunnelStep, ...]:
    items = as_tuple(value)
    if len(items) < fewest:
        raise ParamValidationError(
            f"{owner}.{field} has {len(items)} event(s); it needs at least {fewest}.", "BH1_STEP_COUNT", path=owner
        )
    return tuple(_step(item, f"{owner}.{field}[{position}]") for position, item in enumerate(items))


def _step(item: object, path: str) -> FunnelStep:
    if isinstance(item, FunnelStep):
        return item
    if isinstance(item, CustomEventRef):
        return FunnelStep(item)
    if not isinstance(item, str):
        kind = type(item).__name__
        raise ParamTypeError(f"{path} is a {kind}; give an event name or a FunnelStep.", "BH6_EVENT_TYPE", path=path)
    if name_flaw(item) == "empty":
        raise ParamValidationError(f"{path} is blank.", "BH2_EMPTY_EVENT", path=path, hint="Give an event name.")
    return FunnelStep(item)


def _side(event: AnyEvent | RetentionEvent) -> RetentionEvent:
    return event if isinstance(event, RetentionEvent) else RetentionEvent(event)


def _events(events: AnyStep | Sequence[AnyStep]) -> tuple[FunnelStep, ...]:
    return _steps("SimpleBehavior", "events", events, fewest=1)


def _funnel_steps(steps: Sequence[AnyStep]) -> tuple[FunnelStep, ...]:
    return _steps("FunnelBehavior", "steps", steps, fewest=2)


def _bucket_sizes(sizes: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if sizes is None else as_tuple(sizes)


@attrs.frozen
class BehaviorRef:
    """A saved behavior, by its id and kind."""

    id: int = attrs.field(validator=positive_id("BR1_INVALID_ID"))
    type: BehaviorType = attrs.field(validator=one_of("BR2_INVALID_TYPE", get_args(BehaviorType)))

    def to_dict(self) -> dict[str, Any]:
        """The reference in its wire form."""
        return {"type": self.type, "id": self.id}


@attrs.frozen
class Exclusion:
    """An event that ends a try when it happens between two steps; steps count from 0."""

    event: str = attrs.field(validator=event_name)
    from_step: int = 0
    to_step: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.from_step < 0:
            raise ParamValidationError(
                f"Exclusion.from_step is {shown(self.from_step)}; steps count from 0.", "EX1_FROM_STEP_NEGATIVE"
            )
        if self.to_step is not None and self.to_step < self.from_step:
            raise ParamValidationError(
                f"Exclusion.to_step ({self.to_step}) comes before from_step ({self.from_step}).", "EX2_STEP_ORDER"
            )

    def to_dict(self, steps: int) -> dict[str, Any]:
        """The exclusion in its wire form for a funnel of so many steps; there steps count from 1."""
        last = steps if self.to_step is None else self.to_step + 1
        return {"event": self.event, "steps": {"from": self.from_step + 1, "to": last}}


@attrs.frozen
class HoldingConstant:
    """A property that must keep its value over all steps of a funnel."""

    property: str = attrs.field(validator=non_blank("HC1_EMPTY_PROPERTY"))
    resource_type: ResourceType = "events"

    def to_dict(self) -> dict[str, Any]:
        """The property in its wire form."""
        return {"value": self.property, "resourceType": self.resource_type}


@attrs.frozen
class SimpleBehavior:
    """Any of several events, counted as one."""

    events: tuple[FunnelStep, ...] = attrs.field(converter=_events)
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The behavior in its wire form."""
        return {
            "type": "simple",
            "name": self.name or " or ".join(event_label(step.event) for step in self.events),
            "resourceType": "events",
            "filtersDeterminer": "all",
            "filters": [],
            "behaviors": [step.to_dict() for step in self.events],
        }


def _exclusions(value: str | Exclusion | Sequence[str | Exclusion] | None) -> tuple[Exclusion, ...]:
    return tuple(Exclusion(item) if isinstance(item, str) else item for item in as_tuple(value))


def _constants(
    value: str | HoldingConstant | Sequence[str | HoldingConstant] | None,
) -> tuple[HoldingConstant, ...]:
    return tuple(HoldingConstant(item) if isinstance(item, str) else item for item in as_tuple(value))


@attrs.frozen
class FunnelBehavior:
    """Users who take these steps in this order inside a conversion window."""

    steps: tuple[FunnelStep, ...] = attrs.field(converter=_funnel_steps)
    conversion_window: int = 14
    conversion_window_unit: WindowUnit = "day"
    order: FunnelOrder = "loose"
    exclusions: tuple[Exclusion, ...] = attrs.field(
        default=None, converter=_exclusions, validator=instances("EX3_EXCLUSION_TYPE", Exclusion)
    )
    holding_constant: tuple[HoldingConstant, ...] = attrs.field(
        default=None, converter=_constants, validator=instances("HC2_CONSTANT_TYPE", HoldingConstant)
    )
    reentry_mode: ReentryMode | None = None

    def to_dict(self) -> dict[str, Any]:
        """The behavior in its wire form."""
        return {
            "type": "funnel",
            "resourceType": "events",
            "behaviors": [step.to_dict(self.order) for step in self.steps],
            "conversionWindowDuration": self.conversion_window,
            "conversionWindowUnit": self.conversion_window_unit,
            "funnelOrder": self.order,
            "exclusions": [exclusion.to_dict(len(self.steps)) for exclusion in self.exclusions],
            "aggregateBy": [constant.to_dict() for constant in self.holding_constant],
            "filter": [],
            **({"funnelReentryMode": self.reentry_mode} if self.reentry_mode else {}),
        }


@attrs.frozen
class RetentionBehavior:
    """Users who come back after their first event, counted by the time since then."""

    born_event: RetentionEvent = attrs.field(converter=_side)
    return_event: RetentionEvent = attrs.field(converter=_side)
    retention_unit: RetentionUnit = "week"
    alignment: Alignment = "birth"
    bucket_sizes: tuple[int, ...] | None = attrs.field(default=None, converter=_bucket_sizes)
    unbounded_mode: UnboundedMode | None = None

    def to_dict(self) -> dict[str, Any]:
        """The behavior in its wire form."""
        return {
            "type": "retention",
            "resourceType": "events",
            "behaviors": [self.born_event.to_dict(), self.return_event.to_dict()],
            "retentionUnit": self.retention_unit,
            "retentionAlignmentType": self.alignment,
            "retentionCustomBucketSizes": list(self.bucket_sizes or ()),
            "filter": [],
            **({"retentionUnboundedMode": self.unbounded_mode} if self.unbounded_mode else {}),
        }
