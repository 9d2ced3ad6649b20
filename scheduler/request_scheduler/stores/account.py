"""One budget and everything that was taken from it: its limits, its logs, its pause."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from request_scheduler.feedback import CLEAR, LESSON_LIFE, Pause, after_answer, after_release
from request_scheduler.limits import Budget, Window, WindowLog
from request_scheduler.outcome import Settlement
from request_scheduler.status import BudgetStatus, Holding, WindowStatus
from request_scheduler.stores.holder import this_process

if TYPE_CHECKING:
    from request_scheduler.stores import Claim


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
