"""Which flight goes when, and what its end means: the scheduler without tasks or waiting.

Every method happens at one moment, `now`. Flights that were granted are handed to `launch`; members learn their fate by
their wake-up; `alarm` is the next moment at which `tick` has something to do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler import events
from request_scheduler.call import Call, Priority, Spend
from request_scheduler.errors import (
    CeilingReached,
    DeadlinePassed,
    DeadlineUnreachable,
    QueueFull,
    SchedulerClosed,
    SchedulerError,
    TooWide,
)
from request_scheduler.feedback import retry_delay
from request_scheduler.flight import Flight, Member, State
from request_scheduler.outcome import Failed, NotSent, Refused, Settlement
from request_scheduler.schedule import Schedule
from request_scheduler.stores import NO_CLAIMS, Claim, Denied, Reservation, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from random import Random

    from request_scheduler.journal import Journal
    from request_scheduler.limits import Budget
    from request_scheduler.queue import Lane, Queue
    from request_scheduler.wakeup import Wakeup

_SERVICE_MEMORY = 0.2  # weight of the newest run in the mean duration that etas use


@define(eq=False, kw_only=True)
class Dispatch:
    """All flights that have not ended, the queue of those that wait, and the store that admits them."""

    store: Store
    queue: Queue[Flight]
    journal: Journal
    random: Random
    launch: Callable[[Flight], object]
    queue_size: int
    refuse_when_full: bool
    flights: dict[Hashable, Flight] = field(factory=dict)
    aloft: set[Flight] = field(factory=set)
    alarm: float = math.inf
    in_flight: int = 0
    _entrance: Schedule[Flight] = field(factory=Schedule)
    _patience: Schedule[Member] = field(factory=Schedule)
    _retries: Schedule[Flight] = field(factory=Schedule)
    _service: float = 0.0
    _checked: set[tuple[tuple[Spend, ...], bool]] = field(factory=set)

    # -- callers come and go

    def open(self, call: Call[object], wakeup: Wakeup, now: float) -> Member:
        """Open a flight for a call: it is granted at once, or waits. Raises what makes that pointless."""
        self.check(call)
        latest = call.latest_start(now)
        if latest < math.inf:
            self._check_reachable(call, latest, now)
        flight = Flight(call, queued_at=now)
        member = Member(call, flight, wakeup, now, latest)
        flight.add(member)
        self._enter(flight, now)
        if call.key is not None and flight.state is not State.ENDED:
            self.flights[call.key] = flight
        if latest < math.inf and flight.state is State.WAITING:
            self._await_start(member)
        return member

    def renew(self, call: Call[object], now: float) -> None:
        """Run a call that nobody waits for, if budget is to spare now."""
        if call.allowance is not None and call.allowance.exhausted:
            return
        if self.queue.contends(call.spends) or not self.store.spare(call.spends, now):
            return
        flight = Flight(call, queued_at=now, unattended=True)
        if self._try(flight, now) is None:
            self.aloft.add(flight)
            if call.key is not None:
                self.flights[call.key] = flight

    def join(self, flight: Flight, call: Call[object], wakeup: Wakeup, now: float) -> Member:
        """Let a call share a flight: it may only make it more urgent."""
        latest = call.latest_start(now)
        member = Member(call, flight, wakeup, now, latest, joined=True)
        flight.add(member)
        if flight.state is State.WAITING:
            if latest < math.inf:
                self._await_start(member)
            self._reposition(flight, now)
        return member

    def leave(self, member: Member, now: float) -> None:
        """Let a caller go without a trace; its flight ends with its last member."""
        flight = member.flight
        if member in flight.members:
            self.journal.counts.cancelled += 1
            if self.journal.listeners:
                self.journal.tell(events.Cancelled(now, member.call.label, member.call.tenant))
            self._drop(member, now)

    def check(self, call: Call[object]) -> None:
        """Raise for a call that can never run: unknown budget, too wide, or a task at its ceiling."""
        urgent = call.priority is Priority.INTERACTIVE
        if (call.spends, urgent) not in self._checked:
            self.store.check(call.spends, urgent=urgent)
            self._checked.add((call.spends, urgent))
        if call.allowance is not None and call.allowance.exhausted:
            raise _ceiling(call)

    def eta(self, call: Call[object], now: float) -> float:
        """Seconds until a call could start, by the arithmetic of admission and the queue as it stands."""
        ahead, calls = self.queue.ahead_of(call.spends, call.priority, call.tenant)
        return max(0.0, self.store.forecast(call.spends, ahead, calls, now, self._service) - now)

    # -- attempts end

    def land(self, flight: Flight, error: BaseException | None, now: float) -> None:
        """Settle an attempt, then decide: the flight ends, or the same call queues again as a new request."""
        settlement = self._settle(flight, error, now)
        if flight.state is not State.ENDED:
            if error is None:
                self.end(flight, now)
            elif not self._again(flight, error, now):
                flight.error = error.error if isinstance(error, (Refused, NotSent, Failed)) else error
                self.end(flight, now)
        if self.journal.listeners:
            self.journal.tell(events.Settled(now, flight.call.label, flight.tenant, settlement))
        if len(self.queue):
            self.admit(now)

    def end(self, flight: Flight, now: float) -> None:
        """Decide a flight's fate, once, for everybody who is still in it."""
        self.journal.counts.finished += 1
        if flight.error is not None:
            self.journal.counts.failed += 1
        if self.journal.listeners:
            failed, callers = flight.error is not None, len(flight.members)
            self.journal.tell(events.Finished(now, flight.call.label, flight.tenant, failed, callers))
        flight.ended_at = now
        flight.state = State.ENDED
        self._forget(flight)
        for member in flight.members:
            self._wake(member)
        flight.members = {}

    def _settle(self, flight: Flight, error: BaseException | None, now: float) -> Settlement:
        reservation, flight.reservation = flight.reservation, None
        assert reservation is not None
        self.in_flight -= 1
        flight.scope = None
        if isinstance(error, Refused):
            self.journal.counts.refused += 1
            self.store.refuse(reservation, error, now, self.random.random())
            self._after_lesson(flight, error, now)
            return Settlement.REFUNDED
        self._service += _SERVICE_MEMORY * (now - flight.started_at - self._service)
        settlement = _settlement_of(error)
        self.store.settle(reservation, settlement, now)
        if flight.payer is not None:
            if settlement is not Settlement.REFUNDED:
                flight.payer.cost += 1
            elif flight.payer.call.allowance is not None:
                flight.payer.call.allowance.give_back()
        return settlement

    def _after_lesson(self, flight: Flight, refusal: Refused, now: float) -> None:
        if self.journal.listeners:
            self.journal.tell(events.Refusal(now, flight.call.label, flight.tenant, refusal.kind))
        if refusal.quota:
            self.recheck(now)

    def _again(self, flight: Flight, error: BaseException, now: float) -> bool:
        """Queue a flight once more, if its attempts allow it; the budget's pause holds it back, not a sleep of its own."""
        if flight.attempt >= flight.call.attempts:
            return False
        delay = 0.0
        if isinstance(error, (NotSent, Failed)) and error.retry:
            after = error.after if isinstance(error, Failed) else None
            delay = retry_delay(flight.attempt, after, self.random.random())
        elif not isinstance(error, Refused):
            return False
        self.journal.counts.retried += 1
        if self.journal.listeners:
            self.journal.tell(events.Retried(now, flight.call.label, flight.tenant, flight.attempt + 1, delay))
        flight.state = State.WAITING
        for member in tuple(flight.members):
            if member.latest_start < math.inf:
                self._await_start(member)
        if delay:
            flight.parked = self._retries, self._retries.add(now + delay, flight)
            self._wake_by(now + delay)
        else:
            self._stand(flight, now)
            self.admit(now)
        return True

    # -- admission

    def tick(self, now: float) -> None:
        """Do what has become due: turn away whose patience is over, queue due retries, admit whoever has room."""
        self.alarm = math.inf
        for member in self._patience.pop_due(now):
            if member.flight.state is State.WAITING:
                self._turn_away(member, _too_late(member, now), now)
        for flight in self._retries.pop_due(now):
            self._stand(flight, now)
        self.admit(now)

    @property
    def waiting(self) -> int:
        """Flights that wait: in the queue, before its entrance, or for their retry."""
        return len(self.queue) + len(self._entrance) + len(self._retries)

    def admit(self, now: float) -> None:
        """Grant flights in order until nobody who may go has room."""
        self._let_in(now)
        passed: list[Lane[Flight]] = []
        claims: dict[str, Claim] = {}
        wake = math.inf
        while (place := self.queue.next(passed)) is not None:
            until = self._try(place.item, now, claims)
            if until is not None:
                wake = min(wake, until)
                passed.append(place.lane)
                _claim(claims, place.spends, until, now)
            self._let_in(now)
        self._wake_by(min(wake, self._patience.next_time(), self._retries.next_time()))

    def recheck(self, now: float) -> None:
        """Turn away whoever waits for more than the limits, as they are now, can ever hold."""
        self._checked.clear()
        for flight in [*self.queue, *self._retries, *self._entrance]:
            try:
                self.store.check(flight.call.spends, urgent=flight.priority is Priority.INTERACTIVE)
            except TooWide as error:
                for member in tuple(flight.members):
                    self._turn_away(member, error, now)

    def close(self, now: float) -> None:
        """End everything that has not ended."""
        for flight in tuple(self.aloft):
            flight.error = SchedulerClosed("the scheduler was closed")
            self._unqueue(flight, now)
            self.end(flight, now)

    def _enter(self, flight: Flight, now: float) -> None:
        call = flight.call
        self.aloft.add(flight)
        if not self.queue.contends(call.spends):
            until = self._try(flight, now)
            if until is None:
                return
            self._wake_by(until)
        full = len(self.queue) >= self.queue_size
        if full and self.refuse_when_full:
            self.aloft.discard(flight)
            self.journal.counts.turned_away += 1
            raise QueueFull(self.queue_size)
        if self.journal.listeners:
            self.journal.tell(events.Queued(now, call.label, call.tenant))
        if full:
            flight.parked = self._entrance, self._entrance.add(now, flight)
            return
        self._stand(flight, now)
        assert flight.place is not None
        if self.queue.is_first(flight.place):
            self.admit(now)

    def _let_in(self, now: float) -> None:
        while len(self.queue) < self.queue_size and (flight := self._entrance.pop()) is not None:
            self._stand(flight, now)

    def _stand(self, flight: Flight, now: float) -> None:
        flight.parked = None
        flight.place = self.queue.push(
            flight,
            flight.call.spends,
            now,
            priority=flight.priority,
            tenant=flight.tenant,
            deadline=flight.deadline,
            turn=flight.turn,
            queued_at=flight.queued_at,
        )
        flight.turn = flight.place.turn

    def _try(self, flight: Flight, now: float, claims: Mapping[str, Claim] = NO_CLAIMS) -> float | None:
        """Grant a flight and return None, or say when to ask again. One whose members all hit a ceiling ends here."""
        payer = self._find_payer(flight, now)
        if flight.state is State.ENDED:
            return None
        verdict = self.store.reserve(
            flight.call.spends,
            now,
            tenant=flight.tenant,
            urgent=flight.priority is Priority.INTERACTIVE,
            claims=claims,
        )
        if isinstance(verdict, Denied):
            return verdict.until
        assert isinstance(verdict, Reservation)
        flight.reservation = verdict
        allowance = flight.call.allowance if payer is None else payer.call.allowance
        if allowance is not None:
            allowance.take()
        flight.payer = payer
        if flight.place is not None:
            self.queue.take(flight.place, now)
            flight.place = None
        flight.state = State.GRANTED
        self.in_flight += 1
        if self.journal.listeners:
            waited = now - flight.queued_at
            self.journal.tell(events.Admitted(now, flight.call.label, flight.tenant, flight.call.spends, waited))
        self.launch(flight)
        return None

    def _find_payer(self, flight: Flight, now: float) -> Member | None:
        for member in tuple(flight.members):
            allowance = member.call.allowance
            if allowance is None or not allowance.exhausted:
                return member
            self._turn_away(member, _ceiling(member.call), now)
        return None

    def _reposition(self, flight: Flight, now: float) -> None:
        """Give a waiting flight the place that its members' priority, deadline and tenant now earn."""
        place = flight.place
        if place is None:
            return
        if place.priority is flight.priority and place.tenant == flight.tenant and place.deadline == flight.deadline:
            return
        self.queue.discard(place)
        self._stand(flight, now)
        assert flight.place is not None
        if self.queue.is_first(flight.place):
            self.admit(now)

    # -- ends before the run

    def _drop(self, member: Member, now: float) -> None:
        flight = member.flight
        flight.remove(member)
        self._forget_patience(member)
        if flight.members or flight.unattended:
            if flight.state is State.WAITING:
                self._reposition(flight, now)
        else:
            self._abandon(flight, now)

    def _abandon(self, flight: Flight, now: float) -> None:
        """End a flight that nobody is in any more: a slot that was not used goes back, a run is cancelled."""
        running = flight.state is State.RUNNING
        self._unqueue(flight, now)
        flight.state = State.ENDED
        self._forget(flight)
        if running and flight.scope is not None:
            flight.scope.cancel()
        else:
            self.admit(now)

    def _unqueue(self, flight: Flight, now: float) -> None:
        """Take a flight that was not run out of wherever it waits, its reservation included."""
        if flight.place is not None:
            self.queue.discard(flight.place)
            flight.place = None
        if flight.parked is not None:
            schedule, entry = flight.parked
            schedule.discard(entry)
            flight.parked = None
        if flight.state is State.GRANTED and flight.reservation is not None:
            self.store.settle(flight.reservation, Settlement.REFUNDED, now)
            flight.reservation = None
            self.in_flight -= 1
            if flight.payer is not None and flight.payer.call.allowance is not None:
                flight.payer.call.allowance.give_back()

    def _turn_away(self, member: Member, error: SchedulerError, now: float) -> None:
        """End the wait of one member; the others go on."""
        self.journal.counts.turned_away += 1
        if self.journal.listeners:
            reason = type(error).__name__
            self.journal.tell(events.TurnedAway(now, member.call.label, member.call.tenant, reason))
        member.error = error
        self._drop(member, now)
        member.wakeup.set()

    def _forget(self, flight: Flight) -> None:
        self.aloft.discard(flight)
        key = flight.call.key
        if key is not None and self.flights.get(key) is flight:
            del self.flights[key]

    def _wake(self, member: Member) -> None:
        if member.alarm is not None:
            self._forget_patience(member)
        member.wakeup.set()

    # -- time

    def _check_reachable(self, call: Call[object], latest: float, now: float) -> None:
        eta = self.eta(call, now)
        if now + eta <= latest:
            return
        self.journal.counts.turned_away += 1
        if call.deadline is not None and now + eta > call.deadline:
            raise DeadlineUnreachable(eta)
        raise _wait_ceiling(call)

    def _await_start(self, member: Member) -> None:
        if member.alarm is None or member.alarm.item is None:
            member.alarm = self._patience.add(member.latest_start, member)
            self._wake_by(member.latest_start)

    def _forget_patience(self, member: Member) -> None:
        if member.alarm is not None:
            self._patience.discard(member.alarm)
            member.alarm = None

    def _wake_by(self, when: float) -> None:
        self.alarm = min(self.alarm, when)

    def define(self, budget: Budget, reserve: int, now: float) -> None:
        """Add a budget or change its limits; whoever waits for it is asked again."""
        self.store.define(budget, reserve=reserve)
        self.recheck(now)
        if len(self.queue):
            self.admit(now)


def _settlement_of(error: BaseException | None) -> Settlement:
    if error is None:
        return Settlement.SPENT
    if isinstance(error, Failed):
        return error.settlement
    return Settlement.REFUNDED if isinstance(error, NotSent) else Settlement.UNKNOWN


def _claim(claims: dict[str, Claim], spends: tuple[Spend, ...], until: float, now: float) -> None:
    """Promise a blocked call its units at the moment it can start, or now when that moment is unknown."""
    when = now if until == math.inf else until
    for name, units in spends:
        earlier = claims.get(name)
        claims[name] = Claim(when, units) if earlier is None else Claim(min(when, earlier.at), units + earlier.units)


def _ceiling(call: Call[object]) -> CeilingReached:
    assert call.allowance is not None
    return CeilingReached(call.allowance.name, call.allowance.max_requests or 0)


def _wait_ceiling(call: Call[object]) -> CeilingReached:
    assert call.allowance is not None
    return CeilingReached(call.allowance.name, call.allowance.max_wait or 0.0, "seconds of waiting")


def _too_late(member: Member, now: float) -> SchedulerError:
    deadline = member.call.deadline
    if deadline is not None and deadline <= now:
        return DeadlinePassed(now - member.submitted_at)
    return _wait_ceiling(member.call)
