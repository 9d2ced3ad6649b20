"""A service that counts as the real one may, to hold against what the scheduler sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from attrs import define, field

from request_scheduler import Call, Outcome, Spend

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

QUERY = (Spend("query"),)


@define(eq=False)
class Service:
    """Answers after `seconds`, and remembers when each request was sent and when it was answered."""

    seconds: float = 1.0
    random: Random | None = None
    sent: list[float] = field(factory=list)
    spans: list[tuple[float, float]] = field(factory=list)
    names: list[str] = field(factory=list)
    running: int = 0
    peak: int = 0

    def request(
        self, name: str = "", *, ttl: float = 0.0, seconds: float | None = None
    ) -> Callable[[], Awaitable[Outcome[str]]]:
        """What a call runs to ask for `name`."""

        async def run() -> Outcome[str]:
            sent = anyio.current_time()
            self.sent.append(sent)
            self.names.append(name)
            self.running += 1
            self.peak = max(self.peak, self.running)
            try:
                await anyio.sleep(self.seconds if seconds is None else seconds)
            finally:
                self.running -= 1
                self.spans.append((sent, anyio.current_time()))
            return Outcome(name, ttl=ttl)

        return run

    def call(self, name: str = "", *, ttl: float = 0.0, seconds: float | None = None, **wishes: object) -> Call[str]:
        """A call that spends one query for `name`; equal names are equal questions."""
        settings = {"key": name or None, "spends": QUERY, "label": name} | wishes
        return Call(self.request(name, ttl=ttl, seconds=seconds), **settings)  # type: ignore[arg-type]


def query(run: Callable[[], Awaitable[object]], **wishes: object) -> Call[object]:
    """A call that spends one query on whatever `run` does."""
    return Call(run, **({"spends": QUERY} | wishes))  # type: ignore[arg-type]


def fullest_window(moments: list[float], seconds: float) -> int:
    """The most moments that any half-open stretch of `seconds` holds, whatever its phase."""
    moments = sorted(moments)
    fullest = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        fullest = max(fullest, last - first + 1)
    return fullest
