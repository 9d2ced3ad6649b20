"""Equal calls of several processes share one run, whatever becomes of its leader, its followers and its answer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from request_scheduler import (
    Allowance,
    Budget,
    DeadlinePassed,
    Freshness,
    NotSent,
    SchedulerClosed,
    Spend,
    Window,
)
from request_scheduler.stores import StoreLost
from tests.scheduler.sharing.conftest import LEASE, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.scheduler.sharing.conftest import Machine

    NewMachine = Callable[[], AbstractAsyncContextManager[Machine]]


async def test_equal_calls_of_two_processes_are_sent_once(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        leader = await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a"))
        await machine.clock.advance(3.0)
        gate.set()
        await until(lambda: leader.done and follower.done)
        assert leader.answer is not None
        assert follower.answer is not None
        assert follower.answer.value == leader.answer.value == {"answer": 1}
        assert (follower.answer.origin, follower.answer.cost, leader.answer.cost) == ("flight", 0, 1)
        assert machine.sent == ["a"]
        await two.refresh()
        assert two.status().budgets["query"].used == 2, "the other one is the question behind it"
        assert (two.status().counters.joined, two.status().queued) == (1, 0)


async def test_callers_of_a_following_process_share_what_they_wait_for(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        await machine.lead(one, machine.question("a"))
        callers = [await machine.follow(two, machine.question("a"))]
        callers += [machine.ask(two, machine.question("a")) for _ in range(3)]
        await until(lambda: two.status().counters.joined == 3)
        gate.set()
        await until(lambda: all(caller.done for caller in callers))
        assert machine.sent == ["a"]
        assert two.status().counters.joined == 4


async def test_a_follower_that_leaves_changes_nothing_for_the_others(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        leader = await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a"))
        follower.scope.cancel()
        await until(lambda: two.status().queued == 0)
        gate.set()
        await until(lambda: leader.done)
        assert leader.error is None
        assert machine.sent == ["a"]
        assert two.status().counters.cancelled == 1


@pytest.mark.parametrize("end", ["its caller leaves", "its process closes", "its lease ends"])
async def test_when_the_leader_is_gone_the_next_one_asks(new_machine: NewMachine, end: str) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        machine.shut("a")
        leader = await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a"))
        del machine.gates["a"]
        if end == "its caller leaves":
            leader.scope.cancel()
        elif end == "its process closes":
            await machine.close(one)
        else:
            await machine.clock.advance(LEASE - 1.0)
            await two.submit(machine.question("b"))
            assert machine.sent == ["a", "b"], "the first may still answer"
            await machine.clock.advance(2.0)
        await until(lambda: follower.done)
        assert machine.sent[-1] == "a"
        assert follower.answer is not None
        assert (follower.answer.origin, follower.answer.cost) == ("network", 1)
        leader.scope.cancel()


async def test_a_failure_is_not_handed_to_other_processes(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        leader = await machine.lead(one, machine.question("a", error=RuntimeError("a bad day")))
        follower = await machine.follow(two, machine.question("a"))
        gate.set()
        await until(lambda: leader.done and follower.done)
        assert str(leader.error) == "a bad day"
        assert follower.answer is not None
        assert machine.sent == ["a", "a"]
        assert machine.peak == 1


async def test_answers_that_are_not_kept_are_asked_for_one_process_after_the_other(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        processes = [await machine.start() for _ in range(3)]
        gate = machine.shut("a")
        callers = [await machine.lead(processes[0], machine.question("a", ttl=0.0))]
        callers += [await machine.follow(process, machine.question("a", ttl=0.0)) for process in processes[1:]]
        machine.peak = 0
        gate.set()
        await until(lambda: all(caller.done for caller in callers))
        assert machine.sent == ["a", "a", "a"]
        assert machine.peak == 1


async def test_a_call_that_waits_for_room_ends_when_another_process_has_the_answer(new_machine: NewMachine) -> None:
    two_an_hour = Budget("query", (Window(2, 3600.0),), margin=0.0)
    async with new_machine() as machine:
        one, two = await machine.start(two_an_hour), await machine.start(two_an_hour)
        machine.shut("other")
        gate = machine.shut("a")
        leaders = [await machine.lead(one, machine.question(name)) for name in ("other", "a")]
        callers = [machine.ask(two, machine.question(name)) for name in ("b", "a")]
        await until(lambda: two.status().queued == 2)
        gate.set()
        await until(lambda: callers[1].done)
        assert callers[1].answer is not None
        assert callers[1].answer.origin == "flight"
        assert two.status().queued == 1
        for caller in (*callers, *leaders):
            caller.scope.cancel()


async def test_a_granted_call_that_was_answered_meanwhile_gives_its_units_back(new_machine: NewMachine) -> None:
    one_an_hour = Budget("query", (Window(1, 3600.0),), margin=0.0)
    async with new_machine() as machine:
        waiting = await machine.start(one_an_hour)
        other = await machine.start(shares_budget=False)  # so that nobody tells of its landing
        gate = machine.shut("first")
        refunded = await machine.lead(waiting, machine.question("first", error=NotSent(OSError("no connection"))))
        caller = machine.ask(waiting, machine.question("a"))
        await until(lambda: waiting.status().queued == 1)
        await other.submit(machine.question("a"))
        await other.flush()
        gate.set()
        await until(lambda: caller.done and refunded.done)
        assert caller.answer is not None
        assert caller.answer.origin == "flight"
        await waiting.refresh()
        await until(lambda: waiting.status().budgets["query"].used == 0)
        assert machine.sent == ["first", "a"]


async def test_a_fresh_call_takes_no_answer_that_was_sent_before_it_was_made(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two, three = [await machine.start() for _ in range(3)]
        gate = machine.shut("a")
        await machine.lead(one, machine.question("a"))
        await machine.clock.advance(1.0)
        fresh = [
            await machine.follow(process, machine.question("a", freshness=Freshness.FRESH)) for process in (two, three)
        ]
        await machine.clock.advance(1.0)
        gate.set()
        await until(lambda: all(caller.done for caller in fresh))
        assert machine.sent == ["a", "a"], "one for both, sent after they were made"
        answers = [caller.answer for caller in fresh]
        assert sorted(answer.cost for answer in answers if answer is not None) == [0, 1]
        assert [answer.value for answer in answers if answer is not None] == [{"answer": 2}] * 2


async def test_a_follower_that_accepts_the_answer_does_not_wait_for_a_fresh_one(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        await machine.lead(one, machine.question("a"))
        await machine.clock.advance(1.0)
        ordinary = await machine.follow(two, machine.question("a"))
        fresh = machine.ask(two, machine.question("a", freshness=Freshness.FRESH))
        await until(lambda: two.status().counters.joined == 1)
        gate.set()
        await until(lambda: ordinary.done and fresh.done)
        assert ordinary.answer is not None
        assert fresh.answer is not None
        assert (ordinary.answer.value, fresh.answer.value) == ({"answer": 1}, {"answer": 2})


async def test_an_answer_dropped_while_it_was_under_way_is_not_handed_on(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        tags = frozenset({"cohorts"})
        leader = await machine.lead(one, machine.question("a", tags=tags))
        follower = await machine.follow(two, machine.question("a", tags=tags))
        two.invalidate(tags)
        await two.flush()
        gate.set()
        await until(lambda: leader.done and follower.done)
        assert follower.answer is not None
        assert follower.answer.value == {"answer": 2}
        assert machine.sent == ["a", "a"]


async def test_a_deadline_ends_the_wait_of_a_follower(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a", deadline=two.now() + 5.0))
        await machine.clock.advance(6.0)
        await until(lambda: follower.done)
        assert isinstance(follower.error, DeadlinePassed)
        gate.set()


async def test_following_is_not_charged_to_a_task(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        await machine.lead(one, machine.question("a"))
        allowance = Allowance("report", max_requests=1)
        follower = await machine.follow(two, machine.question("a", allowance=allowance))
        gate.set()
        await until(lambda: follower.done)
        assert follower.error is None
        assert not allowance.exhausted


async def test_a_following_process_may_close(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        leader = await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a"))
        await machine.close(two)
        await until(lambda: follower.done)
        assert isinstance(follower.error, SchedulerClosed)
        gate.set()
        await until(lambda: leader.done)


async def test_a_follower_tells_that_it_starts_now_and_that_others_may_join(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("a")
        await machine.lead(one, machine.question("a"))
        await machine.follow(two, machine.question("a"))
        assert two.joins(machine.question("a"))
        assert two.eta(machine.question("a")) == 0.0
        gate.set()


@pytest.mark.parametrize("spends", [(Spend("query"),), ()])
async def test_without_shared_answers_or_a_price_every_process_asks_itself(
    new_machine: NewMachine, spends: tuple[Spend, ...]
) -> None:
    async with new_machine() as machine:
        one, two = [await machine.start(shares_answers=not spends) for _ in range(2)]
        gate = machine.shut("a")
        for process in (one, two):
            await machine.lead(process, machine.question("a", spends=spends))
        assert machine.sent == ["a", "a"]
        gate.set()


async def test_processes_that_keep_their_answers_in_different_places_do_not_wait_for_each_other(
    new_machine: NewMachine,
) -> None:
    async with new_machine() as machine:
        gate = machine.shut("a")
        for answers in ("here.sqlite", "there.sqlite"):
            process = await machine.start(answers=answers)
            await machine.lead(process, machine.question("a"))
        assert machine.sent == ["a", "a"]
        gate.set()


async def test_while_the_budget_file_is_lost_a_follower_is_told_as_others_are(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start(on_loss="error")
        gate = machine.shut("a")
        leader = await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a"))
        with closing(sqlite3.connect(machine.folder / "budget-v1.sqlite", isolation_level=None)) as database:
            database.execute("CREATE TRIGGER full BEFORE INSERT ON holders BEGIN SELECT RAISE(FAIL, 'full'); END")
            await machine.clock.advance(LEASE / 2)  # so that every process renews its lease, and fails
            await until(lambda: follower.done)
            assert isinstance(follower.error, StoreLost)
            database.execute("DROP TRIGGER full")
        gate.set()
        await until(lambda: leader.done)
        assert machine.sent == ["a"]


async def test_an_answer_that_was_renewed_elsewhere_is_not_renewed_again(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        await one.submit(machine.question("a", ttl=10.0))
        await one.flush()
        await machine.clock.advance(20.0)
        gate = machine.shut("a")
        stale = machine.question("a", freshness=Freshness.STALE_OK)
        assert (await one.submit(stale)).age == pytest.approx(20.0)
        await until(lambda: len(machine.sent) == 2)
        assert (await two.submit(stale)).age == pytest.approx(20.0)
        await until(lambda: two.eta(machine.question("b")) == 0.0 and two.status().queued == 1)
        await machine.clock.advance(1.0)
        gate.set()
        await until(lambda: two.status().queued == 0)
        assert machine.sent == ["a", "a"]


async def test_calls_without_a_key_wait_for_none_in_their_own_process_or_another(new_machine: NewMachine) -> None:
    async with new_machine() as machine:
        one, two = await machine.start(), await machine.start()
        gate = machine.shut("change")
        callers = [machine.ask(process, machine.question("change", key=None)) for process in (one, one, two)]
        await until(lambda: machine.running == 3)
        gate.set()
        await until(lambda: all(caller.done for caller in callers))
        assert [caller.error for caller in callers] == [None] * 3
