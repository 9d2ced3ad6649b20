"""What a scheduled call costs, beside the floor of the event loop and beside four limiters, in one run.

    python benchmarks/scheduler.py [--quick]

Prints JSON with the ratios first. Times are CPU microseconds, the median of several rounds. The machine may be busy, so
only figures of the same run are compared. Memory is what the process grows by, in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import goal, print_report, use_checkout

use_checkout()

from request_scheduler import (  # noqa: E402
    Budget,
    Call,
    Concurrent,
    Freshness,
    MemoryStore,
    Outcome,
    Scheduler,
    Settlement,
    Spend,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROUNDS = 7
QUERY = (Spend("query"),)
ROOMY = Budget("query", (Window(10_000_000, 0.05), Concurrent(5)))
WAITERS = 10_000
RATE = 60


async def nothing() -> int:
    return 1


async def timed(calls: int, once: Callable[[int], Awaitable[object]]) -> float:
    """CPU microseconds for one call, awaited one after another."""
    started = time.process_time()
    for number in range(calls):
        await once(number)
    return (time.process_time() - started) / calls * 1e6


async def one_call(calls: int) -> dict[str, float]:
    """The floor, an uncontended call with every feature on, and the shorter ways, round by round side by side."""
    rounds: dict[str, list[float]] = {"task": [], "call": [], "cached": []}
    async with Scheduler([ROOMY]) as scheduler:

        async def keep() -> Outcome[int]:
            return Outcome(1, ttl=3600.0)

        async def task(number: int) -> None:
            await asyncio.create_task(nothing())

        async def call(number: int) -> None:
            await scheduler.submit(Call(nothing, key=number, spends=QUERY, tenant="a", freshness=Freshness.CACHED))

        async def cached(number: int) -> None:
            kept: Call[int] = Call(keep, key="kept", spends=QUERY, tenant="a")
            await scheduler.submit(kept)

        await cached(0)
        for once in (task, call, cached):  # warm up
            await timed(calls // 4, once)
        for _ in range(ROUNDS):
            for once in (task, call, cached):
                rounds[once.__name__].append(await timed(calls, once))
            for name, admit in ADMISSIONS.items():
                if installed(name):
                    rounds.setdefault(f"admission by {name}", []).append(admit(calls))
    return {name: statistics.median(costs) for name, costs in rounds.items()}


def admission(calls: int) -> float:
    """Check and reserve two limits in memory, without the settlement."""
    store = MemoryStore()
    store.define(Budget("query", (Window(10_000_000, 3600.0), Concurrent(10_000_000))))
    started = time.process_time()
    for number in range(calls):
        store.reserve(QUERY, float(number), "a")
    spent = time.process_time() - started
    reservation = store.reserve(QUERY, float(calls), "a")
    assert reservation.__class__.__name__ == "Reservation"
    store.settle(reservation, Settlement.SPENT, float(calls))  # type: ignore[arg-type]
    return spent / calls * 1e6


def admission_by_limits(calls: int) -> float:
    """The same by `limits`, one window: its exact strategy, in memory."""
    from limits import RateLimitItemPerHour
    from limits.storage import MemoryStorage
    from limits.strategies import MovingWindowRateLimiter

    limiter, item = MovingWindowRateLimiter(MemoryStorage()), RateLimitItemPerHour(10_000_000)
    return cost_of(calls, lambda: limiter.hit(item, "query"))


def admission_by_throttled(calls: int) -> float:
    """The same by `throttled`, one window: its strategy that keeps no log, in memory."""
    from throttled import Throttled
    from throttled.rate_limiter import per_hour

    limiter = Throttled(key="query", using="gcra", quota=per_hour(10_000_000, burst=10_000_000))
    return cost_of(calls, limiter.limit)


def cost_of(calls: int, once: Callable[[], object]) -> float:
    started = time.process_time()
    for _ in range(calls):
        once()
    return (time.process_time() - started) / calls * 1e6


ADMISSIONS = {"request_scheduler": admission, "limits": admission_by_limits, "throttled": admission_by_throttled}


async def waiting(acquire: Callable[[int], Awaitable[object]], windows: int) -> dict[str, float]:
    """CPU for each grant, and then the longest stall of the loop, while thousands wait for 60 slots a second.

    The stall is sampled in a stretch of its own, so that sampling is not counted as anybody's cost.
    """
    granted = 0

    async def wait(number: int) -> None:
        nonlocal granted
        await acquire(number)
        granted += 1

    tasks = [asyncio.create_task(wait(number)) for number in range(WAITERS)]
    await asyncio.sleep(0.5)
    before, started = granted, time.process_time()
    await asyncio.sleep(windows * 1.06)  # a window and its margin
    spent, served = time.process_time() - started, granted - before
    stall = await longest_stall(2.2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "cpu_us_per_grant": round(spent / max(1, served) * 1e6, 1),
        "grants_per_window": round(served / windows, 1),
        "longest_stall_ms": round(stall * 1e3, 1),
    }


async def longest_stall(seconds: float) -> float:
    """How much later than asked the loop woke a sleeper, at worst."""
    loop, longest, pause = asyncio.get_running_loop(), 0.0, 0.002
    end = loop.time() + seconds
    while (now := loop.time()) < end:
        await asyncio.sleep(pause)
        longest = max(longest, loop.time() - now - pause)
    return longest


async def waiting_here(windows: int) -> dict[str, float]:
    async with Scheduler([Budget("query", (Window(RATE, 1.0),))]) as scheduler:
        return await waiting(
            lambda number: scheduler.submit(Call(nothing, key=number, spends=QUERY, tenant=str(number % 8))), windows
        )


async def waiting_aiolimiter(windows: int) -> dict[str, float]:
    from aiolimiter import AsyncLimiter

    limiter = AsyncLimiter(RATE, 1.0)
    return await waiting(lambda number: limiter.acquire(), windows)


async def waiting_pyrate(windows: int) -> dict[str, float]:
    from pyrate_limiter import Duration, Limiter, Rate

    limiter: Any = Limiter(Rate(RATE, Duration.SECOND))
    try:
        return await waiting(lambda number: limiter.try_acquire_async("query"), windows)
    finally:
        limiter.close()


async def waiting_limits(windows: int) -> dict[str, float]:
    """`limits` says whether there is room and when to ask again; the waiting is its caller's."""
    from limits import RateLimitItemPerSecond
    from limits.aio.storage import MemoryStorage
    from limits.aio.strategies import MovingWindowRateLimiter

    limiter, item = MovingWindowRateLimiter(MemoryStorage()), RateLimitItemPerSecond(RATE)

    async def acquire(number: int) -> None:
        while not await limiter.hit(item, "query"):
            stats = await limiter.get_window_stats(item, "query")
            await asyncio.sleep(max(0.0, stats.reset_time - time.time()))

    return await waiting(acquire, windows)


