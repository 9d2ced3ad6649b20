"""The service restarted, slow, cut, overloaded, or shared with others: no wrong answer and no call lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import mixpanel_headless as mp
import request_scheduler as rs
from mixpanel_headless.sandbox.faults import Cut, Delay, ForeignUse, Hold, failing, shedding

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox

UNAVAILABLE = attrs.evolve(failing(503), headers={"Retry-After": "0.02"})
PLANS = ["free", "pro"]


async def ask(ws: mp.AsyncWorkspace, number: int) -> list[str]:
    """A question of its own for every number from 2 on; the answer is always `PLANS`."""
    return sorted(await ws.property_values("plan", event="Purchase", limit=number))


async def ask_all(box: Sandbox, count: int, breaker: rs.Breaker | None = None, **options: Any) -> rs.Status:
    """Ask `count` questions at once and hold every answer against the truth."""
    async with patient_workspace(box, breaker, **options) as ws:
        answers = await asyncio.gather(*(ask(ws, number) for number in range(2, count + 2)))
        assert answers == [PLANS] * count
        return (await ws.scheduler()).status()


def patient_workspace(box: Sandbox, breaker: rs.Breaker | None = None, **options: Any) -> mp.AsyncWorkspace:
    workspace = box.async_workspace(**options)
    workspace.runtime.scheduling = {**workspace.runtime.scheduling, "breaker": breaker}
    return workspace


async def test_a_call_outlives_a_budget_that_somebody_else_has_spent(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=60, window=1.0)
    box.inject(ForeignUse(requests=60))
    assert (await ask_all(box, 1)).counters.finished == 1
    assert box.refused > 4, "more refusals than a call has attempts"


async def test_half_of_the_budget_given_to_somebody_else_loses_no_call(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=20, window=0.5)
    box.inject(ForeignUse(requests=10))
    await ask_all(box, 30)
    assert 0 < box.refused <= 20


async def test_permits_that_somebody_else_holds_are_waited_for(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=100, window=1.0, concurrency=2)
    box.inject(ForeignUse(running=2))

    async def heal() -> None:
        await asyncio.to_thread(box.wait_until, lambda counters: counters.refused > 4)
        box.heal()

    await asyncio.gather(ask_all(box, 6), heal())
    assert box.refused > 4


async def test_a_server_that_counts_in_two_buckets_loses_no_call(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=6, window=0.3, shape="two-bucket")
    await ask_all(box, 24)
    assert box.refused <= 12


async def test_refusals_without_headers_back_off_inside_the_queue(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=100, window=0.2)
    box.inject(shedding(), times=3)
    await ask_all(box, 1)
    assert [entry.status for entry in box.requests] == [429, 429, 429, 200]


async def test_the_fourth_refusal_without_headers_is_told(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=100, window=0.2)
    box.inject(shedding(), times=None)
    async with box.async_workspace() as ws:
        with pytest.raises(mp.RateLimitError):
            await ask(ws, 2)
    assert box.refused == 4


async def test_a_slow_service_is_asked_no_more_at_once_than_it_allows(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=100, window=5.0, concurrency=3)
    box.inject(Delay(0.03), times=None)
    await ask_all(box, 12)
    assert (box.refused, box.counted) == (0, 12)


async def test_a_service_that_never_answers_is_waited_for_until_the_deadline(box: Sandbox) -> None:
    hold = box.inject(Hold())
    try:
        async with box.async_workspace() as ws:
            with pytest.raises(mp.DeadlineUnreachable, match="may be counted") as raised:
                await ask(ws.with_options(deadline=0.3), 2)
            report = await ws.budget()
    finally:
        hold.release()
    assert (raised.value.code, raised.value.sent) == ("DEADLINE_PASSED", True)
    assert (report.used, report.running) == (1, 0)


async def test_a_deadline_bounds_all_requests_of_a_call_together(box: Sandbox) -> None:
    box.inject(Delay(0.4), times=2)
    async with box.async_workspace() as ws:
        with pytest.raises(mp.DeadlineUnreachable):
            await ws.with_options(deadline=0.6).properties("An event that nobody knows")
        assert (await ws.budget()).used == 2


async def test_a_cut_connection_is_tried_and_paid_again_by_who_asked_for_that(box: Sandbox) -> None:
    box.inject(Cut("inside the body"))
    status = await ask_all(box, 1, retry_server_errors=1)
    assert (status.counters.retried, box.counted) == (1, 2)


async def test_a_minute_of_503_is_outlasted_by_who_asked_for_that(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=5000, window=60.0)
    box.inject(UNAVAILABLE, times=None, seconds=0.4)
    breaker = rs.Breaker(failures=5, rest=0.05, longest=0.1)
    status = await ask_all(box, 40, breaker, retry_server_errors=100)
    failed = sum(entry.status == 503 for entry in box.requests)
    assert status.circuits == {}
    assert 5 <= failed < 80, "an open circuit lets one probe through at a time"


async def test_without_that_wish_a_server_error_is_raised_at_once(box: Sandbox) -> None:
    box.inject(UNAVAILABLE)
    async with box.async_workspace() as ws:
        with pytest.raises(mp.ServerError):
            await ask(ws, 2)
        assert await ask(ws, 3) == PLANS
    assert box.counted == 2


async def test_the_last_of_the_retries_tells_the_server_error(box: Sandbox) -> None:
    box.inject(UNAVAILABLE, times=None)
    async with box.async_workspace() as ws:
        with pytest.raises(mp.ServerError):
            await ask(ws.with_options(retry_server_errors=2), 2)
    assert box.counted == 3


async def test_retries_stop_at_the_ceiling_of_a_task(box: Sandbox) -> None:
    box.inject(UNAVAILABLE, times=None)
    async with box.async_workspace(retry_server_errors=9) as ws:
        with ws.task("report", max_requests=2), pytest.raises(mp.TaskCeilingReached):
            await ask(ws, 2)
    assert box.counted == 2


async def test_a_service_that_fails_on_and_on_is_left_alone_and_told_so(box: Sandbox) -> None:
    box.inject(failing(503), times=None)
    async with box.async_workspace() as ws:
        for number in range(2, 7):
            with pytest.raises(mp.ServerError):
                await ask(ws, number)
        with pytest.raises(mp.TransportError) as told:
            await ask(ws, 7)
        report = await ws.budget()
    error = told.value
    assert (error.code, error.sent, error.retryable) == ("CIRCUIT_OPEN", False, True)
    assert error.retry_after == pytest.approx(10.0, abs=5.0)
    assert list(report.circuits.values()) == ["open"]
    assert "failing" in str(report)
    assert box.counted == 5


async def test_a_restarted_service_answers_the_calls_that_waited_for_it(open_box: Callable[..., Sandbox]) -> None:
    box = open_box()
    port = int(box.url.rpartition(":")[2])
    async with patient_workspace(box, retry_server_errors=9) as ws:
        assert await ask(ws, 2) == PLANS
        await asyncio.to_thread(box.close)
        retried = asyncio.Event()
        (await ws.scheduler()).listen(lambda event: retried.set() if isinstance(event, rs.events.Retried) else None)
        waiting = asyncio.create_task(ask(ws, 3))
        await retried.wait()
        again = await asyncio.to_thread(open_box, port=port, secret=box.secret)
        assert await waiting == PLANS
        assert again.counted == 1


@pytest.mark.parametrize("wish", [-1, 1.5, True])
def test_retries_are_a_whole_number(box: Sandbox, wish: Any) -> None:
    with pytest.raises(mp.InvalidArgumentError, match="retry_server_errors"):
        box.workspace(retry_server_errors=wish)
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match="retry_server_errors"):
        ws.with_options(retry_server_errors=wish)
