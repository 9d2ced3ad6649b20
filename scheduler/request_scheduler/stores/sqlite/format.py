"""The tables of the budget file, those of its earlier formats, and how its moments are brought to another run of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from request_scheduler.stores import StoreUnreadable
from request_scheduler.stores.timeline import shift_between

if TYPE_CHECKING:
    import sqlite3

    from request_scheduler.stores.timeline import Timeline

Found: TypeAlias = Literal["new", "known", "brought over"]

NEVER = -1e300
_VERSION = 4
_BEHIND = 60.0  # seconds by which a moment may lie before another's: it was read before its process waited for the file
_TABLES = """
CREATE TABLE era (boot TEXT NOT NULL, stamp REAL NOT NULL, wall REAL NOT NULL, cautious REAL NOT NULL);
CREATE TABLE holders (holder TEXT PRIMARY KEY, pid INTEGER NOT NULL, lease REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE held (
    ticket INTEGER NOT NULL, budget TEXT NOT NULL, units INTEGER NOT NULL, tenant TEXT NOT NULL,
    urgent INTEGER NOT NULL, at REAL NOT NULL, span REAL NOT NULL, holder TEXT NOT NULL, PRIMARY KEY (ticket, budget)
) WITHOUT ROWID;
CREATE TABLE spent (
    id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, budget TEXT NOT NULL, units INTEGER NOT NULL,
    tenant TEXT NOT NULL, urgent INTEGER NOT NULL, at REAL NOT NULL, until REAL NOT NULL
);
CREATE TABLE pauses (budget TEXT PRIMARY KEY, pause TEXT NOT NULL, last_start REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE learned (
    budget TEXT PRIMARY KEY, configured TEXT NOT NULL, quota TEXT NOT NULL, wall REAL NOT NULL
) WITHOUT ROWID
"""
_SINCE_2 = """
CREATE TABLE shares (
    lane TEXT NOT NULL, priority INTEGER NOT NULL, tenant TEXT NOT NULL, holder TEXT NOT NULL, start REAL NOT NULL,
    PRIMARY KEY (lane, priority, tenant, holder)
) WITHOUT ROWID;
CREATE TABLE leads (
    flight TEXT PRIMARY KEY, holder TEXT NOT NULL, runs INTEGER NOT NULL, followed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE landings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, flight TEXT NOT NULL, holder TEXT NOT NULL, at REAL NOT NULL
)
"""
_SINCE_3 = """
CREATE TABLE turns (
    lane TEXT NOT NULL, holder TEXT NOT NULL, spends TEXT NOT NULL, urgent INTEGER NOT NULL, priority INTEGER NOT NULL,
    tenant TEXT NOT NULL, weight REAL NOT NULL, since REAL NOT NULL, yielded REAL, PRIMARY KEY (lane, holder, urgent)
) WITHOUT ROWID
"""
_SINCE_4 = """
CREATE TABLE written (transactions INTEGER NOT NULL);
INSERT INTO written VALUES (0)
"""


def prepare(database: sqlite3.Connection, name: str, timeline: Timeline, moment: float, cautious: float) -> Found:
    """Make the tables of a new file, or bring over one of an earlier format or run of the machine, and say what it was.

    A new file counts as full from the moment `cautious` on. Raises StoreUnreadable for a format that is not known.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    wall, boot = timeline.wall(), timeline.boot
    if version == 0:
        _execute(database, f"{_TABLES};{_SINCE_2};{_SINCE_3};{_SINCE_4}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("INSERT INTO era VALUES (?, ?, ?, ?)", (boot, moment, wall, cautious))
        return "new"
    if not 1 <= version <= _VERSION:
        raise StoreUnreadable(f"{name} has format {version}, which this version cannot read")
    _bring_up(database, version)
    known, stamp, stamped_wall, _ = database.execute("SELECT * FROM era").fetchone()
    if known != boot or moment < stamp - _BEHIND:
        _enter_era(database, moment, shift_between(stamp, stamped_wall, moment, wall))
        database.execute("UPDATE era SET boot = ?, stamp = ?, wall = ?", (boot, moment, wall))
        return "brought over"
    return "known" if version == _VERSION else "brought over"


def _bring_up(database: sqlite3.Connection, version: int) -> None:
    """Give an older file the tables that it lacks; what it had in those that go holds nothing that outlives a run."""
    if version < 2:
        _execute(database, "DROP TABLE shares; DROP TABLE leads;" + _SINCE_2)
    if version < 3:
        _execute(database, "DROP TABLE turns;" + _SINCE_3)
    if version < _VERSION:
        _execute(database, _SINCE_4)
        database.execute(f"PRAGMA user_version = {_VERSION}")


def _execute(database: sqlite3.Connection, script: str) -> None:
    """Run statements inside the open transaction, which executescript would commit first."""
    for statement in script.split(";"):
        database.execute(statement)


def _enter_era(database: sqlite3.Connection, moment: float, shift: float) -> None:
    """Move the log to the time of this run of the machine, at whose start every earlier holder was dead."""
    started = min(0.0, moment)
    database.execute("UPDATE spent SET at = at + ?, until = until + ?", (shift, shift))
    database.execute("UPDATE era SET cautious = cautious + ?", (shift,))
    database.execute(
        "INSERT INTO spent (ticket, budget, units, tenant, urgent, at, until)"
        " SELECT ticket, budget, units, tenant, urgent, ?1, ?1 + span FROM held",
        (started,),
    )
    for table in ("held", "holders", "pauses", "turns", "shares", "leads", "landings"):
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
