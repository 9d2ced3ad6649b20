"""A caller may leave at any moment, and leaves nothing behind: traps 5 and 12 of a shared, limited queue."""

from __future__ import annotations

import asyncio
import gc
import weakref
from functools import partial

import anyio
import pytest

from request_scheduler import Budget, Call, Concurrent, Priority, RunInterrupted, Scheduler, Spend, Window, events
from tests.scheduler.service import Service

ONE_AT_ONCE = Budget("query", (Window(60, 3600.0), Concurrent(1)))


def durations(service: Service) -> list[float]:
    return [ended - sent for sent, ended in service.spans]


async def test_a_waiting_call_that_is_cancelled_gives_its_place_back() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("first"))
        await anyio.sleep(0.1)
        with anyio.move_on_after(5.0):
            await scheduler.submit(service.call("second"))
        assert scheduler.status().queued == 0
        await scheduler.submit(service.call("third"))
    assert service.names == ["first", "third"]


async def test_a_call_cancelled_between_grant_and_start_is_charged_only_if_it_was_sent() -> None:
    service = Service()
    async with Scheduler([Budget("query", (Window(1, 60.0),))]) as scheduler:
        await scheduler.submit(service.call("first"))
        with anyio.CancelScope() as scope:

            def leave_when_granted(event: events.Event) -> None:
                if isinstance(event, events.Admitted):
                    scope.cancel()

            scheduler.listen(leave_when_granted)
            await scheduler.submit(service.call("second"))
        await anyio.sleep(0.5)
        budget = scheduler.status().budgets["query"]
        # Trio chooses at random who resumes first, the worker or the caller; on asyncio it is the caller.
        assert (budget.used, budget.permits_held) == (service.names.count("second"), 0)
    assert scope.cancelled_caught


async def test_a_slot_that_was_granted_but_not_used_goes_to_the_next_in_line() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([Budget("query", (Window(1, 60.0),))]) as scheduler, anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def leave() -> None:
            with scope:
                await scheduler.submit(service.call("leaves"))

        scheduler.listen(
            lambda event: scope.cancel() if isinstance(event, events.Admitted) and event.label == "leaves" else None
        )
        await scheduler.submit(service.call("first"))
        tasks.start_soon(leave)
        await anyio.sleep(1.0)
        answer = await scheduler.submit(service.call("next"))
        assert answer.waited == pytest.approx(59.05 if "leaves" not in service.names else 119.1)


async def test_a_call_cancelled_while_it_runs_stays_spent_and_its_run_is_cancelled() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        with anyio.move_on_after(3.0):
            await scheduler.submit(service.call("slow"))
        await anyio.sleep(0.5)
        budget = scheduler.status().budgets["query"]
        assert (budget.used, budget.permits_held, service.running) == (1, 0, 0)
    assert durations(service) == [pytest.approx(3.0)]


async def test_a_leader_that_leaves_neither_fails_nor_repeats_the_flight() -> None:
    service = Service(seconds=10.0)
    answers: list[str] = []
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def lead() -> None:
            with anyio.move_on_after(5.0):
                await scheduler.submit(service.call("same"))

        async def follow() -> None:
            answers.append((await scheduler.submit(service.call("same"))).value)

        tasks.start_soon(lead)
        await anyio.sleep(1.0)
        for _ in range(5):
            tasks.start_soon(follow)
    assert answers == ["same"] * 5
    assert len(service.sent) == 1


async def test_a_run_is_cancelled_only_when_its_last_caller_leaves() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def ask(patience: float) -> None:
            with anyio.move_on_after(patience):
                await scheduler.submit(service.call("same"))

        tasks.start_soon(ask, 2.0)
        tasks.start_soon(ask, 4.0)
    assert durations(service) == [pytest.approx(4.0)]


