"""Ceilings inside ceilings: a task can only narrow the one around it."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Allowance, Budget, CeilingReached, Concurrent, Refused, Scheduler
from tests.scheduler.service import Service, query

ONE_AT_ONCE = Budget("query", (Concurrent(1),))


class LimitError(Exception):
    """What the service says."""


def test_a_request_is_charged_here_and_all_around() -> None:
    outer = Allowance("outer", 5)
    inner = Allowance("inner", 3, parent=outer)
    assert inner.take()
    assert (inner.used, outer.used, inner.left) == (1, 1, 2)
    inner.give_back()
    assert (inner.used, outer.used) == (0, 0)


def test_the_one_around_ends_it_too_and_nothing_is_charged_then() -> None:
    outer = Allowance("outer", 1)
    inner = Allowance("inner", 9, parent=outer)
    assert inner.take()
    assert not inner.take()
    assert (inner.used, inner.left, inner.exhausted_one()) == (1, 0, outer)


def test_a_wait_can_only_become_shorter() -> None:
    outer = Allowance("outer", max_wait=10.0)
    assert Allowance("longer", max_wait=60.0, parent=outer).max_wait == 10.0
    assert Allowance("shorter", max_wait=5.0, parent=outer).max_wait == 5.0
    assert Allowance("silent", parent=outer).max_wait == 10.0
    assert Allowance("free", parent=Allowance("free too")).left is None


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40))
def test_no_ceiling_of_three_is_ever_passed(moves: list[tuple[int, bool]]) -> None:
    outer = Allowance("outer", 6)
    middle = Allowance("middle", 4, parent=outer)
    tasks = (outer, middle, Allowance("inner", 2, parent=middle))
    for number, takes in moves:
        if takes:
            tasks[number].take()
        elif tasks[number].used:
            tasks[number].give_back()
        assert all(0 <= task.used <= (task.max_requests or 0) for task in tasks)


async def test_calls_in_parallel_stop_at_the_ceiling_around_them_which_is_named() -> None:
    service, told = Service(), list[str]()
    outer = Allowance("report", max_requests=3)
    parts = [Allowance(f"part {number}", max_requests=2, parent=outer) for number in range(4)]
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def ask(name: str, part: Allowance) -> None:
            try:
                await scheduler.submit(service.call(name, allowance=part))
            except CeilingReached as reached:
                told.append(reached.name)

        for number in range(2):
            for part in parts:
                tasks.start_soon(ask, f"{part.name} {number}", part)
    assert len(service.sent) == 3
    assert told == ["report"] * 5


async def test_threads_share_one_ceiling_through_a_portal() -> None:
    service = Service(seconds=0.0)
    allowance = Allowance("report", max_requests=5)
    reached = 0
    async with Scheduler([Budget("query")]) as scheduler, anyio.create_task_group() as tasks:

        def ask(number: int) -> None:
            nonlocal reached
            try:
                anyio.from_thread.run(scheduler.submit, service.call(f"{number}", allowance=allowance))
            except CeilingReached:
                reached += 1

        for number in range(12):
            tasks.start_soon(anyio.to_thread.run_sync, ask, number)
    assert (len(service.sent), reached) == (5, 7)


async def test_a_call_is_told_that_there_is_nothing_left() -> None:
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        with pytest.raises(CeilingReached, match="'report' has reached its ceiling: 0 requests"):
            await scheduler.submit(Service().call("a", allowance=Allowance("report", 0)))


async def test_a_refused_flight_whose_members_are_all_at_their_ceiling_ends_once_for_each_of_them() -> None:
    """The tenant that it goes by changes with each one who leaves, which moves it in the queue meanwhile."""
    told = list[str]()
    allowance = Allowance("report", max_requests=1)

    async def run() -> str:
        await anyio.sleep(1.0)
        raise Refused(LimitError(), kind="window")

    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def ask(tenant: str) -> None:
            try:
                await scheduler.submit(query(run, key="shared", allowance=allowance, tenant=tenant))
            except CeilingReached:
                told.append(tenant)

        for tenant in "abc":
            tasks.start_soon(ask, tenant)
    assert sorted(told) == ["a", "b", "c"]
