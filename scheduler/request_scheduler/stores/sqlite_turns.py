"""Whose turn it is among processes that wait for the same budgets.

Each process shows the head of its lane as a row, and keeps it while more of its calls wait behind. Between rows of one
priority, start-time fair queuing between tenants by weight and then between the processes of a tenant decides; between
priorities waiting makes up for a step, as inside a process. A process that could start but is not next yields for a
moment, so that the next may wake. Whoever does not come by then is late: it is passed over, by everybody and without
another wait, until it asks or looks. It keeps its place and its virtual start, so that it catches up when it comes; who does not
come for a whole lease has left, and no dead or slow process holds up the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from request_scheduler.call import Priority, Spend
from request_scheduler.stores import Standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

GRACE = 0.25  # seconds for which the next in turn may let room unused before others take it
_AGEING = 600.0
_LANE, _TENANT = "lane", "tenant"  # in the place of a holder: the virtual time at which the last one was served
_COLUMNS = "holder, spends, urgent, priority, tenant, weight, since, yielded"

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
    def units(self) -> int:
        """What its share is charged."""
        return max((units for _, units in self.spends), default=1)

    @property
    def shares(self) -> tuple[Priority, str, float]:
        """Among whom, for whom and by what weight it is charged."""
        return self.standing.priority, self.tenant, self.standing.weight


@frozen
class Turn:
    """A process that waits with the head of its lane; since `yielded` it could go and somebody waits for it."""

    holder: str
    ask: Ask
    since: float
    yielded: float | None = None

    def late(self, moment: float) -> bool:
        """Whether it could go and did not come by in time, so that nobody waits for it any more."""
        return self.yielded is not None and moment >= self.yielded + GRACE


def lane_of(spends: tuple[Spend, ...]) -> str:
    """The name of the lane of those who spend the same budgets."""
    return json.dumps(sorted({name for name, _ in spends}))


def waiting(database: sqlite3.Connection, lane: str, gone: float) -> list[Turn]:
    """Everybody who waits in a lane; who could go and did not come since the moment `gone` does not wait any more."""
    if database.execute("DELETE FROM turns WHERE lane = ? AND yielded <= ?", (lane, gone)).rowcount:
        forget_idle(database)
    rows = database.execute(f"SELECT {_COLUMNS} FROM turns WHERE lane = ?", (lane,))  # noqa: S608 - a constant
    return [
        Turn(
            holder,
            Ask(
                tuple(Spend(*spend) for spend in json.loads(spends)),
                tenant,
                bool(urgent),
                Standing(Priority(priority), weight),
            ),
            since,
            yielded,
        )
        for holder, spends, urgent, priority, tenant, weight, since, yielded in rows
    ]


def in_order(turns: list[Turn], starts: Starts) -> list[Turn]:
    """The order in which they may go."""
    levels: dict[Priority, float] = {}
    for turn in turns:
        priority = turn.ask.standing.priority
        levels[priority] = min(levels.get(priority, turn.since), turn.since)

    def rank(turn: Turn) -> tuple[float, float, str, float, float, str]:
        priority, tenant = turn.ask.standing.priority, turn.ask.tenant
        level = levels[priority] - priority * _AGEING
        own = starts.get((priority, tenant, turn.holder), 0.0)
        return level, starts.get((priority, tenant, ""), 0.0), tenant, own, turn.since, turn.holder

    return sorted(turns, key=rank)


def before(turn: Turn, others: list[Turn], starts: Starts, moment: float, can_go: Callable[[Ask], bool]) -> Turn | None:
    """The one whom a process has to let go first: next in order, with room for what it asks, and not late."""
    for first in in_order([*others, turn], starts):
        if first.holder == turn.holder:
            return None
        if not first.late(moment) and can_go(first.ask):  # else it waits for something that does not concern this one
            return first
    return None


def starts_of(database: sqlite3.Connection, lane: str) -> Starts:
    """The virtual times of a lane."""
    rows = database.execute("SELECT priority, tenant, holder, start FROM shares WHERE lane = ?", (lane,))
    return {(Priority(priority), tenant, holder): start for priority, tenant, holder, start in rows}


def arrive(database: sqlite3.Connection, holder: str, ask: Ask, turns: list[Turn], starts: Starts) -> Starts:
    """Let one that was away start at the lane's time, with neither credit nor debt; one that waits keeps its start."""
    priority, tenant, _ = ask.shares
    level = [turn for turn in turns if turn.ask.standing.priority is priority and turn.ask.tenant == tenant]
    begun = dict(starts)
    for share, clock, here in (
        ("", (priority, "", _LANE), bool(level)),
        (holder, (priority, tenant, _TENANT), any(turn.holder == holder for turn in level)),
    ):
        start, lowest = starts.get((priority, tenant, share)), starts.get(clock, 0.0)
        if start is None or (start < lowest and not here):
            begun[priority, tenant, share] = lowest
            _note(database, ask.lane, (priority, tenant, share), lowest)
    return begun


def charge(database: sqlite3.Connection, holder: str, ask: Ask, starts: Starts) -> None:
    """Count what a process was granted in a lane where others wait; the lane's time never goes back."""
    priority, tenant, weight = ask.shares
    for share, clock, units in (
        ("", (priority, "", _LANE), ask.units / weight),
        (holder, (priority, tenant, _TENANT), float(ask.units)),
    ):
        start = starts[priority, tenant, share]
        _note(database, ask.lane, (priority, tenant, share), start + units)
        if start > starts.get(clock, 0.0):
            _note(database, ask.lane, clock, start)


def stand(database: sqlite3.Connection, turn: Turn, mine: Turn | None) -> None:
    """Let a process wait, or show another call than before (`mine`)."""
    if turn == mine:
        return
    ask = turn.ask
    database.execute(
        f"INSERT OR REPLACE INTO turns (lane, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
        (
            ask.lane,
            turn.holder,
            json.dumps(ask.spends),
            ask.urgent,
            int(ask.standing.priority),
            ask.tenant,
            ask.standing.weight,
            turn.since,
            turn.yielded,
        ),
    )


def wait_for(database: sqlite3.Connection, lane: str, first: Turn, moment: float) -> float:
    """Note that the next in turn is waited for, and say until when it is."""
    if first.yielded is not None:
        return first.yielded + GRACE
    database.execute("UPDATE turns SET yielded = ? WHERE lane = ? AND holder = ?", (moment, lane, first.holder))
    return moment + GRACE


def come_by(database: sqlite3.Connection, holder: str) -> None:
    """Note that a process has looked whether it may go, and is late nowhere."""
    database.execute("UPDATE turns SET yielded = NULL WHERE holder = ? AND yielded IS NOT NULL", (holder,))


def leave(database: sqlite3.Connection, lane: str, holder: str) -> None:
    """Take a process out of a lane's turns; what it was served stays counted while others wait."""
    database.execute("DELETE FROM turns WHERE lane = ? AND holder = ?", (lane, holder))
    forget_idle(database)


def forget_idle(database: sqlite3.Connection) -> None:
    """Forget who had how much of what nobody waits for any more."""
    database.execute(
        "DELETE FROM shares WHERE NOT EXISTS"
        " (SELECT 1 FROM turns WHERE turns.lane = shares.lane AND turns.priority = shares.priority)"
    )


def _note(database: sqlite3.Connection, lane: str, key: tuple[Priority, str, str], start: float) -> None:
    priority, tenant, holder = key
    values = lane, int(priority), tenant, holder, start
    database.execute("INSERT OR REPLACE INTO shares VALUES (?, ?, ?, ?, ?)", values)
