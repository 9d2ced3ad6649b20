"""The file behind the SQLite store: tables, transactions under a lock, and what happens to a damaged or a lost one.

Everything here blocks and belongs into a worker thread. Every write, checkpoint and close happens under a lock beside
the file: SQLite alone lets processes starve each other, and before 3.51.3 it could damage a file whose write-ahead log
was written and emptied at once.

A file that is not the one in which this process, or according to its lock any process, counted before has forgotten what
was spent: its windows count as full, as do those of the file that takes a damaged one's place.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from request_scheduler.file_lock import LockTimeoutError, locked
from request_scheduler.journal import logger
from request_scheduler.stores import StoreLost, StoreUnreadable
from request_scheduler.stores.timeline import Timeline, shift_between

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 10.0
_TRIES = 100  # a lock that is removed again and again while it is opened cannot be relied on
_VERSION = 3
_NEVER = -1e300
_BEHIND = 60.0  # seconds by which a moment may lie before another's: it was read before its process waited for the file
_NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.glusterfs",
        "fuse.ceph",
    ]
)
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

_GONE = (
    "the budget file %s is not the one that was counted in before, which was removed, moved or replaced;"
    " every window counts as full from now on"
)


class LedgerFile:
    """One connection to the file, opened anew when its path leads to another one."""

    def __init__(self, path: Path, timeline: Timeline) -> None:
        self.path, self.timeline = path, timeline
        self.opened = 0
        self._lock: int | None = None
        self._database: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._last_wrote, self._replaced = _NEVER, False

    @contextmanager
    def writing(self, moment: float) -> Iterator[sqlite3.Connection]:
        """One write transaction, alone among all processes; nothing of it remains when it fails.

        A file that turns out damaged is set aside and the error raised; the next transaction begins a new one.
        """
        with self._locked():
            database = self._open(moment)
            try:
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
                self._last_wrote = moment
            except BaseException as error:
                self._undo(database, error)
                raise

    def version(self) -> object:
        """A mark that changes with every transaction of another process; None when there is no file any more."""
        if self._database is None or _identity_of(self.path) != self._identity:
            return None
        return self.opened, self._database.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Let go of the file; the next transaction opens it again."""
        if self._lock is None:
            return
        try:
            with locked(self._lock, _PATIENCE):
                self._disconnect()  # the last connection empties the write-ahead log
        finally:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock that everybody else finds now: one that was removed or moved away excludes nobody."""
        for _ in range(_TRIES):
            if self._lock is None:
                self._lock = _open_lock(self.path)
            with locked(self._lock, _PATIENCE):
                status = os.fstat(self._lock)
                if _identity_of(_lock_path(self.path)) == (status.st_dev, status.st_ino):
                    yield
                    return
            os.close(self._lock)
            self._lock = None
        raise LockTimeoutError(f"the lock {_lock_path(self.path)} is removed again and again")

    def _open(self, moment: float) -> sqlite3.Connection:
        if self._database is not None:
            if _identity_of(self.path) == self._identity:
                return self._database
            self._replaced = True
            self._disconnect()
        try:
            self._database = self._connect(moment, cautious=_NEVER)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._set_aside(error)
            self._database = self._connect(moment, cautious=moment)
        return self._database

    def _connect(self, moment: float, *, cautious: float) -> sqlite3.Connection:
        if not self.path.exists():
            for suffix in ("-wal", "-shm"):  # what is left of another file would be taken for parts of the new one
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        # SQLite gives the files beside it the mode of the first, which umask alone would leave readable by others.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self._identity = _identity_of(self.path)
        self.opened += 1
        database = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL").fetchall()
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("BEGIN IMMEDIATE")
            is_new = self._prepare(database, moment, cautious)
            forgot = self._replaced or (is_new and self._was_begun())
            if forgot:  # unless whoever began it was as cautious: this process spent nothing since
                database.execute("UPDATE era SET cautious = ? WHERE cautious <= ?", (moment, self._last_wrote))
            database.execute("COMMIT")
        except BaseException:
            database.close()
            raise
        self._note_begun()
        if forgot and cautious == _NEVER:
            logger.error(_GONE, self.path)
        self._replaced = False
        return database

    def _was_begun(self) -> bool:
        """Whether there was a file under this lock before."""
        assert self._lock is not None
        return os.fstat(self._lock).st_size > 0

    def _note_begun(self) -> None:
        if not self._was_begun():
            assert self._lock is not None
            os.lseek(self._lock, 0, os.SEEK_SET)
            os.write(self._lock, b"a budget file was begun beside this lock\n")

    def _prepare(self, database: sqlite3.Connection, moment: float, cautious: float) -> bool:
        """The tables of a new file; the moments of an old one brought to this run of the machine. Whether it is new."""
        (version,) = database.execute("PRAGMA user_version").fetchone()
        wall, boot = self.timeline.wall(), self.timeline.boot
        if version == 0:
            _execute(database, f"{_TABLES};{_SINCE_2};{_SINCE_3}")
            database.execute(f"PRAGMA user_version = {_VERSION}")
            database.execute("INSERT INTO era VALUES (?, ?, ?, ?)", (boot, moment, wall, cautious))
            return True
        if version not in (1, 2, _VERSION):
            raise StoreUnreadable(f"{self.path.name} has format {version}, which this version cannot read")
        # What older files had in these tables holds nothing that outlives a run.
        if version < 2:
            _execute(database, "DROP TABLE shares; DROP TABLE leads;" + _SINCE_2)
        if version < _VERSION:
            _execute(database, "DROP TABLE turns;" + _SINCE_3)
            database.execute(f"PRAGMA user_version = {_VERSION}")
        known, stamp, stamped_wall, _ = database.execute("SELECT * FROM era").fetchone()
        if known != boot or moment < stamp - _BEHIND:
            _enter_era(database, moment, shift_between(stamp, stamped_wall, moment, wall))
            database.execute("UPDATE era SET boot = ?, stamp = ?, wall = ?", (boot, moment, wall))
        return False

    def _undo(self, database: sqlite3.Connection, error: BaseException) -> None:
        try:
            if database.in_transaction:
                database.execute("ROLLBACK")
        except sqlite3.Error as second:
            error = second if _is_damage(second) else error
        if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
            self._set_aside(error)

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Rename a damaged file, unless another process did so already."""
        self._disconnect()
        if _identity_of(self.path) != self._identity:
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
            database.close()


def check_usable(path: Path) -> None:
    """Raise OSError or StoreLost where a store could not keep its file."""
    os.close(_open_lock(path))


def _open_lock(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_local(path.parent)
    return os.open(_lock_path(path), os.O_RDWR | os.O_CREAT, 0o600)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + "-lock")


def check_local(folder: Path) -> None:
    """Raise StoreLost for a folder on a network file system, whose locks cannot be relied on."""
    kind = _file_system(folder)
    if kind in _NETWORK:
        raise StoreLost(f"{folder} is on a network file system ({kind}): use a local folder")


def _file_system(folder: Path) -> str:
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    resolved = folder.resolve()
    best, kind = -1, ""
    for _, point, name, *_ in (line.split(" ") for line in mounts):
        place = Path(point.replace("\\040", " "))
        if resolved.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), name
    return kind


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


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether an error is the content's fault, rather than a disk that is full or a lock that is taken."""
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _identity_of(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino
