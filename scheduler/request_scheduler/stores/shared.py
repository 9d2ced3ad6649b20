"""What stores have in common that processes share: decisions made elsewhere, a copy to look at, and how a loss is met.

A ledger does the work and keeps the copy. What must not be lost and cannot be written is owed: it is done, in order,
before the next thing that the ledger does.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

import anyio
from attrs import evolve

from request_scheduler.outcome import Refused, Settlement
from request_scheduler.stores import (
    NO_CLAIMS,
    ORDINARY,
    Claim,
    Denied,
    Led,
    OnLoss,
    Reservation,
    Standing,
    StoreLost,
    StoreUnreadable,
    Verdict,
)
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.stores.turns import Ask
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from contextlib import AbstractContextManager

    from request_scheduler.call import Spend
    from request_scheduler.limits import Budget, Concurrent, Window
    from request_scheduler.status import BudgetStatus
    from request_scheduler.stores.timeline import Timeline

T = TypeVar("T")
L = TypeVar("L", bound="Ledger")

FIRST_LOOK, IDLE_LOOK = 0.02, 1.0
"""Seconds until a process that was denied looks for the first time, and while only a refund could help it sooner."""
LEASE = 30.0
_RETRY = 1.0
_CAUTION = 8


class Ledger(Protocol):
    """One process's part in budgets that others share; moments are on the store's timeline."""

    books: MemoryStore

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held while the copy in `books` is read."""

    @property
    def hanging(self) -> bool:
        """Whether this process waits for what others do, or for the next few moments, and should look often."""

    def define(self, budget: Budget, reserve: int) -> None: ...
    def usage(self, moment: float) -> tuple[BudgetStatus, ...]: ...
    def refresh(self, moment: float) -> Awaitable[None] | None: ...
    def withdraw(self, spends: tuple[Spend, ...], moment: float, *, urgent: bool) -> Awaitable[None] | None: ...
    def charge(self, reservation: Reservation, at: float, moment: float) -> Awaitable[None] | None: ...
    def settle(
        self, reservation: Reservation, settlement: Settlement, at: float, moment: float
    ) -> Awaitable[None] | None: ...
    def refuse(
        self, reservation: Reservation, refusal: Refused, at: float, moment: float, *, jitter: float
    ) -> Awaitable[None] | None: ...


