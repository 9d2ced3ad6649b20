"""What became of the calls of a simulation, and the figures drawn from it."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, field, frozen

from request_scheduler.simulate.counting import fullest_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from request_scheduler.simulate.service import SimulatedService
    from request_scheduler.simulate.shares import Shares
    from request_scheduler.simulate.workload import Workload


@define(eq=False)
class Fate:
    """One tenant's calls so far; `waits` are seconds from a question to the start of the request that answered it."""

    asked: int = 0
    origins: Counter[str] = field(factory=Counter)
    turned_away: Counter[str] = field(factory=Counter)
    failed: Counter[str] = field(factory=Counter)
    waits: array[float] = field(factory=lambda: array("d"))


@define(eq=False)
class Tally:
    """All calls so far, by tenant; `last` is the moment of the last answer."""

    fates: dict[str, Fate] = field(factory=dict)
    last: float = 0.0

    def asked(self, tenant: str) -> None:
        """Somebody asks."""
        self._fate(tenant).asked += 1

    def answered(self, tenant: str, origin: str, waited: float, now: float) -> None:
        """It was answered."""
        fate = self._fate(tenant)
        fate.origins[origin] += 1
        fate.waits.append(waited)
        self.last = now

    def turned_away(self, tenant: str, why: str) -> None:
        """The scheduler did not run it."""
        self._fate(tenant).turned_away[why] += 1

    def failed(self, tenant: str, why: str) -> None:
        """The service did not answer it."""
        self._fate(tenant).failed[why] += 1

    def _fate(self, tenant: str) -> Fate:
        fate = self.fates.get(tenant)
        if fate is None:
            fate = self.fates[tenant] = Fate()
        return fate


@frozen(kw_only=True)
class Figures:
    """Some calls in numbers: `requests` is how many of the answers sent one of their own; waits are in seconds."""

    asked: int
    answered: int
    requests: int
    saved_by_coalescing: int
    saved_by_cache: int
    turned_away: Mapping[str, int]
    failed: Mapping[str, int]
    unanswered: int
    wait_p50: float
    wait_p95: float
    wait_max: float


@frozen(kw_only=True)
class Report:
    """A simulation in numbers.

    `requests` were counted by the service, `refused` were its 429s; `fullest_window` and `most_at_once` are from its own
    log, `foreign` what others spent there. `share_error` is the furthest, in requests, that two waiting tenants
    ever were from their weights' parts of what both were served, None where shares are off. `makespan` is the seconds to the last answer, None while
    calls are left or agents ask on and on.
    """

    hours: float
    finished: bool
    asked: int
    answered: int
    requests: int
    refused: int
    turned_away: int
    failed: int
    unanswered: int
    saved_by_coalescing: int
    saved_by_cache: int
    share_error: float | None
    makespan: float | None
    fullest_window: int
    most_at_once: int
    foreign: int
    tenants: Mapping[str, Figures]
    priorities: Mapping[str, Figures]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        return asdict(self)


def sum_up(
    workload: Workload,
    tally: Tally,
    service: SimulatedService,
    shares: Shares | None,
    seconds: float,
    *,
    finished: bool,
) -> Report:
    """The report on a simulation that has ended, or been stopped."""
    fates = {tenant.name: tally.fates.get(tenant.name, Fate()) for tenant in workload.tenants}
    priorities: dict[str, list[Fate]] = {}
    for tenant in workload.tenants:
        priorities.setdefault(tenant.priority, []).append(fates[tenant.name])
    whole = figures_of(fates.values())
    return Report(
        hours=seconds / 3600,
        finished=finished,
        asked=whole.asked,
        answered=whole.answered,
        requests=len(service.counted),
        refused=service.refused,
        turned_away=sum(whole.turned_away.values()),
        failed=sum(whole.failed.values()),
        unanswered=whole.unanswered,
        saved_by_coalescing=whole.saved_by_coalescing,
        saved_by_cache=whole.saved_by_cache,
        share_error=None if shares is None else shares.error,
        makespan=tally.last if workload.ends_by_itself and not whole.unanswered else None,
        fullest_window=fullest_window(service.counted, workload.window),
        most_at_once=service.peak,
        foreign=service.foreign,
        tenants={name: figures_of([fate]) for name, fate in fates.items()},
        priorities={name: figures_of(some) for name, some in priorities.items()},
    )


def figures_of(fates: Iterable[Fate]) -> Figures:
    """The figures of some tenants together."""
    fates = list(fates)
    waits = sorted(wait for fate in fates for wait in fate.waits)
    origins, turned_away, failed = Counter[str](), Counter[str](), Counter[str]()
    for fate in fates:
        origins.update(fate.origins)
        turned_away.update(fate.turned_away)
        failed.update(fate.failed)
    asked = sum(fate.asked for fate in fates)
    return Figures(
        asked=asked,
        answered=len(waits),
        requests=origins["network"],
        saved_by_coalescing=origins["flight"],
        saved_by_cache=origins["cache"],
        turned_away=dict(turned_away),
        failed=dict(failed),
        unanswered=asked - len(waits) - turned_away.total() - failed.total(),
        wait_p50=percentile(waits, 0.50),
        wait_p95=percentile(waits, 0.95),
        wait_max=waits[-1] if waits else 0.0,
    )


def percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile of values in ascending order; 0 of nothing."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
