"""One hundred thousand planned calls by `gather`: requests, CPU a call and peak memory, as JSON.

Each form runs in a process of its own against a service that answers at once, so that only the client is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from aiohttp import web

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = mp.Limits(query=1_000_000, query_concurrency=64)
ANSWER = b'{"computed_at":"2026-01-08T00:00:00","date_range":{"from_date":"2026-01-05","to_date":"2026-01-07"},"headers":["$event"],"series":{"E [Total Events]":{"2026-01-05T00:00:00":1,"2026-01-06T00:00:00":2,"2026-01-07T00:00:00":3}}}'


def planned(ws: mp.AsyncWorkspace, count: int, distinct: int) -> Iterator[mp.Planned[mp.QueryResult]]:
    """`count` calls that ask `distinct` questions."""
    for number in range(count):
        yield mp.later(ws.query, f"E{number % distinct}", from_date="2026-01-05", to_date="2026-01-07")


async def measure(count: int, distinct: int) -> dict[str, float]:
    """One batch in this process; the service's own part of the CPU and memory is inside the figures."""
    requests = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        await request.read()
        return web.Response(body=ANSWER, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with mp.AsyncWorkspace(
        project="1",
        username="u",
        secret="s",
        api_base_url=f"http://{host}:{port}",
        limits=LIMITS,
        store="memory",
    ) as ws:
        wall, cpu = time.perf_counter(), time.process_time()
        gathered = await ws.gather(planned(ws, count, distinct))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await runner.cleanup()
    return {
        "calls": count,
        "questions": distinct,
        "requests": requests,
        "failed": len(gathered.failed),
        "seconds": round(wall, 2),
        "cpu_us_per_call": round(cpu / count * 1e6, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "peak_mb_before": round(before / 1024, 1),
    }


def main() -> None:
    """Measure few and many different questions, each in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--questions", type=int, help="measure this one form, here")
    chosen = parser.parse_args()
    if chosen.questions:
        print(json.dumps(asyncio.run(measure(chosen.calls, chosen.questions))))
        return
    for questions in (100, chosen.calls):
        command = [sys.executable, __file__, "--calls", str(chosen.calls), "--questions", str(questions)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
