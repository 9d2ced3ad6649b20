"""A flight: one run of a question, and everybody who waits for its answer."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.call import Call, Priority

if TYPE_CHECKING:
    from types import TracebackType

    from anyio import CancelScope

    from request_scheduler.queue import Place
    from request_scheduler.schedule import Entry, Schedule
    from request_scheduler.stores import Reservation
    from request_scheduler.wakeup import Wakeup


class State(Enum):
    """Where a flight is; it ends exactly once."""

    WAITING = auto()  # in the queue, before its entrance, or until a retry is due
    GRANTED = auto()  # units reserved, run not called yet
    RUNNING = auto()
    ENDED = auto()


@define(eq=False, repr=False)
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
    alarm: Entry[Member] | None = None


@define(eq=False, repr=False)
class Flight:
    """One run of a question. It belongs to all of its members alike: nobody's leaving fails or repeats it.

    It has the highest priority and the latest deadline of those who are still in it, and it is charged to the one who
    has been in it longest.
    """

    call: Call[object]
    turn: int | None = None
    queued_at: float = 0.0
    state: State = State.WAITING
    members: dict[Member, None] = field(factory=dict)
    attempt: int = 0
    place: Place[Flight] | None = None
    parked: tuple[Schedule[Flight], Entry[Flight]] | None = None
    reservation: Reservation | None = None
    payer: Member | None = None
    scope: CancelScope | None = None
    unattended: bool = False
    outdated: bool = False
    started_at: float = 0.0
    ended_at: float = 0.0
    ended_wall: float = 0.0
    value: object = None
    error: BaseException | None = None
    trace: TracebackType | None = None
    _priorities: list[int] = field(factory=lambda: [0] * len(Priority))
    _endless: int = 0

    def add(self, member: Member) -> None:
        """Let a caller in."""
        self.members[member] = None
        self._priorities[member.call.priority] += 1
        self._endless += member.call.deadline is None

    def remove(self, member: Member) -> None:
        """Let a caller go; one who is not in it is ignored."""
        if member in self.members:
            del self.members[member]
            self._priorities[member.call.priority] -= 1
            self._endless -= member.call.deadline is None

    @property
    def priority(self) -> Priority:
        """The highest of its members'; background when nobody waits for it."""
        for priority in reversed(Priority):
            if self._priorities[priority]:
                return priority
        return Priority.BACKGROUND

    @property
    def deadline(self) -> float | None:
        """The latest of its members', None when one of them has none."""
        if self._endless or not self.members:
            return None
        return max(member.call.deadline for member in self.members if member.call.deadline is not None)

    @property
    def tenant(self) -> str:
        """Who is charged for it in the queue: the member that has been in it longest."""
        for member in self.members:
            return member.call.tenant
        return self.call.tenant

    def can_be_joined(self, *, unsent_only: bool) -> bool:
        """Whether one more caller may share it: not once it has ended or was told to, nor when its answer is outdated."""
        if self.outdated or self.state is State.ENDED:
            return False
        return not (unsent_only and self.state is State.RUNNING)
