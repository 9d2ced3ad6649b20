"""Whatever is asked in whatever order, the service never sees more than its limits, and nobody is forgotten.

Hypothesis draws the workloads and prints what fails; the run itself is deterministic, because time is virtual.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio.testing
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from request_scheduler import Answer, Budget, Call, Concurrent, Priority, Scheduler, Spend, Window
from request_scheduler.virtual_time import VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def run_virtually(library: str, test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end on virtual time."""
    options: dict[str, Any] = (
        {"clock": trio.testing.MockClock(autojump_threshold=0)}
        if library == "trio"
        else {"loop_factory": VirtualTimeLoop}
    )
    anyio.run(test, backend=library, backend_options=options)


@frozen
class Ask:
    arrives: float
    seconds: float
    query: int
    other: int
    tenant: str
    priority: Priority
    patience: float | None
    key: int | None


asks = st.builds(
    Ask,
    arrives=st.floats(0, 120),
    seconds=st.floats(0, 20),
    query=st.integers(0, 3),
    other=st.integers(0, 2),
    tenant=st.sampled_from("abc"),
    priority=st.sampled_from(Priority),
    patience=st.none() | st.floats(0, 60),
    key=st.none() | st.integers(0, 3),
)
LIMITS = {"query": (Window(6, 60.0), Window(4, 7.0), Concurrent(3)), "other": (Window(3, 25.0),)}


@frozen
class Counted:
    """A request of some units that the service counted at some moment of its own choice between send and reply."""

    at: float
    units: int


async def replay(workload: list[Ask], seed: int) -> dict[str, list[Counted]]:
    random = Random(seed)
    counted: dict[str, list[Counted]] = {"query": [], "other": []}
    running = 0
    answered: list[Answer[None]] = []

    async def serve(ask: Ask) -> None:
        nonlocal running
        running += ask.query > 0
        assert running <= 3
        sent = anyio.current_time()
        try:
            await anyio.sleep(ask.seconds)
        finally:
            running -= ask.query > 0
            at = random.choice([sent, anyio.current_time(), random.uniform(sent, anyio.current_time())])
            for name, units in (("query", ask.query), ("other", ask.other)):
                if units:
                    counted[name].append(Counted(at, units))

    async with Scheduler([Budget(name, limits) for name, limits in LIMITS.items()], ageing=30.0) as scheduler:

        async def submit(ask: Ask) -> None:
            await anyio.sleep(ask.arrives)
            spends = tuple(Spend(n, u) for n, u in (("query", ask.query), ("other", ask.other)) if u)
            call = Call(partial(serve, ask), spends=spends, key=ask.key, priority=ask.priority, tenant=ask.tenant)
            with anyio.move_on_after(ask.patience):
                answered.append(await scheduler.submit(call))

        with anyio.fail_after(100_000):
            async with anyio.create_task_group() as tasks:
                for ask in workload:
                    tasks.start_soon(submit, ask)
        await anyio.sleep(1.0)  # runs that were cancelled last have ended by now
        status = scheduler.status()
    assert (status.queued, status.in_flight) == (0, 0)
    assert len(answered) >= sum(ask.patience is None for ask in workload)
    return counted


def fullest(requests: list[Counted], seconds: float) -> int:
    """The most units that any half-open stretch of `seconds` holds: it is enough to try those that end at a request."""
    return max((sum(r.units for r in requests if end.at - seconds < r.at <= end.at) for end in requests), default=0)


@pytest.mark.parametrize("library", ["asyncio", "trio"])
@settings(max_examples=60)
@given(workload=st.lists(asks, max_size=40), seed=st.integers(0, 2**32))
def test_no_window_of_any_phase_is_exceeded_and_every_patient_call_is_answered(
    library: str, workload: list[Ask], seed: int
) -> None:
    async def main() -> None:
        counted = await replay(workload, seed)
        for name, limits in LIMITS.items():
            for window in limits:
                if isinstance(window, Window):
                    assert fullest(counted[name], window.seconds) <= window.limit

    run_virtually(library, main)


@settings(max_examples=20)
@given(
    weights=st.tuples(st.sampled_from([1.0, 2.0, 3.0, 0.5]), st.sampled_from([1.0, 2.0, 5.0])),
    leavers=st.sets(st.integers(0, 79), max_size=30),
)
def test_two_backlogged_tenants_never_differ_by_more_than_their_reciprocal_weights(
    weights: tuple[float, float], leavers: set[int]
) -> None:
    a, b = weights
    served: list[str] = []

    async def main() -> None:
        async def serve(tenant: str) -> None:
            served.append(tenant)

        async with (
            Scheduler([Budget("query", (Window(3, 10.0),))], weights={"a": a, "b": b}) as scheduler,
            anyio.create_task_group() as tasks,
        ):
            scopes: dict[int, anyio.CancelScope] = {}

            async def submit(number: int, tenant: str) -> None:
                with anyio.CancelScope() as scopes[number]:
                    await scheduler.submit(Call(partial(serve, tenant), spends=(Spend("query"),), tenant=tenant))

            for number in range(200):
                tasks.start_soon(submit, number, "ab"[number % 2])
            await anyio.sleep(15.0)
            for number in leavers:
                scopes[number].cancel()

    run_virtually("asyncio", main)
    left = {tenant: served.count(tenant) for tenant in "ab"}
    counts = {"a": 0, "b": 0}
    for tenant in served[3:]:  # the first three found the budget free
        counts[tenant] += 1
        if counts["a"] + 3 >= left["a"] or counts["b"] + 3 >= left["b"]:
            break  # one of them is no longer backlogged
        assert abs(counts["a"] / a - counts["b"] / b) <= 1 / a + 1 / b + 1e-9


@pytest.mark.parametrize("seconds", [2.0, 10.0])
@pytest.mark.parametrize("calls", [5, 60, 61, 120, 300, 1440])
def test_the_makespan_is_the_theoretical_bound(calls: int, seconds: float) -> None:
    """The bound is start[k] = max(start[k-60] + 3600, start[k-5] + s), in closed form."""
    ended = 0.0

    async def main() -> None:
        nonlocal ended
        budget = Budget("query", (Window(60, 3600.0), Concurrent(5)))
        async with Scheduler([budget]) as scheduler, anyio.create_task_group() as tasks:
            for _ in range(calls):
                tasks.start_soon(scheduler.submit, Call(partial(anyio.sleep, seconds), spends=(Spend("query"),)))
        ended = anyio.current_time()

    run_virtually("asyncio", main)
    bound = (calls - 1) // 60 * 3600 + (calls - 1) % 60 // 5 * seconds + seconds
    assert bound <= ended + 1e-6
    assert ended <= bound * 1.005
