"""A scheduler belongs to one event loop of one process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio.from_thread import start_blocking_portal

import request_scheduler
from request_scheduler import Budget, Call, Concurrent, Scheduler, SchedulerClosed, Window
from tests.scheduler.service import Service

CALLER = ContextVar("caller", default="nobody")


async def test_a_scheduler_that_was_not_opened_says_so() -> None:
    with pytest.raises(SchedulerClosed, match="not open"):
        await Scheduler().submit(Service().call("a", spends=()))


async def test_a_closed_scheduler_says_so() -> None:
    async with Scheduler() as scheduler:
        pass
    with pytest.raises(SchedulerClosed):
        await scheduler.submit(Service().call("a", spends=()))


async def test_callers_that_wait_are_told_when_the_scheduler_closes() -> None:
    service = Service(seconds=100.0)
    told: list[str] = []
    async with anyio.create_task_group() as tasks, Scheduler([Budget("query", (Concurrent(1),))]) as scheduler:

        async def ask(name: str) -> None:
            with pytest.raises(SchedulerClosed):
                await scheduler.submit(service.call(name))
            told.append(name)

        for name in ("runs", "waits"):
            tasks.start_soon(ask, name)
        await anyio.sleep(1.0)
    assert sorted(told) == ["runs", "waits"]


async def test_another_event_loop_is_told_that_it_is_another() -> None:
    async with Scheduler() as scheduler:
        call = Service().call("a", spends=())

        def elsewhere() -> None:
            with pytest.raises(SchedulerClosed, match="another event loop"):
                asyncio.run(scheduler.submit(call))

        await anyio.to_thread.run_sync(elsewhere)


async def test_a_forked_process_is_told_that_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Scheduler() as scheduler:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(SchedulerClosed, match="fork"):
            await scheduler.submit(Service().call("a", spends=()))
        monkeypatch.undo()


def test_fifty_threads_share_one_request_through_a_portal() -> None:
    sent: list[int] = []
    everyone_asked = anyio.Event

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Scheduler([Budget("query")])) as scheduler,
    ):
        gate = portal.call(everyone_asked)

        async def run() -> str:
            sent.append(1)
            await gate.wait()
            return "answer"

        async def open_gate() -> None:
            while scheduler.status().counters.submitted < 50:
                await anyio.lowlevel.checkpoint()
            gate.set()

        with ThreadPoolExecutor(50) as threads:
            asked = [threads.submit(portal.call, scheduler.submit, Call(run, key="same")) for _ in range(50)]
            portal.call(open_gate)
            assert {answer.result().value for answer in asked} == {"answer"}
    assert len(sent) == 1


def test_importing_it_is_light() -> None:
    code = "import sys, request_scheduler; print(*sorted(sys.modules))"
    path = os.path.dirname(os.path.dirname(request_scheduler.__file__))
    result = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "request_scheduler.scheduler" in loaded
    assert not loaded & {"mixpanel_headless", "aiohttp", "asyncio", "trio", "structlog", "pandas", "cattrs"}


async def test_one_scheduler_serves_two_windows_of_work_and_closes_clean() -> None:
    service = Service()
    async with Scheduler([Budget("query", (Window(2, 10.0),))]) as scheduler:
        for number in range(4):
            await scheduler.submit(service.call(f"{number}"))
    assert len(service.sent) == 4


async def test_a_scheduler_can_be_opened_again_and_remembers_what_was_spent() -> None:
    service = Service()
    scheduler = Scheduler([Budget("query", (Window(5, 3600.0),))])
    for name in "ab":
        async with scheduler:
            await scheduler.submit(service.call(name))
            assert scheduler.status().budgets["query"].used == len(service.sent)


async def test_a_scheduler_is_opened_once_at_a_time() -> None:
    async with Scheduler() as scheduler:
        with pytest.raises(SchedulerClosed, match="open already"):
            await scheduler.__aenter__()


async def test_a_thread_without_an_event_loop_is_told_where_to_call() -> None:
    async with Scheduler() as scheduler:

        def elsewhere() -> None:
            with pytest.raises(SchedulerClosed, match="portal"):
                scheduler.status()

        await anyio.to_thread.run_sync(elsewhere)


async def test_a_run_sees_the_openers_context_and_no_other_callers() -> None:
    seen: list[str] = []

    async def run() -> None:
        seen.append(CALLER.get())

    CALLER.set("opener")
    async with Scheduler() as scheduler:
        CALLER.set("first caller")
        for _ in range(2):
            await scheduler.submit(Call(run))
    assert seen == ["opener", "opener"]


@pytest.mark.parametrize("settings", [{"weights": {"a": 0.0}}, {"ageing": 0.0}])
def test_shares_and_ageing_must_be_positive(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Scheduler(**settings)
