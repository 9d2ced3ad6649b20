"""What holds for every cache that processes share, on a disk or in a server."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import ManualClock
from request_scheduler.cache.codec import JSON, Codec
from tests.scheduler.cache.places import answer, digest, keep, value_of

if TYPE_CHECKING:
    from request_scheduler.cache import Kept
    from tests.scheduler.cache.places import Place


async def test_an_answer_outlives_the_cache_that_kept_it(place: Place, clock: ManualClock) -> None:
    tree = {"a": [1, 2.5, None, True, "text"]}
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock, tree, tags={"events", "odd\ntag"}))
    later = ManualClock(epoch=clock.wall() + 30.0)
    async with place.cache(later) as cache:
        kept = await cache.get(digest("a"))
    assert kept is not None
    assert (kept.value, kept.wall, kept.tags) == (tree, clock.wall(), frozenset({"events", "odd\ntag"}))
    assert later.now() - kept.at == pytest.approx(30.0)
    assert kept.expires - later.now() == pytest.approx(70.0)
    assert (kept.seconds, kept.size) == (1.0, 10)


async def test_what_was_put_last_is_written_before_the_cache_is_closed(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await cache.catch_up()
        for number in range(50):
            cache.put(digest(str(number)), answer(clock, number), cache.mark)
    async with place.cache(clock) as cache:
        assert [await value_of(cache, str(number)) for number in range(50)] == list(range(50))


async def test_what_was_put_last_is_written_even_when_the_program_is_cancelled(
    place: Place, clock: ManualClock
) -> None:
    with anyio.CancelScope() as scope:
        async with place.cache(clock) as cache:
            await cache.catch_up()
            cache.put(digest("a"), answer(clock), cache.mark)
            scope.cancel()
            await anyio.sleep_forever()
    async with place.cache(clock) as cache:
        assert await value_of(cache, "a") == "answer"


async def test_an_answer_can_be_had_while_it_waits_to_be_written(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await cache.catch_up()
        tree = {"a": 1}
        cache.put(digest("a"), answer(clock, tree), cache.mark)
        kept = await cache.get(digest("a"))
        assert kept is not None
        assert kept.value is tree


async def test_the_cache_is_bounded_in_entries_and_the_least_recently_used_goes(
    place: Place, clock: ManualClock
) -> None:
    async with place.cache(clock, entries=3) as cache:
        for name in "abc":
            await keep(cache, name, answer(clock, name))
            await clock.advance(1.0)
        assert await value_of(cache, "a") == "a"
        await keep(cache, "b", answer(clock, "b again"))
        await clock.advance(1.0)
        await keep(cache, "d", answer(clock, "d"))
        assert [await value_of(cache, name) for name in "abcd"] == ["a", "b again", None, "d"]
        assert (await cache.totals())[0] == 3


async def test_the_cache_is_bounded_in_bytes(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock, size=20_000) as cache:
        for number in range(40):
            await keep(cache, str(number), answer(clock, f"{number:03} {digest(str(number)).hex() * 40}"))
            await clock.advance(1.0)
        entries, size = await cache.totals()
        assert 1 < entries < 40
        assert size <= 20_000
        assert await value_of(cache, "39") is not None


async def test_the_expired_go_first(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock, entries=2) as cache:
        await keep(cache, "long", answer(clock, "long", ttl=1000.0))
        await clock.advance(1.0)
        await keep(cache, "short", answer(clock, "short", ttl=5.0))
        await clock.advance(10.0)
        await keep(cache, "new", answer(clock, "new"))
        assert [await value_of(cache, name) for name in ("long", "short", "new")] == ["long", None, "new"]


async def test_an_answer_larger_than_the_cache_may_be_is_not_kept_and_drops_the_older_one(
    place: Place, clock: ManualClock
) -> None:
    async with place.cache(clock, size=2000) as cache:
        await keep(cache, "a", answer(clock, "small"))
        await keep(cache, "a", answer(clock, "".join(digest(str(n)).hex() for n in range(200))))
        assert await value_of(cache, "a") is None


async def test_an_expired_answer_stays_for_those_who_accept_it(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock, ttl=5.0))
        await clock.advance(50.0)
        kept = await cache.get(digest("a"))
    assert kept is not None
    assert kept.expires < clock.now()


async def test_dropping_a_tag_forgets_the_answers_that_bear_it(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock, tags={"cohorts", "x"}))
        await keep(cache, "b", answer(clock, tags={"events"}))
        cache.drop({"cohorts"})
        assert [await value_of(cache, name) for name in "ab"] == [None, "answer"]


async def test_an_answer_that_waits_to_be_written_is_dropped_too(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await cache.catch_up()
        cache.put(digest("a"), answer(clock, tags={"cohorts"}), cache.mark)
        cache.drop({"cohorts"})
        assert await value_of(cache, "a") is None


async def test_an_answer_whose_request_was_sent_before_a_drop_is_not_kept(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache, place.cache(clock) as other:
        await cache.catch_up()
        sent = cache.mark
        other.drop({"cohorts"})
        await other.catch_up()
        cache.put(digest("a"), answer(clock, tags={"cohorts"}), sent)
        cache.put(digest("b"), answer(clock, tags={"events"}), sent)
        await cache.written(digest("b"))
        assert [await value_of(cache, name) for name in "ab"] == [None, "answer"]


async def test_clearing_reaches_the_others_too(place: Place, clock: ManualClock) -> None:
    heard: list[frozenset[str] | None] = []
    async with place.cache(clock) as cache, place.cache(clock, on_drop=heard.append) as other:
        await keep(other, "a", answer(clock))
        heard.clear()
        cache.drop(None)
        await cache.catch_up()
        assert await value_of(other, "a") is None
        assert (await other.totals()) == (0, 0)
    assert heard == [None]


async def test_an_answer_from_the_future_counts_as_expired(place: Place, clock: ManualClock) -> None:
    """Trap 7: the wall clock was set back, so nobody knows how old the answer is."""
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock, ttl=86_400.0))
    async with place.cache(ManualClock(epoch=clock.wall() - 3600.0)) as cache:
        kept = await cache.get(digest("a"))
    assert kept is not None
    assert kept.expires <= 0.0


async def test_many_who_ask_the_same_share_one_decoding(place: Place, clock: ManualClock) -> None:
    decoded: list[int] = []

    def decode(content: bytes) -> object:
        decoded.append(len(content))
        return JSON.decode(content)

    async with place.cache(clock, codec=Codec(JSON.encode, decode)) as cache:
        await keep(cache, "a", answer(clock))
        values: list[object] = []

        async def ask() -> None:
            values.append(await value_of(cache, "a"))

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(ask)
    assert values == ["answer"] * 200
    assert len(decoded) == 1


async def test_a_caller_that_leaves_takes_the_answer_from_nobody(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(value_of, cache, "a")
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert await value_of(cache, "a") == "answer"


async def test_nothing_is_encoded_or_decoded_on_the_event_loops_thread(place: Place, clock: ManualClock) -> None:
    threads: set[int] = set()

    def encode(value: object) -> bytes:
        threads.add(threading.get_ident())
        return JSON.encode(value)

    def decode(content: bytes) -> object:
        threads.add(threading.get_ident())
        return JSON.decode(content)

    large = {"rows": [digest(str(n)).hex() for n in range(5000)]}
    async with place.cache(clock, codec=Codec(encode, decode)) as cache:
        await keep(cache, "small", answer(clock))
        await keep(cache, "large", answer(clock, large))
        assert await value_of(cache, "small") == "answer"
        assert await value_of(cache, "large") == large
    assert threads
    assert threading.get_ident() not in threads


async def test_an_answer_that_cannot_be_encoded_is_left_out_and_the_others_are_kept(
    place: Place, clock: ManualClock
) -> None:
    async with place.cache(clock) as cache:
        await cache.catch_up()
        cache.put(digest("odd"), answer(clock, object()), cache.mark)
        cache.put(digest("a"), answer(clock), cache.mark)
        await cache.written(digest("a"))
        assert [await value_of(cache, name) for name in ("odd", "a")] == [None, "answer"]


async def test_one_row_that_cannot_be_read_is_a_miss_and_removed(place: Place, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock))
    place.damage()
    async with place.cache(clock) as cache:
        assert await value_of(cache, "a") is None
        assert await cache.totals() == (0, 0)


async def test_a_place_that_cannot_be_used_costs_a_warning_and_nothing_else(
    place: Place, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    place.spoil()
    async with place.cache(clock) as cache:
        for name in "ab":
            await cache.catch_up()
            cache.put(digest(name), answer(clock), cache.mark)
            assert await value_of(cache, name) is None
        assert cache.current()
        cache.drop({"x"})
        cache.drop(None)
        await cache.flush()
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1


async def test_an_answer_that_is_dropped_while_it_is_decoded_is_not_served(place: Place, clock: ManualClock) -> None:
    decoding, dropped = threading.Event(), threading.Event()

    def decode(content: bytes) -> object:
        decoding.set()
        assert dropped.wait(timeout=30.0)
        return JSON.decode(content)

    large = [digest(str(n)).hex() for n in range(5000)]
    found: list[object] = []
    async with place.cache(clock, codec=Codec(JSON.encode, decode)) as cache:
        await keep(cache, "a", answer(clock, large, tags={"cohorts"}))

        async def ask() -> None:
            found.append(await value_of(cache, "a"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.to_thread.run_sync(decoding.wait, 30.0)
            cache.drop({"cohorts"})
            await cache.flush()
            dropped.set()
    assert found == [None]


async def test_whoever_waits_while_the_cache_is_closed_is_let_go(place: Place, clock: ManualClock) -> None:
    found: list[Kept | None] = []
    async with anyio.create_task_group() as tasks:
        async with place.cache(clock) as cache:

            async def ask() -> None:
                found.append(await cache.get(digest("a")))

            for _ in range(10):
                tasks.start_soon(ask)
                await anyio.lowlevel.checkpoint()
        await ask()
    assert found == [None] * 11
