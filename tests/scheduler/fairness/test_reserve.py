"""`reserve=10` of 60: ten queries of every hour are for people, fifty for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import (
    Budget,
    Concurrent,
    DeadlineUnreachable,
    ManualClock,
    MemoryStore,
    Priority,
    Scheduler,
    Spend,
    TooWide,
    Window,
)
from request_scheduler.limits import WindowLog
from request_scheduler.stores.redis import RedisStore
from request_scheduler.stores.sqlite import SqliteStore
from request_scheduler.stores.timeline import Timeline
from tests.scheduler.service import QUERY, Service

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import TaskGroup

    from request_scheduler.stores import Store

HOUR = Window(60, 3600.0)
HOURLY = Budget("query", (HOUR,))
RESERVED = {"query": 10}


async def ask(scheduler: Scheduler, service: Service, count: int, priority: Priority) -> None:
    for number in range(count):
        await scheduler.submit(service.call(f"{priority.name} {number}", priority=priority))


async def test_others_get_fifty_and_people_ten() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([HOURLY], reserve=RESERVED) as scheduler:
        await ask(scheduler, service, 50, Priority.BATCH)
        with anyio.move_on_after(60.0):
            await scheduler.submit(service.call("51st", priority=Priority.BATCH))
        assert len(service.sent) == 50
        await ask(scheduler, service, 10, Priority.INTERACTIVE)
    assert len(service.sent) == 60


async def test_what_people_have_used_is_part_of_their_ten() -> None:
    service = Service(seconds=0.0)
    start = anyio.current_time()
    async with Scheduler([HOURLY], reserve=RESERVED) as scheduler:
        await ask(scheduler, service, 10, Priority.INTERACTIVE)
        await ask(scheduler, service, 50, Priority.NORMAL)
    assert anyio.current_time() == pytest.approx(start)


async def test_people_may_use_more_than_their_ten() -> None:
    service = Service(seconds=0.0)
    start = anyio.current_time()
    async with Scheduler([HOURLY], reserve=RESERVED) as scheduler:
        await ask(scheduler, service, 60, Priority.INTERACTIVE)
    assert anyio.current_time() == pytest.approx(start)


async def test_people_in_flight_are_part_of_their_ten() -> None:
    slow, quick = Service(seconds=100.0), Service(seconds=0.0)
    budget = Budget("query", (Window(4, 3600.0),))
    async with Scheduler([budget], reserve={"query": 2}) as scheduler, anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(scheduler.submit, slow.call(f"{number}", priority=Priority.INTERACTIVE))
        await anyio.sleep(1.0)
        await ask(scheduler, quick, 2, Priority.NORMAL)
        assert slow.running == 2


async def test_a_deadline_behind_reserved_slots_is_refused_at_submit() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([HOURLY], reserve=RESERVED) as scheduler:
        await ask(scheduler, service, 50, Priority.NORMAL)
        with pytest.raises(DeadlineUnreachable) as refused:
            await scheduler.submit(service.call("late", deadline=scheduler.now() + 60.0))
        assert scheduler.eta(service.call("person", priority=Priority.INTERACTIVE)) == 0.0
    assert refused.value.eta == pytest.approx(3600.05)


async def test_a_call_wider_than_what_is_not_reserved_fails_at_once() -> None:
    service = Service()
    async with Scheduler([HOURLY], reserve={"query": 60}) as scheduler:
        with pytest.raises(TooWide):
            await scheduler.submit(service.call("a", spends=QUERY))


def let_wait(tasks: TaskGroup, scheduler: Scheduler, service: Service, count: int) -> None:
    for number in range(count):
        tasks.start_soon(scheduler.submit, service.call(f"waiting {number}"))


async def test_ten_people_an_hour_start_at_once_however_long_others_have_waited() -> None:
    service = Service(seconds=2.0)
    async with Scheduler([HOURLY], reserve=RESERVED) as scheduler, anyio.create_task_group() as tasks:
        let_wait(tasks, scheduler, service, 200)
        for hour in range(2):
            await anyio.sleep(3000.0)
            waited = [
                (await scheduler.submit(service.call(f"{hour} {number}", priority=Priority.INTERACTIVE))).waited
                for number in range(10)
            ]
            assert waited == [0.0] * 10
            assert len(service.sent) == 60 * (hour + 1)
            await anyio.sleep(600.0)
        tasks.cancel_scope.cancel()


async def test_a_person_does_not_wait_for_the_permit_that_a_blocked_call_was_promised() -> None:
    service = Service(seconds=100.0)
    budget = Budget("query", (Window(4, 3600.0), Concurrent(2)))
    async with Scheduler([budget], reserve={"query": 1}) as scheduler, anyio.create_task_group() as tasks:
        let_wait(tasks, scheduler, service, 2)
        await anyio.sleep(110.0)
        let_wait(tasks, scheduler, Service(seconds=2000.0), 2)
        await anyio.sleep(800.0)
        assert (await scheduler.submit(service.call("person", priority=Priority.INTERACTIVE))).waited == 0.0
        tasks.cancel_scope.cancel()


async def test_people_beyond_their_part_do_not_keep_others_from_theirs() -> None:
    service = Service(seconds=0.0)
    budget = Budget("query", (Window(4, 60.0),))
    async with (
        Scheduler([budget], reserve={"query": 1}, ageing=60.0) as scheduler,
        anyio.create_task_group() as tasks,
    ):

        async def crowd() -> None:
            while True:
                tasks.start_soon(scheduler.submit, service.call(priority=Priority.INTERACTIVE))
                await anyio.sleep(5.0)

        tasks.start_soon(crowd)
        await anyio.sleep(30.0)
        heavy = await scheduler.submit(service.call("heavy", spends=(Spend("query", 3),)))
        assert heavy.waited <= 2 * 60.0 + 60.0
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"])
async def test_a_person_passes_an_old_backlog_in_every_store(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clock = ManualClock()
    budget, urgent = Budget("query", (Window(6, 3600.0),), margin=0.0), Priority.INTERACTIVE
    url = request.getfixturevalue("redis_server").url if kind == "redis" else ""
    service = Service(seconds=0.0)
    async with (
        Scheduler([budget], store=store(kind, tmp_path, url, clock), clock=clock, reserve={"query": 2}) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        let_wait(tasks, scheduler, service, 8)
        with anyio.fail_after(10):
            while len(service.sent) < 4 or scheduler.status().in_flight:
                await anyio.lowlevel.checkpoint()
            await clock.advance(3000.0)
            for name in ("first", "second"):
                answer = await scheduler.submit(service.call(name, priority=urgent))
                assert answer.waited == 0.0
            assert (scheduler.status().queued, len(service.sent)) == (4, 6)
            tasks.start_soon(scheduler.submit, service.call("third", priority=urgent))
            await clock.advance(600.0)
            while len(service.sent) < 10:
                await anyio.lowlevel.checkpoint()
        assert sorted(service.names[6:]) == ["third", *(f"waiting {number}" for number in (4, 5, 6))]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"])
async def test_a_person_passes_a_heavy_call_only_with_what_is_reserved_in_every_store(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clock = ManualClock()
    budget, urgent = Budget("query", (Window(5, 3600.0),), margin=0.0), Priority.INTERACTIVE
    url = request.getfixturevalue("redis_server").url if kind == "redis" else ""
    service = Service(seconds=0.0)
    async with (
        Scheduler([budget], store=store(kind, tmp_path, url, clock), clock=clock, reserve={"query": 1}) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for units in (3, 4):
            tasks.start_soon(scheduler.submit, service.call(f"heavy {units}", spends=(Spend("query", units),)))
        with anyio.fail_after(10):
            while len(service.sent) < 1 or scheduler.status().in_flight:
                await anyio.lowlevel.checkpoint()
            await clock.advance(3000.0)
            assert (await scheduler.submit(service.call("first", priority=urgent))).waited == 0.0
            tasks.start_soon(scheduler.submit, service.call("second", priority=urgent))
            await clock.advance(600.0)
            while len(service.sent) < 3:
                await anyio.lowlevel.checkpoint()
        assert service.names == ["heavy 3", "first", "heavy 4"], (
            "the second would have taken what the heavy one waits for"
        )
        tasks.cancel_scope.cancel()


def store(kind: str, folder: Path, url: str, clock: ManualClock) -> Store:
    timeline = Timeline(of=lambda _: 1000.0 + clock.now(), wall=clock.wall)
    if kind == "sqlite":
        return SqliteStore(folder / "budget.sqlite", timeline=timeline, lease=10_000.0)
    return RedisStore(url, group=uuid4().hex, timeline=timeline, lease=10_000.0) if url else MemoryStore()


@given(
    settled=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=12).map(sorted),
    limit=st.integers(2, 8),
    kept=st.integers(0, 6),
    ahead=st.integers(1, 30),
)
def test_the_forecast_leaves_out_the_slots_that_are_kept(
    settled: list[tuple[float, bool]], limit: int, kept: int, ahead: int
) -> None:
    """Never later than a replay of admission: what is refused at submit for its deadline could not have been met."""
    kept = min(kept, limit - 1)
    settled = settled[-limit:]

    def log() -> WindowLog:
        filled = WindowLog(Window(limit, 60.0), 60.0)
        for moment, urgent in settled:
            filled.add(1, moment, "tenant", urgent=urgent)
        return filled

    replayed, start = log(), 100.0
    for _ in range(ahead):
        start = replayed.free_at(1, 0, start, kept=kept)
        replayed.add(1, start, "tenant")
    forecast = log().forecast(ahead, 0, 100.0, 0.0, kept=kept)
    assert forecast <= start + 1e-9
    if not any(urgent for _, urgent in settled):
        assert forecast == pytest.approx(start)
