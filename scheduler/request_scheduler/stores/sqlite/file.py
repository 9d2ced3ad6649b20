"""The file behind the SQLite store: transactions under a lock, and what happens to a damaged or a lost one.

Everything here blocks and belongs into a worker thread.

A file that is not the one in which this process, or according to its lock any process, counted before has forgotten what
was spent: its windows count as full, as do those of the file that takes a damaged one's place. Damaged is also what lost
its last transactions: without its write-ahead log SQLite goes on from an earlier state as if nothing had been.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from request_scheduler.database_file import OpenFiles, begin_file, identity_of, is_damage, reading_rows
from request_scheduler.stores.sqlite.format import NEVER, prepare
from request_scheduler.stores.sqlite.lock import LedgerLock
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from request_scheduler.stores.timeline import Timeline

_PATIENCE = 10.0
_GONE = (
    "the budget file %s is not the one that was counted in before, which was removed, moved or replaced;"
    " every window counts as full from now on"
)


class LedgerFile:
    """One connection to the file, opened anew when its path leads to another one."""

    def __init__(self, path: Path, timeline: Timeline) -> None:
        self.path, self.timeline = path, timeline
        self.opened = 0
        self.seen: object = None
        self._lock = LedgerLock(path)
        self._database: sqlite3.Connection | None = None
        self._files = OpenFiles(path)
        self._identity = (0, 0)
        self._number = 0
        self._last_wrote, self._replaced = NEVER, False

    @contextmanager
    def writing(self, moment: float) -> Iterator[sqlite3.Connection]:
        """One write transaction, alone among all processes; nothing of it remains when it fails.

        A file that turns out damaged is set aside and the error raised; the next transaction begins a new one. `seen` is
        what `version` says from the beginning to the next transaction of another process.
        """
        with self._lock.held():
            database = self._open(moment)
            try:
                database.execute("BEGIN IMMEDIATE")
                self._look_back(database)
                changes = database.total_changes
                yield database
                self._commit(database, database.total_changes != changes)
                self._last_wrote = moment
            except BaseException as error:
                self._undo(database, error)
                raise

    def version(self) -> object:
        """A mark that changes with every transaction of another process; None when the file is gone or in pieces."""
        if self._database is None or not self._files.stand():
            return None
        try:
            return self._version(self._database)
        except sqlite3.Error:
            return None  # what it is, the next transaction finds out

    def close(self) -> None:
        """Let go of the file; the next transaction opens it again."""
        if not self._lock.is_open:
            return
        try:
            with self._lock.held():
                self._disconnect()  # the last connection empties the write-ahead log
        finally:
            self._lock.close()

    # -- a transaction

    def _look_back(self, database: sqlite3.Connection) -> None:
        """Make sure, when anybody else has touched the file, that the last transactions are still there."""
        version = self._version(database)
        if version != self.seen:
            self._number = self._read_number(database)
            self.seen = version

    def _read_number(self, database: sqlite3.Connection) -> int:
        """The number of the last transaction."""
        with reading_rows():
            number: int = database.execute("SELECT transactions FROM written").fetchone()[0]
            if number < max(self._number, self._lock.number()):
                raise sqlite3.DatabaseError("its last transactions are missing")
        return number

    def _commit(self, database: sqlite3.Connection, has_changed: bool) -> None:
        number = self._number + has_changed
        if has_changed:
            database.execute("UPDATE written SET transactions = ?", (number,))
        database.execute("COMMIT")
        if has_changed:
            self._number = number
            self._lock.note(number)

    def _undo(self, database: sqlite3.Connection, error: BaseException) -> None:
        try:
            if database.in_transaction:
                database.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = second if is_damage(second) else error
        if is_damage(error):
            self._set_aside(error)

    def _version(self, database: sqlite3.Connection) -> object:
        return self.opened, database.execute("PRAGMA data_version").fetchone()[0]

    # -- opening, and starting anew

    def _open(self, moment: float) -> sqlite3.Connection:
        if self._database is not None:
            if self._files.mend():
                return self._database
            self._replaced = True
            self._disconnect()
        try:
            self._database = self._connect(moment, cautious=NEVER)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._set_aside(error)
            self._database = self._connect(moment, cautious=moment)
        return self._database

    def _connect(self, moment: float, *, cautious: float) -> sqlite3.Connection:
        begin_file(self.path)
        self._identity = identity_of(self.path)
        self.opened += 1
        self.seen, self._number = None, 0
        database = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA mmap_size = 0").fetchall()  # a file that is cut must not end the process
            database.execute("PRAGMA journal_mode = WAL").fetchall()
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("BEGIN IMMEDIATE")
            forgot = self._begin(database, moment, cautious)
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        self._lock.note(self._number)
        self._files = OpenFiles(self.path)
        if forgot and cautious == NEVER:
            logger.error(_GONE, self.path)
        self._replaced = False
        return database

    def _begin(self, database: sqlite3.Connection, moment: float, cautious: float) -> bool:
        """Make the file ready, and say whether what was counted before is not in it."""
        found = prepare(database, self.path.name, self.timeline, moment, cautious)
        if found == "known":  # a machine that lost power may have kept the lock's last words and not the file's
            self._number = self._read_number(database)
        else:
            ((self._number,),) = database.execute("SELECT transactions FROM written").fetchall()
        forgot = self._replaced or (found == "new" and self._lock.begun())
        if forgot:  # unless whoever began it was as cautious: this process spent nothing since
            database.execute("UPDATE era SET cautious = ? WHERE cautious <= ?", (moment, self._last_wrote))
        return forgot

    def _set_aside(self, error: BaseException) -> None:
        """Rename a damaged file, unless another process did so already."""
        self._disconnect()
        self._replaced = True
        if identity_of(self.path) != self._identity:
            return
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        self.path.replace(aside)
        logger.error(
            "the budget file %s was damaged (%s) and set aside as %s; every window counts as full from now on",
            self.path,
            error,
            aside.name,
        )

    def _disconnect(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            self._files.mend()  # closing looks into the index
            database.close()
