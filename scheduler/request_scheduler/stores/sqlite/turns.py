"""The turns of processes as rows of the SQLite file: who waits in a lane, and what each was served there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from request_scheduler.call import Priority, Spend
from request_scheduler.database_file import reading_rows
from request_scheduler.stores import Standing
from request_scheduler.stores.turns import GRACE, Ask, Starts, Turn

if TYPE_CHECKING:
    import sqlite3

_LANE, _TENANT = "lane", "tenant"  # in the place of a holder: the virtual time at which the last one was served
_COLUMNS = "holder, spends, urgent, priority, tenant, weight, since, yielded"


def waiting(database: sqlite3.Connection, lane: str, gone: float) -> list[Turn]:
    """Everybody who waits in a lane; who could go and did not come since the moment `gone` does not wait any more."""
    if database.execute("DELETE FROM turns WHERE lane = ? AND yielded <= ?", (lane, gone)).rowcount:
        forget_idle(database)
    rows = database.execute(f"SELECT {_COLUMNS} FROM turns WHERE lane = ?", (lane,))  # noqa: S608 - a constant
    with reading_rows():
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


def starts_of(database: sqlite3.Connection, lane: str) -> Starts:
    """The virtual times of a lane."""
    rows = database.execute("SELECT priority, tenant, holder, start FROM shares WHERE lane = ?", (lane,))
    with reading_rows():
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


def wait_for(database: sqlite3.Connection, first: Turn, moment: float) -> float:
    """Note that the next in turn is waited for, and say until when it is."""
    if first.yielded is not None:
        return first.yielded + GRACE
    place = *first.ask.seat, first.holder
    database.execute("UPDATE turns SET yielded = ? WHERE lane = ? AND urgent = ? AND holder = ?", (moment, *place))
    return moment + GRACE


def come_by(database: sqlite3.Connection, seat: tuple[str, bool], holder: str) -> None:
    """Note that a process has looked whether it may go, and is not late with what it asked for last."""
    database.execute(
        "UPDATE turns SET yielded = NULL WHERE lane = ? AND urgent = ? AND holder = ? AND yielded IS NOT NULL",
        (*seat, holder),
    )


def leave(database: sqlite3.Connection, seat: tuple[str, bool], holder: str) -> None:
    """Take a process out of a lane's turns; what it was served stays counted while others wait."""
    database.execute("DELETE FROM turns WHERE lane = ? AND urgent = ? AND holder = ?", (*seat, holder))
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
