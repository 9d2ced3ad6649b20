"""What becomes of callers and their flights, decided once: the scheduler without tasks or waiting.

Every method happens at one moment, `now`. Members learn their fate by their wake-up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler import events
from request_scheduler.call import Priority
from request_scheduler.errors import (
    CircuitOpen,
    DeadlineUnreachable,
    SchedulerClosed,
    SchedulerError,
    TooWide,
)
from request_scheduler.flight import UNSENT, Flight, Member, Members, State, request_ceiling, waiting_ceiling
from request_scheduler.schedule import Schedule

if TYPE_CHECKING:
    from request_scheduler.admission import Admission
    from request_scheduler.cache import Kept
    from request_scheduler.call import Call, Spend
    from request_scheduler.limits import Budget
    from request_scheduler.outages import Outages
    from request_scheduler.roster import Roster
    from request_scheduler.telemetry import Telemetry
    from request_scheduler.wakeup import Wakeup

_SERVICE_MEMORY = 0.2  # weight of the newest run in the mean duration that etas use


@define(eq=False)
class Control:
    """Lets callers into flights and out of them, and says how a flight ends for everybody in it."""

    admission: Admission
    telemetry: Telemetry
    outages: Outages
    roster: Roster
    _patience: Schedule[Member] = field(factory=Schedule)
    _windows: dict[str, float | None] = field(factory=dict)
    _service: float = 0.0

    # -- callers come and go

    def open(self, call: Call[object], wakeup: Wakeup, now: float, looked: int | None = None) -> Member:
        """Open a flight for a call: it is granted at once, or waits. Raises what makes that pointless.

        `looked` is how often other processes had written when the shared cache was searched for the answer.
        """
        if self.outages.circuits and call.circuit is not None and not call.outlasts:
            self._check_circuit(call, now)
        latest = math.inf
        if call.deadline is not None or call.allowance is not None:
            latest = call.latest_start(now)
            self._check_worthwhile(call, latest, now)
        flight = Flight(call, now, call.priority, call.deadline)
        member = Member(call, flight, wakeup, now, latest)
        flight.members.add(member)
        self.roster.enter(flight, looked)
        try:
            self.admission.enter(flight, now)
        except BaseException as error:
            self.roster.leave(flight)
            if isinstance(error, SchedulerError):
                self._count_away(call, error, now)
            raise
        if latest < math.inf:
            self.keep_patience(member)
        return member

    def renew(self, call: Call[object], now: float) -> None:
        """Run a call that nobody waits for, if budget is to spare now."""
        admission = self.admission
        if call.allowance is not None and call.allowance.exhausted:
            return
        if admission.queue.contends(call.spends) or not admission.store.spare(call.spends, now):
            return
        flight = Flight(call, now, Priority.BACKGROUND, None, unattended=True)
        self.roster.enter(flight, None)
        admission.enter(flight, now)

    def join(self, flight: Flight, call: Call[object], wakeup: Wakeup, now: float) -> Member:
        """Let a call share a flight: it may only make it more urgent."""
        latest = math.inf if call.deadline is None and call.allowance is None else call.latest_start(now)
        member = Member(call, flight, wakeup, now, latest, joined=True)
        flight.join(member)
        if latest < math.inf:
            self.keep_patience(member)
        if flight.state in UNSENT:
            self.admission.reposition(flight, now)
        return member

    def leave(self, member: Member, now: float) -> None:
        """Let a caller go without a trace; its flight ends with its last member."""
        if member in member.flight.members:
            self.telemetry.counts.cancelled += 1
            if self.telemetry.listeners:
                self.telemetry.tell(events.Cancelled(now, member.call.label, member.call.tenant))
            self._drop(member, now)

    def find_payer(self, flight: Flight, now: float) -> Member | None:
        """The member that has been in a flight longest and may still spend; the others' ceilings end their wait."""
        for member in tuple(flight.members):
            if member.call.allowance is None or not member.call.allowance.exhausted:
                return member
            self._turn_away(member, request_ceiling(member.call), now)
        return None

    def eta(self, call: Call[object], now: float, behind: int = 0) -> float:
        """Seconds until a call could start, by the arithmetic of admission and the queue as it stands."""
        ahead, calls = self.admission.queue.ahead_of(call.spends, call.priority, call.tenant)
        if behind:
            ahead = ahead | {name: ahead.get(name, 0) + behind * units for name, units in call.spends}
            calls += behind
        urgent = call.priority is Priority.INTERACTIVE
        start = self.admission.store.forecast(call.spends, ahead, calls, now, self._service, urgent)
        return max(0.0, start - now)

    def learn_duration(self, seconds: float) -> None:
        """Let etas go by how long an attempt took."""
        self._service += _SERVICE_MEMORY * (seconds - self._service)

    def hand_on(self, flight: Flight, kept: Kept, now: float) -> None:
        """Give an answer that another process got to everybody in an unsent flight who accepts it; the rest waits on.

        One that was granted gives its units back if nobody is left, and runs for all of them otherwise.
        """
        served = [member for member in flight.members if member.accepts(kept, now)]
        everybody = len(served) == len(flight.members) and (not flight.unattended or kept.at > flight.queued_at)
        granted = flight.state is State.GRANTED
        if not everybody and granted:
            return
        for member in served:
            self._count_joined(member, now)
            member.found = kept.handed_on(member.submitted_at, now)
            if not everybody:
                self._drop(member, now)
                member.wakeup.set()
        if everybody:
            self.admission.withdraw(flight, now)
            if granted:
                flight.give_back()
            self.end(flight, now)
            self.admission.settled(now)

    # -- ends

    def end(self, flight: Flight, now: float) -> None:
        """Decide a flight's fate, once, for everybody who is still in it."""
        counts = self.telemetry.counts
        counts.finished += 1
        if flight.error is not None:
            counts.failed += 1
        if self.telemetry.listeners:
            failed, callers = flight.error is not None, len(flight.members)
            self.telemetry.tell(events.Finished(now, flight.call.label, flight.tenant, failed, callers))
        flight.state = State.ENDED
        self.roster.leave(flight)
        for member in flight.members:
            if member.alarm is not None:
                self._forget_patience(member)
            member.wakeup.set()
        flight.members = Members()

    # -- time and ends before the run

    def tick(self, now: float) -> None:
        """Do what has become due: turn away whose patience is over, then admit whoever has room."""
        self.admission.alarm = math.inf
        for member in self._patience.pop_due(now):
            if member.patient_until <= now:
                self._turn_away(member, member.why_too_late(now), now)
            else:  # it was sent before its latest start
                self.keep_patience(member)
        self.admission.tick(now)
        self.admission.wake_by(self._patience.next_time())

    def define(self, budget: Budget, reserve: int, now: float) -> None:
        """Add a budget or change its limits; whoever waits for it is asked again."""
        self.admission.store.define(budget, reserve=reserve)
        self.admission.queue.reserve(budget.name, reserve)
        self._windows[budget.name] = max((window.seconds for window in budget.windows), default=None)
        self.recheck(now)
        self.admission.settled(now)

    def longest_window(self, spends: tuple[Spend, ...]) -> float | None:
        """Seconds of the longest window of some budgets, if they have any."""
        windows = (self._windows.get(name) for name, _ in spends)
        return max((window for window in windows if window is not None), default=None)

    def recheck(self, now: float) -> None:
        """Turn away whoever waits for more than the limits, as they are now, can ever hold."""
        verdicts: dict[tuple[object, bool], TooWide | None] = {}
        for flight in self.admission.all_waiting():
            question = flight.call.spends, flight.priority is Priority.INTERACTIVE
            if question not in verdicts:
                verdicts[question] = self._why_too_wide(*question)
            error = verdicts[question]
            if error is not None:
                for member in tuple(flight.members):
                    self._turn_away(member, error, now)

    def _why_too_wide(self, spends: tuple[Spend, ...], urgent: bool) -> TooWide | None:
        try:
            self.admission.store.check(spends, urgent=urgent)
        except TooWide as error:
            return error
        return None

    def shed(self, flight: Flight, error: SchedulerError, now: float) -> None:
        """End a flight that waits, for something more important."""
        for member in flight.members:
            self._count_away(member.call, error, now)
        self.fail(flight, error, now)

    def fail(self, flight: Flight, error: BaseException, now: float) -> None:
        """End a flight that was not run, with an error for everybody in it."""
        flight.error = error
        self.admission.withdraw(flight, now)
        flight.payer = None
        self.end(flight, now)

    def close(self, now: float) -> None:
        """End everything that has not ended."""
        for flight in tuple(self.roster.aloft):
            self.fail(flight, SchedulerClosed("the scheduler was closed before this call was answered"), now)

    def _drop(self, member: Member, now: float) -> None:
        flight = member.flight
        flight.part(member)
        self._forget_patience(member)
        if flight.members or flight.unattended:
            self.admission.reposition(flight, now)
        else:
            self._abandon(flight, now)

    def _abandon(self, flight: Flight, now: float) -> None:
        """End a flight that nobody is in any more: a slot that was not used goes back, a run is cancelled."""
        running, granted = flight.state is State.RUNNING, flight.state is State.GRANTED
        self.admission.withdraw(flight, now)
        if granted:
            flight.give_back()
        flight.state = State.ENDED
        self.roster.leave(flight)
        if not running:
            self.admission.settled(now)
        elif flight.scope is not None:
            flight.scope.cancel()

    def _turn_away(self, member: Member, error: SchedulerError, now: float) -> None:
        """End the wait of one member; the others go on. One that was turned away meanwhile is left alone."""
        if member not in member.flight.members:
            return
        self._count_away(member.call, error, now)
        member.error = error
        self._drop(member, now)
        member.wakeup.set()

    def _count_away(self, call: Call[object], error: SchedulerError, now: float) -> None:
        self.telemetry.counts.turned_away += 1
        if self.telemetry.listeners:
            self.telemetry.tell(events.TurnedAway(now, call.label, call.tenant, type(error).__name__))

    def _count_joined(self, member: Member, now: float) -> None:
        """Note that a call shares a run, unless that is known."""
        if not member.joined:
            member.joined = True
            self.telemetry.counts.joined += 1
            if self.telemetry.listeners:
                self.telemetry.tell(events.Joined(now, member.call.label, member.call.tenant))

    def _check_circuit(self, call: Call[object], now: float) -> None:
        circuit = self.outages.blocking(call.circuit, now)
        if circuit is not None:
            assert call.circuit is not None
            error = CircuitOpen(call.circuit, circuit.patience(now))
            self._count_away(call, error, now)
            try:
                raise error
            finally:
                del error  # or it would hold itself, by way of this frame

    def _check_worthwhile(self, call: Call[object], latest: float, now: float) -> None:
        """Raise for a task at its ceiling, or a call that cannot start in time."""
        if call.allowance is not None and call.allowance.exhausted:
            error: SchedulerError = request_ceiling(call)
        elif latest < math.inf:
            self.admission.store.check(call.spends, urgent=call.priority is Priority.INTERACTIVE)
            eta = self.eta(call, now)
            if now + eta <= latest:
                return
            late = call.deadline is not None and now + eta > call.deadline
            error = DeadlineUnreachable(eta, call.budgets) if late else waiting_ceiling(call)
        else:
            return
        self._count_away(call, error, now)
        try:
            raise error
        finally:
            del error  # as above

    def keep_patience(self, member: Member) -> None:
        """Let a member's wait end when it could not start in time any more, or once it was sent at its deadline."""
        end = member.patient_until
        if member.alarm is not None and member.alarm.item is not None:
            if member.alarm.when <= end:
                return  # then it is looked at again
            self._patience.discard(member.alarm)
        if end < math.inf:
            member.alarm = self._patience.add(end, member)
            self.admission.wake_by(end)

    def _forget_patience(self, member: Member) -> None:
        if member.alarm is not None:
            self._patience.discard(member.alarm)
            member.alarm = None
