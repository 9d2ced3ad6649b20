"""Why a call was not run, or not to its end.

SchedulerError
├── SchedulerClosed        closed, or it belongs to another event loop or process
├── UnknownBudget          a call spends a budget that nobody defined
├── TooWide                no limit could ever admit it
├── QueueFull              too many calls wait already
├── DeadlineUnreachable    carries the eta that made it hopeless
├── DeadlinePassed         its time came while it waited, in the queue or for its answer
├── CeilingReached         its allowance is spent
├── CircuitOpen            carries when the circuit lets a probe through
├── NotCached              offline, and no answer is at hand
└── RunInterrupted         what it ran was cancelled from inside
"""

# ruff: noqa: N818 - each name says what happened; all of them are SchedulerErrors
from __future__ import annotations


class SchedulerError(Exception):
    """A call that the scheduler could not answer; errors of the call's own work are raised as they are."""


class SchedulerClosed(SchedulerError):
    """The scheduler is closed, or was opened in another event loop or process."""


class UnknownBudget(SchedulerError):
    """A call spends a budget that was never defined."""

    def __init__(self, name: str) -> None:
        super().__init__(f"budget {name!r} is not defined")
        self.name = name


class TooWide(SchedulerError):
    """A call asks for more units than a limit of its budget can ever hold."""

    def __init__(self, name: str, units: int, limit: int) -> None:
        super().__init__(f"a call of {units} units can never fit into budget {name!r}, which holds {limit}")
        self.name = name
        self.units = units
        self.limit = limit


class QueueFull(SchedulerError):
    """The queue holds as many calls as it may."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} calls are waiting already")
        self.size = size


class DeadlineUnreachable(SchedulerError):
    """A call that could not start before its deadline; `eta` is the seconds until its `budgets` have room for it."""

    def __init__(self, eta: float, budgets: tuple[str, ...] = ()) -> None:
        far = eta >= 0.05  # what is shown as more than 0.0
        start = f"could start in {eta:.1f} s at the earliest, after its" if far else "cannot start before so near a"
        super().__init__(f"the call {start} deadline{_spending(budgets) if far else ''}")
        self.eta, self.budgets = eta, budgets


class DeadlinePassed(SchedulerError):
    """A call whose deadline came before its turn for its `budgets` or, if it was `sent`, before its answer.

    Then it may have been counted.
    """

    def __init__(self, waited: float, budgets: tuple[str, ...] = (), *, sent: bool = False) -> None:
        sending = "without an answer; the request was sent, and may be counted"
        where = sending if sent else f"in the queue{_spending(budgets)}"
        super().__init__(f"the deadline passed after {waited:.1f} s {where}")
        self.waited, self.budgets, self.sent = waited, budgets, sent


def _spending(budgets: tuple[str, ...]) -> str:
    """What a call waits for, as the end of a sentence."""
    return f"; it waits for the budget {' and '.join(map(repr, budgets))}" if budgets else ""


class CeilingReached(SchedulerError):
    """A task has spent what its allowance gave: `limit` requests, or `limit` seconds of waiting."""

    def __init__(self, name: str, limit: float, unit: str = "requests") -> None:
        super().__init__(f"task {name!r} has reached its ceiling: {limit:g} {unit}")
        self.name = name
        self.limit = limit
        self.unit = unit


class CircuitOpen(SchedulerError):
    """What the call would be sent to has failed again and again; `half_opens_in` is the seconds until it is probed."""

    def __init__(self, name: str, half_opens_in: float) -> None:
        when = f"it is tried again in {half_opens_in:.1f} s" if half_opens_in > 0 else "it is being tried again"
        super().__init__(f"{name!r} has failed again and again, so nothing is sent there now; {when}")
        self.name = name
        self.half_opens_in = half_opens_in


class NotCached(SchedulerError):
    """An offline call whose answer is not in the cache."""


class RunInterrupted(SchedulerError):
    """What the call ran was cancelled from inside, so there is no answer and no error of its own."""
