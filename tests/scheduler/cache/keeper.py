"""One process that shares answers: run as a script with what to do, and with the path of a file or the address of a Redis.

It answers on standard output, a line for each thing done, so that tests never wait for time to pass.
"""

from __future__ import annotations

import itertools
import random
import sys
from typing import TYPE_CHECKING

import anyio

from request_scheduler.cache import Kept
from request_scheduler.cache.disk import DiskCache
from request_scheduler.cache.redis import RedisCache
from request_scheduler.clock import SystemClock

if TYPE_CHECKING:
    from request_scheduler.cache.shared import SharedCache


def name(number: int) -> bytes:
    return b"%032d" % number


def content(seed: int, number: int, size: int = 20_000) -> dict[str, object]:
    """A tree that does not compress to nothing, and from which its number can be told."""
    return {"number": number, "noise": random.Random(f"{seed} {number}").randbytes(size // 2).hex()}


def cache_at(where: str) -> SharedCache:
    return RedisCache(where) if "://" in where else DiskCache(where)


async def put_for_ever(where: str, seed: int) -> None:
    """Keep answers, saying the number of each that others can find, until killed."""
    async with cache_at(where) as cache:
        await cache.catch_up()
        assert cache.clock is not None
        print("ready", flush=True)
        for number in itertools.count(seed * 1_000_000):
            now, wall = cache.clock.now(), cache.clock.wall()
            kept = Kept(content(seed, number), now, wall, now + 1e6, 0, frozenset({f"tag {number % 3}"}))
            cache.put(name(number), kept, cache.mark)
            if number % 7 == 6:
                cache.drop({"a tag that nobody bears"})  # so that a kill may hit a drop too
            await cache.written(name(number))
            print(number, flush=True)


async def put_on_full_disk(path: str, bytes_allowed: int) -> None:
    """Keep answers while files may not grow beyond a size, and say that calls would still be answered."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with DiskCache(path) as cache:
        await cache.catch_up()
        clock = SystemClock()
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_allowed, bytes_allowed))
        for number in range(30):
            kept = Kept(content(0, number), clock.now(), clock.wall(), clock.now() + 1e6, 0, frozenset({"all"}))
            cache.put(name(number), kept, cache.mark)
            await cache.written(name(number))
        found = [await cache.get(name(number)) for number in range(30)]
        print("kept", sum(kept is not None for kept in found), flush=True)
        cache.drop({"all"})
        found = [await cache.get(name(number)) for number in range(30)]
        print("kept", sum(kept is not None for kept in found), flush=True)


if __name__ == "__main__":
    _, what, where, argument = sys.argv
    anyio.run(put_for_ever if what == "put" else put_on_full_disk, where, int(argument))
