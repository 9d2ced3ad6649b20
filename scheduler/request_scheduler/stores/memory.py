"""Budgets of one process: plain values, exact logs, no waiting."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from request_scheduler.errors import TooWide, UnknownBudget
from request_scheduler.feedback import after_refusal, learned
from request_scheduler.limits import Budget
from request_scheduler.outcome import Refused, Settlement
from request_scheduler.stores import NO_CLAIMS, ORDINARY, Claim, Denied, Reservation, Standing
from request_scheduler.stores.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from request_scheduler.call import Spend
    from request_scheduler.status import BudgetStatus


_REMEMBERED_PLANS = 4096


class MemoryStore:
    """The budgets of one process; every method answers at once."""

    shared = False

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        # Which accounts a tuple of spends means: looked up once per distinct tuple, of which a program has a handful.
        self._plans: dict[tuple[Spend, ...], tuple[tuple[Account, int], ...]] = {}

    def define(self, budget: Budget, *, reserve: int = 0) -> None:
        """Add a budget or change its limits, keeping its history; `reserve` slots of each window are for urgent calls."""
        account = self._accounts.get(budget.name)
        if account is None:
            account = self._accounts[budget.name] = Account(Budget(budget.name), Budget(budget.name))
        account.reserve = reserve
        account.configure(budget)

    def check(self, spends: tuple[Spend, ...], *, urgent: bool) -> None:
        """Raise UnknownBudget or TooWide for what could never be reserved."""
        for account, units in self._plan(spends):
            kept = 0 if urgent else account.reserve
            for log in account.logs:
                if units > log.window.limit - kept:
                    raise TooWide(account.budget.name, units, log.window.limit - kept)

    def reserve(
        self,
        spends: tuple[Spend, ...],
        now: float,
        tenant: str,
        urgent: bool = False,
        claims: Mapping[str, Claim] = NO_CLAIMS,
        standing: Standing = ORDINARY,
        flight: str | None = None,
    ) -> Reservation | Denied:
        """Take everything now, or nothing and say when to ask again; nobody else can lead a flight."""
        plan = self._plans.get(spends) or self._plan(spends)
        until = now
        for account, units in plan:  # every limit is asked, so that the moment returned holds for all of them
            free = account.free_at(units, now, urgent=urgent)
            if free > until:
                until = free
        if until > now:
            return Denied(until)
        if claims and not all(
            account.budget.name not in claims
            or account.leaves_room(units, claims[account.budget.name])
            or (urgent and account.keeps(units, now))  # a claim on a permit waits for the end of its run
            for account, units in plan
        ):
            return Denied(math.inf)
        for account, units in plan:
            account.take(units, now, tenant, urgent=urgent)
        return Reservation(spends, now, tenant, urgent=urgent)

    def settle(self, reservation: Reservation, settlement: Settlement, now: float) -> None:
        """Replace a reservation by what the attempt really cost."""
        tenant, urgent = reservation.tenant, reservation.urgent
        for account, units in self._plan(reservation.spends):
            account.release(units, tenant, urgent=urgent)
            if settlement is not Settlement.REFUNDED:
                for log in account.logs:
                    log.add(units, now, tenant, urgent=urgent)
            account.note_end(settlement, reservation.at, now)

    def refuse(self, reservation: Reservation, refusal: Refused, now: float, jitter: float) -> None:
        """Give a refused reservation back and learn from the refusal."""
        plan = self._plan(reservation.spends)
        for account, units in plan:
            account.release(units, reservation.tenant, urgent=reservation.urgent)
        if plan and refusal.quota:
            account = plan[0][0]
            account.learn(learned(account.budget, refusal.quota), now)
        explained = any(log.free_at(units, account.held, now) > now for account, units in plan for log in account.logs)
        for account, _ in plan:
            account.pause = after_refusal(
                account.pause,
                refusal,
                account.longest,
                explained=explained,
                sent_at=reservation.at,
                now=now,
                jitter=jitter,
            )

    def withdraw(self, spends: tuple[Spend, ...], now: float, *, urgent: bool) -> None:
        """There are no turns but the queue's."""

    def free_at(self, spends: tuple[Spend, ...], now: float, *, urgent: bool) -> float:
        """The earliest moment at which every budget has room, infinite when that hangs on something in flight."""
        return max((account.free_at(units, now, urgent=urgent) for account, units in self._plan(spends)), default=now)

    def keeps(self, spends: tuple[Spend, ...], now: float) -> bool:
        """Whether slots of every budget are reserved for an urgent call, so that it takes none from others."""
        return all(account.keeps(units, now) for account, units in self._plan(spends))

    def spare(self, spends: tuple[Spend, ...], now: float) -> bool:
        """Whether half of every window would still be free: room for work that nobody waits for."""
        return all(
            account.free_at(units, now, urgent=False) <= now
            and all(2 * (log.spent + account.held + units) <= log.window.limit for log in account.logs)
            for account, units in self._plan(spends)
        )

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
        earliest = now
        for account, units in self._plan(spends):
            total = units + ahead.get(account.budget.name, 0)
            kept = 0 if urgent else account.kept
            for log in account.logs:
                earliest = max(earliest, log.forecast(total, account.held, now, service, kept=kept))
            if account.permits is not None:
                queued = calls + 1 - max(0, account.permits - account.running)
                if queued > 0:
                    earliest = max(earliest, now + math.ceil(queued / account.permits) * service)
            earliest = max(earliest, account.pause.until)
        return earliest

    def usage(self, now: float) -> tuple[BudgetStatus, ...]:
        """Every budget as it is now."""
        return tuple(account.status(now) for account in self._accounts.values())

    def account(self, name: str) -> Account:
        """One budget's books."""
        return self._accounts[name]

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def watch(self, news: Callable[[Collection[str]], object]) -> None:
        """Nobody else can have made room."""

    async def refresh(self) -> None:
        """It is always up to date."""

    async def land(self, flight: str) -> None:
        """Nobody else waits for it."""

    def _plan(self, spends: tuple[Spend, ...]) -> tuple[tuple[Account, int], ...]:
        plan = self._plans.get(spends)
        if plan is None:
            units: Counter[str] = Counter()
            for name, count in spends:
                if name not in self._accounts:
                    raise UnknownBudget(name)
                units[name] += count
            if len(self._plans) >= _REMEMBERED_PLANS:
                self._plans.clear()
            plan = self._plans[spends] = tuple((self._accounts[name], count) for name, count in units.items())
        return plan
