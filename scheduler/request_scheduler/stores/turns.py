"""Whose turn it is among processes that wait for the same budgets.

Each process shows the head of its lane as a row, that of its urgent calls as another, and keeps a row while more calls
wait behind it. Between rows of one priority, start-time fair queuing between tenants by weight and then between the
processes of a tenant decides; between priorities waiting makes up for a step, as inside a process. A process that could
start but is not next yields for a moment, so that the next may wake; an urgent call that takes what is reserved for such
calls yields to urgent ones only. Whoever does not come by then is late: it is passed over, by everybody and without
another wait, until it asks or looks. It keeps its place and its virtual start, so that it catches up when it comes; who
does not come for a whole lease has left, and no dead or slow process holds up the others. A process that looks comes by
with the head that it asked for last: the other one may stay behind that in its own queue, and must hold up nobody.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from request_scheduler.call import Priority, Spend
    from request_scheduler.stores import Standing

GRACE = 0.25  # seconds for which the next in turn may let room unused before others take it
AGEING = 600.0  # seconds of waiting that make up for a step of priority

Starts: TypeAlias = "dict[tuple[Priority, str, str], float]"
"""Virtual times by priority: of tenants (holder ""), of their processes, and of whoever was served last."""


@frozen
class Ask:
    """What one process asks for: the head of a lane."""

    spends: tuple[Spend, ...]
    tenant: str
    urgent: bool
    standing: Standing

    @property
    def lane(self) -> str:
        """The budgets that it spends; whoever spends the same takes turns with it."""
        return lane_of(self.spends)

    @property
    def seat(self) -> tuple[str, bool]:
        """Where its process waits with it: urgent calls beside the others."""
        return self.lane, self.urgent

    @property
    def units(self) -> int:
        """What its share is charged."""
        return max((units for _, units in self.spends), default=1)

    @property
    def shares(self) -> tuple[Priority, str, float]:
        """Among whom, for whom and by what weight it is charged."""
        return self.standing.priority, self.tenant, self.standing.weight


@frozen
class Turn:
    """A process that waits with a head of its lane; since `yielded` it could go and somebody waits for it."""

    holder: str
    ask: Ask
    since: float
    yielded: float | None = None

    def late(self, moment: float) -> bool:
        """Whether it could go and did not come by in time, so that nobody waits for it any more."""
        return self.yielded is not None and moment >= self.yielded + GRACE


@lru_cache(maxsize=1024)
def lane_of(spends: tuple[Spend, ...]) -> str:
    """The name of the lane of those who spend the same budgets."""
    return json.dumps(sorted({name for name, _ in spends}))


def in_order(turns: list[Turn], starts: Starts) -> list[Turn]:
    """The order in which they may go."""
    levels: dict[Priority, float] = {}
    for turn in turns:
        priority = turn.ask.standing.priority
        levels[priority] = min(levels.get(priority, turn.since), turn.since)

    def rank(turn: Turn) -> tuple[float, float, str, float, float, str]:
        priority, tenant = turn.ask.standing.priority, turn.ask.tenant
        level = levels[priority] - priority * AGEING
        own = starts.get((priority, tenant, turn.holder), 0.0)
        return level, starts.get((priority, tenant, ""), 0.0), tenant, own, turn.since, turn.holder

    return sorted(turns, key=rank)


def before(turn: Turn, others: list[Turn], starts: Starts, moment: float, can_go: Callable[[Ask], bool]) -> Turn | None:
    """The one whom a process has to let go first: next in order, with room for what it asks, and not late."""
    for first in in_order([*others, turn], starts):
        if first is turn:
            return None
        own = first.holder == turn.holder  # between the two heads of a process its own queue decides
        if not own and not first.late(moment) and can_go(first.ask):  # else it waits for what does not concern this one
            return first
    return None


@lru_cache(maxsize=1024)
def units_of(spends: tuple[Spend, ...]) -> tuple[tuple[str, int], ...]:
    """Units by budget, for a budget may be named twice."""
    units: Counter[str] = Counter()
    for name, count in spends:
        units[name] += count
    return tuple(units.items())
