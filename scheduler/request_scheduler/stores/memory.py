"""Budgets of one process: plain values, exact logs, no waiting."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.errors import TooWide, UnknownBudget
from request_scheduler.feedback import CLEAR, LESSON_LIFE, Pause, after_answer, after_refusal, after_release, learned
from request_scheduler.limits import Budget, Window, WindowLog
from request_scheduler.outcome import Refused, Settlement
from request_scheduler.status import BudgetStatus, Holding, WindowStatus
from request_scheduler.stores import NO_CLAIMS, ORDINARY, Claim, Denied, Reservation, Standing
from request_scheduler.stores.holder import this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from request_scheduler.call import Spend


_REMEMBERED_PLANS = 4096


@define(eq=False)
class Account:
    """One budget and everything that was taken from it."""

    budget: Budget
    configured: Budget
    reserve: int = 0
    logs: list[WindowLog] = field(factory=list)
    permits: int | None = None
    running: int = 0
    held: int = 0
    held_urgent: int = 0
    held_by: dict[str, int] = field(factory=dict)
    last_start: float = -math.inf
    pause: Pause = CLEAR
    lesson_ends: float = math.inf

    @property
    def taught(self) -> bool:
        """Whether its limits are those that the service told, not those that it was configured with."""
        return self.budget != self.configured

    def configure(self, budget: Budget) -> None:
        """Take limits from the configuration; what the service told about the same ones before still holds."""
        if budget != self.configured or not self.taught:
            self.configured, self.lesson_ends = budget, math.inf
            self.limit_to(budget)

    def learn(self, told: Budget, now: float) -> None:
        """Go by the limits that the service tells, for a week from now."""
        if told != self.budget:
            self.limit_to(told)
        self.lesson_ends = now + LESSON_LIFE if self.taught else math.inf

    def limit_to(self, budget: Budget) -> None:
        """Put other limits on the same history: each window goes on with the log of its length, or the longest one."""
        logs = {log.window.seconds: log for log in self.logs}
        longest = max(self.logs, key=lambda log: log.window.seconds, default=None)
        self.logs = []
        for window in budget.windows:
            history = logs.get(window.seconds, longest) or WindowLog(window, budget.hold(window))
            self.logs.append(history.moved_to(window, budget.hold(window)))
        self.permits = budget.concurrent
        self.budget = budget

    @property
    def longest(self) -> Window | None:
        """Its longest window, which sets the scale of pauses."""
        return max(self.budget.windows, key=lambda window: window.seconds, default=None)

    @property
    def kept(self) -> int:
        """Units of its windows that are for urgent calls, less those that urgent calls hold."""
        return max(0, self.reserve - self.held_urgent)

    def free_at(self, units: int, now: float, *, urgent: bool) -> float:
        """The earliest moment at which every limit has room, infinite when that hangs on something in flight."""
        if now >= self.lesson_ends:
            self.lesson_ends = math.inf
            self.limit_to(self.configured)
        permits = self.permits
        if permits is not None and self.running >= permits:
            return math.inf
        kept = 0 if urgent else self.kept
        until = now
        for log in self.logs:
            free = log.free_at(units, self.held, now, kept=kept)
            if free > until:
                until = free
        if self.pause is not CLEAR:
            until = max(until, self._resumed_at(now))
        return until

    def _resumed_at(self, now: float) -> float:
        if self.pause.over(now):
            self.pause = CLEAR
            return now
        return self.pause.free_at(self.running, self.last_start, now)

    def keeps(self, units: int, now: float) -> bool:
        """Whether slots are reserved for `units` of an urgent call, so that it takes none from the others."""
        for log in self.logs:
            log.forget(now)
        return bool(self.reserve) and all(units <= self.kept - log.urgent for log in self.logs)

    def leaves_room(self, units: int, claim: Claim) -> bool:
        """Whether the claim can still be met at its moment if `units` more start now."""
        if self.permits is not None and self.running + 2 > self.permits:
            return False
        when = claim.at
        return all(log.room_at(when, self.held) >= claim.units + units for log in self.logs)

    def take(self, units: int, now: float, tenant: str, *, urgent: bool) -> None:
        """Charge a start."""
        self.running += 1
        self.held += units
        if urgent:
            self.held_urgent += units
        self.held_by[tenant] = self.held_by.get(tenant, 0) + units
        self.last_start = now

    def release(self, units: int, tenant: str, *, urgent: bool) -> None:
        """End what `take` began."""
        self.running -= 1
        self.held -= units
        if urgent:
            self.held_urgent -= units
        left = self.held_by[tenant] - units
        if left:
            self.held_by[tenant] = left
        else:
            del self.held_by[tenant]

    def note_end(self, settlement: Settlement, sent_at: float, now: float) -> None:
        """Let a pause learn that a request has ended."""
        if self.pause is not CLEAR:
            self.pause = after_release(self.pause, now)
            if settlement is Settlement.SPENT:
                self.pause = after_answer(self.pause, sent_at=sent_at, now=now)

    def status(self, now: float) -> BudgetStatus:
        """The budget as it is now."""
        windows = []
        spent_by: Counter[str] = Counter(self.held_by)
        longest = max(self.logs, key=lambda log: log.window.seconds, default=None)
        if longest is not None:
            for tenant, units in longest.tenants(now):
                spent_by[tenant] += units
        for log in self.logs:
            log.forget(now)
            used = log.spent + self.held
            windows.append(WindowStatus(log.window.limit, log.window.seconds, used, max(0, log.window.limit - used)))
        tightest = min(windows, key=lambda window: (window.left, -window.seconds), default=None)
        return BudgetStatus(
            name=self.budget.name,
            used=tightest.used if tightest else None,
            left=tightest.left if tightest else None,
            limit=tightest.limit if tightest else None,
            window=tightest.seconds if tightest else None,
            windows=tuple(windows),
            permits_held=self.running,
            permits_limit=self.permits,
            next_slot=self.free_at(1, now, urgent=True) - now,
            paused_for=max(0.0, self.pause.until - now),
            paced_for=max(0.0, self.pause.paced_until - now),
            learned=self.taught,
            spent_by=dict(spent_by),
            held_by=tuple(Holding(*this_process(), tenant, units) for tenant, units in self.held_by.items()),
        )


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
