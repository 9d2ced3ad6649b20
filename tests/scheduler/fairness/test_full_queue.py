"""A full queue that drops: a higher call pushes out the newest of the lowest priority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from request_scheduler import Budget, Concurrent, Priority, QueueFull, Scheduler, events
from tests.scheduler.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ONE_AT_ONCE = Budget("query", (Concurrent(1),))


def asker(scheduler: Scheduler, service: Service, dropped: list[str]) -> Callable[..., Coroutine[Any, Any, None]]:
    async def ask(name: str, priority: Priority = Priority.NORMAL) -> None:
        try:
            await scheduler.submit(service.call(name, priority=priority))
        except QueueFull:
            dropped.append(name)

    return ask


async def test_a_higher_call_pushes_out_the_newest_of_the_lowest_priority() -> None:
    service, dropped = Service(seconds=10.0), list[str]()
    async with (
        Scheduler([ONE_AT_ONCE], queue_size=4, when_full="drop lowest") as scheduler,
        anyio.create_task_group() as tasks,
    ):
        ask = asker(scheduler, service, dropped)
        for name, priority in (
            ("runs", Priority.NORMAL),
            ("old batch", Priority.BATCH),
            ("new batch", Priority.BATCH),
            ("normal", Priority.NORMAL),
            ("newest batch", Priority.BATCH),
            ("person", Priority.INTERACTIVE),
            ("another person", Priority.INTERACTIVE),
        ):
            tasks.start_soon(ask, name, priority)
            await anyio.sleep(0.1)
        assert dropped == ["newest batch", "new batch"]
        assert scheduler.status().queued == 4
        assert scheduler.status().counters.turned_away == 2
    assert service.names == ["runs", "person", "another person", "normal", "old batch"]


async def test_an_equal_call_is_refused_itself() -> None:
    service, dropped = Service(seconds=10.0), list[str]()
    async with (
        Scheduler([ONE_AT_ONCE], queue_size=1, when_full="drop lowest") as scheduler,
        anyio.create_task_group() as tasks,
    ):
        ask = asker(scheduler, service, dropped)
        for name in ("runs", "waits"):
            tasks.start_soon(ask, name)
            await anyio.sleep(0.1)
        with pytest.raises(QueueFull):
            await scheduler.submit(service.call("equal"))
    assert dropped == []
    assert service.names == ["runs", "waits"]


async def test_everybody_who_shares_a_dropped_flight_is_told() -> None:
    service, dropped = Service(seconds=10.0), list[str]()
    told: list[str] = []
    async with (
        Scheduler([ONE_AT_ONCE], queue_size=1, when_full="drop lowest") as scheduler,
        anyio.create_task_group() as tasks,
    ):
        scheduler.listen(lambda event: told.append(event.reason) if isinstance(event, events.TurnedAway) else None)
        ask = asker(scheduler, service, dropped)
        for name in ("runs", "shared", "shared", "shared"):
            tasks.start_soon(ask, name)
            await anyio.sleep(0.1)
        await scheduler.submit(service.call("urgent", priority=Priority.INTERACTIVE))
    assert dropped == ["shared"] * 3
    assert told == ["QueueFull"] * 3


async def test_a_call_that_a_joiner_made_urgent_is_not_the_one_to_go() -> None:
    service, dropped = Service(seconds=10.0), list[str]()
    async with (
        Scheduler([ONE_AT_ONCE], queue_size=2, when_full="drop lowest") as scheduler,
        anyio.create_task_group() as tasks,
    ):
        ask = asker(scheduler, service, dropped)
        for name, priority in (
            ("runs", Priority.NORMAL),
            ("first", Priority.BATCH),
            ("second", Priority.BATCH),
            ("second", Priority.INTERACTIVE),
            ("person", Priority.INTERACTIVE),
        ):
            tasks.start_soon(ask, name, priority)
            await anyio.sleep(0.1)
    assert dropped == ["first"]
