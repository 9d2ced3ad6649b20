"""Budgets that every process of a machine shares, in one file.

Each decision is one short transaction in a worker thread. Waiting costs nothing while a moment is known; while it hangs
on other processes, one task looks now and then, by reading a counter, whether one of them has written.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from attrs import evolve

from request_scheduler.file_lock import LockTimeoutError
from request_scheduler.journal import logger
from request_scheduler.outcome import Settlement
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
    Verdict,
)
from request_scheduler.stores.memory import MemoryStore
from request_scheduler.stores.sqlite_ledger import Ledger
from request_scheduler.stores.sqlite_turns import Ask
from request_scheduler.stores.timeline import Timeline, machine_timeline

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Coroutine, Mapping

    from request_scheduler.call import Spend
    from request_scheduler.limits import Budget, Concurrent, Window
    from request_scheduler.outcome import Refused
    from request_scheduler.status import BudgetStatus

T = TypeVar("T")

_LEASE = 30.0
_FIRST_LOOK, _LAST_LOOK = 0.02, 0.1  # seconds between looks while others must act; well within the grace of a turn
_IDLE_LOOK = 1.0  # while the next moment is known, and only a refund could bring it nearer
_LANDING = 0.1  # seconds for which a lead that nobody waits for is held, to be given up with another transaction
_RETRY = 1.0
_CAUTION = 8
_LOSSES = (sqlite3.Error, OSError, LockTimeoutError)


class SqliteStore:
    """The budgets of every process that opens the same file on a local disk.

    A process that dies gives its permits back after `lease` seconds, and what it had reserved counts as spent. While
    the file cannot be written, calls wait, go on by a cautious share, or fail with StoreLost (`on_loss`). `timeline`
    must fit the scheduler's clock: the usual one is for real time.
    """

    shared = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        lease: float = _LEASE,
        on_loss: OnLoss = "wait",
        timeline: Timeline | None = None,
        random: Random | None = None,
    ) -> None:
        self.path = Path(path)
        self._timeline = machine_timeline() if timeline is None else timeline
        self._ledger = Ledger(self.path, self._timeline, lease)
        self._lease, self._on_loss = lease, on_loss
        self._random = random or Random()  # noqa: S311 - jitter, not secrets
        self._cautious = MemoryStore()
        self._owed: deque[Callable[[float], object]] = deque()
        self._lost = False
        self._in_file: CapacityLimiter | None = None
        self._denied = anyio.Event()
        self._hanging = anyio.Event()
        self._landing = False

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
            verdict = await self._transact(partial(self._ledger.reserve, ask, flight), now)
        except _LOSSES as error:
            return self._without_file(ask, now, error)
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
        """Replace a reservation by what the attempt really cost; done later if the file is lost."""
        if not reservation.spends:
            return None
        if reservation.ticket is None:
            self._cautious.settle(reservation, settlement, now)
            if settlement is Settlement.REFUNDED:
                return None
            return self._pay(partial(self._ledger.charge, reservation, self._timeline.of(now)), now)
        at = self._timeline.of(now)
        there = evolve(reservation, at=reservation.at + at - now)
        return self._pay(partial(self._ledger.settle, there, settlement, at), now)

    def refuse(
        self, reservation: Reservation, refusal: Refused, now: float, jitter: float
    ) -> Coroutine[None, None, None] | None:
        """Give a refused reservation back and learn from the refusal; done later if the file is lost."""
        if not reservation.spends:
            return None
        if reservation.ticket is None:
            self._cautious.refuse(reservation, refusal, now, jitter)
            return None
        at = self._timeline.of(now)
        there = evolve(reservation, at=reservation.at + at - now)
        return self._pay(partial(self._ledger.refuse, there, refusal, at, jitter=jitter), now)

    async def withdraw(self, spends: tuple[Spend, ...], now: float) -> None:
        """Leave the turns for these budgets, because no call of this process waits for them any more."""
        try:
            await self._transact(partial(self._ledger.withdraw, spends), now)
        except _LOSSES as error:  # then it is late for a while, and leaves all the same
            self._note_loss(error)

    # -- by the copy in memory

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
        """Every budget as the last transaction left it; `refresh` first for what others have done since."""
        return self._ledger.usage(self._timeline.of(now))

    # -- its life

    async def open(self) -> None:
        """Read the file, or begin it; raises StoreLost where the file could not be trusted, or `on_loss` is "error"."""
        self._in_file = CapacityLimiter(1)
        self._denied, self._hanging = anyio.Event(), anyio.Event()
        await self.refresh()

    async def close(self) -> None:
        """End the own lease and let go of the file; what is still reserved counts as spent."""
        try:
            await self._in_thread(self._ledger.close, self._moment())
        except _LOSSES as error:
            logger.warning("the budget file %s could not be closed: %s", self.path, error)

    async def refresh(self) -> None:
        """Bring the copy in memory up to date with the file."""
        try:
            await self._transact(self._ledger.refresh, anyio.current_time())
        except _LOSSES as error:
            self._note_loss(error)
            if self._on_loss == "error":
                raise StoreLost(str(error)) from error

    async def watch(self, news: Callable[[Collection[str]], object]) -> None:
        """Renew the lease until cancelled, and call `news` when a denied head could start or a flight has landed.

        Only this task looks at the file while its process waits, at random intervals, so that processes do not crowd.
        """
        pause = _FIRST_LOOK
        while True:
            waiting = self._denied.is_set()
            if not waiting:
                with anyio.move_on_after(self._lease / 3):
                    await self._denied.wait()
                pause = _FIRST_LOOK
            elif self._ledger.hanging:
                self._hanging = anyio.Event()
                await anyio.sleep(pause * (0.5 + self._random.random()))
                pause = min(1.5 * pause, _LAST_LOOK)
            else:
                with anyio.move_on_after(_IDLE_LOOK * (0.5 + self._random.random())):
                    await self._hanging.wait()
                pause = _FIRST_LOOK
            room, landed = await self._look(waiting=waiting)
            if not self._ledger.waits or (room and not self._ledger.following):
                self._denied = anyio.Event()
            if room or landed:
                pause = _FIRST_LOOK
                news(landed)

    async def land(self, flight: str) -> None:
        """Give the lead of a flight up: at once if another process waits for it, else with the next transaction."""
        if not self._ledger.land(flight):
            if self._landing:
                return  # another one sees to it
            self._landing = True
            try:
                await anyio.sleep(_LANDING)
            finally:
                self._landing = False
        if self._ledger.landing:
            await self._pay(self._ledger.flush, anyio.current_time())

    # -- inside

    async def _look(self, *, waiting: bool) -> tuple[bool, Collection[str]]:
        """Whether a denied head could start now, and what others have landed.

        Renews the lease and pays what is owed on the way.
        """
        moment = self._moment()
        try:
            renewed = bool(self._owed) or self._ledger.renewal_due(moment)
            if renewed:
                await self._transact(self._ledger.refresh, anyio.current_time())
            if waiting and (renewed or await self._in_thread(self._ledger.changed, moment)):
                return await self._transact(self._ledger.news, anyio.current_time())
        except _LOSSES as error:
            self._note_loss(error)
            if self._ledger.following:
                return False, await self._in_thread(self._ledger.forsake)
        return False, ()

    async def _transact(self, work: Callable[[float], T], now: float) -> T:
        """Do something in a transaction, after what could not be written before."""
        moment = self._timeline.of(now)

        def in_order() -> T:
            while self._owed:
                self._owed[0](moment)
                self._owed.popleft()
            return work(moment)

        done = await self._in_thread(in_order)
        if self._lost:
            self._lost = False
            logger.warning("the budget file %s can be written again", self.path)
        return done

    async def _pay(self, work: Callable[[float], object], now: float) -> None:
        """Write something that must not be lost, now or as soon as the file can be written again."""
        try:
            await self._transact(work, now)
        except _LOSSES as error:
            self._owed.append(work)
            self._note_loss(error)

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        if self._in_file is None:
            raise StoreLost("the store is not open")
        return await to_thread.run_sync(partial(work, *args), limiter=self._in_file)

    def _moment(self) -> float:
        return self._timeline.of(anyio.current_time())

    def _without_file(self, ask: Ask, now: float, error: Exception) -> Verdict:
        """What a call gets while the file is lost."""
        self._note_loss(error)
        if self._on_loss == "error":
            raise StoreLost(str(error)) from error
        if self._on_loss == "cautious":
            verdict = self._cautious.reserve(ask.spends, now, ask.tenant, ask.urgent)
            return verdict if isinstance(verdict, Reservation) else Denied(min(verdict.until, now + _RETRY))
        return Denied(now + _RETRY)

    def _note_loss(self, error: Exception) -> None:
        if not self._lost:
            self._lost = True
            logger.error("the budget file %s cannot be used (%s); calls %s", self.path, error, _LOST[self._on_loss])


_LOST = {"wait": "wait for it", "cautious": "go on by a cautious share", "error": "fail"}


def _cautious(budget: Budget) -> Budget:
    """An eighth of a budget, at least one of everything: what one process may take while it cannot see the others."""
    limits: list[Window | Concurrent] = [
        evolve(limit, limit=max(1, limit.limit // _CAUTION)) for limit in budget.limits
    ]
    return evolve(budget, limits=tuple(limits))
