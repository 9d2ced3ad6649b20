"""What holds for a cache in a server: news, loss and return, bounds that are its own, and no secret anywhere."""

from __future__ import annotations

import logging
import random
import socketserver
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler.cache.redis import RedisCache
from tests.scheduler.cache.places import ServerPlace, answer, digest, keep, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from request_scheduler import ManualClock
    from request_scheduler.cache.shared import SharedCache
    from tests.redis_server import RedisServer

PATIENCE = 30.0


@pytest.fixture
def place(redis_server: RedisServer) -> ServerPlace:
    return ServerPlace(redis_server)


class Heard:
    """What a cache was told that others have dropped."""

    def __init__(self) -> None:
        self.tags: list[frozenset[str] | None] = []
        self.something = anyio.Event()

    def __call__(self, tags: frozenset[str] | None) -> None:
        self.tags.append(tags)
        self.something.set()

    def forget(self) -> None:
        self.tags.clear()
        self.something = anyio.Event()

    async def wait(self) -> None:
        with anyio.fail_after(PATIENCE):
            await self.something.wait()


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_what_one_drops_the_others_hear_without_asking(place: ServerPlace, clock: ManualClock) -> None:
    heard = Heard()
    async with place.cache(clock) as cache, place.cache(clock, on_drop=heard) as other:
        await other.catch_up()
        heard.forget()
        cache.drop({"cohorts", "a \udc80 tag"})
        await heard.wait()
        assert heard.tags == [frozenset({"cohorts", "a \udc80 tag"})]
        assert other.current()
        await cache.flush()
        assert other.mark == cache.mark


async def test_one_that_was_not_told_of_a_drop_does_not_serve_it_at_its_next_look(
    place: ServerPlace, clock: ManualClock
) -> None:
    """The drop is written down here without a message, as if that were late."""
    heard = Heard()
    async with place.cache(clock) as cache, place.cache(clock, on_drop=heard) as other:
        await keep(cache, "a", answer(clock, tags={"cohorts"}))
        assert await value_of(other, "a") == "answer"
        heard.forget()
        with place.server.client() as client:
            client.hincrby("{request_scheduler}:answers-1:state", "drops", 1)
            client.hset("{request_scheduler}:answers-1:state", "t:cohorts", "1")
        assert await value_of(other, "a") is None
        assert heard.tags == [frozenset({"cohorts"})]


async def test_memory_is_believed_for_seconds_only_without_a_look(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await cache.catch_up()
        await clock.advance(4.0)
        assert cache.current()
        await clock.advance(2.0)
        assert not cache.current()
        await cache.catch_up()
        assert cache.current()


async def test_clearing_is_told_to_the_others(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock) as cache, place.cache(clock) as other:
        await keep(cache, "a", answer(clock))
        assert await value_of(other, "a") == "answer"
        cache.drop(None)
        await cache.flush()
        assert await value_of(other, "a") is None
        assert await other.totals() == (0, 0)


async def test_every_key_has_one_hash_tag_and_a_version_and_expires(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock, prefix="team") as cache:
        await keep(cache, "question with a fingerprint", answer(clock, ttl=100.0, tags={"x"}))
        cache.drop({"y"})
        await cache.flush()
        with place.server.client() as client:
            names = client.keys("*")
            assert len(names) == 5
            assert all(name.startswith("{team}:answers-1:") for name in names)
            lives = {name: client.pttl(name) / 1000 for name in names}
    body = next(name for name in names if ":body:" in name)
    assert 86_000 < lives.pop(body) <= 86_500
    assert all(lives[body_index] >= 2 * 86_000 for body_index in lives)
    assert "fingerprint" not in "".join(names)


async def test_two_prefixes_share_nothing(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock, prefix="one") as one, place.cache(clock, prefix="two") as two:
        await keep(one, "a", answer(clock))
        two.drop(None)
        assert await value_of(two, "a") is None
        assert await value_of(one, "a") == "answer"


async def test_caches_have_one_name_where_they_share_answers_and_nowhere_else(
    place: ServerPlace, clock: ManualClock
) -> None:
    async with (
        place.cache(clock, prefix="one") as one,
        place.cache(clock, prefix="one") as same,
        place.cache(clock, prefix="two") as two,
    ):
        for cache in (one, same, two):
            await cache.catch_up()
        assert one.name is not None
        assert same.name == one.name != two.name
        two.drop(None)
        await two.written(digest("a"))
        assert same.name == one.name


async def test_a_time_to_live_beyond_all_measure_is_kept(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock, ttl=float("inf")))
        await keep(cache, "b", answer(clock, ttl=1e15))
        assert [await value_of(cache, name) for name in "ab"] == ["answer", "answer"]


