"""Time as the scheduler sees it: one source, replaceable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import anyio
from attrs import define, field

from request_scheduler.schedule import Schedule
from request_scheduler.wakeup import Wakeup, native_clock, wakeup_factory

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """Where times come from and where waiting happens.

    `now` is monotonic seconds, the scale of deadlines and windows; `wall` is seconds since 1970, only ever shown;
    `sleep_until` returns once `now` has reached a moment, and may be cancelled.
    """

    @property
    def now(self) -> Callable[[], float]: ...
    def wall(self) -> float: ...
    async def sleep_until(self, when: float) -> None: ...


class SystemClock:
    """The running event loop's own clock, so a loop with virtual time gives the scheduler virtual time."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = native_clock()

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def sleep_until(self, when: float) -> None:
        """Return once the loop's time has reached `when`."""
        await anyio.sleep_until(when)


@define(eq=False)
class ManualClock:
    """A clock that stands still until it is advanced; for tests and simulations on any event loop."""

    epoch: float = 1_750_000_000.0
    _moment: float = field(default=0.0, init=False)
    _sleepers: Schedule[Wakeup] = field(factory=Schedule, init=False)

    def now(self) -> float:
        """Seconds that the clock was advanced by."""
        return self._moment

    def wall(self) -> float:
        """The epoch plus `now`."""
        return self.epoch + self._moment

    async def sleep_until(self, when: float) -> None:
        """Return once the clock was advanced to `when`."""
        if when <= self._moment:
            await anyio.lowlevel.checkpoint()
            return
        wakeup = wakeup_factory()()
        entry = self._sleepers.add(when, wakeup)
        try:
            await wakeup
        finally:
            self._sleepers.discard(entry)

    async def advance(self, seconds: float) -> None:
        """Move time forward, stopping at every moment that somebody sleeps for, and let everyone settle there."""
        target = self._moment + seconds
        await anyio.wait_all_tasks_blocked()
        while (due := self._sleepers.next_time()) <= target:
            self._moment = max(self._moment, due)
            for wakeup in self._sleepers.pop_due(self._moment):
                wakeup.set()
            await anyio.wait_all_tasks_blocked()
        self._moment = target
