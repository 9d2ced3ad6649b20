"""Schedulers on one budget, in a file or on a server, and one cache: each stands for a process of its own.

Event loops are real, since threads work beside them; time comes from a clock that only tests move.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest
from attrs import define, field

from request_scheduler import Budget, Call, ManualClock, Outcome, Scheduler, Spend, Window
from request_scheduler.cache.disk import DiskCache
from request_scheduler.stores.redis import RedisStore
from request_scheduler.stores.sqlite import SqliteStore
from request_scheduler.stores.timeline import Timeline
from tests.scheduler.loops import anyio_backend  # noqa: F401 - a fixture of this folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from anyio.abc import TaskGroup, TaskStatus

    from request_scheduler import Answer
    from request_scheduler.cache.shared import SharedCache
    from request_scheduler.stores import OnLoss

ROOMY = Budget("query", (Window(60, 3600.0),), margin=0.0)
LEASE = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Let the other tasks go on until something is so."""
    with anyio.fail_after(10):
        while not condition():
            await anyio.lowlevel.checkpoint()


@define(eq=False)
class Caller:
    """One caller: what it got, or what it was told."""

    scope: anyio.CancelScope = field(factory=anyio.CancelScope)
    answer: Answer[object] | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.error is not None

    async def call(self, scheduler: Scheduler, call: Call[object]) -> None:
        with self.scope:
            try:
                self.answer = await scheduler.submit(call)
            except Exception as error:
                self.error = error


@define(eq=False)
class Machine:
    """A machine on which processes ask one service, which remembers what was sent, and answers when it is told to.

    With the address of a `server` the budget is there, and another machine of the same address shares it.
    """

    folder: Path
    tasks: TaskGroup
    server: str = ""
    clock: ManualClock = field(factory=ManualClock)
    sent: list[str] = field(factory=list)
    running: int = 0
    peak: int = 0
    gates: dict[str, anyio.Event] = field(factory=dict)
    _ends: dict[Scheduler, tuple[anyio.Event, anyio.Event]] = field(factory=dict)

    def store(self, on_loss: OnLoss) -> SqliteStore | RedisStore:
        timeline = Timeline(of=lambda _: 1000.0 + self.clock.now(), wall=self.clock.wall)
        if self.server:
            return RedisStore(self.server, timeline=timeline, lease=LEASE, on_loss=on_loss)
        return SqliteStore(self.folder / "budget-v1.sqlite", timeline=timeline, lease=LEASE, on_loss=on_loss)

    async def start(
        self,
        budget: Budget = ROOMY,
        *,
        shares_budget: bool = True,
        shares_answers: bool = True,
        answers: str | SharedCache = "answers.sqlite",
        on_loss: OnLoss = "wait",
    ) -> Scheduler:
        """Another process, which keeps its answers in a file of the machine or in a cache of its own."""
        cache = DiskCache(self.folder / answers) if isinstance(answers, str) else answers
        scheduler = Scheduler(
            [budget],
            store=self.store(on_loss) if shares_budget else None,
            shared_cache=cache if shares_answers else None,
            clock=self.clock,
        )
        await self.tasks.start(self._live, scheduler)
        return scheduler

    async def _live(self, scheduler: Scheduler, *, task_status: TaskStatus[None]) -> None:
        end, ended = self._ends[scheduler] = anyio.Event(), anyio.Event()
        async with scheduler:
            task_status.started()
            await end.wait()
        ended.set()

    async def close(self, *processes: Scheduler) -> None:
        """Let processes end in an orderly way, all of them unless some are named."""
        for process in processes or tuple(self._ends):
            end, ended = self._ends.pop(process)
            end.set()
            await ended.wait()

    def question(
        self, name: str, *, ttl: float = 100.0, error: Exception | None = None, **wishes: object
    ) -> Call[object]:
        """A call that is answered once its gate is open; the first one that is sent finds it shut if there is one."""

        async def run() -> Outcome[object]:
            self.sent.append(name)
            number = len(self.sent)
            self.running += 1
            self.peak = max(self.peak, self.running)
            try:
                if name in self.gates:
                    await self.gates[name].wait()
            finally:
                self.running -= 1
            if error is not None:
                raise error
            return Outcome({"answer": number}, ttl=ttl, size=20)

        return Call(run, **({"key": name, "spends": (Spend("query"),)} | wishes))  # type: ignore[arg-type]

    def shut(self, name: str) -> anyio.Event:
        """Let a question wait for its answer until the gate is set."""
        self.gates[name] = anyio.Event()
        return self.gates[name]

    def ask(self, scheduler: Scheduler, call: Call[object]) -> Caller:
        """Ask in a task of its own."""
        caller = Caller()
        self.tasks.start_soon(caller.call, scheduler, call)
        return caller

    async def lead(self, scheduler: Scheduler, call: Call[object]) -> Caller:
        """Ask, and wait until the request is sent."""
        before = len(self.sent)
        caller = self.ask(scheduler, call)
        await until(lambda: len(self.sent) > before)
        return caller

    async def follow(self, scheduler: Scheduler, call: Call[object]) -> Caller:
        """Ask what another process runs, and wait until the store has said so: whoever asks next is sent by then."""
        caller = self.ask(scheduler, call)
        await until(lambda: scheduler.status().queued > 0)
        await scheduler.submit(Call(anyio.lowlevel.checkpoint, spends=(Spend("query"),)))
        assert scheduler.status().queued == 1
        return caller


@pytest.fixture
def new_machine(tmp_path: Path) -> Callable[..., object]:
    @asynccontextmanager
    async def make(server: str = "") -> AsyncIterator[Machine]:
        async with anyio.create_task_group() as tasks:
            machine = Machine(tmp_path / "state", tasks, server)
            try:
                yield machine
            except BaseException:
                tasks.cancel_scope.cancel()
                raise
            await machine.close()

    return make
