"""Misbehaviour on demand: what can go wrong between a client and the service, as values.

A fault meets the requests that the service has let in, so it is counted as the service would count it: a cut or a 5xx
spends its slot, a 401, 402 or 429 gives it back.
"""

from __future__ import annotations

from concurrent.futures import Future
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import attrs

from mixpanel_headless.sandbox.replies import JSON, CutPoint, Reply, encode

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen
class Delay:
    """The answer comes `seconds` later; the permit is held meanwhile."""

    seconds: float = attrs.field(validator=attrs.validators.ge(0))


@attrs.frozen
class Hold:
    """The answer waits until `release()`; the permit is held meanwhile."""

    gate: Future[None] = attrs.field(factory=Future, eq=False, repr=False)

    def release(self) -> None:
        """Let everything that waits here go on; a second call changes nothing."""
        if not self.gate.done():
            self.gate.set_result(None)


@attrs.frozen
class Cut:
    """The connection ends before the answer is whole; inside the body, when this share of it has gone out."""

    where: CutPoint = "before headers"
    share: float = attrs.field(default=0.5, validator=[attrs.validators.ge(0), attrs.validators.le(1)])


@attrs.frozen
class Slow:
    """The body of the answer takes `seconds` to go out; its account is settled before."""

    seconds: float = attrs.field(validator=attrs.validators.ge(0))


@attrs.frozen
class Instead:
    """This reply is sent in place of the answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content_type: str = JSON

    def reply(self) -> Reply:
        """The reply to send."""
        return Reply(self.status, self.body, self.headers, self.content_type)


@attrs.frozen
class ForeignUse:
    """Somebody else on the same project spends `requests` slots at once and keeps `running` permits until the box heals."""

    requests: int = 0
    running: int = 0


Fault = Delay | Hold | Cut | Slow | Instead | ForeignUse


def not_json() -> Instead:
    """A success whose body is a proxy's page."""
    return Instead(200, b"<html><body>Please sign in to the network</body></html>", content_type="text/html")


def failing(status: int = 500, text: str = "An unknown error occurred.") -> Instead:
    """An error of the service itself, in its own body."""
    return Instead(status, encode({"error": text}))


def shedding() -> Instead:
    """A 429 of a server that sheds load: it carries no header and says nothing about the quota."""
    return Instead(429, b"Too Many Requests", content_type="text/plain")


def huge(size: int = 50_000_000) -> Instead:
    """A success whose JSON body has about `size` bytes."""
    row = b'"' + b"x" * 998 + b'"'
    return Instead(200, b"[" + b",".join([row] * max(1, size // 1001)) + b"]")


@attrs.frozen
class Injection:
    """A fault and the requests that it meets: their path, how many to let by first, how many to hit, until when."""

    fault: Fault
    path: str = "*"
    after: int = 0
    times: int | None = None
    until: float | None = None


class FaultPlan:
    """The injections in force; each request takes those that are meant for it."""

    def __init__(self) -> None:
        self._pending: list[Injection] = []

    def add(self, injection: Injection) -> None:
        """Put one more injection behind the others."""
        self._pending.append(injection)

    def clear(self) -> None:
        """Take all injections back."""
        self._pending.clear()

    def take(self, path: str, now: float) -> list[Fault]:
        """The faults that a request to `path` meets now, in the order in which they were injected."""
        met: list[Fault] = []
        left: list[Injection] = []
        for injection in self._pending:
            later = spend(injection, path, now)
            if later is not None:
                left.append(later)
            if injection.after == 0 and meets(injection, path, now):
                met.append(injection.fault)
        self._pending = left
        return met


def meets(injection: Injection, path: str, now: float) -> bool:
    """Whether a request to `path` falls under an injection that has not run out."""
    in_time = injection.until is None or now < injection.until
    return in_time and injection.times != 0 and fnmatchcase(path, injection.path)


def spend(injection: Injection, path: str, now: float) -> Injection | None:
    """What is left of an injection after a request to `path`."""
    if injection.until is not None and now >= injection.until:
        return None
    if not meets(injection, path, now):
        return injection
    if injection.after:
        return attrs.evolve(injection, after=injection.after - 1)
    if injection.times is None:
        return injection
    return attrs.evolve(injection, times=injection.times - 1) if injection.times > 1 else None