async def test_an_answer_that_does_not_compress_comes_back_whole(place: ServerPlace, clock: ManualClock) -> None:
    seed = 7
    chance = random.Random(seed)
    tree = [chance.randbytes(500).hex() for _ in range(8000)]
    async with place.cache(clock) as cache, place.cache(clock) as other:
        await keep(cache, "a", answer(clock, tree))
        assert (await cache.totals())[1] > 3 * 1024 * 1024
        assert await value_of(other, "a") == tree, f"seed {seed}"


async def test_one_large_answer_may_take_the_room_of_thousands(place: ServerPlace, clock: ManualClock) -> None:
    large = random.Random(3).randbytes(500_000).hex()
    async with place.cache(clock, size=1_250_000) as cache:
        await cache.catch_up()
        for number in range(2200):
            cache.put(digest(str(number)), answer(clock, number), cache.mark)
            if number % 500 == 499:
                await cache.flush()
        await cache.flush()
        before = (await cache.totals())[0]
        await keep(cache, "large", answer(clock, [large[start : start + 1000] for start in range(0, len(large), 1000)]))
        after, size = await cache.totals()
        assert before - after > 900
        assert size <= 1_250_000
        assert await value_of(cache, "large") is not None


async def test_a_lost_server_costs_answers_and_is_used_again_when_it_is_back(
    place: ServerPlace, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    async with place.cache(clock, on_drop=heard) as cache:
        await keep(cache, "a", answer(clock))
        place.server.kill()
        await clock.advance(10.0)
        assert await value_of(cache, "a") is None
        assert cache.current()  # on its own now
        await keep(cache, "b", answer(clock))
        assert len(warnings_of(caplog)) == 1
        heard.forget()
        place.server.start()
        await clock.advance(60.0)
        assert await value_of(cache, "a") is None  # the server kept nothing, and that everybody learns
        assert heard.tags == [None]
        await keep(cache, "b", answer(clock))
        async with place.cache(clock) as other:
            assert await value_of(other, "b") == "answer"


async def test_a_server_that_was_lost_is_left_alone_for_a_while(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        place.server.stop()
        await cache.catch_up()
        place.server.start()
        await keep(cache, "a", answer(clock))
        assert cache.mark is None
        assert cache.current()
        await clock.advance(1.0)
        assert not cache.current()
        await keep(cache, "a", answer(clock))
        assert await value_of(cache, "a") == "answer"


async def test_a_server_that_stands_still_costs_an_answer_and_no_error(
    place: ServerPlace, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock))
        place.server.pause()
        try:
            with anyio.fail_after(PATIENCE):
                assert await value_of(cache, "a") is None
        finally:
            place.server.resume()
        assert len(warnings_of(caplog)) == 1
        await clock.advance(60.0)
        assert await value_of(cache, "a") == "answer"


async def test_a_drop_that_the_server_missed_is_told_when_it_is_back(place: ServerPlace, clock: ManualClock) -> None:
    async with place.cache(clock) as cache:
        for name, tags in (("a", {"cohorts"}), ("b", {"events"}), ("c", {"flows"})):
            await keep(cache, name, answer(clock, tags=tags))
        sent = cache.mark
        place.server.pause()
        try:
            cache.drop({"cohorts"})
            cache.drop({"flows"})
            await cache.flush()
        finally:
            place.server.resume()
        await clock.advance(60.0)
        cache.put(digest("d"), answer(clock, tags={"cohorts"}), sent)
        await cache.flush()
        async with place.cache(clock) as other:
            assert [await value_of(other, name) for name in "abcd"] == [None, "answer", None, None]


async def test_trap_20_a_restarted_server_serves_nothing_of_before_for_it_may_have_lost_drops(
    new_redis: Callable[..., RedisServer], clock: ManualClock
) -> None:
    place = ServerPlace(new_redis(appendonly="yes", appendfsync="always"))
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock))
        sent = cache.mark
    place.server.kill()
    place.server.start()
    async with place.cache(clock) as other:
        other.put(digest("b"), answer(clock), sent)
        await keep(other, "c", answer(clock))
        assert [await value_of(other, name) for name in "abc"] == [None, None, "answer"]


async def test_connections_that_the_server_cut_cost_nothing(
    place: ServerPlace, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock))
        with place.server.client() as client:
            for kind in ("normal", "pubsub"):
                client.client_kill_filter(_type=kind, skipme=True)
        assert await value_of(cache, "a") == "answer"
        assert warnings_of(caplog) == []


async def test_drops_that_could_not_be_told_before_the_end_are_said(
    place: ServerPlace, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with place.cache(clock) as cache:
        await cache.catch_up()
        place.server.stop()
        cache.drop({"cohorts"})
    assert "was not told of the last drops" in warnings_of(caplog)[-1]


async def test_a_server_that_forgot_everything_takes_no_answer_of_before(
    place: ServerPlace, clock: ManualClock
) -> None:
    heard = Heard()
    async with place.cache(clock, on_drop=heard) as cache:
        await keep(cache, "a", answer(clock))
        sent = cache.mark
        heard.forget()
        place.server.flush()
        cache.put(digest("b"), answer(clock), sent)
        await cache.written(digest("b"))
        assert [await value_of(cache, name) for name in "ab"] == [None, None]
        assert heard.tags == [None]


async def test_a_server_that_knows_of_fewer_drops_serves_nothing_of_before(
    place: ServerPlace, clock: ManualClock
) -> None:
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock, tags={"cohorts"}))
        cache.drop({"cohorts"})
        await cache.flush()
        with place.server.client() as client:
            client.hset("{request_scheduler}:answers-1:state", "drops", "0")
            client.hdel("{request_scheduler}:answers-1:state", "t:cohorts")
        assert await value_of(cache, "a") is None
        async with place.cache(clock) as other:
            assert await value_of(other, "a") is None


