"""What processes that share a file owe each other: turns, leases, lessons, leads."""

from __future__ import annotations

import math
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from request_scheduler import Budget, Concurrent, Priority, Refused, Settlement, Window
from request_scheduler.stores import Denied, Reservation, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tests.scheduler.stores.conftest import Hand

THREE = Budget("query", (Window(3, 60.0),), margin=0.0)
SHORT = Budget("query", (Window(3, 10.0),), margin=0.0)
ONE_AT_ONCE = Budget("query", (Window(100, 60.0), Concurrent(1)), margin=0.0)


def test_two_processes_share_one_log(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.spend(2)
    two.spend(1)
    assert one.denied() == pytest.approx(1060.0)
    assert two.denied() == pytest.approx(1060.0)


def test_the_log_outlives_its_processes(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    one.spend(3)
    one.close()
    one.now += 10.0
    assert one.other(THREE).denied() == pytest.approx(1060.0)


def test_a_dead_holders_permits_come_back_at_the_end_of_its_lease_trap_6(new_shared_hand: Callable[..., Hand]) -> None:
    dead = new_shared_hand(ONE_AT_ONCE)
    heir = dead.other(ONE_AT_ONCE)
    dead.take()
    assert heir.denied() == math.inf
    heir.now += 31.0
    taken = heir.take()
    assert (heir.used(), heir.held()) == (2, 1)
    heir.settle(taken)


def test_a_settlement_after_the_end_of_the_lease_moves_the_slot_to_its_true_time(
    new_shared_hand: Callable[..., Hand],
) -> None:
    slow = new_shared_hand(Budget("query", (Window(1, 60.0),), margin=0.0))
    other = slow.other(Budget("query", (Window(1, 60.0),), margin=0.0))
    taken = slow.take()
    other.now += 40.0
    assert other.denied() == pytest.approx(1090.0)
    slow.settle(taken)
    assert other.denied() == pytest.approx(1100.0)


def test_a_refund_after_the_end_of_the_lease_frees_the_slot(new_shared_hand: Callable[..., Hand]) -> None:
    slow = new_shared_hand(Budget("query", (Window(1, 60.0),), margin=0.0))
    other = slow.other(Budget("query", (Window(1, 60.0),), margin=0.0))
    taken = slow.take()
    other.now += 40.0
    other.denied()
    slow.settle(taken, Settlement.REFUNDED)
    other.take()
    assert (other.used(), other.held()) == (1, 1)


def test_a_settlement_after_the_end_of_the_lease_is_none_of_what_this_process_still_has_in_flight(
    new_shared_hand: Callable[..., Hand],
) -> None:
    """A process that slept learns that what it had in flight counts as spent, before it says how that ended."""
    slow = new_shared_hand(ONE_AT_ONCE)
    other = slow.other(ONE_AT_ONCE)
    taken = slow.take()
    slow.now += 31.0
    assert (other.held(), slow.held()) == (0, 0)
    slow.settle(taken)
    assert (slow.known_held(), slow.used()) == (0, 1)


def test_a_process_that_closes_keeps_what_it_had_reserved_spent(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(ONE_AT_ONCE)
    two = one.other(ONE_AT_ONCE)
    one.take()
    one.portal.call(one.store.close)
    two.take()
    assert two.used() == 2


def test_what_other_processes_hold_and_wait_with_is_told(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(ONE_AT_ONCE)
    two, three = one.other(ONE_AT_ONCE), one.other(ONE_AT_ONCE)
    one.take(tenant="a")
    two.reserve(tenant="b", standing=Standing(Priority.BATCH))
    one.now += 2.0
    three.reserve(tenant="c")
    one.now += 1.0
    three.wait(three.store.refresh())
    (status,) = three.store.usage(three.now)
    assert [(holding.tenant, holding.units) for holding in status.held_by] == [("a", 1)]
    assert [(waiter.tenant, waiter.priority, waiter.waited) for waiter in status.waiters] == [("b", "batch", 3.0)]
    places = [(who.host, who.process) for who in status.held_by] + [(who.host, who.process) for who in status.waiters]
    assert places == [(socket.gethostname(), os.getpid())] * 2


def test_pauses_and_learned_limits_hold_for_all_processes_and_the_next(new_shared_hand: Callable[..., Hand]) -> None:
    hour = Budget("query", (Window(60, 3600.0),), margin=0.0)
    one = new_shared_hand(hour)
    two = one.other(hour)
    one.refuse(one.take(), Refused(RuntimeError(), kind="window", quota=(Window(40, 3600.0),)))
    assert two.denied() > two.now
    three = one.other(hour)
    (status,) = three.store.usage(three.now)
    assert (status.limit, status.learned) == (40, True)
    assert three.denied() > three.now


def test_a_lesson_is_forgotten_after_a_week_or_with_another_configuration(
    new_shared_hand: Callable[..., Hand],
) -> None:
    hour = Budget("query", (Window(60, 3600.0),), margin=0.0)
    one = new_shared_hand(hour)
    one.refuse(one.take(), Refused(RuntimeError(), kind="window", quota=(Window(40, 3600.0),)))
    (status,) = one.other(Budget("query", (Window(50, 3600.0),), margin=0.0)).store.usage(one.now)
    assert status.limit == 50
    one.now += 8 * 86400.0
    one.times.wall += 8 * 86400.0
    (status,) = one.other(hour).store.usage(one.now)
    assert status.limit == 60


def test_the_next_in_turn_goes_first_when_a_slot_comes_free(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(SHORT)
    two = one.other(SHORT)
    one.spend(2)
    one.spend(1)
    one.denied()
    one.now += 1.0
    two.denied()
    one.now = 1011.0
    assert two.denied() == pytest.approx(1011.25)
    one.take()
    two.take()


def test_a_higher_priority_elsewhere_goes_first(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(SHORT)
    two = one.other(SHORT)
    one.spend(3)
    one.reserve(standing=Standing(Priority.BATCH))
    two.reserve(standing=Standing(Priority.NORMAL))
    one.now = 1011.0
    assert isinstance(one.reserve(standing=Standing(Priority.BATCH)), Denied)
    assert isinstance(two.reserve(standing=Standing(Priority.NORMAL)), Reservation)


def test_one_process_leads_a_flight_until_it_has_landed_it(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    flight = one.keep(one.lead("digest"))
    assert two.follows("digest"), "its answer is still to be written"
    one.wait(one.store.land(flight))
    two.lead("digest")
    assert one.follows("digest")


def test_a_flight_that_is_followed_takes_nothing_and_leaves_the_turns(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(SHORT)
    two = one.other(SHORT)
    one.lead("digest")
    one.spend(2)
    two.denied()
    assert two.follows("digest")
    assert two.used() == 3
    one.now = 1011.0
    one.take()  # which a process that waits first could have put off


def test_other_flights_do_not_wait_for_it(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.lead("digest")
    two.lead("another digest")
    assert one.follows("another digest")
    assert two.follows("digest")


def test_no_lead_comes_without_units(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.spend(3)
    assert isinstance(one.reserve(flight="digest"), Denied)
    assert isinstance(two.reserve(flight="digest"), Denied)


@pytest.mark.parametrize("settlement", Settlement)
def test_a_settlement_ends_the_lead_with_it(new_shared_hand: Callable[..., Hand], settlement: Settlement) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.settle(one.lead("digest"), settlement)
    two.lead("digest")
    assert one.follows("digest")


def test_a_refusal_ends_the_lead_with_it(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(Budget("query", (Window(60, 3600.0),), margin=0.0))
    two = one.other(Budget("query", (Window(60, 3600.0),), margin=0.0))
    one.refuse(one.lead("digest"), Refused(RuntimeError(), kind="window"))
    two.now = two.denied()
    two.lead("digest")
    one.now = two.now
    assert one.follows("digest")


def test_a_process_that_leads_a_flight_twice_has_the_lead_until_the_last_has_landed(
    new_shared_hand: Callable[..., Hand],
) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    first, second = one.lead("digest"), one.lead("digest")
    one.settle(first)
    assert two.follows("digest")
    one.settle(second)
    two.lead("digest")


def test_a_dead_leaders_flight_is_led_by_the_next_after_its_lease(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.lead("digest")
    two.now += 29.0
    assert two.follows("digest")
    two.now += 2.0
    two.lead("digest")


def test_a_late_landing_takes_the_lead_from_nobody(new_shared_hand: Callable[..., Hand]) -> None:
    late = new_shared_hand(THREE)
    heir, third = late.other(THREE), late.other(THREE)
    flight = late.keep(late.lead("digest"))
    heir.now += 31.0
    heir.lead("digest")
    late.wait(late.store.land(flight))
    assert third.follows("digest")


async def first_news(hand: Hand, work: Any) -> set[str]:
    """What a process that waits is told first while `work` is done elsewhere."""
    told: set[str] = set()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:

            def hear(landed: Collection[str]) -> None:
                told.update(landed)
                tasks.cancel_scope.cancel()

            tasks.start_soon(hand.store.watch, hear)
            await work
    return told


def test_one_that_follows_is_told_when_the_flight_has_landed(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    flight = one.keep(one.lead("digest"))
    assert two.follows("digest")
    assert two.portal.call(first_news, two, one.store.land(flight)) == {"digest"}
    two.lead("digest")


def test_one_that_follows_is_told_when_the_leader_has_gone(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.lead("digest")
    assert two.follows("digest")
    assert two.portal.call(first_news, two, one.store.close()) == {"digest"}


def test_one_that_follows_is_told_at_the_end_of_a_dead_leaders_lease(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(THREE)
    two = one.other(THREE)
    one.lead("digest")
    assert two.follows("digest")
    two.now += 31.0
    assert two.portal.call(first_news, two, anyio.lowlevel.checkpoint()) == {"digest"}


@contextmanager
def full_disk() -> Iterator[None]:
    """Let this process write to no file."""
    resource = pytest.importorskip("resource", reason="only Unix has such a limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_one_that_follows_is_told_of_an_end_though_the_disk_is_full(new_sqlite_hand: Callable[..., Hand]) -> None:
    one = new_sqlite_hand(THREE)
    two = one.other(THREE)
    one.lead("digest")
    assert two.follows("digest")
    two.now += 29.0
    two.wait(two.store.refresh())
    two.now += 2.0  # the leader's lease is over, its own is not due
    with full_disk():
        assert two.portal.call(first_news, two, anyio.lowlevel.checkpoint()) == {"digest"}


def test_one_that_waits_for_room_is_told_of_landings_too(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(ONE_AT_ONCE)
    two = one.other(ONE_AT_ONCE)
    taken = one.lead("digest")
    assert two.denied() == math.inf
    assert two.portal.call(first_news, two, one.store.settle(taken, Settlement.SPENT, one.now)) == {"digest"}


def test_a_process_that_waits_is_told_when_another_gives_a_permit_back(new_shared_hand: Callable[..., Hand]) -> None:
    one = new_shared_hand(ONE_AT_ONCE)
    two = one.other(ONE_AT_ONCE)
    taken = one.take()
    assert two.denied() == math.inf

    two.portal.call(first_news, two, one.store.settle(taken, Settlement.REFUNDED, one.now))
    two.take()


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_jump_of_the_wall_clock_changes_nothing_trap_7(new_shared_hand: Callable[..., Hand], jump: float) -> None:
    one = new_shared_hand(THREE)
    one.spend(3)
    one.times.wall += jump
    one.now += 5.0
    assert one.denied() == pytest.approx(1060.0)
    assert one.other(THREE).denied() == pytest.approx(1060.0)


@pytest.mark.parametrize(("off", "until"), [(30.0, 50.0), (-3600.0, 60.0), (7200.0, None)])
def test_after_a_restart_of_the_machine_the_wall_clock_tells_how_long_it_was_off_trap_7(
    new_sqlite_hand: Callable[..., Hand], off: float, until: float | None
) -> None:
    one = new_sqlite_hand(Budget("query", (Window(3, 60.0),), margin=0.0))
    one.spend(3)
    one.times.now, one.times.boot = 20.0, "second run"
    one.times.wall += off
    two = one.other(Budget("query", (Window(3, 60.0),), margin=0.0))
    if until is None:
        two.take()
    else:
        assert two.denied() == pytest.approx(until)


@pytest.mark.parametrize("boot", ["a run", ""])
def test_a_process_that_comes_slower_to_the_file_than_another_takes_it_for_no_restart_trap_7(
    new_shared_hand: Callable[..., Hand], boot: str
) -> None:
    one = new_shared_hand(THREE)
    one.times.boot = boot
    one = one.other(THREE)
    one.spend(2)
    one.take()
    one.now -= 0.5  # what the other read from the clock before it had to wait for its turn with the file
    two = one.other(THREE)
    assert (two.used(), two.held()) == (3, 1)


def test_one_that_left_its_turn_does_not_hold_up_the_others(new_shared_hand: Callable[..., Hand]) -> None:
    gone = new_shared_hand(ONE_AT_ONCE)
    other, busy = gone.other(ONE_AT_ONCE), gone.other(ONE_AT_ONCE)
    taken = busy.take()
    assert gone.denied() == math.inf
    gone.now += 1  # so that the order of the two is no accident
    assert other.denied() == math.inf

    other.portal.call(first_news, other, busy.store.settle(taken, Settlement.REFUNDED, busy.now))
    other.now = other.denied()
    other.take()
