"""Events as parts of larger questions: a step of a funnel, one side of a retention, one of several events."""

from __future__ import annotations

from typing import Any, Final, TypeAlias, get_args

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown

from .fields import check_event_name, event_name, instances, one_of, positive_id
from .filter_clauses import filter_clauses
from .filters import Filter, as_filters
from .vocabulary import Combinator, FunnelOrder, SessionEvent

MAX_FLOW_STEPS: Final = 5


@attrs.frozen
class CustomEventRef:
    """A saved custom event, by its id."""

    id: int = attrs.field(validator=positive_id("CE1_INVALID_ID"))

    @property
    def name(self) -> str:
        """The name under which the service lists the event."""
        return f"$custom_event:{self.id}"


AnyEvent: TypeAlias = "str | CustomEventRef"


def check_event(event: object, path: str) -> None:
    """Raises `EV1` or `EV2` for a text that names no event, `EV6_EVENT_TYPE` for anything that is not one event."""
    if isinstance(event, str):
        check_event_name(event, path)
    elif not isinstance(event, CustomEventRef):
        complaint = f"{path} is a {type(event).__name__}; give the name of one event or a CustomEventRef"
        raise ParamTypeError(f"{complaint}.", "EV6_EVENT_TYPE", path=path)


def _one_event(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    check_event(value, f"{type(instance).__name__}.{attribute.name}")


@attrs.frozen
class FunnelStep:
    """One step of a funnel: an event, and which of its occurrences count."""

    event: AnyEvent = attrs.field(validator=_one_event)
    label: str | None = None
    filters: tuple[Filter, ...] = attrs.field(
        default=None, converter=as_filters, validator=instances("EV3_FILTER_TYPE", Filter)
    )
    filters_combinator: Combinator = attrs.field(
        default="all", validator=one_of("EV4_FILTERS_COMBINATOR", get_args(Combinator))
    )
    order: FunnelOrder | None = attrs.field(default=None, validator=one_of("EV5_STEP_ORDER", get_args(FunnelOrder)))

    def to_dict(self, funnel_order: FunnelOrder | None = None) -> dict[str, Any]:
        """The step in its wire form; its own order goes before that of the funnel."""
        order = self.order or funnel_order
        return {
            **event_identity(self.event),
            "filters": filter_clauses(self.filters),
            "filtersDeterminer": self.filters_combinator,
            **({"funnelOrder": order} if order else {}),
            **({"renamed": self.label} if self.label else {}),
        }


@attrs.frozen
class RetentionEvent:
    """The event that starts a retention, or the one that users come back for."""

    event: AnyEvent = attrs.field(validator=_one_event)
    filters: tuple[Filter, ...] = attrs.field(
        default=None, converter=as_filters, validator=instances("EV3_FILTER_TYPE", Filter)
    )
    filters_combinator: Combinator = attrs.field(
        default="all", validator=one_of("EV4_FILTERS_COMBINATOR", get_args(Combinator))
    )

    def to_dict(self) -> dict[str, Any]:
        """The event in its wire form."""
        return {
            **event_identity(self.event),
            "filters": filter_clauses(self.filters),
            "filtersDeterminer": self.filters_combinator,
        }


@attrs.frozen
class FlowStep:
    """An event that a flow passes through; `forward` and `reverse` count the steps to show around it."""

    event: str = attrs.field(validator=event_name)
    forward: int | None = None
    reverse: int | None = None
    label: str | None = None
    filters: tuple[Filter, ...] = attrs.field(
        default=None, converter=as_filters, validator=instances("EV3_FILTER_TYPE", Filter)
    )
    filters_combinator: Combinator = "all"
    session_event: SessionEvent | None = attrs.field(
        default=None, validator=one_of("FS2_SESSION_EVENT", get_args(SessionEvent))
    )

    def __attrs_post_init__(self) -> None:
        check_tails(self.forward, self.reverse, "FlowStep.")
        if self.session_event is not None and self.event != f"$session_{self.session_event}":
            complaint = f"the {self.session_event} of a session is the event '$session_{self.session_event}'"
            raise ParamValidationError(
                f"FlowStep: {complaint}, not {shown(self.event)}.",
                "FS1_SESSION_EVENT_MISMATCH",
                path="FlowStep.session_event",
            )


def check_tails(forward: object, reverse: object, owner: str = "") -> None:
    """Raises `FL3_FORWARD_RANGE` or `FL4_REVERSE_RANGE` for a number of events outside 0 to 5; other kinds pass."""
    for code, path, steps in (
        ("FL3_FORWARD_RANGE", f"{owner}forward", forward),
        ("FL4_REVERSE_RANGE", f"{owner}reverse", reverse),
    ):
        if isinstance(steps, int) and not 0 <= steps <= MAX_FLOW_STEPS:
            raise ParamValidationError(
                f"{path} is {shown(steps)}; it goes from 0 to {MAX_FLOW_STEPS}.", code, path=path
            )


def event_identity(event: AnyEvent) -> dict[str, Any]:
    """Which event is meant, in wire form."""
    if isinstance(event, CustomEventRef):
        return {"type": "custom-event", "id": event.id, "name": event.name}
    return {"type": "event", "id": None, "name": event}


def event_label(event: AnyEvent) -> str:
    """The name that a list of events shows for this one."""
    return event.name if isinstance(event, CustomEventRef) else event
