"""When a part of the service fails again and again, calls to it fail at once instead of waiting for it. All pure."""

from __future__ import annotations

import math
from typing import Literal

from attrs import evolve, field, frozen, validators


@frozen
class Breaker:
    """When a circuit opens, and for how long: after `failures` in a row for `rest` seconds, doubling up to `longest`.

    Failures of requests that ran together are one failure: a short hiccup must not stop everybody.
    """

    failures: int = field(default=5, validator=validators.ge(1))
    rest: float = field(default=10.0, validator=validators.gt(0))
    longest: float = field(default=120.0, validator=validators.gt(0))


@frozen
class Circuit:
    """The failures in a row so far. It is open from `opened` until a probe, from `half_opens` on, was answered.

    `since` is the last failure that counts: failures of requests that were sent before it are the same news.
    """

    failures: int = 0
    since: float = -math.inf
    opened: float = math.inf
    half_opens: float = -math.inf
    rest: float = 0.0
    probing: bool = False

    @property
    def is_open(self) -> bool:
        """Whether calls must not simply be sent."""
        return self.opened < math.inf

    def admits(self, now: float) -> bool:
        """Whether a request may be sent now; from an open circuit it is the probe."""
        return not self.is_open or (now >= self.half_opens and not self.probing)

    def patience(self, now: float) -> float:
        """Seconds until the next probe may go, or another rest while one is under way."""
        return max(self.half_opens - now, self.rest if self.probing else 0.0)

    def state(self, now: float) -> Literal["closed", "open", "half-open"]:
        """The state in the field's terms."""
        if not self.is_open:
            return "closed"
        return "open" if now < self.half_opens else "half-open"


SOUND = Circuit()


def after_start(circuit: Circuit) -> Circuit:
    """The circuit once a request was sent that it admitted."""
    return evolve(circuit, probing=True) if circuit.is_open else circuit


def after_failure(circuit: Circuit, breaker: Breaker, *, sent_at: float, now: float) -> Circuit:
    """The circuit after a server error or a connection that failed."""
    if sent_at < circuit.since:
        return circuit
    if circuit.is_open:
        rest = min(2 * circuit.rest, breaker.longest)
        return evolve(circuit, since=now, half_opens=now + rest, rest=rest, probing=False)
    if circuit.failures + 1 < breaker.failures:
        return Circuit(circuit.failures + 1, now)
    return Circuit(breaker.failures, now, now, now + breaker.rest, breaker.rest)


def after_answer(circuit: Circuit, *, sent_at: float) -> Circuit:
    """The circuit after any answer that is not a server error: it closes, unless the answer is to an older request."""
    return circuit if circuit.is_open and sent_at < circuit.since else SOUND


def after_silence(circuit: Circuit, *, sent_at: float) -> Circuit:
    """The circuit after a request that ended without news, such as a cancelled one: the next may be the probe."""
    return evolve(circuit, probing=False) if circuit.probing and sent_at >= circuit.since else circuit
