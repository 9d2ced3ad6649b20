"""Where the state of budgets lives.

A store decides: `reserve` checks every limit of every budget and takes from all or none in one step, so that no two
deciders can both see the last slot. A store inside this process answers at once, with a plain value. One that is shared
(a file, a server) answers with an awaitable instead, and the scheduler lets a worker await it: admission in memory
then costs no await, no task switch and no lock, and both kinds fit one protocol. While a shared store decides about
the first of those who wait for the same budgets, the others stay behind it, so their order holds there too.

A shared store goes by a time of its own; `now` is the scheduler's, and whatever the store answers is on that scale again.
What a process holds there is on lease: a holder that dies gives its permits back when its lease ends, and what it had
reserved counts as spent from then on, because it may have been counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from attrs import define, frozen

from request_scheduler.call import Priority
from request_scheduler.errors import SchedulerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from request_scheduler.call import Spend
    from request_scheduler.limits import Budget
    from request_scheduler.outcome import Refused, Settlement
    from request_scheduler.status import BudgetStatus


@define(eq=False)
class Reservation:
    """Units taken from every budget of one attempt, to be settled exactly once; `ticket` is the store's own mark.

    `flight` names the flight that it leads. Settling or refusing it gives the lead up in the same step, unless whoever
    settles takes the name off before, to `land` the flight once its answer is where other processes find it.
    """

    spends: tuple[Spend, ...]
    at: float
    tenant: str
    ticket: object = None
    urgent: bool = False
    flight: str | None = None


@frozen
class Denied:
    """No room now; `until` is the earliest moment worth another try, infinite when a settlement must come first."""

    until: float


@frozen
class Led:
    """Another live process runs an equal call: nothing was taken, and the asker does not stand in the turns for it."""


@frozen
class Claim:
    """What a blocked call was promised: units of a budget at a moment. Those behind it may not delay it."""

    at: float
    units: int


@frozen
class Standing:
    """What a waiting call's place is worth against those of other processes: its priority, and its tenant's weight.

    With `more` calls of its process behind it the process keeps its place in the turns when this one is granted.
    """

    priority: Priority = Priority.NORMAL
    weight: float = 1.0
    more: bool = False


class StoreLost(SchedulerError):  # noqa: N818 - named like the others, for what happened
    """The shared store cannot be reached or written, so nobody can say what is left of a budget."""


class StoreUnreadable(StoreLost):
    """The shared store holds what this version cannot read, so waiting for it is no use: raised whatever `on_loss` says."""


class StoreOccupied(StoreUnreadable):
    """Something else lies where the store keeps its state; the text names the place, and the way out."""


OnLoss = Literal["wait", "cautious", "error"]
"""While a shared store is lost: start nothing, start an eighth of each limit by the own log alone, or raise StoreLost."""

Verdict: TypeAlias = Reservation | Denied | Led
NO_CLAIMS: Mapping[str, Claim] = {}
ORDINARY = Standing()


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
        standing: Standing = ORDINARY,
        flight: str | None = None,
    ) -> Verdict | Awaitable[Verdict]:
        """Take everything now, or nothing and say when to ask again.

        A shared store is asked for the head of a lane only; it notes the heads that it denies, so that processes take
        turns by `standing`, and names a moment to ask again or calls for it through `watch`. Urgent calls have a lane, and
        a turn, beside that of the others: one for which slots are reserved waits for nobody's turn but those of urgent ones.

        `flight` names a question that processes may ask together: the hex digest of its key. Its lead is taken with the
        units, in the same step, and not at all when they are denied. While another live process has it the answer is
        `Led`, and `watch` tells when that is over. A process may lead a flight several times over. Another process may
        have landed it just before, so look into the shared cache again before running it.
        """

    def settle(self, reservation: Reservation, settlement: Settlement, now: float) -> Awaitable[None] | None:
        """Replace a reservation by what the attempt really cost."""

    def refuse(self, reservation: Reservation, refusal: Refused, now: float, jitter: float) -> Awaitable[None] | None:
        """Give a refused reservation back and learn from the refusal."""

    def withdraw(self, spends: tuple[Spend, ...], now: float, *, urgent: bool) -> Awaitable[None] | None:
        """Leave the turns for these budgets, because no call of this process, urgent or not, waits for them any more."""

    def keeps(self, spends: tuple[Spend, ...], now: float) -> bool:
        """Whether slots of every budget are reserved for an urgent call, so that it takes none from others."""

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

    async def open(self) -> None:
        """Take up work in the current event loop; the state is known from then on. Only called when shared."""

    async def close(self) -> None:
        """Let go of everything held; what is still reserved counts as spent. Only called when shared."""

    async def watch(self, news: Callable[[Collection[str]], object]) -> None:
        """Renew leases until cancelled, and call `news` when another process may have made room. Only when shared.

        `news` is given the flights that other processes have landed lately, or whose leader has gone; none means room
        only. Each flight for which the answer was `Led` is told once that is over, however long it takes.
        """

    async def refresh(self) -> None:
        """Bring what `usage`, `forecast` and `spare` go by up to date with the other processes."""

    async def land(self, flight: str) -> None:
        """Give the lead of a flight up, its answer being in the shared cache; other processes are told.

        A lead is on lease like a permit. One that was taken several times is given up as often.
        """
