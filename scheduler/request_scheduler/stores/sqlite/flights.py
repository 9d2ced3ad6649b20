"""Which process runs a question that several of them ask, and which of these runs have ended.

A lead is a row with the holder's name, so it goes when its holder's lease ends. The last ends are
written down for the others: whoever hears of one too late finds the answer in the cache all the same when its turn comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_TOLD = 1000  # landings, at least, of which the others can still hear


def is_led(database: sqlite3.Connection, flight: str, holder: str) -> bool:
    """Whether another process runs a flight; if so it learns that somebody follows."""
    follow = "UPDATE leads SET followed = 1 WHERE flight = ? AND holder != ?"
    return database.execute(follow, (flight, holder)).rowcount > 0


def lead(database: sqlite3.Connection, flight: str, holder: str) -> None:
    """Give a process the lead of a flight that no other has, once more if it has it already."""
    database.execute(
        "INSERT INTO leads VALUES (?, ?, 1, 0) ON CONFLICT (flight) DO UPDATE SET runs = runs + 1", (flight, holder)
    )


def followed(database: sqlite3.Connection, holder: str) -> frozenset[str]:
    """The flights that a process leads and another waits for."""
    rows = database.execute("SELECT flight FROM leads WHERE holder = ? AND followed", (holder,))
    return frozenset(flight for (flight,) in rows)


def land(database: sqlite3.Connection, flight: str, holder: str, moment: float) -> None:
    """Give the lead of a flight up, and tell the others; one that was lost with its lease is left to the next."""
    mine = flight, holder
    if not database.execute("DELETE FROM leads WHERE flight = ? AND holder = ? AND runs = 1", mine).rowcount:
        database.execute("UPDATE leads SET runs = runs - 1 WHERE flight = ? AND holder = ?", mine)
    values = *mine, moment
    last = database.execute("INSERT INTO landings (flight, holder, at) VALUES (?, ?, ?)", values).lastrowid or 0
    if not last % _TOLD:
        database.execute("DELETE FROM landings WHERE id <= ?", (last - _TOLD,))


def end_leads(database: sqlite3.Connection, holder: str, moment: float) -> None:
    """Take every lead from a holder that has gone, and tell the others."""
    database.execute(
        "INSERT INTO landings (flight, holder, at) SELECT flight, holder, ? FROM leads WHERE holder = ?",
        (moment, holder),
    )
    database.execute("DELETE FROM leads WHERE holder = ?", (holder,))


def landed(database: sqlite3.Connection, holder: str, heard: int) -> tuple[int, set[str]]:
    """The flights that others have landed since the landing number `heard`, and the number of the last landing."""
    rows = database.execute("SELECT id, flight, holder FROM landings WHERE id > ? ORDER BY id", (heard,)).fetchall()
    return (rows[-1][0] if rows else heard), {flight for _, flight, by in rows if by != holder}


def still_led(database: sqlite3.Connection, flights: Collection[str], holder: str) -> set[str]:
    """Those of some flights that another process runs."""
    asked = "SELECT 1 FROM leads WHERE flight = ? AND holder != ?"
    return {flight for flight in flights if database.execute(asked, (flight, holder)).fetchone() is not None}
