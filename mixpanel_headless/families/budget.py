"""What the project's limits have left, known without asking the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless.operation import Async, Mode, Surface, composite
from mixpanel_headless.planning.budgets import query_budget

if TYPE_CHECKING:
    from mixpanel_headless.results.budget import BudgetReport


class Budgeting(Surface[Mode]):
    """The state of the budget."""

    @composite
    async def budget(self: Budgeting[Async]) -> BudgetReport:
        """Used, left, when the next query may start, and who waits; costs no request."""
        from mixpanel_headless.results.budget import report_budget

        name = query_budget(self.settings, self.pin.project)
        return report_budget((await self.scheduler()).status(), name)
