"""A simulation from its schedulers to its report."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import anyio

from request_scheduler.call import Call, Priority, Spend
from request_scheduler.limits import Budget, Concurrent, Window
from request_scheduler.scheduler import Scheduler
from request_scheduler.simulate.crowd import Ask, Crowd
from request_scheduler.simulate.service import SimulatedService
from request_scheduler.simulate.shares import Shares
from request_scheduler.simulate.tally import Report, Tally, sum_up
from request_scheduler.virtual_time import VirtualClock, run_virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from request_scheduler.admission import WhenFull
    from request_scheduler.cache.shared import SharedCache
    from request_scheduler.call import Answer
    from request_scheduler.simulate.workload import Workload
    from request_scheduler.stores import Store

_QUERY = "query"
_LEASE = 3600.0  # nobody dies in a simulation, so nobody needs to say often that it lives
_LOOKS = 200  # how often in all somebody who watches is told
_PRIORITIES = {priority.name.lower(): priority for priority in Priority}


class Simulation:
    """One run of a workload; the same seed gives the same report.

    It needs a thread without a running event loop: in a notebook, `await asyncio.to_thread(simulation.run)`.
    `watch` is called now and then with the simulation itself. `stop`, from a signal handler or another thread, ends it
    early; the report then tells what has happened up to then.
    """

    def __init__(
        self, workload: Workload, *, seed: int = 1, watch: Callable[[Simulation], object] | None = None
    ) -> None:
        self.workload, self.seed, self.watch = workload, seed, watch
        self.service = SimulatedService(workload, seed)
        self.tally = Tally()
        self.seconds = 0.0
        self._tenants = {tenant.name: tenant for tenant in workload.tenants}
        self._shares = Shares(self._tenants, self._waiting) if workload.shares and workload.budget else None
        self._schedulers: list[Scheduler] = []
        self._stop: Callable[[], object] | None = None
        self._stopped = False

    def run(self) -> Report:
        """Simulate all of it."""
        run_virtually(self._main)
        return self.report()

    def stop(self) -> None:
        """End it now."""
        self._stopped = True
        if self._stop is not None:
            self._stop()

    @property
    def hours(self) -> float:
        """How much of it has passed."""
        return self.seconds / 3600

    def report(self) -> Report:
        """What has happened so far."""
        finished = not self._stopped
        return sum_up(self.workload, self.tally, self.service, self._shares, self.seconds, finished=finished)

    # -- on the loop

    async def _main(self) -> None:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory())) if self.workload.machines > 1 else None
            for machine in range(self.workload.machines):
                scheduler = await stack.enter_async_context(self._make_scheduler(machine, folder))
                if self._shares is not None:
                    scheduler.listen(self._shares.hear)
                self._schedulers.append(scheduler)
            await self._perform()

    async def _perform(self) -> None:
        """Let the crowd ask until the end of the simulation, its own end, or `stop`."""
        clock = asyncio.get_running_loop()
        with anyio.move_on_at(self.workload.seconds) as scope:
            self._stop = partial(clock.call_soon_threadsafe, scope.cancel)
            if self._stopped:
                scope.cancel()
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(work) for work in self._beside()]
                await Crowd(self.workload, self.seed, self._ask, self.tally).run()
                for task in beside:
                    task.cancel()
        self._stop = None
        self.seconds = clock.time()

    def _beside(self) -> list[Coroutine[None, None, None]]:
        work: list[Coroutine[None, None, None]] = []
        if self.workload.service.foreign:
            work.append(self.service.spend_elsewhere())
        if self.watch is not None:
            work.append(self._tell(self.watch))
        return work

    async def _tell(self, watch: Callable[[Simulation], object]) -> None:
        clock = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.workload.seconds / _LOOKS)
            self.seconds = clock.time()
            watch(self)

    async def _ask(self, ask: Ask) -> Answer[object]:
        """One call by the real scheduler of its machine."""
        workload, tenant = self.workload, ask.tenant
        scheduler = self._schedulers[ask.machine]
        ttl = ask.question.life(workload.answers) if workload.cache else 0.0
        call: Call[object] = Call(
            partial(self.service.request, ask.question, ttl),
            # Other machines know a bare tuple; a key of a type of one's own stays in its process.
            key=tuple(ask.question) if workload.coalescing else None,
            spends=(Spend(_QUERY),) if workload.budget else (),
            priority=_PRIORITIES[tenant.priority],
            tenant=tenant.name if workload.shares else "all",
            deadline=None if tenant.deadline is None else scheduler.now() + tenant.deadline,
            attempts=1 + max(3, workload.retries),
            circuit="service",
            outlasts=workload.retries > 0,
        )
        return await scheduler.submit(call)

    def _make_scheduler(self, machine: int, folder: Path | None) -> Scheduler:
        workload, clock = self.workload, VirtualClock()
        random = Random(f"{self.seed}/machine {machine}")  # noqa: S311 - draws that can be repeated
        store, answers = (None, None) if folder is None else _open_files(folder, clock, random)
        return Scheduler(
            [Budget(_QUERY, (Window(workload.limit, workload.window), Concurrent(workload.concurrency)))],
            store=store,
            shared_cache=answers if workload.cache else None,
            clock=clock,
            queue_size=workload.queue_size,
            when_full=cast("WhenFull", workload.when_full),
            weights={tenant.name: tenant.weight for tenant in workload.tenants} if workload.shares else None,
            minimum={t.name: t.minimum for t in workload.tenants if t.minimum} if workload.shares else None,
            ageing=workload.ageing,
            reserve={_QUERY: workload.reserve},
            random=random,
        )

    def _waiting(self) -> Counter[str]:
        """Calls that wait, by tenant, on all machines."""
        waiting: Counter[str] = Counter()
        for scheduler in self._schedulers:
            waiting.update(scheduler.status().queued_by_tenant)
        return waiting


def _open_files(folder: Path, clock: VirtualClock, random: Random) -> tuple[Store, SharedCache]:
    """What several machines share: the stores that processes of one machine share, on virtual time."""
    from request_scheduler.cache.disk import DiskCache
    from request_scheduler.stores.sqlite import SqliteStore
    from request_scheduler.stores.timeline import Timeline

    timeline = Timeline(of=lambda now: now, boot="simulated", wall=clock.wall)
    store = SqliteStore(folder / "budget", lease=_LEASE, timeline=timeline, random=random)
    return store, DiskCache(folder / "answers")