async def test_nobody_joins_a_flight_that_is_being_cancelled() -> None:
    sent: list[float] = []

    async def dies_slowly() -> str:
        sent.append(anyio.current_time())
        try:
            await anyio.sleep(10.0)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(2.0)
        return "answer"

    call = Call(dies_slowly, key="same")
    async with Scheduler() as scheduler:
        with anyio.move_on_after(1.0):
            await scheduler.submit(call)
        assert (await scheduler.submit(call)).value == "answer"
    assert len(sent) == 2


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # trio lets nobody raise its cancellation
async def test_a_run_that_is_cancelled_from_inside_fails_its_callers_and_nobody_else() -> None:
    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    async def answers() -> str:
        return "fine"

    async with Scheduler() as scheduler:
        with pytest.raises(RunInterrupted):
            await scheduler.submit(Call(cancels_itself))
        assert (await scheduler.submit(Call(answers))).value == "fine"


async def test_a_worker_serves_on_after_its_flight_was_cancelled() -> None:
    service = Service(seconds=2.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        for number in range(3):
            with anyio.move_on_after(1.0):
                await scheduler.submit(service.call(f"cut {number}"))
        assert (await scheduler.submit(service.call("kept"))).value == "kept"


async def test_a_flight_falls_back_when_its_urgent_caller_leaves() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def urgent_for_a_while() -> None:
            with anyio.move_on_after(2.0):
                await scheduler.submit(service.call("shared", priority=Priority.INTERACTIVE))

        tasks.start_soon(scheduler.submit, service.call("running"))
        await anyio.sleep(1.0)
        tasks.start_soon(scheduler.submit, service.call("shared", priority=Priority.BACKGROUND))
        tasks.start_soon(scheduler.submit, service.call("normal"))
        tasks.start_soon(urgent_for_a_while)
        await anyio.sleep(1.0)
        assert scheduler.status().queued_by_priority == {"interactive": 1, "normal": 1}
        await anyio.sleep(2.0)
        assert scheduler.status().queued_by_priority == {"background": 1, "normal": 1}
    assert service.names == ["running", "normal", "shared"]


async def test_cancelling_nine_thousand_of_ten_thousand_leaves_no_trace() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([Budget("query", (Window(60, 3600.0),))]) as scheduler, anyio.create_task_group() as tasks:
        scopes = [anyio.CancelScope() for _ in range(9000)]
        answered: list[str] = []

        async def ask(number: int) -> None:
            answered.append((await scheduler.submit(service.call(f"{number}"))).value)

        async def ask_in_vain(number: int) -> None:
            with scopes[number]:
                await ask(number)

        await scheduler.submit(service.call("warm"))
        for _ in range(59):
            await scheduler.submit(service.call())
        for number in range(9000):
            tasks.start_soon(ask_in_vain, number)
        for number in range(9000, 10_000):
            tasks.start_soon(ask, number)
        await anyio.sleep(1.0)
        assert scheduler.status().queued == 10_000
        for scope in scopes:
            scope.cancel()
        await anyio.sleep(1.0)
        assert scheduler.status().queued == 1000
        await anyio.sleep(3600.0 * 17 + 60.0)
    assert sorted(map(int, answered)) == list(range(9000, 10_000))
    assert len(service.sent) == 1060


async def test_ended_calls_are_not_kept_in_memory() -> None:
    class Witness:
        pass

    async def hold(witness: Witness) -> None:
        await anyio.sleep(1.0)

    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        witnesses: list[weakref.ref[Witness]] = []

        async def ask(patience: float) -> None:
            witness = Witness()
            witnesses.append(weakref.ref(witness))
            call = Call(partial(hold, witness), key=len(witnesses), spends=(Spend("query"),), deadline=1e6)
            del witness
            with anyio.move_on_after(patience):
                await scheduler.submit(call)

        async with anyio.create_task_group() as tasks:
            for patience in (0.5, 3.0, 0.0, 9.0):
                tasks.start_soon(ask, patience)
        await anyio.sleep(1.0)
        gc.collect()
        assert [witness() for witness in witnesses] == [None] * 4


async def test_leaving_the_scheduler_cancels_what_runs() -> None:
    service = Service(seconds=100.0)
    with anyio.move_on_after(5.0):
        async with Scheduler([ONE_AT_ONCE]) as scheduler:
            await scheduler.submit(service.call("slow"))
    assert service.running == 0
