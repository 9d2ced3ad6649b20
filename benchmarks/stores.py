"""What a reservation and its settlement cost in a store, beside the bare transaction or script of the same run.

    python benchmarks/stores.py [--quick]

Prints JSON with the ratios first. The bare transaction does what every exact store must: under the lock of all processes
it counts, prunes and inserts in one transaction of its own connection, in a worker thread; two of them make a request.
The bare scripts are the least that keeps a rolling window and permits on a Redis server: the server's clock, one sorted set
of what was spent and one of leases; prune both, count both and add a lease, then replace it by a spent unit. Either side
sends them through the package `redis`, over one connection, with the same patience, to the same server of this machine: the
bare ones by `evalsha`, awaited one after another, the store in whatever way it talks to its server. What is compared is
wall time from the call to its end, client and server together. Where the extra `test` is not installed there is no server:
the figure is left out, and the report says so.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from report import SOURCES, fresh_environment, goal, print_report

sys.path.insert(0, SOURCES[0])
sys.path.insert(0, SOURCES[1])

import anyio
from anyio import CapacityLimiter, to_thread

from request_scheduler import Budget, Concurrent, Settlement, Spend, Window
from request_scheduler.file_lock import locked
from request_scheduler.stores import Reservation
from request_scheduler.stores.redis import RedisStore
from request_scheduler.stores.redis.link import PATIENCE
from request_scheduler.stores.shared import LEASE
from request_scheduler.stores.sqlite import SqliteStore
from tests.redis_server import BINARIES, RedisServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIMIT, SECONDS, PERMITS = 60, 0.01, 5
ROOMY = Budget("query", (Window(LIMIT, SECONDS), Concurrent(PERMITS)), margin=0.0)
QUERY = (Spend("query"),)
ROUNDS = 7
GOALS = {"sqlite_to_bare": 2.0, "redis_to_bare": 1.3}


class Bare:
    """The floor: one table, one lock, no rules."""

    def __init__(self, path: Path) -> None:
        self.lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        self.database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.database.execute("PRAGMA journal_mode = WAL").fetchall()
        self.database.execute("PRAGMA synchronous = NORMAL")
        self.database.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, budget TEXT, until REAL)")
        self.limiter = CapacityLimiter(1)

    def transact(self, now: float) -> None:
        with locked(self.lock, 10.0):
            self.database.execute("BEGIN IMMEDIATE")
            self.database.execute("DELETE FROM log WHERE until <= ?", (now,))
            self.database.execute("SELECT count(*) FROM log WHERE budget = 'query'").fetchone()
            self.database.execute("INSERT INTO log (budget, until) VALUES ('query', ?)", (now + SECONDS,))
            self.database.execute("COMMIT")

    async def request(self) -> None:
        for _ in range(2):
            await to_thread.run_sync(partial(self.transact, anyio.current_time()), limiter=self.limiter)

    def close(self) -> None:
        self.database.close()
        os.close(self.lock)


class BareScripts:
    """The floor on a server: one log of a window and one of leases, no rules."""

    take = """
        local clock = redis.call('TIME')
        local now = clock[1] + clock[2] / 1000000
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
        local spent, running = redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])
        if spent + running >= tonumber(ARGV[2]) or running >= tonumber(ARGV[3]) then return {0, tostring(now)} end
        redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
        return {1, tostring(now)}
    """
    end = """
        local clock = redis.call('TIME')
        local now = clock[1] + clock[2] / 1000000
        redis.call('ZREM', KEYS[2], ARGV[1])
        redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
        return {1, tostring(now)}
    """

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis

        self.client = Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE, single_connection_client=True)

    async def open(self) -> None:
        self.digests = [await self.client.script_load(script) for script in (self.take, self.end)]

    async def request(self) -> None:
        take, end = self.digests
        ticket, keys = os.urandom(8).hex(), ("bare:spent", "bare:leases")
        granted = 0
        while not granted:
            granted, _ = await self.client.evalsha(take, 2, *keys, ticket, str(LIMIT), str(PERMITS), repr(LEASE))
        await self.client.evalsha(end, 2, *keys, ticket, repr(SECONDS))

    async def close(self) -> None:
        await self.client.aclose()


async def request(store: SqliteStore | RedisStore) -> None:
    verdict = await store.reserve(QUERY, anyio.current_time(), "t")
    while not isinstance(verdict, Reservation):
        await anyio.sleep(0.001)
        verdict = await store.reserve(QUERY, anyio.current_time(), "t")
    pending = store.settle(verdict, Settlement.SPENT, anyio.current_time())
    assert pending is not None
    await pending


async def timed(once: Callable[[], Awaitable[None]], count: int) -> float:
    """Microseconds for one, awaited one after another."""
    started = time.perf_counter()
    for _ in range(count):
        await once()
    return (time.perf_counter() - started) / count * 1e6


async def side_by_side(folder: Path, count: int) -> tuple[list[float], list[float]]:
    """The floor and the store in turns, so that a busy machine slows both alike."""
    bare, store = Bare(folder / "bare"), SqliteStore(folder / "budget")
    store.define(ROOMY)
    await store.open()
    floors, costs = [], []
    for _ in range(ROUNDS):
        floors.append(await timed(bare.request, count))
        costs.append(await timed(partial(request, store), count))
    await store.close()
    bare.close()
    return floors, costs


async def beside_scripts(url: str, count: int) -> tuple[list[float], list[float]]:
    """The bare scripts and the store in turns, on one server."""
    bare, store = BareScripts(url), RedisStore(url)
    store.define(ROOMY)
    await bare.open()
    await store.open()
    floors, costs = [], []
    for _ in range(ROUNDS):
        floors.append(await timed(bare.request, count))
        costs.append(await timed(partial(request, store), count))
    await store.close()
    await bare.close()
    return floors, costs


def on_redis(folder: Path, count: int) -> tuple[list[float], list[float]] | None:
    """The same on the newest server at hand."""
    if not BINARIES:
        return None
    server = RedisServer(folder, BINARIES[max(BINARIES)])
    server.start()
    try:
        return anyio.run(beside_scripts, server.url, count)
    finally:
        server.stop()


def opening(store: str, folder: Path) -> float:
    """Milliseconds until a fresh process has a workspace open on this store, imports included."""
    program = (
        "import os, sys, time, mixpanel_headless as mp\n"
        "async def main():\n"
        "    started = time.perf_counter()\n"
        "    async with mp.AsyncWorkspace(project=1, username='u', secret='s', store=sys.argv[1], state_dir=sys.argv[2]):\n"
        "        print((time.perf_counter() - started) * 1e3)\n"
        "import asyncio\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, store, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=fresh_environment())
    return float(done.stdout)


def openings(folder: Path) -> dict[str, float]:
    """The quickest opening of each store, in turns: whatever else the machine does can only slow one down."""
    spent: dict[str, list[float]] = {"memory": [], "sqlite": []}
    for _ in range(9):
        for store, times in spent.items():
            times.append(opening(store, folder))
    return {store: min(times) for store, times in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    count = 200 if parser.parse_args().quick else 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {"sqlite_to_bare": anyio.run(side_by_side, folder, count)}
        redis = on_redis(folder, count)
        if redis is not None:
            measured["redis_to_bare"] = redis
        starts = openings(folder)
    ratios = {
        name: statistics.median(cost / floor for floor, cost in zip(floors, costs, strict=True))
        for name, (floors, costs) in measured.items()
    }
    goals = {name: goal(ratio, GOALS[name]) for name, ratio in ratios.items()}
    goals["opening_added_ms"] = goal(starts["sqlite"] - starts["memory"], 15.0)
    print_report(
        ratios,
        goals,
        microseconds={
            name: {"bare": round(statistics.median(floors), 1), "store": round(statistics.median(costs), 1)}
            for name, (floors, costs) in measured.items()
        },
        opening_ms={store: round(spent, 2) for store, spent in starts.items()},
        left_out=[] if redis else ["redis_to_bare: no Redis server is installed, the extra `test` brings one"],
    )


if __name__ == "__main__":
    main()
