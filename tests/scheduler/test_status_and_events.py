from __future__ import annotations

import json

import anyio
import pytest

from request_scheduler import (
    Budget,
    Call,
    Concurrent,
    ManualClock,
    Outcome,
    Priority,
    Refused,
    Scheduler,
    Window,
    events,
)
from tests.scheduler.service import QUERY, Service, query

HOURLY = Budget("query", (Window(2, 3600.0), Concurrent(1)))


def names(seen: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in seen]


async def test_the_status_tells_budget_queue_and_counters() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a", tenant="ann"))
        await anyio.sleep(1.0)
        tasks.start_soon(scheduler.submit, service.call("b", tenant="bob", priority=Priority.BATCH))
        tasks.start_soon(scheduler.submit, service.call("c", tenant="bob"))
        await anyio.sleep(1.0)
        status = scheduler.status()
        budget = status.budgets["query"]
        assert (budget.used, budget.left, budget.limit, budget.window) == (1, 1, 2, 3600.0)
        assert (budget.permits_held, budget.permits_limit, budget.spent_by) == (1, 1, {"ann": 1})
        assert (status.queued, status.in_flight) == (2, 1)
        assert status.queued_by_tenant == {"bob": 2}
        assert status.queued_by_priority == {"batch": 1, "normal": 1}
        assert (status.counters.submitted, status.counters.sent) == (3, 1)
        tasks.cancel_scope.cancel()


async def test_the_next_slot_is_told_in_seconds() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([HOURLY]) as scheduler:
        assert scheduler.status().budgets["query"].next_slot == 0.0
        for name in "ab":
            await scheduler.submit(service.call(name))
        assert scheduler.status().budgets["query"].next_slot == pytest.approx(3600.05)


async def test_a_status_is_json_ready_and_stays_as_it_was() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a"))
        await anyio.sleep(1.0)
        status = scheduler.status()
        tasks.start_soon(scheduler.submit, service.call("b"))
        await anyio.sleep(1.0)
        data = json.loads(json.dumps(status.to_dict(), allow_nan=False))
    assert data["counters"]["submitted"] == 1
    assert data["budgets"]["query"]["next_slot"] is None


async def test_the_life_of_a_call_is_told_in_events() -> None:
    seen: list[events.Event] = []
    service = Service(seconds=1.0)
    async with Scheduler([HOURLY]) as scheduler:
        scheduler.listen(seen.append)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scheduler.submit, service.call("a", ttl=60.0))
            await anyio.sleep(0.1)
            tasks.start_soon(scheduler.submit, service.call("a"))
            tasks.start_soon(scheduler.submit, service.call("b"))
            await anyio.sleep(0.1)
        await scheduler.submit(service.call("a"))
    told = {name: [event.label for event in seen if type(event).__name__ == name] for name in names(seen)}
    assert sorted(told.pop("Submitted")) == ["a", "a", "a", "b"]
    assert told == {
        "Admitted": ["a", "b"],
        "Joined": ["a"],
        "Queued": ["b"],
        "Settled": ["a", "b"],
        "Finished": ["a", "b"],
        "CacheHit": ["a"],
    }


async def test_refusals_and_retries_are_told() -> None:
    attempts: list[int] = []

    async def run() -> Outcome[str]:
        attempts.append(1)
        if len(attempts) == 1:
            raise Refused(Exception(), kind="unknown")
        return Outcome("answer")

    seen: list[events.Event] = []
    async with Scheduler([HOURLY]) as scheduler:
        scheduler.listen(seen.append)
        await scheduler.submit(query(run))
        counters = scheduler.status().counters
    assert names(seen) == ["Submitted", "Admitted", "Refusal", "Retried", "Admitted", "Settled", "Finished"]
    assert (counters.refused, counters.retried, counters.sent) == (1, 1, 2)


async def test_a_listener_that_left_hears_nothing_more() -> None:
    seen: list[events.Event] = []
    service = Service()
    async with Scheduler([HOURLY]) as scheduler:
        leave = scheduler.listen(seen.append)
        leave()
        await scheduler.submit(service.call("a"))
    assert seen == []


async def test_a_listener_that_raises_is_removed_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def broken(event: events.Event) -> None:
        calls.append(1)
        raise ZeroDivisionError

    service = Service()
    async with Scheduler([HOURLY]) as scheduler:
        scheduler.listen(broken)
        assert (await scheduler.submit(service.call("a"))).value == "a"
    assert len(calls) == 1
    assert "not called any more" in caplog.text


async def test_a_changed_limit_takes_effect_and_keeps_what_was_counted() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        for name in "ab":
            await scheduler.submit(service.call(name))
        tasks.start_soon(scheduler.submit, service.call("c"))
        await anyio.sleep(1.0)
        assert len(service.sent) == 2
        scheduler.define(Budget("query", (Window(3, 3600.0), Concurrent(1))))
        await anyio.sleep(1.0)
        assert len(service.sent) == 3
        assert scheduler.status().budgets["query"].used == 3


async def test_time_can_be_moved_by_hand() -> None:
    clock = ManualClock()
    moments: list[float] = []

    async def run() -> None:
        moments.append(clock.now())

    async with (
        Scheduler([Budget("query", (Window(1, 60.0),))], clock=clock) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(3):
            tasks.start_soon(scheduler.submit, Call(run, spends=QUERY))
        await clock.advance(200.0)
    assert moments == [pytest.approx(0.0), pytest.approx(60.05), pytest.approx(120.1)]
    assert clock.now() == 200.0
