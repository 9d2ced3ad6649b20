"""Which waiting flight goes when: the queue and the store brought together, without tasks or waiting.

Every method happens at one moment, `now`. Flights that were granted are handed to the crew, and `alarm` is the next
moment at which something may have become possible.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define, field, frozen

from request_scheduler import events
from request_scheduler.call import Priority
from request_scheduler.errors import QueueFull
from request_scheduler.flight import State
from request_scheduler.outcome import Settlement
from request_scheduler.schedule import Schedule
from request_scheduler.stores import NO_CLAIMS, Claim, Denied, Led, Reservation, Standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from request_scheduler.call import Spend
    from request_scheduler.errors import SchedulerError
    from request_scheduler.flight import Flight, Member
    from request_scheduler.lane import Lane, Place
    from request_scheduler.outcome import Refused
    from request_scheduler.queue import Queue
    from request_scheduler.stores import Store, Verdict
    from request_scheduler.telemetry import Telemetry


WhenFull: TypeAlias = Literal["wait", "refuse", "drop lowest"]
"""What a full queue does: callers wait to enter, are refused, or push out the newest call of the lowest priority."""


@frozen(kw_only=True, eq=False)
class Crew:
    """Who acts on what admission decides.

    `find_payer` names the member that an attempt is charged to, and ends the flight when none can pay; `shed` ends one that
    waits, with an error. `launch` runs one that was granted. `ask` and `defer` await what a shared store answers: a
    verdict, which comes back to `decide`, or the end of a settlement and the flight to be landed after it.
    """

    find_payer: Callable[[Flight, float], Member | None]
    shed: Callable[[Flight, SchedulerError, float], object]
    launch: Callable[[Flight], object]
    ask: Callable[[Place[Flight], Awaitable[Verdict]], object]
    defer: Callable[[Awaitable[None] | None, Flight | None], object]


@define(eq=False, kw_only=True)
class Admission:
    """The flights that wait, in the order in which they may go.

    Whoever is in the `crew` is made for this admission, so it is named last, before the first flight comes.
    """

    store: Store
    queue: Queue[Flight]
    telemetry: Telemetry
    queue_size: int
    when_full: WhenFull
    alarm: float = math.inf
    in_flight: int = 0
    crew: Crew = field(init=False)
    _entrance: Schedule[Flight] = field(factory=Schedule)
    _retries: Schedule[Flight] = field(factory=Schedule)
    _following: Schedule[Flight] = field(factory=Schedule)
    _asking: dict[Lane[Flight], Standing] = field(factory=dict)
    _denied: dict[Lane[Flight], float] = field(factory=dict)
    _learning: Counter[Lane[Flight]] = field(factory=Counter)

    @property
    def waiting(self) -> int:
        """Flights in the queue, before its entrance, due for another attempt, or run by another process."""
        return len(self.queue) + len(self._entrance) + len(self._retries) + len(self._following)

    def all_waiting(self) -> list[Flight]:
        """Every flight that waits, in no particular order."""
        return [*self.queue, *self._entrance, *self._retries, *self._following]

    def enter(self, flight: Flight, now: float) -> None:
        """Grant a flight at once if nobody who waits for its budgets is passed over, else let it wait."""
        call = flight.call
        if not self.store.shared and not self.queue.contends(call.spends):
            until = self._try(flight, now)
            if until is None:
                return
            self.wake_by(until)
        self.store.check(call.spends, urgent=flight.priority is Priority.INTERACTIVE)
        full = len(self.queue) >= self.queue_size
        if full and self.when_full != "wait":
            self._make_room(flight, now)
            full = False
        if self.telemetry.listeners:
            self.telemetry.tell(events.Queued(now, call.label, call.tenant))
        if full:
            flight.parked = self._entrance, self._entrance.add(now, flight)
        else:
            self._stand(flight, now)

    def reenter(self, flight: Flight, now: float, delay: float) -> None:
        """Let a flight wait for another attempt, which is a new request: first for its delay, then in the queue."""
        flight.state = State.WAITING
        if delay > 0:
            flight.parked = self._retries, self._retries.add(now + delay, flight)
            self.wake_by(now + delay)
        else:
            self._stand(flight, now)

    def reposition(self, flight: Flight, now: float) -> None:
        """Give a waiting flight the place that its members' priority, deadline and tenant now earn."""
        place = flight.place
        if place is None or flight.state is not State.WAITING:
            return
        if place.priority is flight.priority and place.tenant == flight.tenant and place.deadline == flight.deadline:
            return
        self.queue.discard(place)
        self._stand(flight, now)
        self._leave_turns(place, now)

    def withdraw(self, flight: Flight, now: float) -> None:
        """Take a flight that was not run out of wherever it waits; what was reserved for it goes back."""
        if (place := flight.place) is not None:
            self.queue.discard(place)
            flight.place = None
            self._leave_turns(place, now)
        _unpark(flight)
        if flight.state is State.GRANTED:
            self.settle(flight, Settlement.REFUNDED, now)

    def settle(self, flight: Flight, settlement: Settlement, now: float) -> None:
        """Replace a flight's reservation by what its attempt cost."""
        reservation, flight.reservation = flight.reservation, None
        assert reservation is not None
        self.in_flight -= 1
        to_land = None
        if flight.common is not None and flight.common.kept and reservation.flight is not None:
            # Whoever follows must find the answer: the lead is given up when it is there, the permits at once.
            to_land, reservation.flight = flight, None
        pending = self.store.settle(reservation, settlement, now)
        if pending is not None or to_land is not None:
            self.crew.defer(pending, to_land)

    def refuse(self, flight: Flight, refusal: Refused, jitter: float, now: float) -> None:
        """Give back what a refused attempt had reserved, and let its budgets learn."""
        reservation, flight.reservation = flight.reservation, None
        assert reservation is not None
        self.in_flight -= 1
        if self.telemetry.listeners:
            self.telemetry.tell(events.Refusal(now, flight.call.label, flight.tenant, refusal.kind))
        pending = self.store.refuse(reservation, refusal, now, jitter)
        if pending is not None:
            lanes = self.queue.lanes_of(flight.call.spends)
            self._learning.update(lanes)
            self.crew.defer(self._learn(lanes, pending), None)

    def tick(self, now: float) -> None:
        """Queue the retries that are due, then grant."""
        for flight in self._retries.pop_due(now):
            self._stand(flight, now)
        self.admit(now)

    def admit(self, now: float) -> None:
        """Grant flights in order until nobody who may go has room."""
        passed = self._undecided(now)
        claims: dict[str, Claim] = {}
        self._let_in(now)
        keeps = (lambda place: self.store.keeps(place.spends, now)) if self.store.shared else None
        while (place := self.queue.next(passed, keeps)) is not None:
            until = self._ask(place, now) if self.store.shared else self._try(place.item, now, claims)
            if until is not None:
                self.wake_by(until)
                passed.add(place.lane)
                _claim(claims, place.spends, until, now)
            self._let_in(now)
        self.wake_by(self._retries.next_time())

    def resume(self, flight: Flight, now: float) -> None:
        """Let a flight ask again, because the run that it followed has ended without an answer for it."""
        if flight.state is State.FOLLOWING:
            _unpark(flight)
            self.reenter(flight, now, 0.0)

    def settled(self, now: float) -> None:
        """Something in flight has settled, so whoever waits for that may ask again."""
        self._denied.clear()
        if self.queue or self._entrance:
            self.admit(now)

    def decide(self, place: Place[Flight], verdict: Verdict, now: float) -> None:
        """Take what a shared store said: the flight goes, waits on, or has ended meanwhile and gives its units back."""
        flight = place.item
        standing = self._asking.pop(place.lane)
        wanted = flight.place is place and flight.state is State.ASKING
        if wanted:
            flight.state = State.WAITING
        if isinstance(verdict, Denied):
            self._denied[place.lane] = verdict.until
            self.reposition(flight, now)
        elif isinstance(verdict, Led):
            if wanted and flight.common is not None and not flight.common.landed:
                self._follow(flight, place)
        else:
            payer = self.crew.find_payer(flight, now) if wanted else None
            flight.reservation = verdict
            self.in_flight += 1
            if wanted and flight.state is State.WAITING:
                self._grant(flight, payer, now)
            else:
                self.settle(flight, Settlement.REFUNDED, now)
        if standing.more:
            self._leave_turns(place, now)  # those behind it may have gone meanwhile
        self.admit(now)

    def wake_by(self, when: float) -> None:
        """See to it that the alarm goes off at a moment, or before."""
        if when < self.alarm:
            self.alarm = when

    def _try(self, flight: Flight, now: float, claims: Mapping[str, Claim] = NO_CLAIMS) -> float | None:
        """Grant a flight and return None, or say when to ask again. One whose members all hit a ceiling ends here."""
        payer = self.crew.find_payer(flight, now)
        if flight.state is not State.WAITING:
            return None  # it ended, or a member's leaving gave it another place, from which it was granted
        verdict = self.store.reserve(
            flight.call.spends, now, flight.tenant, flight.priority is Priority.INTERACTIVE, claims
        )
        if isinstance(verdict, Denied):
            return verdict.until
        assert isinstance(verdict, Reservation), "a store that answers later must say that it is shared"
        flight.reservation = verdict
        self.in_flight += 1
        self._grant(flight, payer, now)
        return None

    def _ask(self, place: Place[Flight], now: float) -> float | None:
        """Let a shared store decide about the head of a lane, which is passed over meanwhile."""
        flight = place.item
        urgent = flight.priority is Priority.INTERACTIVE
        standing = Standing(flight.priority, self.queue.weight_of(flight.tenant), more=place.lane.waiting > 1)
        name, common = None, flight.common
        if common is not None:
            name, common.landed = common.name, False
        verdict = self.store.reserve(flight.call.spends, now, flight.tenant, urgent, NO_CLAIMS, standing, name)
        flight.state = State.ASKING
        self._asking[place.lane] = standing
        self.crew.ask(place, _at_once(verdict) if isinstance(verdict, Reservation | Denied | Led) else verdict)
        return math.inf

    def _follow(self, flight: Flight, place: Place[Flight]) -> None:
        """Let a flight wait beside the queue for the run of another process; that takes nothing of anybody's share."""
        self.queue.discard(place)
        flight.place, flight.state = None, State.FOLLOWING
        flight.parked = self._following, self._following.add(math.inf, flight)

    def _leave_turns(self, place: Place[Flight], now: float) -> None:
        """Let other processes know if nobody here waits any more where a call has stood."""
        pending = None if place.lane.waiting else self.store.withdraw(place.spends, now, urgent=place.lane.urgent)
        if pending is not None:
            self.crew.defer(pending, None)

    def _undecided(self, now: float) -> set[Lane[Flight]]:
        """Lanes whose head a shared store is deciding about, or has denied until later."""
        for lane in [lane for lane, until in self._denied.items() if until <= now]:
            del self._denied[lane]
        self.wake_by(min(self._denied.values(), default=math.inf))
        return {*self._asking, *self._denied, *+self._learning}

    async def _learn(self, lanes: tuple[Lane[Flight], ...], lesson: Awaitable[None]) -> None:
        """Let nobody of some lanes ask a shared store before it has taken in a refusal."""
        try:
            await lesson
        finally:
            self._learning.subtract(lanes)

    def _grant(self, flight: Flight, payer: Member | None, now: float) -> None:
        call = flight.call
        allowance = call.allowance if payer is None else payer.call.allowance
        if allowance is not None:
            allowance.take()
        flight.payer = payer
        if flight.place is not None:
            self.queue.take(flight.place, now)
            flight.place = None
        flight.state = State.GRANTED
        if self.telemetry.listeners:
            self.telemetry.tell(events.Admitted(now, call.label, flight.tenant, call.spends, now - flight.queued_at))
        self.crew.launch(flight)

    def _make_room(self, flight: Flight, now: float) -> None:
        """Give up the lowest and newest call for a higher one, if that is what a full queue does."""
        last = self.queue.last()
        if last is None or last.priority >= flight.priority:
            raise QueueFull(self.queue_size)
        self.crew.shed(last.item, QueueFull(self.queue_size), now)

    def _let_in(self, now: float) -> None:
        if not self._entrance:
            return
        while len(self.queue) < self.queue_size and (flight := self._entrance.pop()) is not None:
            self._place(flight, now)

    def _stand(self, flight: Flight, now: float) -> None:
        """Put a flight into the queue; if it is the first there, it may be able to go where others could not."""
        place = self._place(flight, now)
        if self.queue.is_first(place):
            self._denied.pop(place.lane, None)
            self.admit(now)

    def _place(self, flight: Flight, now: float) -> Place[Flight]:
        flight.parked = None
        flight.place = place = self.queue.push(
            flight,
            flight.call.spends,
            now,
            priority=flight.priority,
            tenant=flight.tenant,
            deadline=flight.deadline,
            turn=flight.turn,
            queued_at=flight.queued_at,
        )
        flight.turn = place.turn
        return place


async def _at_once(verdict: Verdict) -> Verdict:
    return verdict


def _unpark(flight: Flight) -> None:
    if flight.parked is not None:
        schedule, entry = flight.parked
        schedule.discard(entry)
        flight.parked = None


def _claim(claims: dict[str, Claim], spends: tuple[Spend, ...], until: float, now: float) -> None:
    """Promise a blocked call its units at the moment it can start, or now when that moment is unknown."""
    when = now if until == math.inf else until
    for name, units in spends:
        earlier = claims.get(name)
        claims[name] = Claim(when, units) if earlier is None else Claim(min(when, earlier.at), units + earlier.units)
