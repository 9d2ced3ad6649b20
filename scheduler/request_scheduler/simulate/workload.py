"""What a simulation is about, as values: limits, switches, tenants with their questions and jobs, and the service.

The docstrings say what each field of a workload file means; times of a day are in hours, everything else is in seconds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

from attrs import Attribute, field, frozen

from request_scheduler.admission import WhenFull
from request_scheduler.call import Priority
from request_scheduler.checks import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable

PRIORITIES = tuple(priority.name.lower() for priority in reversed(Priority))
SHAPES = ("rolling", "fixed", "two-bucket", "token")
OUTAGES = ("unavailable", "unreachable", "shedding", "slow")


class WorkloadError(ValueError):
    """A workload that cannot be simulated; the message names the field and what it may hold."""


def number(
    low: float = 0.0, high: float = math.inf, *, above: bool = False
) -> Callable[[Any, Attribute[Any], Any], None]:
    """A finite number from `low` (or `above` it) to `high`."""

    def check(_: object, attribute: Attribute[Any], value: Any) -> None:
        real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not real or not low <= value <= high or (above and value == low):
            rule = f"a number {'above' if above else 'from'} {low:g}" + (f" to {high:g}" if high < math.inf else "")
            raise WorkloadError(f"{attribute.name} is {value!r}; it must be {rule}")

    return check


def whole(low: int = 0, high: int = 10_000_000) -> Callable[[Any, Attribute[Any], Any], None]:
    """A whole number from `low` to `high`."""

    def check(_: object, attribute: Attribute[Any], value: Any) -> None:
        if not is_whole(value) or not low <= value <= high:
            raise WorkloadError(f"{attribute.name} is {value!r}; it must be a whole number from {low} to {high}")

    return check


def one_of(*known: str) -> Callable[[Any, Attribute[Any], Any], None]:
    """One of these."""

    def check(_: object, attribute: Attribute[Any], value: Any) -> None:
        if value not in known:
            raise WorkloadError(f"{attribute.name} is {value!r}; it must be one of {', '.join(known)}")

    return check


def optional(check: Callable[[Any, Attribute[Any], Any], None]) -> Callable[[Any, Attribute[Any], Any], None]:
    """None, or what another check accepts."""
    return lambda owner, attribute, value: None if value is None else check(owner, attribute, value)


def switch(_: object, attribute: Attribute[Any], value: Any) -> None:
    """True or False."""
    if not isinstance(value, bool):
        raise WorkloadError(f"{attribute.name} is {value!r}; it must be true or false")


def text(_: object, attribute: Attribute[Any], value: Any) -> None:
    """Text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise WorkloadError(f"{attribute.name} is {value!r}; it must be text")


@frozen(kw_only=True)
class Job:
    """Calls that a tenant makes at once: a burst, or a nightly job.

    at         the hour of the first one
    every      hours until the next; 0 for never
    calls      how many
    questions  how many different questions of its own they ask, in turn, others each time; without it
               they are drawn from the tenant's questions
    """

    at: float = field(default=0.0, validator=number())
    every: float = field(default=24.0, validator=number())
    calls: int = field(default=1, validator=whole(1))
    questions: int | None = field(default=None, validator=optional(whole(1)))


@frozen(kw_only=True)
class Tenant:
    """Callers that share a name, and a share of the budget.

    name       what the report calls it
    agents     how many ask one question after the other: ask, wait for the answer, think, ask again
    think      seconds that they think, in the mean (exponential)
    questions  how many different questions there are to ask; rank r is asked in proportion to 1 / r ** zipf
    zipf       0 asks all alike
    identical  the part of the calls that ask one of the questions which are the same for all tenants
    weight     its share against others of its priority
    minimum    the part of the budget that it gets while it waits, such as 0.25
    priority   interactive, normal, batch or background
    deadline   seconds for which a caller waits; a call that cannot start within them is not sent
    jobs       calls that come at once, at certain hours
    """

    name: str = field(validator=text)
    agents: int = field(default=0, validator=whole())
    think: float = field(default=300.0, validator=number(above=True))
    questions: int = field(default=200, validator=whole(1))
    zipf: float = field(default=1.0, validator=number(high=10))
    identical: float = field(default=0.0, validator=number(high=1))
    weight: float = field(default=1.0, validator=number(above=True))
    minimum: float = field(default=0.0, validator=number(high=1))
    priority: str = field(default="normal", validator=one_of(*PRIORITIES))
    deadline: float | None = field(default=None, validator=optional(number(above=True)))
    jobs: tuple[Job, ...] = ()


@frozen(kw_only=True)
class Outage:
    """A time at which the service is in trouble.

    at       the hour at which it begins
    seconds  how long it lasts
    kind     unavailable (503, counted), unreachable (no connection), shedding (429 that names no limit), slow
    slower   how many times longer answers take while it is slow
    """

    at: float = field(validator=number())
    seconds: float = field(validator=number(above=True))
    kind: str = field(default="unavailable", validator=one_of(*OUTAGES))
    slower: float = field(default=10.0, validator=number(1))


