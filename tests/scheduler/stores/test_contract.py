"""What every store promises, whatever it is made of."""

from __future__ import annotations

import math
import os
import socket
from typing import TYPE_CHECKING

import pytest

from request_scheduler import (
    Budget,
    Concurrent,
    Holding,
    Refused,
    Settlement,
    Spend,
    TooWide,
    UnknownBudget,
    Window,
)
from request_scheduler.stores import Reservation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scheduler.stores.conftest import Hand

THREE = Budget("query", (Window(3, 60.0),), margin=0.0)
TWO_AT_ONCE = Budget("query", (Window(100, 60.0), Concurrent(2)), margin=0.0)


def test_a_window_holds_its_limit_and_names_the_next_slot(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.spend(3)
    hand.now += 20.0
    assert hand.denied() == pytest.approx(1060.0)
    hand.now = 1060.0
    assert isinstance(hand.reserve(), Reservation)


def test_a_slot_is_counted_from_the_settlement_on(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(Budget("query", (Window(1, 60.0),), margin=0.0))
    taken = hand.take()
    hand.now += 10.0
    assert hand.denied() == math.inf
    hand.settle(taken)
    assert hand.denied() == pytest.approx(1070.0)


def test_a_refund_gives_the_slot_back(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.settle(hand.take(), Settlement.REFUNDED)
    assert hand.used() == 0
    hand.settle(hand.take(), Settlement.UNKNOWN)
    assert hand.used() == 1


def test_permits_come_back_when_settled(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(TWO_AT_ONCE)
    first, _ = hand.take(), hand.take()
    assert hand.held() == 2
    assert hand.denied() == math.inf
    hand.settle(first)
    hand.take()
    assert hand.held() == 2


def test_several_limits_are_taken_all_or_none_trap_21(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE, Budget("jql", (Window(1, 600.0),), margin=0.0))
    both = Spend("query"), Spend("jql")
    hand.settle(hand.take(*both))
    assert hand.denied(*both) == pytest.approx(1600.0)
    assert (hand.used("query"), hand.used("jql")) == (1, 1)
    hand.take()


def test_units_of_one_budget_add_up(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.settle(hand.take(Spend("query"), Spend("query", 2)))
    assert hand.used() == 3
    assert hand.denied() == pytest.approx(1060.0)


def test_what_can_never_be_reserved_is_said_at_once_trap_17(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE, reserve=1)
    with pytest.raises(TooWide):
        hand.store.check((Spend("query", 4),), urgent=True)
    with pytest.raises(TooWide):
        hand.store.check((Spend("query", 3),), urgent=False)
    with pytest.raises(UnknownBudget):
        hand.store.check((Spend("nothing"),), urgent=True)


def test_reserved_slots_are_for_urgent_calls(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE, reserve=1)
    hand.spend(2)
    assert hand.denied() == pytest.approx(1060.0)
    hand.take(urgent=True)


def test_a_call_that_spends_nothing_always_goes(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    for _ in range(5):
        taken = hand.wait(hand.store.reserve((), hand.now, "t"))
        assert isinstance(taken, Reservation)
        hand.settle(taken)


def test_a_refusal_with_room_in_the_log_pauses_the_budget_trap_9(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(Budget("query", (Window(60, 3600.0),), margin=0.0))
    hand.refuse(hand.take(), Refused(RuntimeError(), kind="window"))
    assert hand.used() == 0
    assert hand.denied() == pytest.approx(1060.0)


def test_limits_that_the_service_tells_are_learned(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(Budget("query", (Window(60, 3600.0), Concurrent(5)), margin=0.0))
    hand.spend(1)
    refusal = Refused(RuntimeError(), kind="window", quota=(Window(1, 3600.0), Concurrent(2)))
    hand.refuse(hand.take(), refusal)
    (status,) = hand.store.usage(hand.now)
    assert (status.limit, status.permits_limit, status.learned) == (1, 2, True)
    assert hand.denied() == pytest.approx(4600.0)


def test_the_forecast_names_the_moment_of_admission(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.spend(3)
    hand.now += 5.0
    spends = (Spend("query"),)
    assert hand.store.forecast(spends, {}, 0, hand.now, 0.0) == pytest.approx(hand.denied())
    assert hand.store.forecast(spends, {"query": 3}, 3, hand.now, 0.0) == pytest.approx(1120.0)


def test_spend_is_told_by_tenant(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.spend(2, tenant="a")
    hand.take(tenant="b")
    (status,) = hand.store.usage(hand.now)
    assert dict(status.spent_by) == {"a": 2, "b": 1}


def test_who_has_requests_in_flight_is_told(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.settle(hand.take(tenant="a"))
    hand.take(tenant="b")
    hand.take(tenant="b")
    hand.wait(hand.store.refresh())
    (status,) = hand.store.usage(hand.now)
    assert status.held_by == (Holding(socket.gethostname(), os.getpid(), "b", 2),)


def test_spare_room_is_half_of_the_window(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(Budget("query", (Window(4, 60.0),), margin=0.0))
    spends = (Spend("query"),)
    assert hand.store.spare(spends, hand.now)
    hand.spend(2)
    assert not hand.store.spare(spends, hand.now)


def test_a_budget_may_be_given_other_limits_and_keeps_its_history(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    hand.spend(3)
    hand.store.define(Budget("query", (Window(4, 60.0),), margin=0.0))
    hand.take()
    assert hand.denied() > hand.now


def test_a_store_alone_has_the_lead_of_every_flight_as_often_as_it_asks(new_hand: Callable[..., Hand]) -> None:
    hand = new_hand(THREE)
    first, second = hand.reserve(flight="digest"), hand.reserve(flight="digest")
    assert isinstance(first, Reservation)
    assert isinstance(second, Reservation)
    hand.settle(first)
    hand.wait(hand.store.land("digest"))
    assert isinstance(hand.reserve(flight="digest"), Reservation)
