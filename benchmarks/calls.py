"""What a call costs in CPU: `AsyncWorkspace.query` against bare aiohttp + msgspec, on one local server.

    python benchmarks/calls.py [--rounds 15] [--calls 200] [--profile]

The server is another process, so its work is not counted; limits are so high that no call waits. Each way to ask takes
its turn in every round; a figure is the median over the rounds, and each ratio is shown with its spread over them. Run it
on a quiet machine: what else runs there takes the caches from the client, whose way is longer, more than from `bare`.

    bare      a POST written by hand
    again     a question asked before, sent again (`freshness="fresh"`)
    new       an event never asked about before, in a question of plain values that was asked of others
    composed  the same with a filter and a breakdown made as objects: built and checked anew each time
    ready     a bookmark written by hand, never sent before
    repeat    a question asked before, answered from the cache
    durable   like `again`, with budgets and answers on disk, shared with other processes
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import itertools
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import TYPE_CHECKING, Any

from report import goal, print_report, use_checkout

if TYPE_CHECKING:
    import aiohttp

    from mixpanel_headless import AsyncWorkspace

use_checkout()

FIRST, LAST = "2025-03-01", "2025-03-31"
Ask = Callable[[int], Awaitable[object]]


def answer() -> dict[str, Any]:
    """A month of one event, as the service would answer."""
    series = {f"2025-03-{day:02}T00:00:00-08:00": 400 + day for day in range(1, 32)}
    return {
        "computed_at": "2025-04-01T09:12:44.510021+00:00",
        "date_range": {"from_date": "2025-03-01T00:00:00-08:00", "to_date": "2025-03-31T23:59:59.999000-08:00"},
        "headers": ["$metric"],
        "series": {"Login [Total Events]": series},
        "meta": {"min_sampling_factor": 1.0, "is_segmentation_limit_hit": False, "sub_query_count": 1},
    }


async def serve() -> None:
    """Answers every insights question alike; prints its port, and ends when its standard input does."""
    import msgspec
    from aiohttp import web

    body = msgspec.json.encode(answer())

    async def reply(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/query/insights", reply)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def bookmark(number: int) -> dict[str, Any]:
    """What `query` sends for question `number`."""
    behavior = {
        "type": "event", "name": f"Event {number}", "resourceType": "events", "filtersDeterminer": "all", "filters": [],
    }  # fmt: skip
    return {
        "sections": {
            "show": [{"type": "metric", "behavior": behavior, "measurement": {"math": "total"}}],
            "time": [{"dateRangeType": "between", "unit": "day", "value": [FIRST, LAST]}],
            "filter": [],
            "group": [],
        },
        "displayOptions": {"chartType": "line", "analysis": "linear"},
    }


def ask_bare(session: aiohttp.ClientSession, base: str) -> Ask:
    """The least that can be written by hand: one POST, JSON both ways, the status looked at."""
    import msgspec

    url = f"{base}/api/query/insights"
    headers = {"Authorization": "Basic c2E6c2VjcmV0", "Content-Type": "application/json"}

    async def ask(number: int) -> object:
        body = {"bookmark": bookmark(number), "project_id": 12345, "queryLimits": {"limit": 3000}}
        params = {"query_origin": "benchmark"}
        async with session.post(url, params=params, headers=headers, data=msgspec.json.encode(body)) as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read())

    return ask


def ask_client(workspace: AsyncWorkspace) -> Ask:
    """The same question by way of the client, everything switched on."""

    async def ask(number: int) -> object:
        return await workspace.query(f"Event {number}", from_date=FIRST, to_date=LAST)

    return ask


def ask_composed(workspace: AsyncWorkspace) -> Ask:
    """A question whose parts are objects, which may differ each time, so that nothing is known of it beforehand."""
    from mixpanel_headless import Filter, GroupBy

    async def ask(number: int) -> object:
        where, group = Filter.equals("plan", f"Plan {number}"), GroupBy("country")
        return await workspace.query("Event", from_date=FIRST, to_date=LAST, where=where, group_by=group)

    return ask


def ask_ready(workspace: AsyncWorkspace) -> Ask:
    """The same with the question's JSON made by hand, so that nothing has to be built or checked."""

    async def ask(number: int) -> object:
        return await workspace.run_params(bookmark(number))

    return ask


