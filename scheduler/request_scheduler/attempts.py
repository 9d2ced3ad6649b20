"""What becomes of an attempt: whether it is sent, how it is settled, and whether the same call tries again.

Like dispatch.py, which ends flights, this decides at single moments, without tasks or waiting.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import define

from request_scheduler import events
from request_scheduler.errors import CircuitOpen
from request_scheduler.flight import UNSENT, State
from request_scheduler.outcome import Failed, NotSent, Refused, Settlement, settlement_of
from request_scheduler.retries import next_try

if TYPE_CHECKING:
    from random import Random

    from request_scheduler.dispatch import Dispatch
    from request_scheduler.flight import Flight
    from request_scheduler.outages import Outages


@define(eq=False)
class Attempts:
    """The attempts of flights that were granted; each is a request, and another one queues and pays like the first."""

    dispatch: Dispatch
    outages: Outages
    random: Random

    def begin(self, flight: Flight, now: float) -> bool:
        """Whether a granted flight may be sent; if its circuit is open its units go back, and it waits on or ends."""
        name, admission = flight.call.circuit, self.dispatch.admission
        circuit = self.outages.blocking(name, now)
        if name is None or circuit is None:
            self.outages.start(name)
            return True
        admission.settle(flight, Settlement.REFUNDED, now)
        flight.give_back()
        if flight.call.outlasts:
            self._queue_again(flight, circuit.patience(now), now)
        else:
            flight.error = CircuitOpen(name, circuit.patience(now))
            self.dispatch.end(flight, now)
        admission.settled(now)
        return False

    def land(self, flight: Flight, error: BaseException | None, now: float) -> None:
        """Settle an attempt, then decide: the flight ends, or the same call queues again as a new request."""
        flight.scope = None
        self._settle(flight, error, now)
        flight.payer = None
        if error is not None or self.outages.circuits:
            self.outages.learn(flight, error, now)
        if flight.state is not State.ENDED:
            if error is None:
                self.dispatch.end(flight, now)
            elif not self._again(flight, error, now):
                flight.error = error.error if isinstance(error, (Refused, NotSent, Failed)) else error
                self.dispatch.end(flight, now)
        self.dispatch.admission.settled(now)

    def _settle(self, flight: Flight, error: BaseException | None, now: float) -> None:
        dispatch, journal = self.dispatch, self.dispatch.journal
        if isinstance(error, Refused):
            journal.counts.refused += 1
            dispatch.admission.refuse(flight, error, self.random.random(), now)
            if error.quota:
                dispatch.recheck(now)
            return
        dispatch.learn_duration(now - flight.started_at)
        settlement = settlement_of(error)
        dispatch.admission.settle(flight, settlement, now)
        payer = flight.payer
        if settlement is Settlement.REFUNDED:
            flight.give_back()
        elif payer is not None:
            payer.cost += 1
        if journal.listeners:
            journal.tell(events.Settled(now, flight.call.label, flight.tenant, settlement))

    def _again(self, flight: Flight, error: BaseException, now: float) -> bool:
        """Queue a flight once more, if it may; the budget's pause holds it back, not a sleep of its own."""
        window = self.dispatch.longest_window(flight.call.spends)
        jitter = self.random.random()
        tries = next_try(flight.tries, flight.call, error, sent=flight.attempt, window=window, now=now, jitter=jitter)
        if tries is None:
            return False
        flight.tries = tries
        journal = self.dispatch.journal
        journal.counts.retried += 1
        if journal.listeners:
            journal.tell(events.Retried(now, flight.call.label, flight.tenant, flight.attempt + 1, tries.delay))
        self._queue_again(flight, tries.delay, now)
        return True

    def _queue_again(self, flight: Flight, delay: float, now: float) -> None:
        self.dispatch.admission.reenter(flight, now, delay)
        if flight.state in UNSENT:
            for member in flight.members:
                if member.latest_start < math.inf:
                    self.dispatch.keep_patience(member)
