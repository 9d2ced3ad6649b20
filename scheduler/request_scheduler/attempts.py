"""What becomes of an attempt: whether it is sent, how it is settled, and whether the same call tries again.

Like control.py, which ends flights, this decides at single moments, without tasks or waiting.
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

    from request_scheduler.control import Control
    from request_scheduler.flight import Flight
    from request_scheduler.outages import Outages


@define(eq=False)
class Attempts:
    """The attempts of flights that were granted; each is a request, and another one queues and pays like the first."""

    control: Control
    outages: Outages
    random: Random

    def begin(self, flight: Flight, now: float) -> bool:
        """Whether a granted flight may be sent; if its circuit is open its units go back, and it waits on or ends."""
        name, admission = flight.call.circuit, self.control.admission
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
            self.control.end(flight, now)
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
                self.control.end(flight, now)
            elif not self._again(flight, error, now):
                flight.error = error.error if isinstance(error, (Refused, NotSent, Failed)) else error
                self.control.end(flight, now)
        self.control.admission.settled(now)

    def _settle(self, flight: Flight, error: BaseException | None, now: float) -> None:
        control, telemetry = self.control, self.control.telemetry
        if isinstance(error, Refused):
            telemetry.counts.refused += 1
            control.admission.refuse(flight, error, self.random.random(), now)
            if error.quota:
                control.recheck(now)
            return
        control.learn_duration(now - flight.started_at)
        settlement = settlement_of(error)
        control.admission.settle(flight, settlement, now)
        payer = flight.payer
        if settlement is Settlement.REFUNDED:
            flight.give_back()
        elif payer is not None:
            payer.cost += 1
        if telemetry.listeners:
            telemetry.tell(events.Settled(now, flight.call.label, flight.tenant, settlement))

    def _again(self, flight: Flight, error: BaseException, now: float) -> bool:
        """Queue a flight once more, if it may; the budget's pause holds it back, not a sleep of its own."""
        window = self.control.longest_window(flight.call.spends)
        jitter = self.random.random()
        tries = next_try(flight.tries, flight.call, error, sent=flight.attempt, window=window, now=now, jitter=jitter)
        if tries is None:
            return False
        flight.tries = tries
        telemetry = self.control.telemetry
        telemetry.counts.retried += 1
        if telemetry.listeners:
            telemetry.tell(events.Retried(now, flight.call.label, flight.tenant, flight.attempt + 1, tries.delay))
        self._queue_again(flight, tries.delay, now)
        return True

    def _queue_again(self, flight: Flight, delay: float, now: float) -> None:
        self.control.admission.reenter(flight, now, delay)
        if flight.state in UNSENT:
            for member in flight.members:
                if member.latest_start < math.inf:
                    self.control.keep_patience(member)