def ask_repeatedly(workspace: AsyncWorkspace) -> Ask:
    """One question, over and over: the workspace's wishes say whether it is sent each time."""

    async def ask(_: int) -> object:
        return await workspace.query("Event 0", from_date=FIRST, to_date=LAST)

    return ask


async def cpu_each(ask: Ask, numbers: list[int]) -> float:
    """Seconds of this process's CPU for each call, one after the other."""
    gc.collect()
    start = time.process_time()
    for number in numbers:
        await ask(number)
    return (time.process_time() - start) / len(numbers)


async def compare(base: str, rounds: int, calls: int) -> list[dict[str, float]]:
    """CPU seconds a call by each way, for each round."""
    import aiohttp

    fresh = itertools.count(1)
    state = await asyncio.to_thread(tempfile.mkdtemp, prefix="mp-calls-")
    async with (
        aiohttp.ClientSession() as session,
        open_workspace(base) as workspace,
        open_workspace(base, store="sqlite", cache="disk", state_dir=state) as durable,
    ):
        ways = {
            "bare": ask_bare(session, base),
            "again": ask_repeatedly(workspace.with_options(freshness="fresh")),
            "new": ask_client(workspace),
            "composed": ask_composed(workspace),
            "ready": ask_ready(workspace),
            "repeat": ask_repeatedly(workspace),
            "durable": ask_repeatedly(durable.with_options(freshness="fresh")),
        }
        figures = [
            {way: await cpu_each(ask, list(itertools.islice(fresh, calls))) for way, ask in ways.items()}
            for _ in range(rounds + 1)
        ]
    await asyncio.to_thread(shutil.rmtree, state)
    return figures[1:]  # the first round only warms up


def open_workspace(base: str, **state: Any) -> AsyncWorkspace:
    """A client with limits that nothing here can reach; its state is in memory unless `state` says otherwise."""
    from mixpanel_headless import AsyncWorkspace, Limits

    return AsyncWorkspace(
        project="12345",
        username="sa",
        secret="secret",
        api_base_url=base,
        limits=Limits(query=1_000_000, query_window=3600.0, query_concurrency=100),
        **{"store": "memory", "cache": "memory", **state},
    )


async def profile(base: str, calls: int) -> None:
    """Prints where the client's time goes: a question sent again, questions never asked before, the cache."""
    async with open_workspace(base) as workspace:
        fresh = workspace.with_options(freshness="fresh")
        for ask in (ask_repeatedly(fresh), ask_client(workspace), ask_repeatedly(workspace)):
            await ask(0)
            with cProfile.Profile() as profiler:
                await cpu_each(ask, list(range(1, calls + 1)))
            pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--profile", action="store_true", help="print where the time goes instead")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        if options.profile:
            asyncio.run(profile(base, options.calls))
        else:
            report(asyncio.run(compare(base, options.rounds, options.calls)), options.calls)


def report(rounds: list[dict[str, float]], calls: int) -> None:
    """Prints the figures of all rounds as one document."""
    typical = {way: median(figures[way] for figures in rounds) * 1e6 for way in rounds[0]}
    sent = ("again", "new", "composed", "ready", "durable")
    spread = {way: sorted(figures[way] / figures["bare"] for figures in rounds) for way in sent}
    over_bare = {way: median(ratios) for way, ratios in spread.items()}
    print_report(
        {
            "question asked before and sent again, over bare aiohttp + msgspec": over_bare["again"],
            "question never asked before, over bare": over_bare["new"],
            "question composed of objects, never asked before, over bare": over_bare["composed"],
            "ready JSON never sent before, over bare": over_bare["ready"],
            "question sent again with state on disk, shared by processes, over bare": over_bare["durable"],
            "cached repeat over a call sent again": typical["repeat"] / typical["again"],
        },
        {
            "question asked before and sent again, over bare": goal(over_bare["again"], 1.6),
            "question never asked before, over bare": goal(over_bare["new"], 1.6),
            "ready JSON never sent before, over bare": goal(over_bare["ready"], 1.6),
            "cached repeat, µs": goal(typical["repeat"], 50),
        },
        lowest_and_highest_over_bare={
            way: [round(end, 2) for end in ratios[:: len(ratios) - 1 or 1]] for way, ratios in spread.items()
        },
        microseconds={way: round(figure, 1) for way, figure in typical.items()},
        rounds=len(rounds),
        calls=calls,
    )


if __name__ == "__main__":
    main()
