"""The simulation and a real workspace at the sandbox, asked the same by the same crowd, send and answer the same."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

from mixpanel_headless.sandbox import Sandbox
from request_scheduler.simulate import Answers, Ask, Crowd, Job, Simulation, Tally, Tenant, Workload

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance

FIRST, LAST = dt.date(2025, 1, 1), dt.date(2025, 6, 30)
TENANTS = tuple(
    Tenant(name=name, weight=weight, identical=0.5, questions=20, zipf=0.5, jobs=(Job(calls=40),))
    for name, weight in (("a", 1.0), ("b", 2.0))
)
WORKLOAD = Workload(
    tenants=TENANTS, hours=1.0, limit=15, window=1.0, identical_questions=10, answers=Answers(today=0.0)
)


async def ask_the_sandbox(box: Sandbox, tally: Tally) -> None:
    async with box, box.async_workspace() as workspace:
        days: dict[object, dt.date] = {}

        async def ask(one: Ask) -> Provenance:
            first = days.setdefault(one.question, FIRST + dt.timedelta(days=len(days)))
            view = workspace.with_options(tenant=one.tenant.name)
            answer = await view.query("Sign Up", from_date=f"{first}", to_date=f"{LAST}")
            assert answer.provenance is not None
            return answer.provenance

        await Crowd(WORKLOAD, 5, ask, tally).run()


def test_requests_answers_and_what_was_saved_are_equal_over_http_and_in_virtual_time() -> None:
    box, real = Sandbox(limit=WORKLOAD.limit, window=WORKLOAD.window), Tally()
    asyncio.run(ask_the_sandbox(box, real))
    simulation = Simulation(WORKLOAD, seed=5)
    report = simulation.run()
    assert (report.answered, report.refused) == (80, box.refused) == (80, 0)
    assert report.requests == box.counted > 2 * WORKLOAD.limit

    def saved(tally: Tally) -> dict[str, int]:
        return {name: fate.asked - fate.origins["network"] for name, fate in tally.fates.items()}

    assert sum(saved(real).values()) == sum(saved(simulation.tally).values())
