"""Events as parts of larger questions: a step of a funnel, one side of a retention, one of several events."""

from __future__ import annotations

from typing import Any, TypeAlias, get_args

import attrs

from .fields import event_name, instances, one_of, positive_id
from .filter_clauses import filter_clauses
from .filters import Filter, as_filters
from .vocabulary import Combinator, FunnelOrder


@attrs.frozen
class CustomEventRef:
    """A saved custom event, by its id."""

    id: int = attrs.field(validator=positive_id("CE1_INVALID_ID"))

    @property
    def name(self) -> str:
        """The name under which the service lists the event."""
        return f"$custom_event:{self.id}"


AnyEvent: TypeAlias = "str | CustomEventRef"


@attrs.frozen
class FunnelStep:
    """One step of a funnel: an event, and which of its occurrences count."""

    event: AnyEvent = attrs.field(validator=event_name)
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

    event: AnyEvent = attrs.field(validator=event_name)
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


def event_identity(event: AnyEvent) -> dict[str, Any]:
    """Which event is meant, in wire form."""
    if isinstance(event, CustomEventRef):
        return {"type": "custom-event", "id": event.id, "name": event.name}
    return {"type": "event", "id": None, "name": event}


def event_label(event: AnyEvent) -> str:
    """The name that a list of events shows for this one."""
    return event.name if isinstance(event, CustomEventRef) else event
