from __future__ import annotations

import anyio
import pytest

from request_scheduler import (
    Allowance,
    Budget,
    Call,
    CeilingReached,
    Concurrent,
    DeadlinePassed,
    DeadlineUnreachable,
    Failed,
    Freshness,
    NotSent,
    QueueFull,
    Scheduler,
    Window,
)
from tests.scheduler.service import QUERY, Service, query

SINGLE = Budget("query", (Window(1, 60.0),))
ONE_AT_ONCE = Budget("query", (Concurrent(1),))


async def test_a_deadline_that_cannot_be_met_is_refused_at_submit_with_the_eta() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([SINGLE]) as scheduler:
        await scheduler.submit(service.call("first"))
        with pytest.raises(DeadlineUnreachable) as refused:
            await scheduler.submit(service.call("late", deadline=scheduler.now() + 30.0))
    assert refused.value.eta == pytest.approx(60.05)


async def test_a_deadline_that_has_come_is_not_blamed_on_a_budget_with_room() -> None:
    async with Scheduler([SINGLE]) as scheduler:
        with pytest.raises(DeadlineUnreachable) as refused:
            await scheduler.submit(Service(seconds=0.0).call("late", deadline=scheduler.now() - 1.0))
    assert str(refused.value) == "the call cannot start before so near a deadline"


async def test_a_deadline_that_can_be_met_is_met() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([SINGLE]) as scheduler:
        await scheduler.submit(service.call("first"))
        answer = await scheduler.submit(service.call("in time", deadline=scheduler.now() + 61.0))
    assert answer.waited == pytest.approx(60.05)


async def test_a_deadline_has_its_own_timer() -> None:
    service = Service(seconds=100.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("slow"))
        await anyio.sleep(1.0)
        with pytest.raises(DeadlinePassed) as passed:
            await scheduler.submit(service.call("waits", deadline=scheduler.now() + 7.0))
        assert anyio.current_time() - service.sent[0] == pytest.approx(8.0)
        assert passed.value.waited == pytest.approx(7.0)
        tasks.cancel_scope.cancel()


async def test_a_deadline_ends_the_wait_of_one_caller_and_not_of_those_who_share_its_flight() -> None:
    service = Service(seconds=20.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("slow"))
        await anyio.sleep(1.0)
        tasks.start_soon(scheduler.submit, service.call("shared"))
        with pytest.raises(DeadlinePassed):
            await scheduler.submit(service.call("shared", deadline=scheduler.now() + 5.0))
    assert service.names == ["slow", "shared"]


async def test_a_deadline_bounds_a_call_that_was_sent_and_says_that_it_may_be_counted() -> None:
    service = Service(seconds=20.0)
    async with Scheduler([SINGLE]) as scheduler:
        begun = scheduler.now()
        with pytest.raises(DeadlinePassed, match="was sent") as passed:
            await scheduler.submit(service.call("a", deadline=begun + 5.0))
        assert scheduler.now() - begun == pytest.approx(5.0)
        await anyio.sleep(0.1)
        status = scheduler.status()
        assert (status.in_flight, status.budgets["query"].used, status.budgets["query"].permits_held) == (0, 1, 0)
    assert passed.value.sent


