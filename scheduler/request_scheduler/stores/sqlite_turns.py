"""Whose turn it is among processes that wait for the same budgets.

Each process shows the head of its lane as a row. Between rows of one priority, start-time fair queuing between tenants
by weight and then between the processes of a tenant decides; between priorities waiting makes up for a step, as inside
a process. A process that could start but is not next yields for a moment, so that the next may wake; whoever does not
come by then loses the turn, and no dead or slow process holds up the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import frozen

from request_scheduler.call import Priority, Spend
from request_scheduler.stores import Standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

GRACE = 0.25  # seconds for which the next in turn may let room unused before others take it
_AGEING = 600.0
_CLOCK = "*"  # in the place of a holder: the virtual time at which the last one was served
_COLUMNS = "holder, spends, urgent, priority, tenant, weight, since, yielded"


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
        return json.dumps(sorted({name for name, _ in self.spends}))

    @property
    def units(self) -> int:
        """What its share is charged."""
        return max((units for _, units in self.spends), default=1)


@frozen
class Turn:
    """A process that waits with the head of its lane."""

    holder: str
    ask: Ask
    since: float
    yielded: float | None = None


def waiting(database: sqlite3.Connection, lane: str) -> list[Turn]:
    """Everybody who waits in a lane."""
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


def in_order(turns: list[Turn], starts: Mapping[tuple[str, str], float]) -> list[Turn]:
    """The order in which they may go; `starts` are the virtual times of tenants (holder "") and of their processes."""
    levels: dict[Priority, float] = {}
    for turn in turns:
        priority = turn.ask.standing.priority
        levels[priority] = min(levels.get(priority, turn.since), turn.since)

    def rank(turn: Turn) -> tuple[float, float, str, float, float, str]:
        priority, tenant = turn.ask.standing.priority, turn.ask.tenant
        level = levels[priority] - priority * _AGEING
        own = starts.get((tenant, turn.holder), 0.0)
        return level, starts.get((tenant, ""), 0.0), tenant, own, turn.since, turn.holder

    return sorted(turns, key=rank)


def starts_of(database: sqlite3.Connection, lane: str) -> dict[tuple[str, str], float]:
    """The virtual times of a lane's tenants and their processes."""
    rows = database.execute("SELECT tenant, holder, start FROM shares WHERE lane = ?", (lane,))
    return {(tenant, holder): start for tenant, holder, start in rows}


def stand(database: sqlite3.Connection, turn: Turn, starts: Mapping[tuple[str, str], float]) -> None:
    """Let a process wait; one that was away starts at the lane's time, with neither credit nor debt."""
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
    _begin(database, ask, turn.holder, starts)


def charge(database: sqlite3.Connection, holder: str, ask: Ask) -> None:
    """Count what a process was granted in a lane where others wait."""
    starts = starts_of(database, ask.lane)
    _begin(database, ask, holder, starts)
    for tenant, share, clock, units in (
        (ask.tenant, "", ("", _CLOCK), ask.units / ask.standing.weight),
        (ask.tenant, holder, (ask.tenant, _CLOCK), float(ask.units)),
    ):
        start = max(starts.get((tenant, share), 0.0), starts.get(clock, 0.0))
        rows = [(ask.lane, tenant, share, start + units), (ask.lane, *clock, start)]
        database.executemany("INSERT OR REPLACE INTO shares VALUES (?, ?, ?, ?)", rows)


def _begin(database: sqlite3.Connection, ask: Ask, holder: str, starts: Mapping[tuple[str, str], float]) -> None:
    for share, clock in (("", ("", _CLOCK)), (holder, (ask.tenant, _CLOCK))):
        start, lowest = starts.get((ask.tenant, share)), starts.get(clock, 0.0)
        if start is None or start < lowest:
            values = ask.lane, ask.tenant, share, lowest
            database.execute("INSERT OR REPLACE INTO shares VALUES (?, ?, ?, ?)", values)


def leave(database: sqlite3.Connection, lane: str, holder: str) -> None:
    """Take a process out of a lane's turns; what it was served stays counted while others wait."""
    database.execute("DELETE FROM turns WHERE lane = ? AND holder = ?", (lane, holder))


def forget(database: sqlite3.Connection, lane: str) -> None:
    """Forget who had how much of a lane that is idle."""
    database.execute("DELETE FROM shares WHERE lane = ?", (lane,))