@frozen(kw_only=True)
class Service:
    """The service: how it counts, how long it takes, and what else happens to it.

    limit    requests in a window, if not those that the client was told
    shape    how it counts: rolling, fixed, two-bucket, token
    latency  seconds that an answer takes, in the median (log-normal)
    spread   the standard deviation of its logarithm; 0 makes all alike
    transit  seconds until a request arrives and is counted
    headers  whether refusals name their limit and the project's real limits
    foreign  requests an hour that others make of the same budget
    errors   the part of the requests that end in a server error, which counts
    outages  times of trouble
    """

    limit: int | None = field(default=None, validator=optional(whole(1)))
    shape: str = field(default="rolling", validator=one_of(*SHAPES))
    latency: float = field(default=2.0, validator=number())
    spread: float = field(default=0.5, validator=number(high=5))
    transit: float = field(default=0.05, validator=number())
    headers: bool = field(default=True, validator=switch)
    foreign: float = field(default=0.0, validator=number())
    errors: float = field(default=0.0, validator=number(high=1))
    outages: tuple[Outage, ...] = ()


@frozen(kw_only=True)
class Answers:
    """How long answers stay good.

    today        the part of the questions that speak of today
    open         seconds that answers to those stay good
    closed       seconds that the others' stay good
    """

    today: float = field(default=0.25, validator=number(high=1))
    open: float = field(default=300.0, validator=number())
    closed: float = field(default=7 * 86400.0, validator=number())


@frozen(kw_only=True)
class Workload:
    """Everything that a simulation needs but a seed.

    hours        how long it lasts
    machines     schedulers that share one budget and one cache; tenants' agents are dealt to them
    limit, window, concurrency
                 the budget that the client keeps: requests, in so many seconds, and at once
    reserve      slots of the window that are for interactive calls
    ageing       seconds of waiting that make up for one step of priority
    queue_size, when_full
                 how many calls may wait, and what happens beyond: wait, refuse, drop lowest
    retries      how often a call goes again after a server error; with any, calls also wait for an outage to end
    identical_questions
                 how many questions are the same for all tenants
    coalescing   false: every call is a request of its own; then nothing can be kept either
    cache        false: equal calls share a request while it waits or runs, and no answer is kept
    shares       false: all calls are one tenant's, without weights and minimums
    budget       false: a naive client, which sends at once and tries again after a refusal
    """

    hours: float = field(default=24.0, validator=number(high=24 * 366, above=True))
    machines: int = field(default=1, validator=whole(1, 64))
    limit: int = field(default=60, validator=whole(1))
    window: float = field(default=3600.0, validator=number(above=True))
    concurrency: int = field(default=5, validator=whole(1))
    reserve: int = field(default=0, validator=whole())
    ageing: float = field(default=600.0, validator=number(above=True))
    queue_size: int = field(default=100_000, validator=whole(1))
    when_full: str = field(default="wait", validator=one_of(*get_args(WhenFull)))
    retries: int = field(default=0, validator=whole(high=100))
    identical_questions: int = field(default=50, validator=whole(1))
    coalescing: bool = field(default=True, validator=switch)
    cache: bool = field(default=True, validator=switch)
    shares: bool = field(default=True, validator=switch)
    budget: bool = field(default=True, validator=switch)
    service: Service = field(factory=Service)
    answers: Answers = field(factory=Answers)
    tenants: tuple[Tenant, ...] = ()

    def __attrs_post_init__(self) -> None:
        names = [tenant.name for tenant in self.tenants]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise WorkloadError(f"two tenants are called {twice!r}; each needs a name of its own")
        if not any(tenant.agents or tenant.jobs for tenant in self.tenants):
            raise WorkloadError("nobody asks anything; give at least one of the tenants agents or jobs")
        if self.reserve >= self.limit:
            raise WorkloadError(f"reserve is {self.reserve} of a limit of {self.limit}; leave the others at least 1")
        if sum(tenant.minimum for tenant in self.tenants) > 1:
            raise WorkloadError("the tenants' minimums are more than 1 together")

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.hours * 3600

    @property
    def ends_by_itself(self) -> bool:
        """Whether the number of calls is known, so that there is an end to it."""
        return not any(tenant.agents for tenant in self.tenants)


def default_workload(agents: int = 40, **settings: Any) -> Workload:
    """Agents that ask all day, every tenth of them for a person who waits, and a nightly job of 60 questions at 2 o'clock."""
    people = agents // 10
    tenants = [
        Tenant(name="agents", agents=agents - people, identical=0.5),
        Tenant(name="nightly", priority="batch", jobs=(Job(at=2.0, calls=60, questions=60),)),
    ]
    if people:
        tenants.insert(0, Tenant(name="people", agents=people, think=600.0, identical=0.5, priority="interactive"))
    return Workload(tenants=tuple(tenants), **settings)
