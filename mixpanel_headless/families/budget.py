"""What the project's limits have left, known without asking the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless.operation import Async, Mode, Surface, composite

if TYPE_CHECKING:
    from mixpanel_headless.results.budget import BudgetReport


class Budgeting(Surface[Mode]):
    """The state of the budget."""

    @composite
    async def budget(self: Budgeting[Async]) -> BudgetReport:
        """Used, left, when the next query may start, and who waits, of each of the project's budgets; costs no request."""
        from mixpanel_headless.results.budget import report_budget

        dispatcher = await self.dispatcher()
        pools = await dispatcher.learn_of(self.pin.project)
        return report_budget(dispatcher.status(), pools.by_name())
