"""Where the state of budgets lives.

A store decides: `reserve` checks every limit of every budget and takes from all or none in one step, so that no two
deciders can both see the last slot. A store inside this process answers at once, with a plain value. One that is shared
(a file, a server) answers with an awaitable instead, and the scheduler lets a worker await it: admission in memory
then costs no await, no task switch and no lock, and both kinds fit one protocol. While a shared store decides about
the first of those who wait for the same budgets, the others stay behind it, so their order holds there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from attrs import define, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from request_scheduler.call import Spend
    from request_scheduler.limits import Budget
    from request_scheduler.outcome import Refused, Settlement
    from request_scheduler.status import BudgetStatus


@define(eq=False)
class Reservation:
    """Units taken from every budget of one attempt, to be settled exactly once; `ticket` is the store's own mark."""

    spends: tuple[Spend, ...]
    at: float
    tenant: str
    ticket: object = None
    urgent: bool = False


@frozen
class Denied:
    """No room now; `until` is the earliest moment worth another try, infinite when a settlement must come first."""

    until: float


@frozen
class Claim:
    """What a blocked call was promised: units of a budget at a moment. Those behind it may not delay it."""

    at: float
    units: int


Verdict: TypeAlias = Reservation | Denied
NO_CLAIMS: Mapping[str, Claim] = {}


class Store(Protocol):
    """The ledger of all budgets. Awaitables are for stores outside this process."""

    @property
    def shared(self) -> bool:
        """Whether `reserve` and the settlements may answer with awaitables."""

    def define(self, budget: Budget, *, reserve: int = 0) -> None:
        """Add a budget or change its limits, keeping its history.

        `reserve` slots of each window are for urgent calls; those that urgent calls hold or have spent are part of it,
        so that 10 of 60 leave the others 50.
        """

    def check(self, spends: tuple[Spend, ...], *, urgent: bool) -> None:
        """Raise UnknownBudget or TooWide for what could never be reserved."""

    def reserve(
        self,
        spends: tuple[Spend, ...],
        now: float,
        tenant: str,
        urgent: bool = False,
        claims: Mapping[str, Claim] = NO_CLAIMS,
    ) -> Verdict | Awaitable[Verdict]:
        """Take everything now, or nothing and say when to ask again."""

    def settle(self, reservation: Reservation, settlement: Settlement, now: float) -> Awaitable[None] | None:
        """Replace a reservation by what the attempt really cost."""

    def refuse(self, reservation: Reservation, refusal: Refused, now: float, jitter: float) -> Awaitable[None] | None:
        """Give a refused reservation back and learn from the refusal."""

    def spare(self, spends: tuple[Spend, ...], now: float) -> bool:
        """Whether half of every window would still be free: room for work that nobody waits for."""

    def forecast(
        self,
        spends: tuple[Spend, ...],
        ahead: Mapping[str, int],
        calls: int,
        now: float,
        service: float,
        urgent: bool = True,
    ) -> float:
        """When a call could start with `ahead` units (by budget) and `calls` requests before it; no reservation."""

    def usage(self, now: float) -> tuple[BudgetStatus, ...]:
        """Every budget as this store knows it."""
