"""A tenant with a minimum share gets its part of what goes while it waits, and lends it while it does not."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Budget, Concurrent, Priority, Scheduler
from request_scheduler.queue import Queue
from tests.scheduler.service import QUERY, Service

ONE_AT_ONCE = Budget("query", (Concurrent(1),))


def queue_of(minimum: dict[str, float], **waiting: int) -> Queue[str]:
    queue: Queue[str] = Queue(weights={}, ageing=600.0, minimum=minimum)
    for tenant, count in waiting.items():
        for _ in range(count):
            queue.push(tenant, QUERY, 0.0, priority=Priority.NORMAL, tenant=tenant)
    return queue


def serve(queue: Queue[str], count: int) -> list[str]:
    served = []
    for _ in range(count):
        place = queue.next(())
        if place is None:
            break
        queue.take(place, 0.0)
        served.append(place.item)
    return served


def test_a_tenant_gets_its_part_among_many() -> None:
    queue = queue_of({"nightly": 0.5}, nightly=50, **{f"agent{number}": 50 for number in range(9)})
    assert Counter(serve(queue, 40))["nightly"] == 20


def test_a_part_smaller_than_the_fair_share_changes_nothing() -> None:
    queue = queue_of({"nightly": 0.1}, nightly=20, other=20)
    assert Counter(serve(queue, 20)) == {"nightly": 10, "other": 10}


def test_what_it_does_not_use_goes_to_the_others_and_is_not_owed() -> None:
    queue = queue_of({"nightly": 0.5}, other=100)
    assert serve(queue, 40) == ["other"] * 40
    for _ in range(20):
        queue.push("nightly", QUERY, 0.0, priority=Priority.NORMAL, tenant="nightly")
    assert Counter(serve(queue, 20)) == {"nightly": 10, "other": 10}


def test_a_promise_begins_anew_when_the_tenant_comes_back() -> None:
    queue = queue_of({"nightly": 0.5}, nightly=20)
    assert serve(queue, 20) == ["nightly"] * 20
    for _ in range(10):
        queue.push("nightly", QUERY, 0.0, priority=Priority.BACKGROUND, tenant="nightly")
        queue.push("person", QUERY, 0.0, priority=Priority.INTERACTIVE, tenant="person")
    assert Counter(serve(queue, 10))["nightly"] == 5


def test_it_holds_against_higher_priorities() -> None:
    queue = queue_of({"nightly": 0.25})
    for _ in range(40):
        queue.push("nightly", QUERY, 0.0, priority=Priority.BACKGROUND, tenant="nightly")
        queue.push("person", QUERY, 0.0, priority=Priority.INTERACTIVE, tenant="person")
    assert Counter(serve(queue, 40))["nightly"] == 10


def test_a_withdrawn_call_ends_the_promise() -> None:
    queue = queue_of({"nightly": 0.5}, other=3)
    place = queue.push("nightly", QUERY, 0.0, priority=Priority.NORMAL, tenant="nightly")
    queue.discard(place)
    assert serve(queue, 9) == ["other"] * 3


def test_what_goes_before_a_promised_call_is_bounded() -> None:
    queue = queue_of({"nightly": 0.25}, **{f"agent{number}": 10 for number in range(9)})
    units, calls = queue.ahead_of(QUERY, Priority.NORMAL, "nightly")
    assert (units["query"], calls) == (3, 3)


@pytest.mark.parametrize("minimum", [{"a": 0.0}, {"a": -0.5}, {"a": 0.6, "b": 0.5}])
def test_promises_that_nobody_can_keep_are_refused(minimum: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="minimum"):
        queue_of(minimum)


@given(
    parts=st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.3]), min_size=1, max_size=3),
    others=st.integers(1, 6),
    rounds=st.integers(1, 60),
)
def test_backlogged_tenants_never_lag_their_promise_by_a_whole_unit_each(
    parts: list[float], others: int, rounds: int
) -> None:
    minimum = {f"promised{number}": part for number, part in enumerate(parts)}
    queue = queue_of(minimum, **dict.fromkeys(minimum, 80), **{f"other{number}": 80 for number in range(others)})
    served = Counter(serve(queue, rounds))
    for tenant, part in minimum.items():
        assert served[tenant] >= part * rounds - len(parts)


async def test_a_scheduler_keeps_the_promise() -> None:
    service = Service(seconds=1.0)
    async with (
        Scheduler([ONE_AT_ONCE], minimum={"nightly": 0.5}) as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for number in range(30):
            for tenant in ("nightly", "a", "b", "c"):
                tasks.start_soon(scheduler.submit, service.call(f"{tenant} {number}", tenant=tenant))
        await anyio.sleep(40.5)
        asked = Counter(name.partition(" ")[0] for name in service.names)
        tasks.cancel_scope.cancel()
    assert 19 <= asked["nightly"] <= 22
