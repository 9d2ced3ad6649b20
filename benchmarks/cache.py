"""What an earlier answer costs: from memory, from disk, from Redis, and how long a large one holds up the event loop.

    python benchmarks/cache.py [--quick]

Prints JSON with the ratios first. Times are microseconds by the clock, the median of several rounds; the floors are
measured in the same run: a bare read of the same bytes, and their decoding. A stall is the longest time for which a task that only sleeps a millisecond was not resumed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from report import machine, use_checkout

use_checkout()

from request_scheduler import Call, Outcome, Scheduler  # noqa: E402
from request_scheduler.cache.codec import JSON, Codec, pack, unpack  # noqa: E402
from request_scheduler.cache.disk import DiskCache  # noqa: E402
from request_scheduler.cache.redis import RedisCache  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from request_scheduler.cache.shared import SharedCache
    from tests.redis_server import RedisServer

ROUNDS = 5
SMALL = {"computed_at": "now", "series": {f"2026-01-{day:02}": day * 1000 for day in range(1, 31)}}


def codecs() -> dict[str, Codec]:
    """The standard library's JSON, and msgspec's as the client uses it."""
    found = {"json": JSON}
    try:
        import msgspec
    except ImportError:
        return found
    return found | {"msgspec": Codec(msgspec.json.encode, msgspec.json.decode)}


def call(key: str, value: object) -> Call[object]:
    async def run() -> Outcome[object]:
        return Outcome(value, ttl=3600.0, size=1000)

    return Call(run, key=key)


async def timed(times: int, once: Callable[[int], Awaitable[object]]) -> float:
    started = time.perf_counter()
    for number in range(times):
        await once(number)
    return (time.perf_counter() - started) / times * 1e6


async def hits(kind: str, shared: Callable[[], SharedCache], times: int) -> dict[str, float]:
    """One round: a memory hit with and without a shared tier, a hit of that tier alone and in company."""
    figures: dict[str, float] = {}
    async with Scheduler() as plain, Scheduler(shared_cache=shared()) as both:
        await plain.submit(call("0", SMALL))
        for number in range(times):
            await both.submit(call(str(number), SMALL))
            if number % 500 == 499:
                await both.flush()
        await both.flush()
        figures["memory hit, alone"] = await timed(times, lambda _: plain.submit(call("0", SMALL)))
        figures[f"memory hit, {kind} behind"] = await timed(times, lambda _: both.submit(call("0", SMALL)))
    async with Scheduler(shared_cache=shared()) as fresh:
        await fresh.find("none")
        figures[f"{kind} hit, one after another"] = await timed(times, lambda n: fresh.submit(call(str(n), SMALL)))
    async with Scheduler(shared_cache=shared()) as fresh:
        await fresh.find("none")
        started = time.perf_counter()
        await asyncio.gather(*(fresh.submit(call(str(n), SMALL)) for n in range(times)))
        figures[f"{kind} hit, all at once"] = (time.perf_counter() - started) / times * 1e6
    return figures


async def file_floors(path: Path, times: int) -> dict[str, float]:
    """A worker thread and back, and one row read and unpacked."""
    figures = {"floor: a worker thread and back": await timed(times, lambda _: asyncio.to_thread(int))}
    database = sqlite3.connect(path)
    choice = "SELECT packed FROM answers WHERE digest = ?"
    (digest,) = database.execute("SELECT digest FROM answers LIMIT 1").fetchone()
    started = time.perf_counter()
    for _ in range(times):
        unpack(database.execute(choice, (digest,)).fetchone()[0])
    figures["floor: read and unpack one row"] = (time.perf_counter() - started) / times * 1e6
    database.close()
    return figures


async def server_floors(server: RedisServer, times: int) -> dict[str, float]:
    """A bare GET and the unpacking of what it brought, on the loop and in a worker thread."""
    import redis
    import redis.asyncio

    with redis.Redis.from_url(server.url) as blocking:
        blocking.set("bare", pack(SMALL))
        async with redis.asyncio.Redis.from_url(server.url) as bare:

            async def on_loop(_: int) -> None:
                unpack(cast("bytes", await bare.get("bare")))

            async def in_thread(_: int) -> None:
                await asyncio.to_thread(lambda: unpack(cast("bytes", blocking.get("bare"))))

            return {
                "floor: GET and unpack on the loop": await timed(times, on_loop),
                "floor: GET and unpack in a worker thread": await timed(times, in_thread),
            }


async def stall_during(work: Awaitable[object]) -> tuple[float, float]:
    """The longest stall of the loop while something is awaited, and how long that took, in milliseconds."""
    longest, over = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not over:
            started = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - started - 0.001)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    started = time.perf_counter()
    answer = await work
    took = time.perf_counter() - started
    over = True
    await watching
    del answer  # kept until here, since to free so much takes its time as well
    return longest * 1000, took * 1000


def large_answer(megabytes: float) -> tuple[object, int]:
    row = {"$distinct_id": "0f3c9e1a-5f0e-4a7b", "name": "Some User", "n": 12.5, "tags": ["a", "b"], "on": True}
    size = len(JSON.encode(row)) + 1
    tree = {"results": [row | {"id": number} for number in range(int(megabytes * 1e6 / (size + 12)))]}
    return tree, len(JSON.encode(tree))


async def large(shared: SharedCache, codec: Codec, megabytes: float) -> dict[str, float]:
    """Writing and reading one large answer, against packing it in one piece in a thread."""
    tree, size = large_answer(megabytes)

    async def write() -> None:
        await scheduler.submit(call("large", tree))
        await scheduler.flush()

    async with Scheduler(shared_cache=shared, cache_entries=0) as scheduler:
        await scheduler.find("none")
        write_stall, write_took = await stall_during(write())
        read_stall, read_took = await stall_during(scheduler.submit(call("large", None)))
        answer = await scheduler.submit(call("large", None))
        started = time.perf_counter()
        gc.collect()  # sooner or later the interpreter looks at all that lives, in one go, this answer included
        collected = (time.perf_counter() - started) * 1000
        del answer
    whole = codec.encode(tree)
    naive_write, _ = await stall_during(asyncio.to_thread(codec.encode, tree))
    naive_read, _ = await stall_during(asyncio.to_thread(codec.decode, whole))
    return {
        "megabytes": size / 1e6,
        "packed megabytes": len(pack(tree, codec)) / 1e6,
        "write: longest stall, ms": write_stall,
        "write: ms in all": write_took,
        "read: longest stall, ms": read_stall,
        "a full garbage collection while the answer lives, ms": collected,
        "read: ms in all": read_took,
        "one piece in a thread: stall of encoding, ms": naive_write,
        "one piece in a thread: stall of decoding, ms": naive_read,
    }


async def measure(quick: bool) -> dict[str, Any]:
    times, rounds, megabytes = (200, 2, 5.0) if quick else (2000, ROUNDS, 50.0)
    runs: list[dict[str, float]] = []
    larges: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = start_redis(folder, stack)
        for number in range(rounds):
            path = folder / f"{number}.sqlite"
            run = await hits("disk", partial(DiskCache, path), times) | await file_floors(path, times)
            if server is not None:
                server.flush()
                run |= await hits("redis", partial(RedisCache, server.url), times) | await server_floors(server, times)
            runs.append(run)
        for codec_name, codec in codecs().items():
            file = DiskCache(folder / f"large-{codec_name}.sqlite", codec=codec)
            larges[f"{codec_name}, disk"] = await large(file, codec, megabytes)
            if server is not None:
                larges[f"{codec_name}, redis"] = await large(RedisCache(server.url, codec=codec), codec, megabytes)
    median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return {
        "ratios": ratios(median, larges),
        "microseconds": median,
        "large": larges,
        "machine": machine(),
        "sqlite": sqlite3.sqlite_version,
    }


def ratios(median: dict[str, float], larges: dict[str, dict[str, float]]) -> dict[str, float]:
    thread = median["floor: a worker thread and back"]
    found = {
        "disk hit / (thread + row)": (
            median["disk hit, one after another"] / (thread + median["floor: read and unpack one row"])
        ),
        "memory hit with / without disk": median["memory hit, disk behind"] / median["memory hit, alone"],
    }
    if "redis hit, one after another" in median:
        hit = median["redis hit, one after another"]
        found |= {
            "redis hit / (bare GET + unpack) on the loop": hit / median["floor: GET and unpack on the loop"],
            "redis hit / (bare GET + unpack) in a thread": hit / median["floor: GET and unpack in a worker thread"],
            "redis hit in company / (bare GET + unpack) on the loop": (
                median["redis hit, all at once"] / median["floor: GET and unpack on the loop"]
            ),
            "memory hit with / without redis": median["memory hit, redis behind"] / median["memory hit, alone"],
        }
    return found | {
        f"stall of reading {name}, pieces / whole": figures["read: longest stall, ms"]
        / figures["one piece in a thread: stall of decoding, ms"]
        for name, figures in larges.items()
    }


def start_redis(folder: Path, stack: ExitStack) -> RedisServer | None:
    """A server of this run's own, where the test dependencies bring one."""
    from tests.redis_server import BINARIES, RedisServer

    if not BINARIES:
        return None
    server = RedisServer(folder, next(iter(BINARIES.values())))
    server.start()
    stack.callback(server.stop)
    return server


def rounded(figures: Any) -> Any:
    if isinstance(figures, dict):
        return {key: rounded(value) for key, value in figures.items()}
    return round(figures, 2) if isinstance(figures, float) else figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and a smaller answer")
    print(json.dumps(rounded(asyncio.run(measure(parser.parse_args().quick))), indent=2))
