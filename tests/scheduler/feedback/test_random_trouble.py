"""Refusals, failures, outages, ceilings and a queue that drops, all at once: every caller learns its fate, nothing leaks.

Hypothesis draws the trouble and prints what fails; the run itself is deterministic, because time is virtual.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Literal

import anyio
import pytest
from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from request_scheduler import (
    Allowance,
    Breaker,
    Budget,
    Call,
    Concurrent,
    Failed,
    NotSent,
    Priority,
    Refused,
    Scheduler,
    SchedulerError,
    Settlement,
    Window,
)
from tests.scheduler.service import QUERY
from tests.scheduler.test_random_workloads import run_virtually

if TYPE_CHECKING:
    from request_scheduler.admission import WhenFull

BUDGET = Budget("query", (Window(6, 60.0), Concurrent(3)))
Trouble = Literal["none", "window", "concurrency", "unknown", "failed", "outage", "unreachable", "bug"]


class TroubleError(Exception):
    """What went wrong with the service."""


@frozen
class Ask:
    arrives: float
    seconds: float
    priority: Priority
    tenant: str
    key: int | None
    patience: float | None
    leaves: float | None
    outlasts: bool
    task: int
    meets: tuple[Trouble, ...]


asks = st.builds(
    Ask,
    arrives=st.floats(0, 100),
    seconds=st.floats(0, 5),
    priority=st.sampled_from(Priority),
    tenant=st.sampled_from("abc"),
    key=st.none() | st.integers(0, 3),
    patience=st.none() | st.floats(0, 200),
    leaves=st.none() | st.floats(0, 200),
    outlasts=st.booleans(),
    task=st.integers(0, 2),
    meets=st.lists(
        st.sampled_from(["none", "window", "concurrency", "unknown", "failed", "outage", "unreachable", "bug"]),
        max_size=6,
    ).map(tuple),
)


@define(eq=False)
class Run:
    """One question on its way: meets its troubles one after another, then is answered."""

    ask: Ask
    counted: list[float]
    sent: int = 0

    async def __call__(self) -> str:
        met = self.ask.meets[self.sent : self.sent + 1]
        self.sent += 1
        counts = not met or met[0] in {"none", "failed", "outage", "bug"}
        if counts:
            self.counted.append(anyio.current_time())
        await anyio.sleep(self.ask.seconds)
        if met and met[0] != "none":
            raise self.trouble(met[0])
        return "answer"

    def trouble(self, kind: Trouble) -> Exception:
        error = TroubleError(kind)
        match kind:
            case "window" | "concurrency" | "unknown":
                return Refused(error, kind=kind, retry_after=60.0)
            case "failed":
                return Failed(error, settlement=Settlement.UNKNOWN, retry=True)
            case "outage":
                return Failed(error, retry=True, outage=True)
            case "unreachable":
                return NotSent(error, retry=True, outage=True)
        return error


@define(eq=False)
class World:
    """Everybody who asks, and what became of them."""

    when_full: WhenFull
    seed: int
    counted: list[float] = field(factory=list)
    fates: list[str] = field(factory=list)
    tasks: tuple[Allowance, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        around = Allowance("around", 25)
        self.tasks = (around, Allowance("inside", 10, max_wait=150.0, parent=around), Allowance("apart"))

    async def live(self, workload: list[Ask]) -> None:
        scheduler = Scheduler(
            [BUDGET],
            queue_size=4,
            when_full=self.when_full,
            weights={"a": 2.0},
            minimum={"b": 0.3},
            reserve={"query": 2},
            ageing=30.0,
            breaker=Breaker(failures=2, rest=5.0),
            random=Random(self.seed),
        )
        async with scheduler:
            async with anyio.create_task_group() as people:
                for ask in workload:
                    people.start_soon(self.come, scheduler, ask)
            await anyio.sleep(61.0)
            status = scheduler.status()
            assert (status.queued, status.in_flight) == (0, 0)
            assert (status.budgets["query"].used, status.budgets["query"].permits_held) == (0, 0)
            assert not scheduler._control.roster.aloft
            assert not scheduler._control.roster.by_key

    async def come(self, scheduler: Scheduler, ask: Ask) -> None:
        await anyio.sleep(ask.arrives)
        call: Call[str] = Call(
            Run(ask, self.counted),
            key=ask.key,
            spends=QUERY,
            priority=ask.priority,
            tenant=ask.tenant,
            deadline=None if ask.patience is None else scheduler.now() + ask.patience,
            allowance=self.tasks[ask.task],
            circuit="host",
            outlasts=ask.outlasts,
        )
        fate = "left"
        with anyio.move_on_after(ask.leaves):
            try:
                fate = (await scheduler.submit(call)).value
            except (SchedulerError, TroubleError) as error:
                fate = type(error).__name__
        self.fates.append(fate)


@pytest.mark.parametrize("library", ["asyncio", "trio"])
@pytest.mark.parametrize("when_full", ["wait", "refuse", "drop lowest"])
@settings(max_examples=60)
@given(workload=st.lists(asks, max_size=30), seed=st.integers(0, 2**32))
def test_every_caller_learns_its_fate_and_nothing_leaks(
    library: str, when_full: WhenFull, workload: list[Ask], seed: int
) -> None:
    world = World(when_full, seed)

    async def live() -> None:
        await world.live(workload)

    run_virtually(library, live)
    assert len(world.fates) == len(workload)
    for first, later in zip(world.counted, world.counted[6:], strict=False):
        assert later - first >= 60.0
    assert all(0 <= task.used <= (task.max_requests or 99) for task in world.tasks)
