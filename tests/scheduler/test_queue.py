from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from request_scheduler import Priority, Spend
from request_scheduler.queue import Queue
from request_scheduler.schedule import Schedule

if TYPE_CHECKING:
    from request_scheduler.lane import Place

QUERY = (Spend("query"),)


def queue_of(*, ageing: float = 600.0, **weights: float) -> Queue[str]:
    return Queue(weights=weights, ageing=ageing)


def push(
    queue: Queue[str],
    item: str,
    *,
    now: float = 0.0,
    priority: Priority = Priority.NORMAL,
    tenant: str = "t",
    deadline: float | None = None,
    spends: tuple[Spend, ...] = QUERY,
) -> Place[str]:
    return queue.push(item, spends, now, priority=priority, tenant=tenant, deadline=deadline)


def drain(queue: Queue[str], now: float = 0.0) -> list[str]:
    order = []
    while (place := queue.next(())) is not None:
        queue.take(place, now)
        order.append(place.item)
    return order


def test_weights_share_the_turns() -> None:
    queue = queue_of(a=3.0, b=1.0)
    for _number in range(12):
        push(queue, "a", tenant="a")
        push(queue, "b", tenant="b")
    order = drain(queue)[:12]
    assert (order.count("a"), order.count("b")) == (9, 3)


def test_heavy_calls_are_charged_by_their_units() -> None:
    queue = queue_of()
    for _ in range(6):
        push(queue, "heavy", tenant="a", spends=(Spend("query", 2),))
        push(queue, "light", tenant="b")
    order = drain(queue)[:9]
    assert (order.count("heavy"), order.count("light")) == (3, 6)


def test_a_tenant_that_was_away_has_neither_credit_nor_debt() -> None:
    """Trap 22: an idle tenant's lag is bounded on both sides."""
    queue = queue_of()
    for _ in range(20):
        push(queue, "a", tenant="a")
    for _ in range(10):
        place = queue.next(())
        assert place is not None
        queue.take(place, 0.0)
    for _ in range(10):
        push(queue, "b", tenant="b")
    order = drain(queue)[:6]
    assert sorted(order) == ["a"] * 3 + ["b"] * 3


def test_an_idle_level_forgets_who_had_how_much() -> None:
    queue = queue_of()
    for _ in range(5):
        push(queue, "a", tenant="a")
    drain(queue)
    push(queue, "a", tenant="a")
    push(queue, "b", tenant="b")
    assert drain(queue) == ["a", "b"]


def test_withdrawn_calls_do_not_cost_their_tenant_its_turn() -> None:
    queue = queue_of()
    places = [push(queue, f"a{number}", tenant="a") for number in range(100)]
    push(queue, "b0", tenant="b")
    push(queue, "b1", tenant="b")
    for place in places[:99]:
        queue.discard(place)
    assert drain(queue) == ["a99", "b0", "b1"]


def test_a_waiting_step_of_priority_is_worth_the_ageing_time() -> None:
    queue = queue_of(ageing=60.0)
    push(queue, "batch", priority=Priority.BATCH, now=0.0)
    push(queue, "normal", priority=Priority.NORMAL, now=59.0)
    first = queue.next(())
    assert first is not None
    assert first.item == "normal"
    queue.take(first, 59.0)
    push(queue, "normal", priority=Priority.NORMAL, now=61.0)
    assert drain(queue, 61.0) == ["batch", "normal"]


def test_an_aged_level_gets_one_turn_and_then_waits_again() -> None:
    queue = queue_of(ageing=60.0)
    for _ in range(5):
        push(queue, "old", priority=Priority.BACKGROUND, now=0.0)
    for _ in range(3):
        push(queue, "urgent", priority=Priority.INTERACTIVE, now=1000.0)
    assert drain(queue, 1000.0)[:4] == ["old", "urgent", "urgent", "urgent"]


def test_a_call_without_a_deadline_is_not_starved_by_deadlines() -> None:
    queue = queue_of(ageing=60.0)
    push(queue, "patient", now=0.0)
    for number in range(5):
        push(queue, "soon", now=300.0 + number, deadline=310.0 + number)
    assert drain(queue)[0] == "patient"


def test_lanes_that_share_a_budget_take_turns() -> None:
    queue = queue_of()
    both = (Spend("query"), Spend("jql"))
    for number in range(3):
        push(queue, "one", now=float(number))
        push(queue, "two", now=float(number), spends=both)
    order = []
    for moment in range(10, 16):
        place = queue.next(())
        assert place is not None
        queue.take(place, float(moment))
        order.append(place.item)
    assert order == ["one", "two"] * 3


def test_passed_lanes_are_left_out() -> None:
    queue = queue_of()
    blocked = push(queue, "blocked")
    push(queue, "free", spends=(Spend("export"),))
    place = queue.next({blocked.lane})
    assert place is not None
    assert place.item == "free"


def test_only_a_call_that_needs_the_same_budget_contends() -> None:
    queue = queue_of()
    push(queue, "waits", spends=(Spend("query"), Spend("jql")))
    assert queue.contends((Spend("jql"),))
    assert not queue.contends((Spend("export"),))


def test_what_goes_before_a_call_is_counted_by_priority_and_fair_order() -> None:
    queue = queue_of()
    for _ in range(4):
        push(queue, "urgent", priority=Priority.INTERACTIVE)
        push(queue, "hog", tenant="hog")
        push(queue, "low", priority=Priority.BATCH)
    push(queue, "mine", tenant="me")
    assert queue.ahead_of(QUERY, Priority.NORMAL, "me") == ({"query": 7}, 7)


def test_thousands_of_tenants_are_forgotten_when_they_are_done() -> None:
    queue = queue_of()
    push(queue, "stays", tenant="stays", priority=Priority.NORMAL)
    for number in range(5000):
        push(queue, "x", tenant=f"tenant {number}")
        place = queue.next(())
        assert place is not None
        queue.take(place, 0.0)
    level = queue.lanes_of(QUERY)[0].levels[Priority.NORMAL]
    assert len(level.shares) < 1000


def test_a_schedule_goes_by_time_and_then_by_order_of_arrival() -> None:
    schedule: Schedule[str] = Schedule()
    for when, item in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (3.0, "d")):
        schedule.add(when, item)
    assert schedule.pop_due(2.0) == ["a", "b", "c"]
    assert schedule.next_time() == 3.0


def test_a_schedule_is_swept_when_most_of_it_was_withdrawn() -> None:
    schedule: Schedule[int] = Schedule()
    entries = [schedule.add(float(number), number) for number in range(1000)]
    for entry in entries[:0:-1]:
        schedule.discard(entry)
        schedule.discard(entry)
    assert len(schedule) == 1
    assert len(schedule._heap) < 70
    assert list(schedule) == [0]


def test_withdrawing_what_was_taken_changes_nothing() -> None:
    schedule: Schedule[str] = Schedule()
    entry = schedule.add(1.0, "a")
    assert schedule.pop() == "a"
    schedule.discard(entry)
    assert schedule.pop() is None
    with pytest.raises(IndexError):
        schedule._heap[0]


def test_an_entry_may_come_back_at_its_old_time_and_turn() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1.0, "first", turn=1)
    entry = schedule.add(2.0, "moves", turn=2)
    schedule.discard(entry)
    schedule.add(2.0, "is back", turn=2)
    assert schedule.pop_due(2.0) == ["first", "is back"]
