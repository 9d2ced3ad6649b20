"""`reserve=10` of 60: ten queries of every hour are for people, fifty for everything else."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Budget, DeadlineUnreachable, Priority, Scheduler, TooWide, Window
from request_scheduler.limits import WindowLog
from tests.scheduler.service import QUERY, Service

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
