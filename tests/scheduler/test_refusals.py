"""What the service's refusals teach, end to end; the pure rules are in test_feedback.py."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import (
    Budget,
    Concurrent,
    Failed,
    NotSent,
    Outcome,
    Refused,
    Scheduler,
    Settlement,
    Spend,
    TooWide,
    Window,
)
from tests.scheduler.service import Service, query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOURLY = Budget("query", (Window(60, 3600.0), Concurrent(5)))


class LimitError(Exception):
    """What the caller gets in the end."""


def refusing(times: int, refusal: Callable[[], Exception], sent: list[float]) -> Callable[[], Awaitable[Outcome[str]]]:
    """A run that the service turns away a number of times before it answers."""

    async def run() -> Outcome[str]:
        sent.append(anyio.current_time())
        await anyio.sleep(0.5)
        if len(sent) <= times:
            raise refusal()
        return Outcome("answer")

    return run


async def test_a_refused_call_is_sent_again_and_answered() -> None:
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="window", retry_after=3600), sent)
    async with Scheduler([HOURLY]) as scheduler:
        answer = await scheduler.submit(query(run))
        assert (answer.value, answer.attempts, answer.cost) == ("answer", 2, 1)
        assert scheduler.status().budgets["query"].used == 1


async def test_a_refusal_that_the_own_log_cannot_explain_pauses_a_share_of_the_window_and_doubles() -> None:
    sent: list[float] = []
    run = refusing(3, lambda: Refused(LimitError(), kind="window", retry_after=3600), sent)
    async with Scheduler([HOURLY]) as scheduler:
        await scheduler.submit(query(run))
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert gaps == [pytest.approx(60.5), pytest.approx(120.5), pytest.approx(240.5)]


async def test_after_an_impossible_refusal_requests_are_paced_for_a_window() -> None:
    sent: list[float] = []
    service = Service()
    run = refusing(1, lambda: Refused(LimitError(), kind="window"), sent)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        await scheduler.submit(query(run))
        for number in range(4):
            tasks.start_soon(scheduler.submit, service.call(str(number)))
    gaps = [later - earlier for earlier, later in zip(service.sent, service.sent[1:], strict=False)]
    assert all(gap >= 60.0 - 1e-6 for gap in gaps)


async def test_only_one_probe_is_out_after_a_pause() -> None:
    service = Service(seconds=400.0)
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="window"), sent)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        with anyio.move_on_after(1.0):
            await scheduler.submit(query(run))
        for number in range(5):
            tasks.start_soon(scheduler.submit, service.call(str(number)))
        await anyio.sleep(300.0)
        assert service.running == 1


async def test_several_refusals_of_one_burst_are_one_piece_of_news() -> None:
    async def run() -> str:
        await anyio.sleep(0.5)
        raise Refused(LimitError(), kind="window")

    async with Scheduler([HOURLY]) as scheduler:
        with anyio.move_on_after(1.0):
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(scheduler.submit, query(run))
        assert scheduler.status().budgets["query"].paused_for == pytest.approx(59.5)


async def test_the_error_is_raised_once_the_attempts_are_used_up() -> None:
    sent: list[float] = []
    run = refusing(9, lambda: Refused(LimitError("too many"), kind="unknown"), sent)
    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(LimitError, match="too many"):
            await scheduler.submit(query(run, attempts=3))
        assert scheduler.status().budgets["query"].used == 0
    assert len(sent) == 3


async def test_retry_after_is_never_a_reason_to_sleep_for_days() -> None:
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="unknown", retry_after=1e6), sent)
    async with Scheduler([HOURLY]) as scheduler:
        await scheduler.submit(query(run))
    assert sent[1] - sent[0] < 10.0


async def test_a_small_retry_after_is_kept_when_no_limit_is_named() -> None:
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="unknown", retry_after=20.0), sent)
    async with Scheduler([HOURLY]) as scheduler:
        await scheduler.submit(query(run))
    assert sent[1] - sent[0] == pytest.approx(20.5)


async def test_a_concurrency_refusal_holds_until_an_own_permit_comes_back() -> None:
    service = Service(seconds=3.0)
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="concurrency", retry_after=10.0), sent)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("holds a permit"))
        await scheduler.submit(query(run))
    assert sent[1] - sent[0] == pytest.approx(3.0)


async def test_a_concurrency_refusal_without_own_permits_waits_as_told() -> None:
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="concurrency", retry_after=4.0), sent)
    async with Scheduler([HOURLY]) as scheduler:
        await scheduler.submit(query(run))
    assert sent[1] - sent[0] == pytest.approx(4.5)


async def test_a_refusal_teaches_the_real_limits() -> None:
    sent: list[float] = []
    quota = (Window(100, 3600.0), Concurrent(2))
    run = refusing(1, lambda: Refused(LimitError(), kind="window", quota=quota), sent)
    async with Scheduler([HOURLY]) as scheduler:
        await scheduler.submit(query(run))
        budget = scheduler.status().budgets["query"]
    assert (budget.limit, budget.permits_limit, budget.learned) == (100, 2, True)


async def test_a_lower_learned_limit_waits_for_the_own_logs_next_slot() -> None:
    service = Service(seconds=0.0)
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="window", quota=(Window(3, 3600.0),)), sent)
    async with Scheduler([HOURLY]) as scheduler:
        for _ in range(3):
            await scheduler.submit(service.call())
        await scheduler.submit(query(run))
    assert sent[1] - service.sent[0] == pytest.approx(3600.05)


async def test_a_waiting_call_that_no_learned_limit_can_hold_is_told_so() -> None:
    sent: list[float] = []
    run = refusing(1, lambda: Refused(LimitError(), kind="window", quota=(Window(3, 3600.0),)), sent)
    service = Service()
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, query(run, spends=(Spend("query", 2),)))
        await anyio.sleep(0.1)
        with pytest.raises(TooWide):
            await scheduler.submit(service.call("wide", spends=(Spend("query", 59),)))


async def test_a_request_that_never_left_costs_nothing() -> None:
    async def run() -> None:
        raise NotSent(ConnectionError("no route"))

    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(ConnectionError, match="no route"):
            await scheduler.submit(query(run))
        assert scheduler.status().budgets["query"].used == 0


@pytest.mark.parametrize(
    ("settlement", "used"), [(Settlement.SPENT, 1), (Settlement.UNKNOWN, 1), (Settlement.REFUNDED, 0)]
)
async def test_a_failure_costs_what_it_says(settlement: Settlement, used: int) -> None:
    async def run() -> None:
        raise Failed(ValueError("bad query"), settlement=settlement)

    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(ValueError, match="bad query"):
            await scheduler.submit(query(run))
        assert scheduler.status().budgets["query"].used == used


async def test_any_other_error_keeps_the_slot_spent() -> None:
    async def run() -> None:
        raise KeyError("bug")

    async with Scheduler([HOURLY]) as scheduler:
        with pytest.raises(KeyError):
            await scheduler.submit(query(run))
        assert scheduler.status().budgets["query"].used == 1


async def test_a_retry_pays_like_any_request() -> None:
    sent: list[float] = []
    run = refusing(2, lambda: Failed(OSError("cut"), settlement=Settlement.UNKNOWN, retry=True, after=2.0), sent)
    async with Scheduler([HOURLY]) as scheduler:
        answer = await scheduler.submit(query(run))
        assert scheduler.status().budgets["query"].used == 3
    assert (answer.attempts, answer.cost) == (3, 3)
    assert sent[1] - sent[0] == pytest.approx(2.5)


async def test_the_retries_of_a_full_window_wait_for_a_slot() -> None:
    sent: list[float] = []
    run = refusing(1, lambda: Failed(OSError("cut"), retry=True, after=1.0), sent)
    async with Scheduler([Budget("query", (Window(1, 60.0),))]) as scheduler:
        await scheduler.submit(query(run))
    assert sent[1] - sent[0] == pytest.approx(60.55)