class SharedStore(ABC, Generic[L]):
    """The budgets of every process that opens the same ledger; while that is lost, `on_loss` says what calls do."""

    shared = True
    losses: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, ledger: L, what: str, timeline: Timeline, on_loss: OnLoss) -> None:
        self._ledger, self._what, self._timeline, self._on_loss = ledger, what, timeline, on_loss
        self._cautious = MemoryStore()
        self._owed: deque[Callable[[float], object]] = deque()
        self._lost = False
        self._denied, self._hanging = anyio.Event(), anyio.Event()

    def define(self, budget: Budget, *, reserve: int = 0) -> None:
        """Add a budget or change its limits, keeping its history; `reserve` slots of each window are for urgent calls."""
        self._ledger.define(budget, reserve)
        self._cautious.define(_cautious(budget))

    def check(self, spends: tuple[Spend, ...], *, urgent: bool) -> None:
        """Raise UnknownBudget or TooWide for what could never be reserved."""
        with self._ledger.lock:
            self._ledger.books.check(spends, urgent=urgent)

    # -- decisions

    async def reserve(
        self,
        spends: tuple[Spend, ...],
        now: float,
        tenant: str,
        urgent: bool = False,
        claims: Mapping[str, Claim] = NO_CLAIMS,
        standing: Standing = ORDINARY,
        flight: str | None = None,
    ) -> Verdict:
        """Take everything now, or nothing and say when to ask again."""
        if not spends:
            return Reservation(spends, now, tenant, urgent=urgent)
        ask = Ask(spends, tenant, urgent, standing)
        shift = self._timeline.of(now) - now
        try:
            verdict = await self._decide(ask, flight, now)
        except self.losses as error:
            return self._without_ledger(ask, now, error)
        if isinstance(verdict, Reservation):
            verdict.at -= shift
            return verdict
        self._denied.set()
        if self._ledger.hanging:
            self._hanging.set()
        if isinstance(verdict, Led):
            return verdict
        return Denied(verdict.until - shift)

    def settle(
        self, reservation: Reservation, settlement: Settlement, now: float
    ) -> Coroutine[None, None, None] | None:
        """Replace a reservation by what the attempt really cost; done later if the ledger is lost."""
        if not reservation.spends:
            return None
        at = self._timeline.of(now)
        if reservation.ticket is None:
            self._cautious.settle(reservation, settlement, now)
            if settlement is Settlement.REFUNDED:
                return None
            return self._pay(partial(self._ledger.charge, reservation, at), now)
        there = _moved(reservation, at - now)
        return self._pay(partial(self._ledger.settle, there, settlement, at), now)

    def refuse(
        self, reservation: Reservation, refusal: Refused, now: float, jitter: float
    ) -> Coroutine[None, None, None] | None:
        """Give a refused reservation back and learn from the refusal; done later if the ledger is lost."""
        if not reservation.spends:
            return None
        if reservation.ticket is None:
            self._cautious.refuse(reservation, _share_told(refusal), now, jitter)
            return None
        at = self._timeline.of(now)
        there = _moved(reservation, at - now)
        return self._pay(partial(self._ledger.refuse, there, refusal, at, jitter=jitter), now)

    async def withdraw(self, spends: tuple[Spend, ...], now: float, *, urgent: bool) -> None:
        """Leave the turns for these budgets, because no call of this process, urgent or not, waits for them any more."""
        try:
            await self._transact(partial(self._ledger.withdraw, spends, urgent=urgent), now)
        except self.losses as error:  # then it is late for a while, and leaves all the same
            self._note_loss(error)

    # -- by the copy in memory

    def keeps(self, spends: tuple[Spend, ...], now: float) -> bool:
        """Whether slots of every budget are reserved for an urgent call, as far as this process knows."""
        with self._ledger.lock:
            return self._ledger.books.keeps(spends, self._timeline.of(now))

    def spare(self, spends: tuple[Spend, ...], now: float) -> bool:
        """Whether half of every window would still be free, as far as this process knows."""
        with self._ledger.lock:
            return self._ledger.books.spare(spends, self._timeline.of(now))

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
        moment = self._timeline.of(now)
        with self._ledger.lock:
            return self._ledger.books.forecast(spends, ahead, calls, moment, service, urgent) - (moment - now)

    def usage(self, now: float) -> tuple[BudgetStatus, ...]:
        """Every budget as this process knows it; `refresh` first for what others have done since.

        While the ledger is lost, what is left is the rest of the cautious share that calls go on by, or nothing.
        """
        usage = self._ledger.usage(self._timeline.of(now))
        if not self._lost:
            return usage
        alone = {budget.name: budget for budget in self._cautious.usage(now)}
        return tuple(_without_ledger(budget, alone[budget.name], self._on_loss) for budget in usage)

    async def refresh(self) -> None:
        """Bring the copy in memory up to date."""
        try:
            await self._renew()
        except self.losses as error:
            self._note_loss(error)
            self._give_up(error)

    # -- inside

    @abstractmethod
    async def _decide(self, ask: Ask, flight: str | None, now: float) -> Verdict:
        """What the ledger says."""

    @abstractmethod
    async def _in_order(self, work: Callable[[float], T | Awaitable[T]], moment: float) -> T:
        """Do what is owed, then something else."""

    async def _renew(self) -> None:
        """Renew the lease, and bring the copy up to date."""
        await self._transact(self._ledger.refresh, anyio.current_time())

    async def _transact(self, work: Callable[[float], T | Awaitable[T]], now: float) -> T:
        """Do something in the ledger, after what could not be written before."""
        done: T = await self._in_order(work, self._timeline.of(now))
        if self._lost:
            self._lost = False
            logger.warning("%s can be written again", self._what)
        return done

    async def _pay(self, work: Callable[[float], object], now: float) -> None:
        """Write something that must not be lost, now or as soon as the ledger can be written again."""
        try:
            await self._transact(work, now)
        except self.losses as error:
            self._owed.append(work)
            self._note_loss(error)

    def _moment(self) -> float:
        return self._timeline.of(anyio.current_time())

    def _without_ledger(self, ask: Ask, now: float, error: Exception) -> Verdict:
        """What a call gets while the ledger is lost."""
        self._note_loss(error)
        self._give_up(error)
        if self._on_loss == "cautious":
            verdict = self._cautious.reserve(ask.spends, now, ask.tenant, ask.urgent)
            return verdict if isinstance(verdict, Reservation) else Denied(min(verdict.until, now + _RETRY))
        return Denied(now + _RETRY)

    def _give_up(self, error: Exception) -> None:
        """Raise what is not to be waited for."""
        if isinstance(error, StoreUnreadable):
            raise error
        if self._on_loss == "error":
            raise StoreLost(str(error)) from error

    def _note_loss(self, error: Exception) -> None:
        if not self._lost:
            self._lost = True
            become = _LOST["error" if isinstance(error, StoreUnreadable) else self._on_loss]
            logger.error("%s cannot be used (%s); calls %s", self._what, error, become)


_LOST = {"wait": "wait for it", "cautious": "go on by a cautious share", "error": "fail"}


def share_of(limit: int) -> int:
    """An eighth of a limit, at least one: what one process may take while it cannot see what the others took."""
    return max(1, limit // _CAUTION)


def _moved(reservation: Reservation, shift: float) -> Reservation:
    return evolve(reservation, at=reservation.at + shift) if shift else reservation


def _cautious(budget: Budget) -> Budget:
    return evolve(budget, limits=_shares(budget.limits))


def _without_ledger(known: BudgetStatus, alone: BudgetStatus, on_loss: OnLoss) -> BudgetStatus:
    """A budget as it was known when the ledger was lost, and what this process does `alone` since."""
    waits = on_loss != "cautious"
    return evolve(
        known,
        used=None if known.used is None or alone.used is None else known.used + alone.used,
        left=0 if waits and alone.left is not None else alone.left,
        next_slot=math.inf if waits else alone.next_slot,
        permits_held=known.permits_held + alone.permits_held,
        paused_for=max(known.paused_for, alone.paused_for),
        lost=True,
    )


def _share_told(refusal: Refused) -> Refused:
    """A refusal whose real limits are for all processes together, as one of them goes by it alone."""
    if not refusal.quota:
        return refusal
    return Refused(refusal.error, kind=refusal.kind, retry_after=refusal.retry_after, quota=_shares(refusal.quota))


def _shares(limits: tuple[Window | Concurrent, ...]) -> tuple[Window | Concurrent, ...]:
    return tuple(evolve(limit, limit=share_of(limit.limit)) for limit in limits)