@pytest.mark.parametrize("version", ["6.2", "8.2"])
async def test_a_server_without_room_costs_answers_their_keeping_and_drops_still_hold(
    new_redis: Callable[..., RedisServer], clock: ManualClock, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    place = ServerPlace(new_redis(version))
    async with place.cache(clock) as cache, place.cache(clock) as other:
        await keep(cache, "a", answer(clock, tags={"cohorts"}))
        with place.server.client() as client:
            client.config_set("maxmemory", "1")
            try:
                await keep(cache, "b", answer(clock))
                assert await value_of(other, "b") is None
                assert await value_of(other, "a") == "answer"
                cache.drop({"cohorts"})
                await cache.flush()
                assert await value_of(other, "a") is None
            finally:
                client.config_set("maxmemory", "0")
        assert [await value_of(other, name) for name in "ab"] == [None, None]
        assert "OutOfMemoryError" in caplog.text


async def test_a_server_that_tells_no_news_is_asked_each_time(
    new_redis: Callable[..., RedisServer], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    place = ServerPlace(new_redis())
    with place.server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-subscribe", "-publish")
    async with place.cache(clock) as cache, place.cache(clock) as other:
        await keep(cache, "a", answer(clock, tags={"cohorts"}))
        assert await value_of(other, "a") == "answer"
        assert not other.current()
        cache.drop({"cohorts"})
        await cache.flush()
        assert await value_of(other, "a") is None
    assert len(warnings_of(caplog)) == 2  # one of each


@pytest.mark.parametrize("version", ["6.2", "8.2"])
async def test_servers_old_and_new_keep_and_drop(
    new_redis: Callable[..., RedisServer], clock: ManualClock, version: str
) -> None:
    place = ServerPlace(new_redis(version, requirepass="secret"))
    async with RedisCache(place.server.url) as cache:
        await keep(cache, "a", answer(clock, ttl=1e6, tags={"x"}))
        assert await value_of(cache, "a") == "answer"
        cache.drop({"x"})
        assert await value_of(cache, "a") is None


class Echo(socketserver.BaseRequestHandler):
    """A server that repeats whatever it was sent in an error, as some do with commands that they do not know."""

    def handle(self) -> None:
        while content := self.request.recv(65536):
            shown = content.replace(b"\r\n", b" ")
            self.request.sendall(b"-ERR unknown command, with args beginning with: " + shown + b"\r\n")


@pytest.fixture
def echo() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


async def test_no_secret_of_the_address_is_shown_whatever_the_server_says(
    echo: int, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cache: SharedCache = RedisCache(f"redis://some%40one:hunter%3A2@127.0.0.1:{echo}/0", clock=clock)
    async with cache:
        assert await value_of(cache, "a") is None
        cache.drop({"x"})
    assert "***" in caplog.text
    for secret in ("hunter", "some%40one", "some@one"):
        assert secret not in caplog.text + repr(cache)


@pytest.mark.parametrize(("name", "kept"), [("state", "hash"), ("meta", "hash"), ("used", "zset")])
async def test_a_key_that_holds_something_else_is_told_by_its_name_with_the_way_out_and_costs_only_keeping(
    place: ServerPlace, clock: ManualClock, name: str, kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = f"{{request_scheduler}}:answers-1:{name}"
    async with place.cache(clock) as cache:
        await keep(cache, "a", answer(clock))
        with place.server.client() as client:
            client.set(key, "what somebody else keeps")
            await keep(cache, "b", answer(clock))
            assert await value_of(cache, "b") in (None, "answer")
            client.delete(key)
        await keep(cache, "void with what was lost", answer(clock))
        assert await value_of(cache, "a") is None
        await keep(cache, "c", answer(clock))
        assert await value_of(cache, "c") == "answer"
    told = f"the key {key!r} holds a string, where a {kept} is kept: rename or delete it, or use another database"
    assert [told in warning for warning in warnings_of(caplog)] == [True]


@pytest.mark.parametrize(
    "url", ["", "http://:hunter2@host/0", "redis://:hunter2@host:port/0", "redis://:hunter2@/0", "redis://h/hunter2"]
)
def test_an_address_that_cannot_be_used_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError) as refused:
        RedisCache(url)
    assert "hunter2" not in str(refused.value)
