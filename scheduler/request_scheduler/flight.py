"""A flight: one run of a question, and everybody who waits for its answer."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal

from attrs import define, field

from request_scheduler.cache import Use, use_of
from request_scheduler.call import Answer, Priority
from request_scheduler.errors import CeilingReached, DeadlinePassed, SchedulerError
from request_scheduler.retries import NONE, Tries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from anyio import CancelScope

    from request_scheduler.cache import Kept
    from request_scheduler.call import Call
    from request_scheduler.lane import Place
    from request_scheduler.schedule import Entry, Schedule
    from request_scheduler.stores import Reservation
    from request_scheduler.wakeup import Wakeup


class State(Enum):
    """Where a flight is; it ends exactly once."""

    WAITING = auto()  # in the queue, before its entrance, or until a retry is due
    ASKING = auto()  # in the queue, while a shared store decides
    FOLLOWING = auto()  # beside the queue, while another process runs the same question
    GRANTED = auto()  # units reserved, run not called yet
    RUNNING = auto()
    ENDED = auto()


UNSENT = frozenset({State.WAITING, State.ASKING, State.FOLLOWING})


@define(eq=False, repr=False, weakref_slot=False)
class Member:
    """One caller of a flight. Its fate is the flight's end, or an error of its own, whichever comes first."""

    call: Call[object]
    flight: Flight
    wakeup: Wakeup
    submitted_at: float
    latest_start: float
    joined: bool = False
    cost: int = 0
    error: BaseException | None = None
    found: Answer[object] | None = None
    alarm: Entry[Member] | None = None

    def accepts(self, kept: Kept, now: float) -> bool:
        """Whether an answer that another process got will do; a fresh call wants one that was sent after it was made."""
        if self.call.freshness.mode == "fresh":
            return kept.at - kept.seconds >= self.submitted_at
        return use_of(kept, self.call.freshness, now) is not Use.NOTHING

    def failure(self) -> BaseException | None:
        """What the caller is to raise once its fate is decided, if anything went wrong."""
        error = self.error or self.flight.error
        # Many callers may raise the same error: each starts from where it came from, not from each other.
        return error and error.with_traceback(self.flight.trace)

    def answer(self) -> Answer[object]:
        """What the caller gets if nothing went wrong."""
        flight = self.flight
        if self.found is not None:
            return self.found
        waited = max(0.0, flight.started_at - self.submitted_at)
        origin: Literal["flight", "network"] = "flight" if self.joined else "network"
        return Answer(flight.value, origin, flight.ended_wall, 0.0, self.cost, waited, flight.attempt)

    @property
    def patient_until(self) -> float:
        """When its wait ends: by its latest start while it is not sent, by its deadline from then on."""
        if self.flight.state in UNSENT:
            return self.latest_start
        return math.inf if self.call.deadline is None else self.call.deadline

    def why_too_late(self, now: float) -> SchedulerError:
        """Why the wait ends when its patience does."""
        deadline = self.call.deadline
        if deadline is not None and deadline <= now:
            sent = self.flight.state is State.RUNNING
            return DeadlinePassed(now - self.submitted_at, self.call.budgets, sent=sent)
        return waiting_ceiling(self.call)


class Members:
    """Who is in a flight, in the order of their coming. Most have one member, for whom a dict would be a fifth too much."""

    __slots__ = ("_all", "_one")

    def __init__(self, one: Member | None = None) -> None:
        self._one = one
        self._all: dict[Member, None] | None = None

    def add(self, member: Member) -> None:
        """Let one more in."""
        if self._all is not None:
            self._all[member] = None
        elif self._one is None:
            self._one = member
        else:
            self._all, self._one = {self._one: None, member: None}, None

    def remove(self, member: Member) -> None:
        """Let one go who is in it."""
        if self._all is not None:
            del self._all[member]
        else:
            self._one = None

    def __contains__(self, member: Member) -> bool:
        return member is self._one if self._all is None else member in self._all

    def __iter__(self) -> Iterator[Member]:
        if self._all is not None:
            return iter(self._all)
        return iter(() if self._one is None else (self._one,))

    def __len__(self) -> int:
        return (self._one is not None) if self._all is None else len(self._all)


