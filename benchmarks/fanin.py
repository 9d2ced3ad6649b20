"""One hundred thousand planned calls: peak memory of `gather`, growth of `as_completed`, CPU beside single calls.

    python benchmarks/fanin.py [--calls 100000]

Prints JSON with ratios and goals first. Each form runs in a process of its own, against a service in the same process
that answers at once; the service's part of CPU and memory is inside the figures. Growth is what the process gains from
a fifth of the way on, when every cache that is bounded is full; the window is a second, so that the exact log of the
requests that still count, some 100 bytes each, is bounded by its limit as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import goal, print_report, use_checkout

use_checkout()

from aiohttp import web  # noqa: E402

import mixpanel_headless as mp  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HOUR = mp.Limits(query=1_000_000, query_concurrency=64)
SECOND = mp.Limits(query=1_000_000, query_window=1.0, query_concurrency=64)
DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
ANSWER = b'{"computed_at":"2026-01-08T00:00:00","date_range":{"from_date":"2026-01-05","to_date":"2026-01-07"},"headers":["$event"],"series":{"E [Total Events]":{"2026-01-05T00:00:00":1,"2026-01-06T00:00:00":2,"2026-01-07T00:00:00":3}}}'
SINGLE = 4_000
"""Single calls before the batch and again after it, for the ratio: the machine may be busier then."""


class Service:
    """Answers every request with the same small answer, and counts."""

    def __init__(self) -> None:
        self.requests, self.url = 0, ""

    async def answer(self, request: web.Request) -> web.Response:
        """The answer to any request."""
        self.requests += 1
        await request.read()
        return web.Response(body=ANSWER, content_type="application/json")


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """A service that listens."""
    app, service = web.Application(), Service()
    app.router.add_route("*", "/{rest:.*}", service.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    service.url = f"http://{host}:{port}"
    yield service
    await runner.cleanup()


def workspace(service: Service, limits: mp.Limits) -> mp.AsyncWorkspace:
    """A client that knows no answer yet."""
    return mp.AsyncWorkspace(
        project="1", username="u", secret="s", api_base_url=service.url, limits=limits, store="memory", cache="memory"
    )


def planned(ws: mp.AsyncWorkspace, count: int, distinct: int) -> Iterator[mp.Planned[mp.QueryResult]]:
    """`count` calls that ask `distinct` questions."""
    for number in range(count):
        yield mp.later(ws.query, f"E{number % distinct}", from_date=DAYS["from_date"], to_date=DAYS["to_date"])


def resident() -> int:
    """Bytes of memory that this process has now; outside Linux, the most that it has had."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak()


def peak() -> int:
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


async def cost_of_single_calls(ws: mp.AsyncWorkspace, name: str) -> float:
    """CPU microseconds of a call that is awaited alone, each another question."""
    cpu = time.process_time()
    for number in range(SINGLE):
        await ws.query(f"{name} {number}", from_date=DAYS["from_date"], to_date=DAYS["to_date"])
    return (time.process_time() - cpu) / SINGLE * 1e6


async def measure_gather(calls: int, questions: int) -> dict[str, Any]:
    """One batch by `gather`, every answer held to the end, and single calls around it."""
    async with open_service() as service, workspace(service, HOUR) as ws:
        single = await cost_of_single_calls(ws, "Before")
        before, cpu = service.requests, time.process_time()
        gathered = await ws.gather(planned(ws, calls, questions))
        cpu, highest, requests = time.process_time() - cpu, peak(), service.requests - before
        single = (single + await cost_of_single_calls(ws, "After")) / 2
        assert len(gathered.values) == calls
    return {
        "calls": calls,
        "questions": questions,
        "requests": requests,
        "cpu_us_per_call": round(cpu / calls * 1e6, 1),
        "cpu_us_per_single_call": round(single, 1),
        "peak_mb": round(highest / 1e6, 1),
    }


async def measure_stream(calls: int, resume: str | None) -> dict[str, Any]:
    """One batch by `as_completed`, each answer dropped as it comes; if it has a file, asked again from that."""
    at_a_fifth = again = 0
    async with open_service() as service:
        async with workspace(service, SECOND) as ws:
            count, cpu = 0, time.process_time()
            async for done in ws.as_completed(planned(ws, calls, calls), resume=resume):
                assert done.value.series
                count += 1
                if count == calls // 5:
                    at_a_fifth = resident()
            grown, cpu = resident() - at_a_fifth, time.process_time() - cpu
        requests = service.requests
        if resume is not None:
            async with workspace(service, SECOND) as ws:
                again = sum([1 async for _ in ws.as_completed(planned(ws, calls, calls), resume=resume)])
    return {
        "calls": calls,
        "requests": requests,
        "answered_again": again,
        "requests_again": service.requests - requests,
        "cpu_us_per_call": round(cpu / calls * 1e6, 1),
        "grown_bytes_per_call": round(grown / (calls - calls // 5), 1),
        "peak_mb": round(peak() / 1e6, 1),
    }


FORMS = ("gather, 100 questions", "gather, all different", "as_completed, all different", "as_completed into a file")


async def measure(form: str, calls: int) -> dict[str, Any]:
    """One of the forms, in this process."""
    if form.startswith("gather"):
        return await measure_gather(calls, 100 if "100" in form else calls)
    with tempfile.TemporaryDirectory() as folder:
        return await measure_stream(calls, f"{folder}/batch.jsonl" if "file" in form else None)


def main() -> None:
    """Measure every form, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--form", choices=FORMS, help="measure this one form, here")
    chosen = parser.parse_args()
    if chosen.form:
        print(json.dumps(asyncio.run(measure(chosen.form, chosen.calls))))
        return
    figures: dict[str, dict[str, Any]] = {}
    for form in FORMS:
        command = [sys.executable, __file__, "--calls", str(chosen.calls), "--form", form]
        figures[form] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    different, stream = figures["gather, all different"], figures["as_completed, all different"]
    kept = figures["as_completed into a file"]
    print_report(
        {"CPU of a call in a batch / alone": different["cpu_us_per_call"] / different["cpu_us_per_single_call"]},
        {
            "peak of gather, MB": goal(different["peak_mb"], 300),
            "growth of as_completed, bytes a call": goal(stream["grown_bytes_per_call"], 50),
            "growth of as_completed into a file, bytes a call": goal(kept["grown_bytes_per_call"], 50),
            "requests of a batch that is asked again": goal(kept["requests_again"], 0),
        },
        **figures,
    )


if __name__ == "__main__":
    main()
