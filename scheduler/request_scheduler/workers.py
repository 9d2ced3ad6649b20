"""Those who run what was granted: resident tasks, as many as there are runs at once."""

from __future__ import annotations

from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING

import anyio
from anyio import CancelScope
from attrs import define, field

from request_scheduler.cache import Kept
from request_scheduler.errors import RunInterrupted, SchedulerClosed, SchedulerError
from request_scheduler.flight import Flight, State
from request_scheduler.outcome import Outcome
from request_scheduler.wakeup import Wakeup, cancelled_from_outside, wakeup_factory

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from anyio.abc import TaskGroup

    from request_scheduler.attempts import Attempts
    from request_scheduler.cache.rows import Mark
    from request_scheduler.cache.tiers import Tiers
    from request_scheduler.clock import Clock
    from request_scheduler.sharing import Sharing
    from request_scheduler.telemetry import Telemetry
    from request_scheduler.timekeeper import Timekeeper

_IDLE_WORKERS = 128  # kept for the next burst; each is one parked task


@define(eq=False)
class Workers:
    """Tasks that run granted flights one after another, and put answers that are worth it into the cache."""

    attempts: Attempts
    cache: Tiers
    telemetry: Telemetry
    time: Timekeeper
    sharing: Sharing
    _ready: deque[Flight] = field(factory=deque)
    _idle: list[Wakeup] = field(factory=list)
    _tasks: TaskGroup = field(init=False)
    _clock: Clock = field(init=False)
    _now: Callable[[], float] = field(init=False)
    _new_wakeup: Callable[[], Wakeup] = field(init=False)
    _context: Context = field(init=False)

    def open(self, tasks: TaskGroup, clock: Clock) -> None:
        """Work in the current event loop, with the context variables of whoever calls this."""
        self._tasks, self._clock, self._now = tasks, clock, clock.now
        self._new_wakeup, self._context = wakeup_factory(), copy_context()
        self._ready.clear()
        self._idle.clear()

    def launch(self, flight: Flight) -> None:
        """Have a granted flight run."""
        self._ready.append(flight)
        if self._idle:
            self._idle.pop().set()
        else:
            # A worker outlives the caller that happened to need it, so it must not inherit that caller's context.
            self._context.run(lambda: self._tasks.start_soon(self._work, name="scheduler worker"))

    async def _work(self) -> None:
        """Run granted flights one after another. The cancel scope is made anew only after a flight was cancelled."""
        while True:
            with CancelScope() as scope:
                while not scope.cancel_called:
                    if self._ready:
                        await self._fly(self._ready.popleft(), scope)
                        continue
                    if len(self._idle) >= _IDLE_WORKERS:
                        return
                    wakeup = self._new_wakeup()
                    self._idle.append(wakeup)
                    await wakeup

    async def _fly(self, flight: Flight, scope: CancelScope) -> None:
        if flight.common is not None:
            await self.sharing.look_before_run(flight, flight.common)
        if flight.state is not State.GRANTED:
            return  # its last member left between grant and start, or another process has answered
        if self.attempts.outages.circuits and not self.attempts.begin(flight, self._now()):
            self.time.set_alarm()
            return
        flight.state = State.RUNNING
        flight.scope = scope
        flight.started_at = self._now()
        flight.attempt += 1
        self.telemetry.counts.sent += 1
        since = self.cache.mark()
        error: BaseException | None = None
        try:
            result = await flight.call.run()
            self._receive(flight, result, self._now(), since)
        except Exception as raised:  # noqa: BLE001 - every member gets it
            error = raised
            flight.trace = raised.__traceback__
        except BaseException as raised:
            if self._interrupted(flight, raised):
                raise
            return
        self.attempts.land(flight, error, self._now())
        del flight, error  # the frames of an error lead back to this one: it would hold itself
        if self.attempts.control.admission.alarm < self.time.until:
            self.time.set_alarm()

    def _receive(self, flight: Flight, result: object, now: float, since: Mark | None) -> None:
        """Take the value of a run, and keep it if it may be served again."""
        flight.ended_wall = self._clock.wall()
        if not isinstance(result, Outcome):
            flight.value = result
            return
        flight.value = result.value
        key, flights = flight.call.key, self.attempts.control.roster.by_key
        if key is not None and result.ttl > 0 and not flight.outdated and flights.get(key) is flight:
            seconds, tags = now - flight.started_at, flight.call.tags
            kept = Kept(result.value, now, flight.ended_wall, now + result.ttl, max(0, result.size), tags, seconds)
            self.cache.put(key, kept, since)
            if flight.common is not None:
                flight.common.kept = True

    def _interrupted(self, flight: Flight, error: BaseException) -> bool:
        """Settle a run that was cancelled, and say if the worker is to end: its callers left, or everything ends."""
        outside = cancelled_from_outside() or not isinstance(error, anyio.get_cancelled_exc_class())
        reason: SchedulerError = RunInterrupted("what the call ran was cancelled from inside")
        if outside:
            reason = SchedulerClosed("the scheduler was stopped while this call ran")
        self.attempts.land(flight, reason, self._now())
        self.time.set_alarm()
        return outside
