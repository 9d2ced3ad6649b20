"""What planned calls would cost and when they could start, found out without sending anything."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import MirrorError
from mixpanel_headless.fanin import check_planned
from mixpanel_headless.options import current_task
from mixpanel_headless.results.plan import Plan, PlannedCall
from mixpanel_headless.translation import in_our_terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    import request_scheduler as rs
    from mixpanel_headless.dispatch import Asked, Dispatcher
    from mixpanel_headless.fanin import Planned
    from mixpanel_headless.operation import Surface
    from mixpanel_headless.options import Task
    from mixpanel_headless.results.plan import Fate


@attrs.define(eq=False)
class Estimator:
    """Goes through calls in their order as if each were asked now; those before it count as asked."""

    surface: Surface[Any]
    dispatcher: Dispatcher
    task: Task | None = attrs.field(factory=current_task)
    asked: set[object] = attrs.field(factory=set)
    sent: Counter[tuple[rs.Spend, ...]] = attrs.field(factory=Counter)

    async def plan(self, calls: Iterable[Planned[Any]], budget: str) -> Plan:
        """The fate of every call, and what the budget has left before them."""
        with in_our_terms():
            entries = [await self.foresee(call) for call in calls]
        status = self.dispatcher.status().budgets[budget]
        return Plan(entries, left=status.left or 0, limit=status.limit or 0, window=status.window or 0.0)

    async def foresee(self, call: Planned[Any]) -> PlannedCall:
        """What would become of one call; raises what a wrong argument raises."""
        check_planned(call, self.surface)
        asked, scheduler = call.asked(self.task), self.dispatcher.scheduler
        self.dispatcher.governor.refuse(asked)
        prepared = await self.dispatcher.make_ready(asked)
        if mirrored := await self._mirrored(asked):
            return PlannedCall(str(call), mirrored, 0, 0.0)
        wanted = self.dispatcher.call_of(asked, prepared)
        fate: Fate = "send"
        if wanted.key is not None and await scheduler.find(wanted.key, wanted.freshness) is not None:
            fate = "cached"
        elif wanted.freshness.mode == "offline":
            fate = "refused"
        elif wanted.key in self.asked or scheduler.joins(wanted):
            fate = "joined"
        if fate in {"cached", "refused"}:
            return PlannedCall(str(call), fate, 0, 0.0)
        behind = self.sent[prepared.spends]
        if fate == "send":
            if wanted.key is not None:
                self.asked.add(wanted.key)
            self.sent[prepared.spends] += 1
        start = scheduler.eta(wanted, behind=behind)
        return PlannedCall(str(call), fate, int(fate == "send"), None if math.isinf(start) else start)

    async def _mirrored(self, asked: Asked[Any]) -> Fate | None:
        """The fate of a call that the network will not answer, because the mirror does or should."""
        if asked.options.source == "network":
            return None
        try:
            return "mirror" if await self.dispatcher.mirrors.ask(asked) is not None else None
        except MirrorError:
            return "refused"
