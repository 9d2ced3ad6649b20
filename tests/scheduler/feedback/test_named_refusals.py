"""A refusal that names a limit pauses the budget and leaves the call its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import (
    Allowance,
    Budget,
    CeilingReached,
    Concurrent,
    DeadlinePassed,
    Failed,
    Refused,
    Scheduler,
    Window,
)
from tests.scheduler.service import Service, query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from request_scheduler.outcome import RefusalKind

HOURLY = Budget("query", (Window(60, 3600.0), Concurrent(5)))
HOUR = 3600.0


class LimitError(Exception):
    """What the service says."""


def spent_by_others(until: float, sent: list[float], kind: RefusalKind = "window") -> Callable[[], Awaitable[str]]:
    """A run that is refused for as long as somebody else has the budget."""

    async def run() -> str:
        sent.append(anyio.current_time())
        await anyio.sleep(0.5)
        if anyio.current_time() < until:
            raise Refused(LimitError(kind), kind=kind, retry_after=HOUR)
        return "answer"

    return run


async def test_a_probing_call_outlives_a_budget_that_somebody_else_has_spent() -> None:
    sent: list[float] = []
    async with Scheduler([HOURLY]) as scheduler:
        answer = await scheduler.submit(query(spent_by_others(anyio.current_time() + 1.5 * HOUR, sent), attempts=2))
    assert answer.value == "answer"
    assert answer.attempts == len(sent) > 2


async def test_waiting_for_somebody_elses_permits_does_not_use_up_attempts_either() -> None:
    sent: list[float] = []
    run = spent_by_others(anyio.current_time() + 600.0, sent, "concurrency")
    async with Scheduler([HOURLY]) as scheduler:
        assert (await scheduler.submit(query(run, attempts=1))).value == "answer"
    assert len(sent) > 2


async def test_named_refusals_count_against_the_ceiling_of_a_task() -> None:
    sent: list[float] = []
    allowance = Allowance("report", max_requests=3)
    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(CeilingReached):
            await scheduler.submit(query(spent_by_others(10 * HOUR, sent), allowance=allowance))
    assert len(sent) == 3


async def test_a_deadline_ends_the_wait_for_a_budget_that_somebody_else_has_spent() -> None:
    sent: list[float] = []
    async with Scheduler([HOURLY]) as scheduler:
        call = query(spent_by_others(10 * HOUR, sent), deadline=scheduler.now() + 300.0)
        with pytest.raises(DeadlinePassed):
            await scheduler.submit(call)
    assert 0 < len(sent) < 5


@pytest.mark.parametrize("budget", [HOURLY, Budget("query", (Concurrent(5),))])
async def test_a_call_refused_for_windows_on_end_is_told_so(budget: Budget) -> None:
    sent: list[float] = []
    start = anyio.current_time()
    async with Scheduler([budget]) as scheduler:
        with pytest.raises(LimitError):
            await scheduler.submit(query(spent_by_others(start + 1e9, sent, "concurrency")))
    assert anyio.current_time() - start < 10 * HOUR


async def test_named_refusals_leave_a_call_its_attempts_for_other_failures() -> None:
    sent: list[float] = []
    refused = spent_by_others(anyio.current_time() + HOUR, sent)

    async def run() -> str:
        await refused()
        raise Failed(OSError("cut"), retry=True)

    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(OSError, match="cut"):
            await scheduler.submit(query(run, attempts=3))
    answered = [moment for moment in sent if moment + 0.5 >= HOUR]
    assert len(answered) == 3


async def test_no_call_is_lost_when_half_of_the_budget_goes_to_somebody_else() -> None:
    """The service holds 60 an hour, of which somebody else takes 30 at the start."""
    service = Service(seconds=1.0)
    counted = [anyio.current_time()] * 30
    refused: list[float] = []

    def ask(number: int) -> Callable[[], Awaitable[object]]:
        request = service.request(str(number))

        async def run() -> object:
            now = anyio.current_time()
            if sum(now - moment < HOUR for moment in counted) >= 60:
                refused.append(now)
                raise Refused(LimitError(), kind="window", retry_after=HOUR)
            counted.append(now)
            return await request()

        return run

    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(scheduler.submit, query(ask(number)))
    assert sorted(service.names, key=int) == [str(number) for number in range(100)]
    assert len(refused) <= 20
