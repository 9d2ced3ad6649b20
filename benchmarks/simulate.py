"""The simulation beside the real thing: one workload in virtual time, and over HTTP against the sandbox in real time.

    python benchmarks/simulate.py [--calls 300] [--questions 130] [--hour 30] [--seed 1]

Three tenants ask the same questions in the same order both times, with an hour shrunk to seconds. Requests and answers
must be equal; waits and the time to the last answer within 5 %. The simulated service takes as long for its answers as the
sandbox took in the same run, and as unevenly: how long the first requests take moves every later window, and a request
waits for the later of a slot and a permit. What it costs Python to ask everything at once is not simulated: half a second
at the start, which is much only of an hour that is shorter than this one. Then a day of 1,000 agents is simulated against
the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import math
import resource
import sys
import time
from array import array
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen
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
    from collections.abc import Sequence

    from mixpanel_headless.results.provenance import Provenance

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


@frozen
class Run:
    """What became of a crowd: its tally, the requests counted and refused, the seconds of all, and how answers came."""

    tally: Tally
    requests: int
    refused: int
    seconds: float
    service: Service


async def ask_the_sandbox(workload: Workload, seed: int) -> Run:
    """The same crowd on a workspace and the sandbox."""
    tally, latencies = Tally(), array("d")
    box = Sandbox(limit=workload.limit, window=workload.window, latency=workload.service.latency)
    weights = {tenant.name: tenant.weight for tenant in workload.tenants}
    async with box, box.async_workspace(lifetimes=Lifetimes(open=WEEK), weights=weights) as workspace:
        numbers: dict[object, int] = {}

        async def ask(one: Ask) -> Provenance:
            number = numbers.setdefault(one.question, len(numbers))
            view = workspace.with_options(tenant=one.tenant.name)
            asked = time.monotonic()
            answer = await view.query("Sign Up", from_date=f"{FIRST + DAY * number}", to_date=f"{LAST}")
            assert answer.provenance is not None
            if answer.provenance.origin == "network":
                latencies.append(time.monotonic() - asked - answer.provenance.waited)
            return answer.provenance

        start = time.monotonic()
        await Crowd(workload, seed, ask, tally).run()
        return Run(tally, box.counted, box.refused, time.monotonic() - start, service_of(latencies))


def simulate(workload: Workload, seed: int) -> Run:
    """The same crowd on the simulated service, in virtual time."""
    simulation = Simulation(workload, seed=seed)
    report = simulation.run()
    return Run(simulation.tally, report.requests, report.refused, report.makespan or 0.0, workload.service)


def service_of(latencies: Sequence[float]) -> Service:
    """A service that takes as long and as unevenly; its latencies are lognormal."""
    logs = [math.log(latency) for latency in latencies]
    return Service(latency=math.exp(fmean(logs)), spread=pstdev(logs), transit=0.0)


def figures(run: Run) -> dict[str, Any]:
    """One run's row."""
    whole = figures_of(run.tally.fates.values())
    return {
        "answered": whole.answered,
        "requests": run.requests,
        "refused": run.refused,
        "saved by coalescing": whole.saved_by_coalescing,
        "saved by cache": whole.saved_by_cache,
        "wait p50": round(whole.wait_p50, 3),
        "wait p95": round(whole.wait_p95, 3),
        "last answer": round(run.seconds, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--questions", type=int, default=130)
    parser.add_argument("--hour", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    workload = shrunken(options.calls, options.questions, options.hour)
    few = evolve(workload, tenants=(Tenant(name="a", jobs=(Job(calls=workload.concurrency),)),))
    asyncio.run(ask_the_sandbox(few, seed=0))  # what a first call loads is not the service's time
    asked = asyncio.run(ask_the_sandbox(workload, options.seed))
    real, simulated = figures(asked), figures(simulate(evolve(workload, service=asked.service), options.seed))
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
        latency={"median": round(asked.service.latency, 3), "spread": round(asked.service.spread, 3)},
        day={
            "calls": day.asked,
            "answered": day.answered,
            "requests": day.requests,
            "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1024**2),
        },
    )


if __name__ == "__main__":
    main()
