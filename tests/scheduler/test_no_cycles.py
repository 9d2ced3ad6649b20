"""What ends is freed at once: an answer may be large, and the garbage collector late."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import (
    Allowance,
    Budget,
    Call,
    Concurrent,
    Failed,
    Freshness,
    NotSent,
    Refused,
    Scheduler,
    Spend,
    Window,
)
from tests.scheduler.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOURLY = Budget("query", (Window(60, 3600.0), Concurrent(5)))
HOURLY_SPEND = (Spend("query"),)


@contextmanager
def left_to_the_collector() -> Iterator[Counter[str]]:
    """Counts what of the scheduler's the block leaves in cycles, by type.

    What was there before is frozen out: an earlier test's scheduler may become garbage only within the block.
    """
    left: Counter[str] = Counter()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield left
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        ours = (type(one) for one in gc.garbage)
        left.update(kind.__name__ for kind in ours if kind.__module__.startswith(("request_scheduler", "tests.")))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()


async def test_an_answered_call_is_freed_at_once() -> None:
    service = Service()
    async with Scheduler([HOURLY]) as scheduler:
        with left_to_the_collector() as left:
            for number in range(20):
                await scheduler.submit(service.call(str(number), freshness=Freshness.FRESH))
    assert not left


async def test_calls_that_waited_together_are_freed_at_once() -> None:
    service = Service(seconds=5.0)
    async with Scheduler([HOURLY]) as scheduler:
        with left_to_the_collector() as left:
            async with anyio.create_task_group() as tasks:
                for number in range(80):
                    tasks.start_soon(scheduler.submit, service.call(str(number % 70)))
    assert not left


async def test_a_call_that_is_given_up_is_freed_at_once() -> None:
    service = Service(seconds=5.0)
    async with Scheduler([HOURLY]) as scheduler:
        with left_to_the_collector() as left:
            for number in range(8):
                with anyio.move_on_after(1.0) as patience:
                    await scheduler.submit(service.call(str(number)))
                assert patience.cancelled_caught
            await anyio.sleep(1.0)
    assert not left


@pytest.mark.parametrize(
    "wrap", [lambda error: error, Failed, NotSent, lambda error: Refused(error, kind="unknown")], ids=lambda _: ""
)
async def test_a_failed_call_is_freed_at_once(wrap: Callable[[Exception], Exception]) -> None:
    async def fail() -> str:
        raise wrap(LookupError("no such report"))

    async with Scheduler([HOURLY]) as scheduler:
        failures = 0
        with left_to_the_collector() as left:
            for number in range(5):
                call: Call[str] = Call(fail, str(number), HOURLY_SPEND, attempts=1, allowance=Allowance("job", 9))
                try:
                    await scheduler.submit(call)
                except LookupError:
                    failures += 1
    assert failures == 5
    assert not left
