"""The simulation beside the real thing: one workload in virtual time, and over HTTP against the sandbox in real time.

    python benchmarks/simulate.py [--calls 300] [--questions 130] [--hour 20] [--seed 1]

Three tenants ask the same questions in the same order both times, with an hour shrunk to seconds. Requests and answers
must be equal; waits and the time to the last answer within 5 %. The simulated service takes as long for an answer as the
sandbox was measured to take. Then a day of 1,000 agents is simulated against the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import resource
import sys
import time
from typing import TYPE_CHECKING, Any

from attrs import evolve
from report import goal, print_report, use_checkout

use_checkout()

from mixpanel_headless.accounts.limits import Lifetimes  # noqa: E402
from mixpanel_headless.sandbox import Sandbox  # noqa: E402
from request_scheduler.simulate import (  # noqa: E402
    Answers,
    Ask,
    Crowd,
    Job,
    Service,
    Simulation,
    Tally,
    Tenant,
    Workload,
    default_workload,
)
from request_scheduler.simulate.tally import figures_of  # noqa: E402

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance

ROUNDS = 10
WEEK = 7 * 86400.0
FIRST, LAST, DAY = dt.date(2024, 1, 1), dt.date(2025, 1, 31), dt.timedelta(days=1)


def shrunken(calls: int, questions: int, hour: float) -> Workload:
    """A burst of three tenants, whose questions overlap, in an hour of so many seconds."""
    job = Job(calls=calls // 3)
    tenants = tuple(
        Tenant(name=name, weight=weight, identical=0.5, questions=questions, zipf=0.5, jobs=(job,))
        for name, weight in {"a": 1.0, "b": 1.0, "c": 2.0}.items()
    )
    return Workload(
        tenants=tenants,
        hours=1.0,
        window=hour,
        identical_questions=questions,
        ageing=hour / 6,
        service=Service(latency=hour / 60, spread=0.0, transit=0.0),
        answers=Answers(today=0.0, closed=WEEK),
    )


async def ask_the_sandbox(workload: Workload, seed: int) -> tuple[Tally, int, int, float]:
    """The same crowd on a workspace and the sandbox: its tally, requests counted and refused, and seconds."""
    tally = Tally()
    box = Sandbox(limit=workload.limit, window=workload.window, latency=workload.service.latency)
    weights = {tenant.name: tenant.weight for tenant in workload.tenants}
    async with box, box.async_workspace(lifetimes=Lifetimes(open=WEEK), weights=weights) as workspace:
        numbers: dict[object, int] = {}

        async def ask(one: Ask) -> Provenance:
            number = numbers.setdefault(one.question, len(numbers))
            view = workspace.with_options(tenant=one.tenant.name)
            answer = await view.query("Sign Up", from_date=f"{FIRST + DAY * number}", to_date=f"{LAST}")
            assert answer.provenance is not None
            return answer.provenance

        start = time.monotonic()
        await Crowd(workload, seed, ask, tally).run()
        return tally, box.counted, box.refused, time.monotonic() - start


def measure_latency(workload: Workload) -> float:
    """Seconds that an answer of the sandbox takes, HTTP and computation included, with five under way."""
    job = Job(calls=ROUNDS * workload.concurrency, questions=ROUNDS * workload.concurrency)
    alone = evolve(workload, limit=1000, tenants=(Tenant(name="a", jobs=(job,)),))
    *_, seconds = asyncio.run(ask_the_sandbox(alone, seed=0))
    return seconds / ROUNDS


def figures(tally: Tally, requests: int, refused: int, seconds: float) -> dict[str, Any]:
    """One run's row."""
    whole = figures_of(tally.fates.values())
    return {
        "answered": whole.answered,
        "requests": requests,
        "refused": refused,
        "saved by coalescing": whole.saved_by_coalescing,
        "saved by cache": whole.saved_by_cache,
        "wait p50": round(whole.wait_p50, 3),
        "wait p95": round(whole.wait_p95, 3),
        "last answer": round(seconds, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--questions", type=int, default=130)
    parser.add_argument("--hour", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    workload = shrunken(options.calls, options.questions, options.hour)
    latency = measure_latency(workload)
    real = figures(*asyncio.run(ask_the_sandbox(workload, options.seed)))
    simulation = Simulation(
        evolve(workload, service=Service(latency=latency, spread=0.0, transit=0.0)), seed=options.seed
    )
    report = simulation.run()
    simulated = figures(simulation.tally, report.requests, report.refused, report.makespan or 0.0)
    ratios = {f"{name}, simulated over real": simulated[name] / real[name] for name in real if real[name]}
    start = time.perf_counter()
    day = Simulation(default_workload(1000)).run()
    seconds = time.perf_counter() - start
    scale = 1 if sys.platform == "darwin" else 1024
    print_report(
        ratios,
        {name: goal(abs(ratio - 1), at_most=0.05) for name, ratio in ratios.items()}
        | {"seconds for a day of 1,000 agents": goal(seconds, at_most=60.0)},
        simulated=simulated,
        real=real,
        latency=round(latency, 3),
        day={
            "calls": day.asked,
            "answered": day.answered,
            "requests": day.requests,
            "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1024**2),
        },
    )


if __name__ == "__main__":
    main()
