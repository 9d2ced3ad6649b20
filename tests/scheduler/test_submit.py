from __future__ import annotations

import anyio
import pytest

from request_scheduler import Budget, Call, Concurrent, Freshness, NotCached, Scheduler, UnknownBudget, Window
from tests.scheduler.service import Service, fullest_window

HOURLY = Budget("query", (Window(60, 3600.0), Concurrent(5)))


async def test_a_call_is_answered_by_its_run() -> None:
    service = Service(seconds=2.0)
    async with Scheduler([HOURLY]) as scheduler:
        answer = await scheduler.submit(service.call("a"))
    assert (answer.value, answer.origin, answer.cost, answer.attempts, answer.waited) == ("a", "network", 1, 1, 0.0)


async def test_two_hundred_equal_calls_are_sent_once() -> None:
    service = Service()
    origins: list[str] = []
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:

        async def ask() -> None:
            origins.append((await scheduler.submit(service.call("same"))).origin)

        for _ in range(200):
            tasks.start_soon(ask)
    assert len(service.sent) == 1
    assert sorted(origins) == ["flight"] * 199 + ["network"]


async def test_calls_without_a_key_are_never_shared() -> None:
    service = Service()
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(scheduler.submit, service.call())
    assert len(service.sent) == 3


async def test_no_window_and_no_permit_is_exceeded() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        for number in range(130):
            tasks.start_soon(scheduler.submit, service.call(str(number)))
    assert len(service.sent) == 130
    assert service.peak == 5
    assert fullest_window(service.sent, 3600.0) <= 60


async def test_an_answer_is_served_again_while_it_lives() -> None:
    service = Service()
    async with Scheduler([HOURLY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=60.0))
        await anyio.sleep(30.0)
        again = await scheduler.submit(service.call("a", ttl=60.0))
        assert (again.origin, again.cost) == ("cache", 0)
        assert again.age == pytest.approx(30.0)
        await anyio.sleep(31.0)
        assert (await scheduler.submit(service.call("a", ttl=60.0))).origin == "network"


async def test_an_offline_call_never_sends() -> None:
    service = Service()
    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(NotCached):
            await scheduler.submit(service.call("a", freshness=Freshness.OFFLINE))
    assert service.sent == []


async def test_an_undefined_budget_is_named() -> None:
    service = Service()
    async with Scheduler() as scheduler:
        with pytest.raises(UnknownBudget, match="query"):
            await scheduler.submit(service.call("a"))


async def test_an_error_of_the_run_reaches_every_caller_as_it_is() -> None:
    failure = ValueError("no such event")
    caught: list[BaseException] = []

    async def run() -> str:
        await anyio.sleep(1.0)
        raise failure

    async with Scheduler() as scheduler, anyio.create_task_group() as tasks:

        async def ask() -> None:
            with pytest.raises(ValueError) as info:
                await scheduler.submit(Call(run, key="bad"))
            caught.append(info.value)

        for _ in range(3):
            tasks.start_soon(ask)
    assert caught == [failure] * 3