async def test_an_answer_that_comes_before_the_deadline_is_had() -> None:
    service = Service(seconds=20.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        assert (await scheduler.submit(service.call("a", deadline=scheduler.now() + 21.0))).value == "a"


async def test_a_sent_flight_goes_on_for_those_who_wait_longer() -> None:
    service = Service(seconds=20.0)
    answers: list[object] = []
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def stay() -> None:
            answers.append((await scheduler.submit(service.call("shared"))).value)

        async def go(deadline: float) -> None:
            with pytest.raises(DeadlinePassed) as passed:
                await scheduler.submit(service.call("shared", deadline=scheduler.now() + deadline))
            assert passed.value.sent

        tasks.start_soon(go, 5.0)
        await anyio.sleep(1.0)
        tasks.start_soon(go, 2.0)
        tasks.start_soon(stay)
    assert (service.names, answers) == (["shared"], ["shared"])


async def test_a_deadline_holds_beyond_the_longest_wait_that_a_task_grants_before_a_call_is_sent() -> None:
    service = Service(seconds=20.0)
    patient = Allowance("report", max_wait=2.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        begun = scheduler.now()
        with pytest.raises(DeadlinePassed):
            await scheduler.submit(service.call("a", allowance=patient, deadline=begun + 5.0))
        assert scheduler.now() - begun == pytest.approx(5.0)
        assert (await scheduler.submit(service.call("b", allowance=patient))).value == "b"


async def test_a_call_that_queues_again_has_no_more_patience_than_before_it_was_sent() -> None:
    patient = Allowance("report", max_wait=2.0)

    async def fail() -> None:
        await anyio.sleep(3.0)
        raise Failed(OSError("broken"), retry=True)

    async with Scheduler([SINGLE]) as scheduler:
        begun = scheduler.now()
        with pytest.raises(CeilingReached):
            await scheduler.submit(query(fail, allowance=patient, deadline=begun + 30.0))
        assert scheduler.now() - begun == pytest.approx(3.0)


async def test_the_eta_is_the_wait_that_follows() -> None:
    service = Service(seconds=2.0)
    budget = Budget("query", (Window(3, 60.0), Concurrent(2)))
    async with Scheduler([budget]) as scheduler, anyio.create_task_group() as tasks:
        await scheduler.submit(service.call("warm"))
        promised: list[float] = []
        waited: list[float] = []

        async def ask(number: int) -> None:
            call = service.call(f"{number}")
            promised.append(scheduler.eta(call))
            waited.append((await scheduler.submit(call)).waited)

        for number in range(9):
            tasks.start_soon(ask, number)
    assert sorted(promised) == pytest.approx(sorted(waited), abs=4.5)


async def test_an_eta_reserves_and_sends_nothing() -> None:
    service = Service()
    async with Scheduler([SINGLE]) as scheduler:
        assert scheduler.eta(service.call("a")) == 0.0
        assert scheduler.status().budgets["query"].used == 0


async def test_a_task_stops_at_its_ceiling() -> None:
    service = Service()
    allowance = Allowance("weekly report", max_requests=2)
    async with Scheduler([Budget("query")]) as scheduler:
        for number in range(2):
            await scheduler.submit(service.call(f"{number}", allowance=allowance))
        with pytest.raises(CeilingReached, match="weekly report"):
            await scheduler.submit(service.call("3", allowance=allowance))
    assert len(service.sent) == 2


async def test_calls_in_parallel_do_not_slip_through_a_ceiling() -> None:
    service = Service()
    allowance = Allowance("report", max_requests=3)
    turned_away = 0
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:

        async def ask(number: int) -> None:
            nonlocal turned_away
            try:
                await scheduler.submit(service.call(f"{number}", allowance=allowance))
            except CeilingReached:
                turned_away += 1

        for number in range(10):
            tasks.start_soon(ask, number)
    assert (len(service.sent), turned_away) == (3, 7)


async def test_shared_and_cached_answers_are_free_for_the_allowance() -> None:
    service = Service()
    allowance = Allowance("report", max_requests=0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a", ttl=60.0))
        await anyio.sleep(0.5)
        assert (await scheduler.submit(service.call("a", allowance=allowance))).origin == "flight"
        assert (await scheduler.submit(service.call("a", allowance=allowance))).origin == "cache"


async def test_a_flight_is_paid_by_another_member_when_the_first_is_at_its_ceiling() -> None:
    service = Service()
    poor, rich = Allowance("poor", max_requests=1), Allowance("rich", max_requests=5)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("spends it", allowance=poor))
        await anyio.sleep(0.1)

        async def lead() -> None:
            with pytest.raises(CeilingReached):
                await scheduler.submit(service.call("shared", allowance=poor))

        tasks.start_soon(lead)
        await anyio.sleep(0.5)
        answer = await scheduler.submit(service.call("shared", allowance=rich))
    assert (answer.value, answer.cost, rich.used) == ("shared", 1, 1)


async def test_a_request_that_never_left_is_given_back_to_the_allowance() -> None:
    async def run() -> None:
        raise NotSent(ConnectionError())

    allowance = Allowance("report", max_requests=1)
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        with pytest.raises(ConnectionError):
            await scheduler.submit(Call(run, spends=QUERY, allowance=allowance))
    assert allowance.used == 0


async def test_a_task_that_may_not_wait_is_told_at_once() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([SINGLE]) as scheduler:
        await scheduler.submit(service.call("first"))
        with pytest.raises(CeilingReached, match="10 seconds"):
            await scheduler.submit(service.call("second", allowance=Allowance("quick look", max_wait=10.0)))


async def test_a_full_queue_refuses_if_it_was_told_to() -> None:
    service = Service(seconds=10.0)
    async with (
        Scheduler([ONE_AT_ONCE], queue_size=2, when_full="refuse") as scheduler,
        anyio.create_task_group() as tasks,
    ):
        for number in range(3):
            tasks.start_soon(scheduler.submit, service.call(f"{number}"))
        await anyio.sleep(1.0)
        with pytest.raises(QueueFull, match="2 calls"):
            await scheduler.submit(service.call("one too many"))


async def test_callers_wait_to_enter_a_full_queue_in_their_order() -> None:
    service = Service(seconds=1.0)
    async with Scheduler([ONE_AT_ONCE], queue_size=2) as scheduler, anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(scheduler.submit, service.call(f"{number}"))
            await anyio.sleep(0.01)
        assert scheduler.status().queued == 5
    assert service.names == [f"{number}" for number in range(6)]


async def test_a_caller_may_leave_the_entrance_of_a_full_queue() -> None:
    service = Service(seconds=1.0)
    async with Scheduler([ONE_AT_ONCE], queue_size=1) as scheduler, anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(scheduler.submit, service.call(f"{number}"))
            await anyio.sleep(0.01)
        with anyio.move_on_after(0.5):
            await scheduler.submit(service.call("leaves"))
    assert service.names == ["0", "1"]


async def test_an_offline_call_takes_an_expired_answer() -> None:
    service = Service()
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        await scheduler.submit(service.call("a", ttl=5.0))
        await anyio.sleep(10.0)
        assert (await scheduler.submit(service.call("a", freshness=Freshness.OFFLINE))).age == pytest.approx(10.0)


async def test_an_answer_at_hand_or_under_way_has_no_eta() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([SINGLE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a", ttl=600.0))
        await anyio.sleep(1.0)
        assert scheduler.eta(service.call("a")) == 0.0
        await anyio.sleep(10.0)
        assert scheduler.eta(service.call("a")) == 0.0
        assert scheduler.eta(service.call("b")) > 50.0


async def test_a_task_that_may_wait_a_little_is_told_when_that_is_over() -> None:
    service = Service(seconds=100.0)
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("slow"))
        await anyio.sleep(1.0)
        with pytest.raises(CeilingReached, match="7 seconds of waiting"):
            await scheduler.submit(service.call("waits", allowance=Allowance("quick look", max_wait=7.0)))
        tasks.cancel_scope.cancel()


async def test_a_deadline_holds_for_the_wait_before_a_retry() -> None:
    async def run() -> None:
        raise Failed(OSError("cut"), retry=True, after=60.0)

    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        with pytest.raises(DeadlinePassed):
            await scheduler.submit(Call(run, spends=QUERY, deadline=scheduler.now() + 10.0))
        assert scheduler.status().queued == 0


async def test_a_flight_is_useful_until_the_latest_deadline_of_those_in_it() -> None:
    service = Service(seconds=20.0)
    answered: list[str] = []
    async with Scheduler([ONE_AT_ONCE]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("slow"))
        await anyio.sleep(1.0)
        now = scheduler.now()

        async def ask(name: str, patience: float) -> None:
            try:
                answered.append((await scheduler.submit(service.call(name, deadline=now + patience))).value)
            except DeadlinePassed:
                answered.append(f"{name} too late")

        for patience in (5.0, 90.0, 10.0):
            tasks.start_soon(ask, "shared", patience)
        tasks.start_soon(ask, "other", 80.0)
    assert answered == ["shared too late", "shared too late", "other", "shared"]


async def test_an_allowance_at_its_ceiling_renews_nothing() -> None:
    service = Service()
    async with Scheduler([ONE_AT_ONCE]) as scheduler:
        await scheduler.submit(service.call("a", ttl=5.0))
        await anyio.sleep(10.0)
        spent = Allowance("spent", max_requests=0)
        answer = await scheduler.submit(service.call("a", allowance=spent, freshness=Freshness.STALE_OK))
        assert answer.origin == "cache"
        await anyio.sleep(10.0)
    assert len(service.sent) == 1


async def test_a_ceiling_is_given_back_by_a_call_cancelled_before_it_was_sent() -> None:
    service = Service(seconds=0.0)
    allowance = Allowance("report", max_requests=1)
    async with Scheduler([SINGLE]) as scheduler:
        await scheduler.submit(service.call("first"))
        with anyio.move_on_after(5.0):
            await scheduler.submit(service.call("leaves", allowance=allowance))
    assert allowance.left == 1
