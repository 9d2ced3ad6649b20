"""What happens to calls, as values for those who listen. Nothing here is built while nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from request_scheduler.call import Spend
    from request_scheduler.outcome import Settlement


@frozen
class Event:
    """Something that happened at a moment of the scheduler's clock to a call of a tenant."""

    at: float
    label: str
    tenant: str


class Submitted(Event):
    """A caller asked."""


class CacheHit(Event):
    """It was answered from the cache."""


class Joined(Event):
    """It shares a flight that was under way."""


class Queued(Event):
    """It has to wait."""


@frozen
class Admitted(Event):
    """Its units are reserved and it is about to be sent."""

    spends: tuple[Spend, ...]
    waited: float


@frozen
class Settled(Event):
    """An attempt is over, and what it cost is known."""

    settlement: Settlement


@frozen
class Refusal(Event):
    """The service refused an attempt for a limit."""

    kind: str


@frozen
class Retried(Event):
    """It will be sent again, at the earliest in `delay` seconds."""

    attempt: int
    delay: float


@frozen
class TurnedAway(Event):
    """It was not run: a ceiling, a deadline or a full queue; `reason` is the class of the error."""

    reason: str


@frozen
class CircuitChanged(Event):
    """An attempt of it opened or closed the circuit of what it was sent to; `state` is open or closed."""

    circuit: str
    state: str


class Cancelled(Event):
    """Its caller left."""


@frozen
class Finished(Event):
    """Its flight has ended, with an answer or an error for `callers` callers."""

    failed: bool
    callers: int
