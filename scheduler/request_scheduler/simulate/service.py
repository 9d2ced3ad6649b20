"""The simulated service: it counts, answers after a while, refuses, and is in trouble at times.

What it counts and what its refusals say is what Mixpanel does: a request counts when it arrives, an answered one as well
as one that fails; a refused one does not. A refusal names the window's length, not the time to the next slot.
"""

from __future__ import annotations

import asyncio
import math
from random import Random
from typing import TYPE_CHECKING

from request_scheduler.limits import Concurrent, Window
from request_scheduler.outcome import Failed, NotSent, Outcome, Refused, Settlement
from request_scheduler.simulate.counting import make_counter

if TYPE_CHECKING:
    from request_scheduler.simulate.workload import Outage, Workload

_PERMIT_WAIT = 10.0  # what a refusal for too many at once says


class ServiceError(Exception):
    """The service did not answer; its text says why."""


class SimulatedService:
    """One service for all machines of a simulation; `counted` are the moments at which own requests were counted."""

    def __init__(self, workload: Workload, seed: int) -> None:
        self._rules, self._retries = workload.service, workload.retries
        self._limit = workload.service.limit or workload.limit
        self._window, self._permits = workload.window, workload.concurrency
        self._counter = make_counter(self._rules.shape, self._limit, workload.window)
        self._random = Random(f"{seed}/service")  # noqa: S311 - draws that can be repeated
        self.counted: list[float] = []
        self.refused = 0
        self.foreign = 0
        self.running = 0
        self.peak = 0

    async def request(self, value: object, ttl: float) -> Outcome[object]:
        """One request of the simulated clients, in the words of the scheduler."""
        outage = self._outage()
        if outage is not None and outage.kind == "unreachable":
            raise NotSent(ServiceError("no connection"), retry=self._retries > 0, outage=True)
        latency = self._latency() * (outage.slower if outage is not None and outage.kind == "slow" else 1.0)
        fails = self._rules.errors > 0 and self._random.random() < self._rules.errors
        if self._rules.transit:
            await asyncio.sleep(self._rules.transit * self._random.uniform(0.5, 1.5))
        self._admit(shedding=outage is not None and outage.kind == "shedding")
        self.counted.append(asyncio.get_running_loop().time())
        await self._run(latency)
        if fails or (outage is not None and outage.kind == "unavailable"):
            raise Failed(
                ServiceError("server error"), settlement=Settlement.SPENT, retry=self._retries > 0, outage=True
            )
        return Outcome(value, ttl=ttl)

    async def spend_elsewhere(self) -> None:
        """Let others use the budget, until cancelled: at random, and those that are refused do not come back."""
        random = Random(self._random.random())  # noqa: S311 - draws that can be repeated
        async with asyncio.TaskGroup() as tasks:
            while True:
                await asyncio.sleep(random.expovariate(self._rules.foreign / 3600))
                now = asyncio.get_running_loop().time()
                if self.running < self._permits and self._counter.has_room(now):
                    self._counter.count(now)
                    self.foreign += 1
                    tasks.create_task(self._run(self._latency()))

    def _admit(self, *, shedding: bool) -> None:
        """Count a request that arrives now, or raise its refusal."""
        refusal = self._refusal(asyncio.get_running_loop().time(), shedding=shedding)
        if refusal is not None:
            self.refused += 1
            raise refusal
        self._counter.count(asyncio.get_running_loop().time())

    def _refusal(self, now: float, *, shedding: bool) -> Refused | None:
        error = ServiceError("429")
        if shedding:
            return Refused(error, kind="unknown")
        if not self._counter.has_room(now):
            if not self._rules.headers:
                return Refused(error, kind="unknown")
            quota = (Window(self._limit, self._window), Concurrent(self._permits))
            return Refused(error, kind="window", retry_after=math.ceil(self._window), quota=quota)
        if self.running >= self._permits:
            if not self._rules.headers:
                return Refused(error, kind="unknown")
            return Refused(error, kind="concurrency", retry_after=_PERMIT_WAIT)
        return None

    async def _run(self, latency: float) -> None:
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await asyncio.sleep(latency)
        finally:
            self.running -= 1

    def _latency(self) -> float:
        spread = self._rules.spread
        return self._rules.latency * (math.exp(self._random.gauss(0.0, spread)) if spread else 1.0)

    def _outage(self) -> Outage | None:
        now = asyncio.get_running_loop().time()
        for outage in self._rules.outages:
            if outage.at * 3600 <= now < outage.at * 3600 + outage.seconds:
                return outage
        return None
