"""What an earlier answer costs: from memory, from disk, and how long a large one holds up the event loop.

    python benchmarks/cache.py [--quick]

Prints JSON with the ratios first. Times are microseconds by the clock, the median of several rounds; the floors are
measured in the same run. A stall is the longest time for which a task that only sleeps a millisecond was not resumed.
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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import machine, use_checkout

use_checkout()

from request_scheduler import Call, Outcome, Scheduler  # noqa: E402
from request_scheduler.cache_codec import JSON, Codec, pack, unpack  # noqa: E402
from request_scheduler.cache_disk import DiskCache  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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


async def hits(path: Path, times: int) -> dict[str, float]:
    """One round: a memory hit with and without a disk tier, a disk hit alone and in company, and their floors."""
    figures: dict[str, float] = {}
    async with Scheduler() as plain, Scheduler(shared_cache=DiskCache(path)) as both:
        await plain.submit(call("0", SMALL))
        for number in range(times):
            await both.submit(call(str(number), SMALL))
        await both.flush()
        figures["memory hit, no disk tier"] = await timed(times, lambda _: plain.submit(call("0", SMALL)))
        figures["memory hit, disk tier behind"] = await timed(times, lambda _: both.submit(call("0", SMALL)))
    async with Scheduler(shared_cache=DiskCache(path)) as fresh:
        await fresh.find("none")
        figures["disk hit, one after another"] = await timed(times, lambda n: fresh.submit(call(str(n), SMALL)))
    async with Scheduler(shared_cache=DiskCache(path)) as fresh:
        await fresh.find("none")
        started = time.perf_counter()
        await asyncio.gather(*(fresh.submit(call(str(n), SMALL)) for n in range(times)))
        figures["disk hit, all at once"] = (time.perf_counter() - started) / times * 1e6
    figures["floor: a worker thread and back"] = await timed(times, lambda _: asyncio.to_thread(int))
    database = sqlite3.connect(path)
    choice = "SELECT packed FROM answers WHERE digest = ?"
    (digest,) = database.execute("SELECT digest FROM answers LIMIT 1").fetchone()
    started = time.perf_counter()
    for _ in range(times):
        unpack(database.execute(choice, (digest,)).fetchone()[0])
    figures["floor: read and unpack one row"] = (time.perf_counter() - started) / times * 1e6
    database.close()
    return figures


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


async def large(folder: Path, codec: Codec, megabytes: float) -> dict[str, float]:
    """Writing and reading one large answer, against packing it in one piece in a thread."""
    tree, size = large_answer(megabytes)
    path = folder / "large.sqlite"
    path.unlink(missing_ok=True)

    async def write() -> None:
        await scheduler.submit(call("large", tree))
        await scheduler.flush()

    async with Scheduler(shared_cache=DiskCache(path, codec=codec), cache_entries=0) as scheduler:
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = [await hits(folder / f"{number}.sqlite", times) for number in range(rounds)]
        median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        larges = {name: await large(folder, codec, megabytes) for name, codec in codecs().items()}
    disk, floor = median["disk hit, one after another"], median["floor: a worker thread and back"]
    return {
        "ratios": {
            "disk hit / (thread + row)": disk / (floor + median["floor: read and unpack one row"]),
            "memory hit with / without disk tier": (
                median["memory hit, disk tier behind"] / median["memory hit, no disk tier"]
            ),
        }
        | {
            f"stall of reading {name}, pieces / whole": figures["read: longest stall, ms"]
            / figures["one piece in a thread: stall of decoding, ms"]
            for name, figures in larges.items()
        },
        "microseconds": median,
        "large": larges,
        "machine": machine(),
        "sqlite": sqlite3.sqlite_version,
    }


def rounded(figures: Any) -> Any:
    if isinstance(figures, dict):
        return {key: rounded(value) for key, value in figures.items()}
    return round(figures, 2) if isinstance(figures, float) else figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and a smaller answer")
    print(json.dumps(rounded(asyncio.run(measure(parser.parse_args().quick))), indent=2))
