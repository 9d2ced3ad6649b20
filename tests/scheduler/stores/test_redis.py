"""The server of the Redis store: out of reach, slow, forgetful, and what it is given to keep."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import anyio
import pytest

from request_scheduler import Budget, Concurrent, Refused, Scheduler, Settlement, Spend, Window
from request_scheduler.stores import Denied, Reservation, StoreLost, StoreOccupied
from request_scheduler.stores.redis import RedisStore
from tests.scheduler.stores.conftest import Hand, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anyio.from_thread import BlockingPortal

    from request_scheduler.stores import OnLoss
    from tests.redis_server import RedisServer

SIXTEEN = Budget("query", (Window(16, 60.0), Concurrent(8)), margin=0.0)


@pytest.fixture
def open_hand(portal: BlockingPortal) -> Iterator[Callable[..., Hand]]:
    """Opens a store on a server, with others on the same budgets by `other`."""
    with ExitStack() as stack:

        def make(server: RedisServer, on_loss: OnLoss = "wait", *, group: str = "") -> Hand:
            times, group = Times(), group or uuid4().hex

            def again() -> RedisStore:
                return RedisStore(server.url, group=group, timeline=times.timeline(), on_loss=on_loss)

            hand = Hand(again(), portal, times, again)
            hand.store.define(SIXTEEN)
            hand.open()
            stack.callback(hand.close)
            return hand

        yield make


@pytest.fixture
def lasting(new_redis: Callable[..., RedisServer]) -> RedisServer:
    """A server that keeps everything over a crash."""
    return new_redis(appendonly="yes", appendfsync="always")


def test_while_the_server_is_lost_calls_wait(open_hand: Callable[..., Hand], lasting: RedisServer) -> None:
    hand = open_hand(lasting, "wait")
    lasting.kill()
    assert hand.denied() == pytest.approx(1001.0)
    lasting.start()
    hand.take()


def test_while_the_server_is_lost_calls_fail_if_asked_to(open_hand: Callable[..., Hand], lasting: RedisServer) -> None:
    hand = open_hand(lasting, "error")
    lasting.kill()
    with pytest.raises(StoreLost):
        hand.reserve()
    lasting.start()


def test_while_the_server_is_lost_calls_go_on_by_an_eighth_which_is_counted_later(
    open_hand: Callable[..., Hand], lasting: RedisServer
) -> None:
    hand = open_hand(lasting, "cautious")
    lasting.kill()
    first = hand.take()
    hand.settle(first)
    hand.settle(hand.take(), Settlement.UNKNOWN)
    assert hand.denied() == pytest.approx(1001.0)
    lasting.start()
    hand.take()
    assert hand.used() == 3


def test_a_settlement_that_cannot_be_written_is_written_later(
    open_hand: Callable[..., Hand], lasting: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    hand = open_hand(lasting)
    taken = hand.take()
    lasting.kill()
    hand.settle(taken)
    assert hand.held() == 1
    lasting.start()
    assert (hand.held(), hand.used()) == (0, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


def test_a_settlement_that_waited_for_longer_than_its_window_does_not_hold_up_the_next(
    open_hand: Callable[..., Hand], lasting: RedisServer
) -> None:
    hand = open_hand(lasting)
    taken = hand.take()
    lasting.kill()
    hand.settle(taken)
    hand.now += 120.0
    lasting.start()
    hand.spend(1)
    assert hand.used() == 1


def test_a_crash_of_a_server_that_keeps_its_log_forgets_nothing(
    open_hand: Callable[..., Hand], lasting: RedisServer
) -> None:
    hand = open_hand(lasting)
    hand.spend(16)
    taken = hand.other(SIXTEEN)
    lasting.kill()
    lasting.start()
    assert taken.denied() == pytest.approx(1060.0)
    assert hand.used() == 16


def test_what_was_granted_but_not_heard_of_is_given_back(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis()
    hand = open_hand(server)
    other = hand.other(SIXTEEN)
    server.pause()
    assert hand.denied() == pytest.approx(1001.0), "every wait for the server has an end"
    server.resume()
    assert (hand.held(), hand.used()) == (0, 0)
    assert other.held() == 0


def test_a_settlement_whose_answer_was_lost_is_sent_again_though_the_copy_has_it_already(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis()
    hand = open_hand(server)
    hand.spend(1)  # the server knows the script from then on
    taken = hand.take()

    async def settle_and_look() -> None:
        server.pause()
        async with anyio.create_task_group() as tasks:
            pending = hand.store.settle(taken, Settlement.SPENT, hand.now)
            assert pending is not None
            tasks.start_soon(hand.store.refresh)  # sent after the settlement, which is given up meanwhile
            await pending
            server.resume()

    hand.portal.call(settle_and_look)
    assert isinstance(hand.reserve(), Reservation), "the call that comes next has nothing to do with it"
    assert (hand.held(), hand.used()) == (1, 3)


def forget(server: RedisServer, how: str) -> None:
    if how == "flushed":
        server.flush()
    else:
        server.kill()
        server.start()


LOSSES = pytest.mark.parametrize("how", ["flushed", "restarted"])


@LOSSES
def test_a_server_that_lost_its_log_counts_as_full_for_a_window_trap_20(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = new_redis()
    hand = open_hand(server, "wait")
    hand.spend(3)
    hand.now += 10.0
    forget(server, how)
    assert hand.denied() == pytest.approx(1070.0)
    assert "lost the log" in caplog.text
    assert hand.other(SIXTEEN).denied() == pytest.approx(1070.0), "also for processes that come later"
    hand.now = 1070.0
    hand.spend(16)


@LOSSES
def test_a_server_that_lost_its_log_leaves_an_eighth_if_so_wished_trap_20(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer], how: str
) -> None:
    server = new_redis()
    hand = open_hand(server, "cautious")
    other = hand.other(SIXTEEN)
    hand.spend(1)
    forget(server, how)
    granted = [hand.reserve(), other.reserve(), hand.reserve(), other.reserve()]
    assert sum(isinstance(verdict, Reservation) for verdict in granted) == 1, "one of two was spent before"


def test_a_log_that_lost_only_its_end_counts_cautiously_too_trap_20(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer]
) -> None:
    """As after a fail-over to a replica that lags behind."""
    server = new_redis()
    hand = open_hand(server)
    hand.spend(2)
    with server.client() as client:
        client.save()
    hand.spend(2)
    server.kill()
    server.start()
    assert hand.denied() == pytest.approx(1060.0)
    assert hand.used() == 16 + 4, "what this process knows is told again"


def test_a_process_that_never_met_the_old_log_is_cautious_once_another_one_has_told_trap_20(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis()
    old = open_hand(server)
    old.spend(1)
    server.flush()
    new = old.other(SIXTEEN)
    new.take()
    old.wait(old.store.refresh())
    assert isinstance(new.reserve(), Denied)


def test_what_was_in_flight_when_the_log_was_lost_keeps_its_permits(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis()
    hand = open_hand(server)
    taken = hand.take()
    server.flush()
    assert hand.held() == 1
    hand.settle(taken)
    assert hand.held() == 0


def test_a_server_that_forgot_the_scripts_is_told_them_again(
    open_hand: Callable[..., Hand], redis_server: RedisServer
) -> None:
    hand = open_hand(redis_server)
    hand.spend(1)
    with redis_server.client() as client:
        client.script_flush()
    hand.spend(1)
    assert hand.used() == 2


def test_what_processes_change_at_the_same_time_is_all_kept_trap_18(
    open_hand: Callable[..., Hand], redis_server: RedisServer
) -> None:
    one = open_hand(redis_server)
    hands = [one, one.other(SIXTEEN), one.other(SIXTEEN)]

    async def spend(hand: Hand) -> None:
        for _ in range(5):
            verdict = await hand.store.reserve((Spend("query"),), hand.now, "t")  # type: ignore[misc]
            assert isinstance(verdict, Reservation)
            await hand.store.settle(verdict, Settlement.SPENT, hand.now)  # type: ignore[misc]

    async def all_at_once() -> None:
        async with anyio.create_task_group() as tasks:
            for hand in hands:
                tasks.start_soon(spend, hand)

    one.portal.call(all_at_once)
    assert [hand.used() for hand in hands] == [15, 15, 15]


def test_lessons_that_two_processes_learn_at_once_are_both_learned_trap_18(
    open_hand: Callable[..., Hand], redis_server: RedisServer
) -> None:
    one = open_hand(redis_server)
    two = one.other(SIXTEEN)
    taken = [(hand, hand.take()) for hand in (one, two)]
    one.now += 1.0

    async def refuse_both() -> None:
        async with anyio.create_task_group() as tasks:
            for hand, reservation in taken:
                refusal = Refused(RuntimeError(), kind="unknown")
                tasks.start_soon(settled, hand.store.refuse(reservation, refusal, hand.now, 1.0))

    one.portal.call(refuse_both)
    assert (one.held(), one.used()) == (0, 0)
    assert one.denied() == two.denied() > one.now


async def settled(pending: object) -> None:
    assert hasattr(pending, "__await__")
    await pending


def test_every_key_of_a_group_lies_in_one_slot_and_ends_some_day(
    open_hand: Callable[..., Hand], redis_server: RedisServer
) -> None:
    hand = open_hand(redis_server, group="mine")
    other = hand.other(SIXTEEN)
    hand.keep(hand.lead("digest"))
    hand.settle(hand.lead("another digest"))
    taken = [hand.take() for _ in range(7)] + [hand.take(urgent=True)]
    other.denied()
    hand.refuse(taken[0], Refused(RuntimeError(), kind="window", quota=(Window(8, 60.0),)))
    with redis_server.client() as client:
        keys = client.keys("*")
        kinds = {key.removeprefix("mixpanel-headless:1:{mine}:").partition(":")[0] for key in keys}
        assert kinds == {"log", "holders", "turns", "shares", "lead", "landings", "held", "spent"}
        assert [key for key in keys if client.ttl(key) < 0] == []


def test_another_group_has_budgets_of_its_own(open_hand: Callable[..., Hand], redis_server: RedisServer) -> None:
    one, two = open_hand(redis_server, group="one"), open_hand(redis_server, group="two")
    one.spend(16)
    two.spend(15)
    assert (one.used(), two.used()) == (16, 15)


def test_a_password_opens_the_server_and_is_told_to_nobody(
    open_hand: Callable[..., Hand], new_redis: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = new_redis(requirepass="hidden")
    hand = open_hand(server)
    hand.spend(1)
    server.kill()
    assert isinstance(hand.reserve(), Denied)
    assert f"127.0.0.1:{server.port}" in caplog.text
    assert "hidden" not in caplog.text + repr(hand.store) + repr(vars(hand.store))


def test_on_trio_a_scheduler_is_told_that_the_store_needs_asyncio(redis_server: RedisServer) -> None:
    async def start() -> None:
        async with Scheduler([SIXTEEN], store=RedisStore(redis_server.url)):
            raise AssertionError("opened")

    with pytest.raises(RuntimeError, match=r"RedisStore needs asyncio: .* SqliteStore"):
        anyio.run(start, backend="trio")


def test_a_wrong_password_is_a_loss_that_says_why(
    portal: BlockingPortal, new_redis: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = new_redis(requirepass="hidden")
    hand = Hand(RedisStore(server.url.replace("hidden", "guessed"), on_loss="error"), portal, Times())
    with pytest.raises(StoreLost, match="password"):
        hand.portal.call(hand.store.open)
    hand.portal.call(hand.store.close)
    assert "guessed" not in caplog.text
    assert "again" not in caplog.text, "a store that never met its server has nothing to tell it"


@pytest.mark.parametrize("on_loss", ["wait", "cautious", "error"])
@pytest.mark.parametrize(
    ("name", "kept"), [("log", "hash"), ("held:query", "hash"), ("spent:query", "zset"), ("holders", "zset")]
)
def test_a_key_that_holds_something_else_fails_calls_by_its_name_and_the_way_out_until_it_is_gone(
    open_hand: Callable[..., Hand], redis_server: RedisServer, name: str, kept: str, on_loss: OnLoss
) -> None:
    group = uuid4().hex
    hand = open_hand(redis_server, on_loss, group=group)
    flying = hand.take()
    key = f"mixpanel-headless:1:{{{group}}}:{name}"
    with redis_server.client() as client:
        client.set(key, "what somebody else keeps")
        hand.now += 20.0
        hand.settle(flying)
        for _ in range(2):
            with pytest.raises(StoreOccupied) as raised:
                hand.reserve()
        assert str(raised.value) == (
            f"the key {key!r} holds a string, where a {kept} is kept: rename or delete it, or use another database"
        )
        client.delete(key)
    hand.reserve()
    assert not hand.store._owed  # type: ignore[attr-defined]


def test_a_process_that_starts_beside_a_key_that_holds_something_else_is_told(
    portal: BlockingPortal, redis_server: RedisServer
) -> None:
    store = RedisStore(redis_server.url, group="taken", on_loss="cautious")
    with redis_server.client() as client:
        client.set("mixpanel-headless:1:{taken}:turns", "what somebody else keeps")
        with pytest.raises(StoreOccupied, match=r"'mixpanel-headless:1:\{taken\}:turns' holds a string"):
            portal.call(store.open)
        client.delete("mixpanel-headless:1:{taken}:turns")
    portal.call(store.close)


def test_who_only_watches_outlives_a_key_that_holds_something_else(
    open_hand: Callable[..., Hand], redis_server: RedisServer
) -> None:
    group = uuid4().hex
    hand = open_hand(redis_server, group=group)
    assert isinstance(hand.store, RedisStore)
    with redis_server.client() as client:
        client.set(f"mixpanel-headless:1:{{{group}}}:log", "what somebody else keeps")
        hand.now += 20.0
        assert hand.portal.call(partial(hand.store._look, [], waiting=True)) == (False, set())
        client.delete(f"mixpanel-headless:1:{{{group}}}:log")
    assert hand.portal.call(partial(hand.store._look, [], waiting=True)) == (False, set())


@pytest.mark.parametrize(
    "url", ["http://host", "redis://", "redis://:hidden@", "unix://", "redis://h/x", "redis://h:no/0"]
)
def test_an_address_of_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address of Redis") as raised:
        RedisStore(url)
    assert "hidden" not in str(raised.value)
