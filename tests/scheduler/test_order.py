"""Who goes first, from the outside."""

from __future__ import annotations

import anyio
import pytest

from request_scheduler import Budget, Call, Concurrent, Priority, Scheduler, Spend, TooWide, Window
from tests.scheduler.service import Service

ONE_AT_ONCE = Budget("query", (Concurrent(1),))


async def queue_behind(scheduler: Scheduler, service: Service, calls: list[Call[str]]) -> list[str]:
    """Submit calls while another one runs, and say in which order they were sent."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("running"))
        await anyio.sleep(0.1)
        for call in calls:
            tasks.start_soon(scheduler.submit, call)
            await anyio.sleep(0.001)
    return service.names[1:]


async def test_a_higher_priority_goes_first() -> None:
    service = Service()
    calls = [service.call(priority.name, priority=priority) for priority in Priority]
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        order = await queue_behind(scheduler, service, calls)
    assert order == ["INTERACTIVE", "NORMAL", "BATCH", "BACKGROUND"]


async def test_equals_go_in_order_of_arrival() -> None:
    service = Service()
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        order = await queue_behind(scheduler, service, [service.call(name) for name in "abcdef"])
    assert order == list("abcdef")


async def test_the_earliest_deadline_goes_first_among_equals() -> None:
    service = Service()
    calls = [service.call(f"{deadline}", deadline=deadline) for deadline in (90.0, 50.0, 70.0)]
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        start = scheduler.now()
        for call in calls:
            object.__setattr__(call, "deadline", start + (call.deadline or 0.0))
        order = await queue_behind(scheduler, service, calls)
    assert order == ["50.0", "70.0", "90.0"]


async def test_a_tenant_with_many_calls_does_not_hold_up_one_with_few() -> None:
    service = Service()
    calls = [service.call(f"hog {number}", tenant="hog") for number in range(6)]
    calls += [service.call("guest 0", tenant="guest"), service.call("guest 1", tenant="guest")]
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        order = await queue_behind(scheduler, service, calls)
    assert order[:4] == ["hog 0", "guest 0", "hog 1", "guest 1"]


async def test_a_low_priority_is_served_in_the_end_under_an_endless_stream_of_higher_ones() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ONE_AT_ONCE], ageing=60.0) as scheduler, anyio.create_task_group() as tasks:

        async def stream() -> None:
            for number in range(100):
                tasks.start_soon(scheduler.submit, service.call(f"urgent {number}", priority=Priority.INTERACTIVE))
                await anyio.sleep(9.0)

        tasks.start_soon(stream)
        await anyio.sleep(20.0)
        answer = await scheduler.submit(service.call("patient", priority=Priority.BACKGROUND))
        assert answer.waited <= 3 * 60.0 + 20.0
        tasks.cancel_scope.cancel()


async def test_a_flood_of_old_calls_is_no_wall_before_an_urgent_one() -> None:
    service = Service(seconds=1.0)
    async with Scheduler([ONE_AT_ONCE], ageing=10.0) as scheduler, anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(scheduler.submit, service.call(f"old {number}", priority=Priority.BACKGROUND))
        await anyio.sleep(60.0)
        answer = await scheduler.submit(service.call("urgent", priority=Priority.INTERACTIVE))
        assert answer.waited <= 1.0
        tasks.cancel_scope.cancel()


async def test_a_heavy_call_is_not_starved_by_light_ones() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([Budget("query", (Window(10, 60.0),))]) as scheduler, anyio.create_task_group() as tasks:

        async def stream() -> None:
            while True:
                tasks.start_soon(scheduler.submit, service.call())
                await anyio.sleep(2.0)

        tasks.start_soon(stream)
        await anyio.sleep(30.0)
        heavy = await scheduler.submit(service.call("heavy", spends=(Spend("query", 8),)))
        assert heavy.waited <= 130.0
        tasks.cancel_scope.cancel()


async def test_a_call_blocked_on_one_budget_does_not_block_another_budget() -> None:
    service = Service(seconds=1.0)
    budgets = [Budget("query", (Window(1, 3600.0),)), Budget("export", (Window(60, 3600.0),))]
    async with Scheduler(budgets) as scheduler, anyio.create_task_group() as tasks:
        await scheduler.submit(service.call("first"))
        tasks.start_soon(scheduler.submit, service.call("blocked"))
        await anyio.sleep(1.0)
        answer = await scheduler.submit(service.call("free", spends=(Spend("export"),)))
        assert answer.waited == pytest.approx(0.0)
        tasks.cancel_scope.cancel()


async def test_a_call_of_two_budgets_takes_from_both_or_from_none() -> None:
    service = Service(seconds=0.0)
    budgets = [Budget("query", (Window(60, 3600.0),)), Budget("jql", (Window(1, 3600.0),))]
    both = (Spend("query"), Spend("jql"))
    async with Scheduler(budgets) as scheduler, anyio.create_task_group() as tasks:
        await scheduler.submit(service.call("a", spends=both))
        tasks.start_soon(scheduler.submit, service.call("b", spends=both))
        await anyio.sleep(1.0)
        used = {name: budget.used for name, budget in scheduler.status().budgets.items()}
        assert used == {"query": 1, "jql": 1}
        tasks.cancel_scope.cancel()


async def test_others_pass_a_blocked_call_only_where_they_cannot_delay_it() -> None:
    service = Service(seconds=0.0)
    budgets = [Budget("query", (Window(3, 3600.0),)), Budget("jql", (Window(1, 100.0),))]
    both = (Spend("query"), Spend("jql"))
    async with Scheduler(budgets) as scheduler, anyio.create_task_group() as tasks:
        await scheduler.submit(service.call("a", spends=both))
        tasks.start_soon(scheduler.submit, service.call("blocked", spends=both))
        await anyio.sleep(1.0)
        tasks.start_soon(scheduler.submit, service.call("passes"))
        tasks.start_soon(scheduler.submit, service.call("would delay it"))
        await anyio.sleep(1.0)
        assert len(service.names) == 2
        await anyio.sleep(200.0)
        assert service.names[2] == "blocked"
        tasks.cancel_scope.cancel()


async def test_a_call_wider_than_a_limit_fails_at_once() -> None:
    service = Service()
    async with Scheduler([Budget("query", (Window(5, 60.0),))]) as scheduler:
        with pytest.raises(TooWide, match="6 units"):
            await scheduler.submit(service.call("wide", spends=(Spend("query", 6),)))


async def test_reserved_slots_are_left_for_interactive_calls() -> None:
    service = Service(seconds=0.0)
    async with (
        Scheduler([Budget("query", (Window(5, 3600.0),))], reserve={"query": 2}) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for number in range(5):
            tasks.start_soon(scheduler.submit, service.call(f"{number}"))
        await anyio.sleep(1.0)
        assert len(service.sent) == 3
        answer = await scheduler.submit(service.call("urgent", priority=Priority.INTERACTIVE))
        assert answer.waited == pytest.approx(0.0)
        tasks.cancel_scope.cancel()


async def test_a_joiner_raises_the_priority_of_the_flight_it_joins() -> None:
    service = Service()
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        order = await queue_behind(
            scheduler,
            service,
            [
                service.call("normal"),
                service.call("shared", priority=Priority.BACKGROUND),
                service.call("shared", priority=Priority.INTERACTIVE),
            ],
        )
    assert order == ["shared", "normal"]