@define(eq=False, repr=False, weakref_slot=False)
class Common:
    """What a flight has in common with those of other processes.

    `name` is what they know the question by; `looked` is how often they had written into the shared cache at the last
    look there, None when that is not known; `landed` says that one of them has ended a run since the store was asked;
    `kept`, that the own run had an answer for all of them.
    """

    name: str
    looked: int | None = None
    landed: bool = False
    kept: bool = False


@define(eq=False, repr=False, weakref_slot=False)
class Flight:
    """One run of a question. It belongs to all of its members alike: nobody's leaving fails or repeats it.

    It has the highest priority and the latest deadline of those who are still in it, and is charged to the one who has
    been in it longest. An unattended flight goes on without members. `common` is None unless processes share it. The
    `payer` of an attempt is let go when the attempt has been paid: a flight that ended is in nobody's way, nor in a
    cycle, so that its answer, which may be large, is freed with its last caller.
    """

    call: Call[object]
    queued_at: float
    priority: Priority
    deadline: float | None
    unattended: bool = False
    outdated: bool = False
    common: Common | None = None
    state: State = State.WAITING
    members: Members = field(factory=Members)
    turn: int | None = None
    place: Place[Flight] | None = None
    parked: tuple[Schedule[Flight], Entry[Flight]] | None = None
    reservation: Reservation | None = None
    payer: Member | None = None
    scope: CancelScope | None = None
    attempt: int = 0
    tries: Tries = NONE
    started_at: float = 0.0
    ended_wall: float = 0.0
    value: object = None
    error: BaseException | None = None
    trace: TracebackType | None = None

    def join(self, member: Member) -> None:
        """Let a caller in: the flight may become more urgent, and must be useful for longer."""
        self.members.add(member)
        call = member.call
        if call.priority > self.priority:
            self.priority = call.priority
        if self.deadline is not None:
            self.deadline = None if call.deadline is None else max(self.deadline, call.deadline)

    def part(self, member: Member) -> None:
        """Let a caller go, and what it alone asked for with it."""
        self.members.remove(member)
        if not self.members:
            return
        if member.call.priority is self.priority:
            self.priority = _highest(self.members, self.priority)
        if member.call.deadline == self.deadline:
            self.deadline = _latest(self.members)

    @property
    def tenant(self) -> str:
        """Whose share it takes in the queue: the member that has been in it longest."""
        for member in self.members:
            return member.call.tenant
        return self.call.tenant

    def give_back(self) -> None:
        """Return the charge for a request that the service did not count to the task that paid for it."""
        allowance = self.call.allowance if self.payer is None else self.payer.call.allowance
        if allowance is not None:
            allowance.give_back()
        self.payer = None

    def can_be_joined(self, *, unsent_only: bool) -> bool:
        """Whether one more caller may share it: not once it has ended or was told to, nor when its answer is outdated."""
        if self.outdated or self.state is State.ENDED:
            return False
        return not (unsent_only and self.state is State.RUNNING)


def request_ceiling(call: Call[object]) -> CeilingReached:
    """What a call is told whose task may send nothing more."""
    assert call.allowance is not None
    reached = call.allowance.exhausted_one()
    return CeilingReached(reached.name, reached.max_requests or 0)


def waiting_ceiling(call: Call[object]) -> CeilingReached:
    """What a call is told whose task may wait no longer."""
    assert call.allowance is not None
    return CeilingReached(call.allowance.name, call.allowance.max_wait or 0.0, "seconds of waiting")


def _highest(members: Members, so_far: Priority) -> Priority:
    """The highest priority of members, none of whom exceeds `so_far`: most share it, so the search is short."""
    highest = Priority.BACKGROUND
    for member in members:
        priority = member.call.priority
        if priority is so_far:
            return priority
        highest = max(highest, priority)
    return highest


def _latest(members: Members) -> float | None:
    """The latest deadline of members, None as soon as one of them has none."""
    latest = 0.0
    for member in members:
        if member.call.deadline is None:
            return None
        latest = max(latest, member.call.deadline)
    return latest
