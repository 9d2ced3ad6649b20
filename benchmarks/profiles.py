"""How long 50 pages of profiles take: one at a time, side by side, and as bare aiohttp reads them side by side.

    python benchmarks/profiles.py [--pages 50] [--size 1000] [--latency 0.1] [--rounds 3]

The server is another process and answers each page after the same time. Every way takes its turn in each round; a figure
is the median over the rounds. Requests and what they spend of the budget are counted by the server and by the workspace.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from report import goal, print_report, use_checkout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

use_checkout()

SESSION = "1767600000-session"
AT_ONCE = 5


async def serve(pages: int, size: int, latency: float) -> None:
    """Pages of profiles, each after the same time; prints its port, and ends when its standard input does."""
    import msgspec
    from aiohttp import web

    bodies = [msgspec.json.encode(page_of(number, pages, size)) for number in range(pages)]
    empty = msgspec.json.encode({"page": pages, "session_id": SESSION, "results": [], "total": pages * size})

    async def reply(request: web.Request) -> web.Response:
        number = (await request.json())["page"]
        await asyncio.sleep(latency)
        return web.Response(body=bodies[number] if number < pages else empty, content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/query/engage/", reply)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def page_of(number: int, pages: int, size: int) -> dict[str, Any]:
    """One page, as the service would answer."""
    rows = [
        {"$distinct_id": f"u-{user}", "$properties": {"$last_seen": "2026-01-05T10:00:00", "plan": "pro", "n": user}}
        for user in range(number * size, (number + 1) * size)
    ]
    return {"page": number, "page_size": size, "session_id": SESSION, "total": pages * size, "results": rows}


async def read_bare(base: str, pages: int) -> int:
    """The least that can be written by hand: the first page, then the others, five at once, decoded."""
    import aiohttp
    import msgspec

    rows = 0
    async with aiohttp.ClientSession() as session:

        async def read(number: int) -> None:
            nonlocal rows
            body: dict[str, Any] = {"project_id": "12345", "page": number}
            if number:
                body["session_id"] = SESSION
            async with session.post(f"{base}/api/query/engage/", data=msgspec.json.encode(body)) as response:
                page = msgspec.json.decode(await response.read())["results"]
                rows += len(page)

        await read(0)
        places = asyncio.Semaphore(AT_ONCE)

        async def in_turn(number: int) -> None:
            async with places:
                await read(number)

        await asyncio.gather(*(in_turn(number) for number in range(1, pages)))
    return rows


async def read_by_client(base: str, *, parallel: bool) -> tuple[int, int, int]:
    """Profiles, requests that were sent, and what they spent of the budget."""
    from mixpanel_headless import AsyncWorkspace

    settings: dict[str, Any] = {"project": 12345, "username": "sa", "secret": "s", "api_base_url": base}
    async with AsyncWorkspace(**settings, store="memory", cache="off") as ws:
        result = await ws.query_user(mode="profiles", limit=None, parallel=parallel, workers=AT_ONCE)
        return len(result.profiles), result.provenance.cost, (await ws.budget()).used


async def timed(read: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    start = time.perf_counter()
    given = await read()
    return time.perf_counter() - start, given


async def measure(base: str, pages: int, rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """The median seconds of each way, and what each gave."""
    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        "one at a time": lambda: read_by_client(base, parallel=False),
        "side by side": lambda: read_by_client(base, parallel=True),
        "bare": lambda: read_bare(base, pages),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    given: dict[str, Any] = {}
    for _ in range(rounds):
        for name, read in ways.items():
            seconds, given[name] = await timed(read)
            taken[name].append(seconds)
    return {name: median(seconds) for name, seconds in taken.items()}, given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds to each answer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.pages, options.size, options.latency))
        return
    own = [sys.executable, __file__, "--serve", "--pages", str(options.pages), "--size", str(options.size)]
    with subprocess.Popen(
        [*own, "--latency", str(options.latency)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        seconds, given = asyncio.run(measure(base, options.pages, options.rounds))
        assert server.stdin is not None
        server.stdin.close()
    alone, together = given["one at a time"], given["side by side"]
    assert alone[0] == together[0] == given["bare"] == options.pages * options.size, "every profile was read"
    print_report(
        {
            "side by side to one at a time": seconds["side by side"] / seconds["one at a time"],
            "side by side to bare": seconds["side by side"] / seconds["bare"],
        },
        {
            "side by side to one at a time": goal(seconds["side by side"] / seconds["one at a time"], 1 / 3.5),
            "requests one at a time": goal(alone[1], options.pages + 1),
            "requests side by side": goal(together[1], options.pages + 1),
            "counted one at a time": goal(alone[2], 1),
            "counted side by side": goal(together[2], 1),
        },
        profiles=options.pages * options.size,
        seconds={name: round(took, 3) for name, took in seconds.items()},
    )


if __name__ == "__main__":
    main()
