"""What callers hand in and get back."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from attrs import field, frozen, validators

from request_scheduler.value import value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from request_scheduler.allowance import Allowance
    from request_scheduler.outcome import Outcome

T_co = TypeVar("T_co", covariant=True)


class Priority(IntEnum):
    """How urgent a call is; a higher one goes first, and waiting makes up for a lower one."""

    BACKGROUND = 0
    BATCH = 1
    NORMAL = 2
    INTERACTIVE = 3


FreshnessMode: TypeAlias = Literal["cached", "fresh", "stale_ok", "offline"]
DEFAULT_TENANT = "default"
"""Who calls that name nobody belong to."""


class Spend(NamedTuple):
    """Units that one request takes from a budget. A tuple, because every admission hashes it."""

    budget: str
    units: int = 1


@frozen
class Freshness:
    """Which earlier answers a call accepts.

    cached     one that is not older than its own time to live
    fresh      none; it may share a request that has not been sent yet
    stale_ok   an expired one at once, renewed in the background if budget is to spare
    offline    whatever the cache holds, and never a request

    `max_age` (seconds) bounds the age in every mode.
    """

    mode: FreshnessMode = field(default="cached", validator=validators.in_(get_args(FreshnessMode)))
    max_age: float | None = None

    CACHED: ClassVar[Freshness]
    FRESH: ClassVar[Freshness]
    STALE_OK: ClassVar[Freshness]
    OFFLINE: ClassVar[Freshness]


Freshness.CACHED = Freshness("cached")
Freshness.FRESH = Freshness("fresh")
Freshness.STALE_OK = Freshness("stale_ok")
Freshness.OFFLINE = Freshness("offline")


@value(eq=False)
class Call(Generic[T_co]):
    """One question: what to run, what that spends, and how it may be answered otherwise.

    `run` sends one request and is called once for each admitted attempt, by a worker: context variables are those of
    whoever opened the scheduler, so bind what it needs of the caller's. Name the type when it returns an Outcome, as
    type checkers cannot infer it: `call: Call[str] = Call(run)`. Calls with equal keys are the same question:
    they share runs and answers, so a key must hold everything that the answer depends on, credentials included; None is
    never shared. `deadline` is the moment on the scheduler's clock until which its caller waits: one that cannot start by then
    is refused, and one that was sent goes on for others who wait for it, or is given up. `attempts`
    bounds how often it is sent, not counting refusals that name a limit. `circuit` names
    what it is sent to, such as a host: while that fails on and on the call fails at once, or waits if it `outlasts`
    outages. `label`, `circuit` and `tags` are shown and compared, so they must not hold secrets.
    """

    run: Callable[[], Awaitable[Outcome[T_co] | T_co]]
    key: Hashable | None = None
    spends: tuple[Spend, ...] = ()
    priority: Priority = Priority.NORMAL
    tenant: str = DEFAULT_TENANT
    deadline: float | None = None
    freshness: Freshness = Freshness.CACHED
    attempts: int = 4
    allowance: Allowance | None = None
    tags: frozenset[str] = frozenset()
    label: str = ""
    circuit: str | None = None
    outlasts: bool = False

    @property
    def budgets(self) -> tuple[str, ...]:
        """The names of the budgets that it spends."""
        return tuple(spend.budget for spend in self.spends)

    def latest_start(self, now: float) -> float:
        """The moment after which it is useless to start: its deadline, or the wait that its allowance grants."""
        latest = math.inf if self.deadline is None else self.deadline
        if self.allowance is not None and self.allowance.max_wait is not None:
            latest = min(latest, now + self.allowance.max_wait)
        return latest


@value
class Answer(Generic[T_co]):
    """A value and where it came from.

    `computed_at` is wall-clock time, `age` the seconds since, `cost` the requests charged to this caller, `waited` the
    seconds from submit to the start of the attempt that answered, `attempts` how often this process sent the question. The
    value is shared with everyone who asked the same: treat it as read-only.
    """

    value: T_co
    origin: Literal["network", "flight", "cache"]
    computed_at: float
    age: float = 0.0
    cost: int = 0
    waited: float = 0.0
    attempts: int = 0
