"""What sharing saves: requests and hours that a crowd of agents needs, with nothing shared, flights, and the cache.

    python benchmarks/agents.py [--agents 8] [--calls 400] [--questions 300] [--seed 7]

Every agent asks, waits for the answer, thinks, asks again; questions are drawn by Zipf's law, so some are asked by all.
A quarter speaks of today, and an answer to one lives 5 minutes; the others speak of closed days and live a week. The
budget is 60 requests in any hour, 5 at once. Time is virtual: hours pass in moments, and a seed gives the same figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from functools import partial
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from report import print_report, use_checkout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

use_checkout()

from request_scheduler import Answer, Budget, Call, Concurrent, Outcome, Scheduler, Spend, Window  # noqa: E402
from request_scheduler.virtual_time import run_virtually  # noqa: E402

WAYS = {"each call sent": (False, False), "flights shared": (True, False), "flights and cache": (True, True)}
THINKING = 20.0
ANSWERING = (0.5, 8.0)
TODAY, WEEK = 300.0, 7 * 86400.0


def zipf_choices(dice: random.Random, questions: int, count: int, exponent: float = 1.1) -> list[int]:
    """Question numbers, the k-th most popular one asked in proportion to 1 / k ** exponent."""
    weights = [1 / rank**exponent for rank in range(1, questions + 1)]
    return dice.choices(range(questions), weights, k=count)


async def crowd(
    asked: list[list[int]], seed: int, *, share: bool, keep: bool
) -> tuple[int, float, list[float]]:  # requests sent, hours to the last answer, seconds that each call waited
    """One day of the crowd."""
    clock, sent, waits = asyncio.get_running_loop(), 0, list[float]()
    budget = Budget(name="query", limits=(Window(60, 3600.0), Concurrent(5)))

    def sender(question: int, seconds: float) -> Callable[[], Awaitable[Outcome[int]]]:
        async def send() -> Outcome[int]:
            nonlocal sent
            sent += 1
            await asyncio.sleep(seconds)
            life = TODAY if question % 4 == 0 else WEEK
            return Outcome(question, ttl=life if keep else 0.0)

        return send

    async def agent(number: int) -> None:
        dice = random.Random(f"{seed}/{number}")
        for question in asked[number]:
            await asyncio.sleep(dice.expovariate(1 / THINKING))
            key = ("question", question) if share else None
            start = clock.time()
            answer: Answer[int] = await scheduler.submit(
                Call(sender(question, dice.uniform(*ANSWERING)), key, (Spend("query"),), tenant=f"agent {number}")
            )
            assert answer.value == question
            waits.append(clock.time() - start)

    async with Scheduler((budget,)) as scheduler:
        await asyncio.gather(*map(agent, range(len(asked))))
        return sent, clock.time() / 3600, waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"agents": 8, "calls": 400, "questions": 300, "seed": 7}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    chosen = zipf_choices(random.Random(options.seed), options.questions, options.calls)
    asked = [chosen[number :: options.agents] for number in range(options.agents)]
    rows: dict[str, dict[str, Any]] = {}
    for way, (share, keep) in WAYS.items():
        sent, hours, waits = run_virtually(partial(crowd, asked, options.seed, share=share, keep=keep))
        cuts = quantiles(waits, n=20)
        rows[way] = {
            "requests": sent,
            "hours": round(hours, 2),
            "seconds to an answer, median": round(cuts[9], 1),
            "seconds to an answer, p95": round(cuts[18], 1),
        }
    show(rows)
    base, *others = rows.items()
    print_report(
        {f"requests: {base[0]} over {way}": base[1]["requests"] / row["requests"] for way, row in others},
        {},
        ways=rows,
        workload={**vars(options), "distinct questions asked": len(set(chosen))},
    )


def show(rows: dict[str, dict[str, Any]]) -> None:
    """The same as a table, on standard error."""
    names = list(next(iter(rows.values())))
    widths = [max(map(len, rows)), *map(len, names)]
    for line in [["", *names], *([way, *map(str, row.values())] for way, row in rows.items())]:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)), file=sys.stderr)


if __name__ == "__main__":
    main()
