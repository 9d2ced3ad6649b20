"""Who else is at a shared store: what every process holds in flight, and what the others wait with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve, field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from request_scheduler.status import BudgetStatus, Holding, Waiter


@define(eq=False)
class Crowd:
    """Holdings of all processes, and the first waiting call of each other one, by budget."""

    holdings: dict[str, list[Holding]] = field(factory=dict)
    waiters: dict[str, list[Waiter]] = field(factory=dict)

    def beside(self, statuses: Iterable[BudgetStatus]) -> tuple[BudgetStatus, ...]:
        """Budgets with those who are there."""
        return tuple(
            evolve(
                status,
                held_by=tuple(self.holdings.get(status.name, ())),
                waiters=tuple(self.waiters.get(status.name, ())),
            )
            for status in statuses
        )
