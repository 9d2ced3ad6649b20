"""Whose turn it is among processes: one that is late is passed over, and has its share all the same."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from request_scheduler import Budget, Concurrent, Priority, Window
from request_scheduler.stores import Denied, Reservation, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scheduler.stores.conftest import Hand

GRACE = 0.25
SHORT = Budget("query", (Window(3, 10.0),), margin=0.0)
ONE_AT_ONCE = Budget("query", (Window(1000, 60.0), Concurrent(1)), margin=0.0)
LONG = Budget("query", (Window(3, 800.0),), margin=0.0)
MORE = Standing(more=True)


def asks(hand: Hand, standing: Standing = MORE, tenant: str = "t") -> bool:
    """Whether one of many calls of a process is granted now; it settles at once."""
    verdict = hand.reserve(tenant=tenant, standing=standing)
    if isinstance(verdict, Reservation):
        hand.settle(verdict)
    return isinstance(verdict, Reservation)


@pytest.fixture
def late_and_other(new_shared_hand: Callable[..., Hand]) -> tuple[Hand, Hand]:
    """Two processes that wait for three slots; the first in turn does not come by within its grace."""
    late = new_shared_hand(SHORT)
    other = late.other(SHORT)
    late.spend(3)
    assert not asks(late)
    late.now += 1.0
    assert not asks(other)
    late.now = 1010.0
    assert other.denied() == pytest.approx(1010.0 + GRACE)
    late.now += GRACE
    return late, other


def test_nobody_waits_twice_for_the_same_late_one(late_and_other: tuple[Hand, Hand]) -> None:
    _, other = late_and_other
    assert [asks(other), asks(other), asks(other), asks(other)] == [True, True, True, False]


def test_a_late_one_is_waited_for_again_when_it_has_asked_and_catches_up(late_and_other: tuple[Hand, Hand]) -> None:
    late, other = late_and_other
    assert [asks(other) for _ in range(3)] == [True] * 3
    assert not asks(late)
    late.now += 10.0
    assert not asks(other)
    assert [asks(late) for _ in range(3)] == [True] * 3


def test_a_late_one_that_died_leaves_the_turns_with_its_lease(late_and_other: tuple[Hand, Hand]) -> None:
    late, other = late_and_other
    assert asks(other)
    late.now += 31.0
    assert [asks(other) for _ in range(3)] == [True] * 3
    heir = other.other(SHORT)
    late.now += 10.0
    assert [asks(heir), asks(other)] == [True, True], "what the dead one missed is owed to nobody"


def test_a_live_one_that_never_asks_again_is_owed_nothing_after_a_lease(late_and_other: tuple[Hand, Hand]) -> None:
    late, other = late_and_other
    for _ in range(6):
        assert asks(other)
        late.now += 10.0
        late.portal.call(late.store.refresh)  # it lives: its lease is renewed
    assert [asks(late), asks(late), asks(other)] == [True, False, True]


def test_one_with_nothing_left_to_ask_is_not_waited_for(new_shared_hand: Callable[..., Hand]) -> None:
    gone = new_shared_hand(SHORT)
    other = gone.other(SHORT)
    gone.spend(3)
    assert [asks(gone), asks(other)] == [False, False]
    gone.withdraw()
    gone.now = 1010.0
    assert asks(other)


def test_a_process_that_has_more_keeps_its_place_between_two_calls(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(ONE_AT_ONCE)
    two = one.other(ONE_AT_ONCE)
    assert asks(one)
    one.now += 1.0
    assert [asks(two), asks(one)] == [False, True]
    assert [asks(one), asks(two)] == [False, True]


def test_a_call_out_of_turn_is_not_charged_to_others_of_its_process(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(SHORT)
    two = one.other(SHORT)
    one.spend(3)
    low, high = Standing(Priority.BATCH, more=True), Standing(Priority.NORMAL, more=True)
    assert [asks(one, low), asks(two, high)] == [False, False]
    one.now = 1010.0
    assert [asks(two, high) for _ in range(3)] == [True] * 3
    assert [asks(one, low), asks(two, low)] == [False, False]
    one.now = 1020.0
    assert sorted(Counter(served(one.now, (one, two), low)).values()) == [1, 2]


def served(now: float, hands: tuple[Hand, ...], standing: Standing) -> list[int]:
    """Who of several is granted at one moment, until nobody is."""
    order: list[int] = []
    while granted := [number for number, hand in enumerate(hands) if asks(hand, standing)]:
        order += granted
    return order


@pytest.mark.parametrize("seed", range(3))
def test_shares_come_out_by_weight_however_late_some_come(new_shared_hand: Callable[..., Hand], seed: int) -> None:
    """Four processes with weights, all backlogged; each is now and then away for longer than the grace."""
    print(f"seed {seed}")
    random = Random(seed)
    first = new_shared_hand(ONE_AT_ONCE)
    hands = [first] + [first.other(ONE_AT_ONCE) for _ in range(3)]
    weights = [3.0, 2.0, 2.0, 1.0]
    had: Counter[int] = Counter()
    away = [0.0] * 4
    wake = [0.0] * 4
    while sum(had.values()) < 400:
        for number, hand in enumerate(hands):
            if max(away[number], wake[number]) > first.now:
                continue
            verdict = hand.reserve(tenant=f"t{number}", standing=Standing(weight=weights[number], more=True))
            if isinstance(verdict, Denied):
                wake[number] = 0.0 if math.isinf(verdict.until) else min(verdict.until, first.now + 0.05)
                continue
            assert isinstance(verdict, Reservation)
            had[number] += 1
            hand.settle(verdict)
            if random.random() < 0.1 and sum(had.values()) < 200:
                away[number] = first.now + random.uniform(0.1, 2.0)
        first.now += 0.05
    shares = [50.0 * weight for weight in weights]
    assert all(abs(had[number] - shares[number]) <= 1 for number in range(4)), (had, shares)


URGENT = Standing(Priority.INTERACTIVE)


def grow_old(seconds: float, *hands: Hand) -> None:
    """Let processes wait, which renew their leases meanwhile."""
    end = hands[0].now + seconds
    while hands[0].now < end:
        hands[0].now = min(end, hands[0].now + 20.0)
        for hand in hands:
            hand.wait(hand.store.refresh())


def test_an_urgent_call_and_the_others_of_its_process_have_a_place_each(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(SHORT)
    two = one.other(SHORT)
    one.spend(3)
    assert not asks(one)
    one.now += 1.0
    assert not asks(two)
    assert isinstance(one.reserve(urgent=True, standing=URGENT), Denied)
    one.withdraw(urgent=True)
    one.now = 1010.0
    assert not asks(two), "the first has waited longer, whatever became of its urgent call"
    assert asks(one)


def test_an_urgent_call_takes_what_is_reserved_though_others_go_before_it(new_shared_hand: Callable[..., Hand]) -> None:
    old = new_shared_hand(LONG, reserve=1)
    other = old.other(LONG, reserve=1)
    old.spend(2)
    assert not asks(old)
    grow_old(800.0, old)
    assert isinstance(other.reserve(urgent=True, standing=URGENT), Reservation)


def test_an_urgent_call_beyond_what_is_reserved_waits_for_its_turn(new_shared_hand: Callable[..., Hand]) -> None:
    old = new_shared_hand(LONG, reserve=1)
    other = old.other(LONG, reserve=1)
    old.spend(2)
    assert not asks(old)
    old.spend(1, urgent=True)
    grow_old(800.0, old)
    old.spend(1, urgent=True)
    assert isinstance(other.reserve(urgent=True, standing=URGENT), Denied), "the old call goes first, and has room"
    assert asks(old)


def test_a_head_that_stays_behind_in_its_own_process_holds_up_no_other(new_shared_hand: Callable[..., Hand]) -> None:
    both = new_shared_hand(LONG)
    other = both.other(LONG)
    both.spend(3)
    assert not asks(both)
    both.now += 1.0
    assert not asks(other)
    grow_old(799.0, both, other)
    assert isinstance(both.reserve(urgent=True, standing=URGENT), Denied), "the other has waited longer"
    assert not asks(other), "the ordinary head of the first has waited longer still"
    both.look()
    both.now += GRACE
    both.look()
    assert asks(other), "the first came by only with its urgent head"