async def waiting_throttled(windows: int) -> dict[str, float]:
    from throttled.asyncio import Throttled
    from throttled.rate_limiter import per_sec

    limiter = Throttled(key="query", using="gcra", quota=per_sec(RATE, burst=RATE), timeout=3600.0)
    return await waiting(lambda number: limiter.limit(), windows)


PEERS = {
    "aiolimiter": waiting_aiolimiter,
    "pyrate_limiter": waiting_pyrate,
    "limits": waiting_limits,
    "throttled": waiting_throttled,
}


async def memory(waiters: int) -> float:
    """Bytes for each waiting call: its task, its coroutine and everything that the scheduler keeps for it."""
    async with Scheduler([Budget("query", (Window(1, 3600.0),))]) as scheduler:

        async def wait(number: int) -> None:
            await scheduler.submit(Call(nothing, key=number, spends=QUERY, tenant=str(number % 8)))

        await wait(-1)
        gc.collect()
        before = resident()
        tasks = [asyncio.create_task(wait(number)) for number in range(waiters)]
        await asyncio.sleep(0.1)
        assert scheduler.status().queued == waiters
        used = resident() - before
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return used / waiters


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bytes_each(waiters: int) -> float:
    """`memory` in a fresh process."""
    command = [sys.executable, __file__, "--waiting", str(waiters)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def measure(quick: bool) -> None:
    """Everything side by side, as one report."""
    calls, windows = (3_000, 2) if quick else (20_000, 5)
    single = asyncio.run(one_call(calls))
    waiters: dict[str, Any] = {"request_scheduler": asyncio.run(waiting_here(windows))}
    for peer, run in PEERS.items():
        waiters[peer] = asyncio.run(run(windows)) if installed(peer) else "not installed: skipped"
    ours, admitted = waiters["request_scheduler"]["cpu_us_per_grant"], single["admission by request_scheduler"]
    ratios = {"call / asyncio task": single["call"] / single["task"]}
    for peer, row in waiters.items():
        if isinstance(row, dict) and peer != "request_scheduler":
            ratios[f"waiting grant / {peer}"] = ours / row["cpu_us_per_grant"]
        if peer != "request_scheduler" and f"admission by {peer}" in single:
            ratios[f"admission / {peer}"] = admitted / single[f"admission by {peer}"]
    goals = {"call / asyncio task": goal(ratios["call / asyncio task"], 4), "admission, µs": goal(admitted, 5)}
    if "waiting grant / aiolimiter" in ratios:
        goals["waiting grant / aiolimiter"] = goal(ratios["waiting grant / aiolimiter"], 1)
    if sys.platform == "linux":
        for count in (10_000, 99_999):
            goals[f"bytes a waiting call, {count} waiting"] = goal(bytes_each(count), 2500)
    print_report(
        ratios,
        goals,
        cpu_us={name: round(cost, 2) for name, cost in single.items()},
        **{"10000 waiting, 60 a second": waiters},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer calls, shorter waits")
    parser.add_argument("--waiting", type=int, help="print only the bytes that each of so many waiting calls takes")
    chosen = parser.parse_args()
    if chosen.waiting:
        print(asyncio.run(memory(chosen.waiting)))
        return
    measure(chosen.quick)


if __name__ == "__main__":
    main()
