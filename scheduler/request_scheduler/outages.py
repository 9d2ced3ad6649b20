"""Which parts of the service fail on and on: the circuits of all calls, fed with what became of each attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.circuit import SOUND, Breaker, Circuit, after_answer, after_failure, after_silence, after_start
from request_scheduler.events import CircuitChanged
from request_scheduler.outcome import Failed, NotSent, Refused
from request_scheduler.status import CircuitStatus

if TYPE_CHECKING:
    from request_scheduler.flight import Flight
    from request_scheduler.telemetry import Telemetry


@define(eq=False)
class Outages:
    """Circuits by name; one that is sound is not remembered, so a healthy service costs one look at `circuits`."""

    breaker: Breaker | None
    telemetry: Telemetry
    circuits: dict[str, Circuit] = field(factory=dict)

    def blocking(self, name: str | None, now: float) -> Circuit | None:
        """The circuit that keeps calls of this name from being sent now."""
        circuit = self.circuits.get(name) if name is not None and self.circuits else None
        return None if circuit is None or circuit.admits(now) else circuit

    def start(self, name: str | None) -> None:
        """Note that a request was sent, which from an open circuit is the probe."""
        if name is not None and name in self.circuits:
            self.circuits[name] = after_start(self.circuits[name])

    def learn(self, flight: Flight, error: BaseException | None, now: float) -> None:
        """Take in how an attempt ended."""
        name, sent_at = flight.call.circuit, flight.started_at
        if name is None or self.breaker is None or (error is None and not self.circuits):
            return
        before = self.circuits.get(name, SOUND)
        if isinstance(error, Failed | NotSent) and error.outage:
            circuit = after_failure(before, self.breaker, sent_at=sent_at, now=now)
        elif error is None or isinstance(error, Failed | Refused):
            circuit = after_answer(before, sent_at=sent_at)
        else:
            circuit = after_silence(before, sent_at=sent_at)
        if circuit is not SOUND:
            self.circuits[name] = circuit
        elif before is not SOUND:
            del self.circuits[name]
        if circuit.is_open is not before.is_open and self.telemetry.listeners:
            state = "open" if circuit.is_open else "closed"
            self.telemetry.tell(CircuitChanged(now, flight.call.label, flight.tenant, name, state))

    def status(self, now: float) -> dict[str, CircuitStatus]:
        """Every circuit that has failed lately."""
        return {
            name: CircuitStatus(circuit.state(now), circuit.failures, max(0.0, circuit.half_opens - now))
            for name, circuit in self.circuits.items()
        }
