"""Who asks what, and when: the agents and jobs of a workload, drawn from a seed."""

from __future__ import annotations

import asyncio
from itertools import accumulate, count
from random import Random
from typing import TYPE_CHECKING, NamedTuple, Protocol

from attrs import define, field, frozen

from request_scheduler.errors import SchedulerError
from request_scheduler.simulate.service import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from request_scheduler.simulate.tally import Tally
    from request_scheduler.simulate.workload import Answers, Job, Tenant, Workload

_GOLDEN = 0.6180339887498949


class Source(Protocol):
    """What an answer says about where it came from."""

    @property
    def origin(self) -> str:
        """network, flight or cache."""

    @property
    def waited(self) -> float:
        """Seconds from the question to the start of the request that answered it."""


class Question(NamedTuple):
    """A question by whose it is, its number, and for those of a job its time."""

    whose: str
    number: int
    time: int = 0

    def life(self, answers: Answers) -> float:
        """Seconds that its answer stays good; those that speak of today are spread evenly over the numbers."""
        return answers.open if self.number * _GOLDEN % 1.0 < answers.today else answers.closed


@frozen
class Ask:
    """One call: who asks what, on which machine."""

    tenant: Tenant
    question: Question
    machine: int


@define(eq=False)
class Crowd:
    """All who ask; `ask` answers a call, which `tally` hears about."""

    workload: Workload
    seed: int
    ask: Callable[[Ask], Awaitable[Source]]
    tally: Tally
    _popular: dict[tuple[int, float], Sequence[float]] = field(factory=dict)

    async def run(self) -> None:
        """Let everybody ask; returns when all jobs are answered, if nobody asks on and on."""
        async with asyncio.TaskGroup() as tasks:
            for tenant in self.workload.tenants:
                for number in range(tenant.agents):
                    tasks.create_task(self._ask_on(tenant, number))
                for place, job in enumerate(tenant.jobs):
                    tasks.create_task(self._work(tenant, job, place))

    async def _ask_on(self, tenant: Tenant, number: int) -> None:
        """One agent's day: think, ask, wait."""
        dice = self._dice(tenant, f"agent {number}")
        while True:
            await asyncio.sleep(dice.expovariate(1 / tenant.think))
            await self._ask(Ask(tenant, self._draw(tenant, dice), number % self.workload.machines))

    async def _work(self, tenant: Tenant, job: Job, place: int) -> None:
        """One job, each time that it is due."""
        dice = self._dice(tenant, f"job {place}")
        clock = asyncio.get_running_loop()
        began = clock.time()
        async with asyncio.TaskGroup() as tasks:
            for time, moment in enumerate(_moments(job, self.workload.hours)):
                await asyncio.sleep(max(0.0, began + moment * 3600 - clock.time()))
                for number in range(job.calls):
                    question = self._draw(tenant, dice)
                    if job.questions is not None:
                        question = Question(f"{tenant.name}, job {place}", number % job.questions, time)
                    tasks.create_task(self._ask(Ask(tenant, question, number % self.workload.machines)))

    async def _ask(self, ask: Ask) -> None:
        """Make one call and note what became of it."""
        tenant = ask.tenant.name
        self.tally.asked(tenant)
        try:
            source = await self.ask(ask)
        except SchedulerError as error:
            self.tally.turned_away(tenant, type(error).__name__)
        except ServiceError as error:
            self.tally.failed(tenant, str(error))
        else:
            self.tally.answered(tenant, source.origin, source.waited, asyncio.get_running_loop().time())

    def _draw(self, tenant: Tenant, dice: Random) -> Question:
        """One of the tenant's questions, or of those that are the same for all."""
        common = tenant.identical > 0 and dice.random() < tenant.identical
        population = self.workload.identical_questions if common else tenant.questions
        popular = self._popular.get((population, tenant.zipf))
        if popular is None:
            popular = list(accumulate(1 / rank**tenant.zipf for rank in range(1, population + 1)))
            self._popular[population, tenant.zipf] = popular
        (number,) = dice.choices(range(population), cum_weights=popular)
        return Question("" if common else tenant.name, number)

    def _dice(self, tenant: Tenant, who: str) -> Random:
        return Random(f"{self.seed}/{tenant.name}/{who}")  # noqa: S311 - draws that can be repeated


def _moments(job: Job, hours: float) -> Iterator[float]:
    """The hours at which a job is due."""
    for time in count():
        moment = job.at + time * job.every
        if moment >= hours or (time and not job.every):
            return
        yield moment
