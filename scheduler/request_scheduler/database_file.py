"""What the SQLite files of this package have in common: their mode, what makes them one, and what damage looks like.

A database in WAL mode is three files. Connections that were opened before and after its log (`-wal`) or the log's index
(`-shm`) was removed or replaced do not see each other's writes, so all three must stay what they were. The index is
mapped into memory: where it was cut short, looking into it ends the process (SIGBUS).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTENT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def begin_file(path: Path) -> None:
    """Make sure that there is a file, readable by its owner alone; SQLite gives those beside it the same mode.

    One that is there is not even opened: closing it would take the locks from this process's other connections to it.
    An empty one was emptied: SQLite would take it for new, and wait in vain for those who have it open to let go.
    """
    status = _status_of(path)
    if status is not None and status.st_size:
        return
    for suffix in ("", "-wal", "-shm"):  # what is left of another file would be taken for parts of the new one
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def identity_of(path: Path) -> tuple[int, int]:
    """What tells a file from another that took its name; zeros if there is none."""
    status = _status_of(path)
    return (0, 0) if status is None else (status.st_dev, status.st_ino)


def is_damage(error: BaseException) -> bool:
    """Whether an error is the content's fault, rather than a disk that is full or a lock that is taken."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # text that Python cannot decode, or what this package raises itself
        return type(error) in (sqlite3.DatabaseError, sqlite3.OperationalError)
    lacks_tables = code == sqlite3.SQLITE_ERROR and str(error).startswith("no such ")
    return lacks_tables or code & 0xFF in _CONTENT or code == sqlite3.SQLITE_IOERR_SHORT_READ


@contextmanager
def reading_rows() -> Iterator[None]:
    """Take rows that cannot be made sense of for damage."""
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        raise sqlite3.DatabaseError(f"it has rows that cannot be read: {error}") from error


class OpenFiles:
    """The three files of a database that is open, to be looked at before it is used."""

    def __init__(self, path: Path) -> None:
        self._main, self._log, self._index = str(path), f"{path}-wal", f"{path}-shm"
        self._known, self._index_size = self._look()
        self._cut = False

    def stand(self) -> bool:
        """Whether none of them was removed, replaced or, as far as that can kill, cut short."""
        known, size = self._look()
        self._cut = known[2] == self._known[2] and size < self._index_size
        self._index_size = max(size, self._index_size)
        return known == self._known and not self._cut

    def mend(self) -> bool:
        """As `stand`, but makes an index whole that was cut, so that SQLite reads the log again.

        Under the lock of all processes; whoever works in the files at the moment of the cut falls into it all the same.
        """
        stands = self.stand()
        if not self._cut:
            return stands
        if self._look()[1]:
            os.truncate(self._index, 0)
        os.truncate(self._index, self._index_size)  # by name: closing a descriptor would let go of SQLite's locks
        return self.stand()

    def _look(self) -> tuple[list[tuple[int, int] | None], int]:
        """What the files are, and how long the index is."""
        statuses = [_status_of(name) for name in (self._main, self._log, self._index)]
        size = 0 if statuses[2] is None else statuses[2].st_size
        return [status and (status.st_dev, status.st_ino) for status in statuses], size


def _status_of(path: str | Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
