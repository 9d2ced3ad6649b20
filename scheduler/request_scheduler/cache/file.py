"""The file behind the disk cache: rows in SQLite, written in short transactions by any number of processes.

Everything here blocks and belongs into a worker thread. Writes, checkpoints and closing happen under a lock beside the
file: SQLite alone lets processes starve each other, and before 3.51.3 it could damage a file whose write-ahead log was
written and emptied at once. A file that turns out damaged is set aside and a new one begun, for it is only a cache; one
that has forgotten what was dropped is void.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from request_scheduler.cache.marks import Marks
from request_scheduler.cache.rows import Mark, Page, Row
from request_scheduler.database_file import OpenFiles, begin_file, identity_of, is_damage, reading_rows
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

T = TypeVar("T")

_ROW_OVERHEAD = 512  # bytes charged for each row besides its content
_BUSY = 5.0
_SCHEMA = """
CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL, drops INTEGER NOT NULL);
CREATE TABLE drops (tag TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, generation INTEGER NOT NULL,
    computed REAL NOT NULL, expires REAL NOT NULL, used REAL NOT NULL, seconds REAL NOT NULL,
    size INTEGER NOT NULL, bytes INTEGER NOT NULL, tags TEXT NOT NULL, packed BLOB NOT NULL
);
CREATE INDEX by_use ON answers (used);
CREATE INDEX by_expiry ON answers (expires);
CREATE TABLE tags (tag TEXT NOT NULL, answer INTEGER NOT NULL, PRIMARY KEY (tag, answer)) WITHOUT ROWID;
CREATE INDEX by_answer ON tags (answer);
CREATE TRIGGER come AFTER INSERT ON answers BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + new.bytes;
END;
CREATE TRIGGER go AFTER DELETE ON answers BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - old.bytes;
    DELETE FROM tags WHERE answer = old.id;
END;
PRAGMA user_version = 1;
"""
_INSERT = (
    "INSERT INTO answers (digest, generation, computed, expires, used, seconds, size, bytes, tags, packed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class CacheFile:
    """Answers by digest, bounded in bytes and entries; the expired go first, then the least recently used."""

    def __init__(self, path: Path, size: int, entries: int) -> None:
        self.path, self._size, self._entries = path, size, entries
        self._beside = path.with_name(path.name + "-marks")
        self._database: sqlite3.Connection | None = None
        self._files, self._identity = OpenFiles(path), (0, 0)
        self.marks: Marks | None = None

    # -- one look, one write

    def read(self, digests: Iterable[bytes], seen: Mark | None) -> Page:
        """The rows under some digests that still count, and what was dropped since `seen`."""
        page = self._attempt(lambda database, marks: _read(database, marks, digests, seen))
        if self.marks is not None and self.marks.read().drops == page.mark.drops:
            return page
        # A drop was announced that the file does not hold: it is under way, or its process died before the end.
        self._attempt(self._reconcile)
        return self._attempt(lambda database, marks: _read(database, marks, digests, seen))

    def write(self, rows: Iterable[tuple[bytes, Row, Mark]], used: Collection[bytes], now: float) -> int:
        """Keep rows, each unless one of its tags was dropped after its mark, and say how many.

        `used` are digests that were read; they count as used now.
        """

        def write(database: sqlite3.Connection, marks: Marks) -> int:
            with self._writing(database, marks):
                database.executemany("UPDATE answers SET used = ? WHERE digest = ?", [(now, digest) for digest in used])
                return sum([self._put(database, marks, digest, row, since, now) for digest, row, since in rows])

        return self._attempt(write)

    def drop(self, tags: Collection[str] | None) -> Mark:
        """Forget the answers that bear one of the tags, or all, in every process, and give the mark that this left."""
        if tags is None:
            return self._clear()
        try:
            return self._attempt(lambda database, marks: self._drop(database, marks, tags))
        except Exception:
            self._clear()  # what is void cannot be written down, so everything is: that needs no room on the disk
            raise

    def remove(self, digest: bytes) -> None:
        """Forget one answer, for instance because it cannot be read."""

        def remove(database: sqlite3.Connection, marks: Marks) -> None:
            with self._writing(database, marks):
                database.execute("DELETE FROM answers WHERE digest = ?", (digest,))

        self._attempt(remove)

    def totals(self) -> tuple[int, int]:
        """Entries and bytes kept."""

        def totals(database: sqlite3.Connection, marks: Marks) -> tuple[int, int]:
            ((entries, size),) = database.execute("SELECT entries, bytes FROM totals").fetchall()
            return entries, size

        return self._attempt(totals)

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        marks, self.marks = self.marks, None
        if marks is not None:
            with marks.locked():  # the last connection empties the write-ahead log
                self._disconnect()

    # -- inside a transaction

    def _drop(self, database: sqlite3.Connection, marks: Marks, tags: Collection[str]) -> Mark:
        with self._writing(database, marks):
            number: int = database.execute("UPDATE totals SET drops = drops + 1 RETURNING drops").fetchall()[0][0]
            for tag in tags:
                database.execute("INSERT OR REPLACE INTO drops VALUES (?, ?)", (tag, number))
                bearers = "DELETE FROM answers WHERE id IN (SELECT answer FROM tags WHERE tag = ?)"
                database.execute(bearers, (tag,))
            marks.announce(number)
        marks.settle(number)
        return Mark(number, marks.read().generation)

    def _clear(self) -> Mark:
        """Void everything, even when the disk takes no more writes, and then make room."""
        self._open()[1].void()

        def clear(database: sqlite3.Connection, marks: Marks) -> Mark:
            with self._writing(database, marks):
                database.execute("DELETE FROM answers")
            with marks.locked():
                database.execute("PRAGMA incremental_vacuum").fetchall()
            return marks.read()

        return self._attempt(clear)

    def _put(
        self, database: sqlite3.Connection, marks: Marks, digest: bytes, row: Row, since: Mark, now: float
    ) -> bool:
        weight = len(row.packed) + _ROW_OVERHEAD
        database.execute("DELETE FROM answers WHERE digest = ?", (digest,))
        if weight > self._size or self._entries < 1 or marks.read().generation != since.generation:
            return False
        for tag in row.tags:
            if database.execute("SELECT 1 FROM drops WHERE tag = ? AND number > ?", (tag, since.drops)).fetchall():
                return False
        self._make_room(database, weight, now)
        times = row.computed, row.expires, now, row.seconds
        spelled = json.dumps(sorted(row.tags))
        values = (digest, _signed(since.generation), *times, row.size, weight, spelled, row.packed)
        number = database.execute(_INSERT, values).lastrowid
        database.executemany("INSERT INTO tags VALUES (?, ?)", [(tag, number) for tag in row.tags])
        return True

    def _make_room(self, database: sqlite3.Connection, weight: int, now: float) -> None:
        """Delete until one more row of this weight fits: the expired first, oldest first, then the least recently used."""
        ((entries, size),) = database.execute("SELECT entries, bytes FROM totals").fetchall()
        for choice, parameters in (
            ("SELECT id, bytes FROM answers WHERE expires <= ? ORDER BY expires LIMIT 64", (now,)),
            ("SELECT id, bytes FROM answers ORDER BY used LIMIT 64", ()),
        ):
            while entries + 1 > self._entries or size + weight > self._size:
                victims = database.execute(choice, parameters).fetchall()
                if not victims:
                    break
                for number, freed in victims:
                    if entries + 1 <= self._entries and size + weight <= self._size:
                        break
                    database.execute("DELETE FROM answers WHERE id = ?", (number,))
                    entries, size = entries - 1, size - freed

    @contextmanager
    def _writing(self, database: sqlite3.Connection, marks: Marks) -> Iterator[None]:
        """One write transaction under the lock of all processes; nothing of it remains when it fails."""
        with marks.locked():
            database.execute("BEGIN IMMEDIATE")
            try:
                yield
                database.execute("COMMIT")
                marks.count_write()
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    # -- opening, and starting anew

    def _attempt(self, work: Callable[[sqlite3.Connection, Marks], T]) -> T:
        """Work on the file; when it turns out damaged, once more on a new one."""
        try:
            return work(*self._open())
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._set_aside(error)
            return work(*self._open())

    def _open(self) -> tuple[sqlite3.Connection, Marks]:
        if self._database is not None and self.marks is not None:
            if self._stands(self.marks):
                return self._database, self.marks
            self.close()  # somebody set a file aside, removed or replaced it
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.marks is None:
            self.marks = Marks(self._beside)
        try:
            self._database = self._connect(self.marks)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._set_aside(error)
            self._database = self._connect(self.marks)
        return self._database, self.marks

    def _stands(self, marks: Marks) -> bool:
        """Whether all files are those that others find."""
        if not marks.stand(self._beside):
            return False
        if self._files.stand():
            return True
        with marks.locked():
            return self._files.mend()

    def _connect(self, marks: Marks) -> sqlite3.Connection:
        with marks.locked():
            begin_file(self.path)
            self._identity = identity_of(self.path)
            database = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
            try:
                drops = _prepare(database, marks)
            except BaseException:
                database.close()
                raise
            self._files = OpenFiles(self.path)
            self._follow(marks, drops)
        return database

    def _reconcile(self, database: sqlite3.Connection, marks: Marks) -> None:
        with marks.locked():
            ((drops,),) = database.execute("SELECT drops FROM totals").fetchall()
            self._follow(marks, drops)

    def _follow(self, marks: Marks, drops: int) -> None:
        if not marks.follow(drops):
            logger.warning("the answers kept in %s count no more, because it has forgotten what was dropped", self.path)

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Rename a damaged file, unless another process did so already, and void what processes have read from it."""
        assert self.marks is not None
        aside = self.path.with_name(self.path.name + ".damaged")
        with self.marks.locked():
            self._disconnect()
            if self._identity != identity_of(self.path):
                return
            self.path.replace(aside)
            self.marks.void()
        logger.warning("the answers kept in %s were damaged (%s) and set aside as %s", self.path, error, aside.name)

    def _disconnect(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            self._files.mend()  # closing looks into the index
            database.close()


def _prepare(database: sqlite3.Connection, marks: Marks) -> int:
    """Settings of a connection, and the tables of a new file; how much was dropped according to it."""
    database.execute("PRAGMA mmap_size = 0").fetchall()  # a file that is cut must not end the process
    if not database.execute("PRAGMA user_version").fetchall()[0][0]:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    database.execute("PRAGMA journal_mode = WAL").fetchall()
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA journal_size_limit = 16777216")
    database.execute("BEGIN IMMEDIATE")
    try:
        ((version,),) = database.execute("PRAGMA user_version").fetchall()
        if version == 0:
            for statement in _statements(_SCHEMA):
                database.execute(statement)
            database.execute("INSERT INTO totals VALUES (0, 0, ?)", (marks.first_drops(),))
        elif version != 1:
            raise sqlite3.DatabaseError(f"format {version} is not known")
        drops: int
        ((drops,),) = database.execute("SELECT drops FROM totals").fetchall()
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    return drops


def _statements(script: str) -> Iterator[str]:
    # executescript would commit the open transaction first.
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _read(database: sqlite3.Connection, marks: Marks, digests: Iterable[bytes], seen: Mark | None) -> Page:
    generation = marks.read().generation
    database.execute("BEGIN")
    try:
        ((drops,),) = database.execute("SELECT drops FROM totals").fetchall()
        dropped: list[tuple[str]] = []
        if seen is not None and seen.drops < drops:
            dropped = database.execute("SELECT tag FROM drops WHERE number > ?", (seen.drops,)).fetchall()
        rows: dict[bytes, Row] = {}
        choice = (
            "SELECT packed, computed, expires, seconds, size, tags FROM answers WHERE digest = ? AND generation = ?"
        )
        for digest in digests:
            for row in database.execute(choice, (digest, _signed(generation))).fetchall():
                packed, computed, expires, seconds, size, tags = row
                with reading_rows():
                    rows[digest] = Row(packed, computed, expires, seconds, size, frozenset(json.loads(tags)))
    finally:
        if database.in_transaction:
            database.execute("COMMIT")
    return Page(rows, Mark(drops, generation), frozenset(tag for (tag,) in dropped))


def _signed(word: int) -> int:
    """A 64-bit word as SQLite's signed integer."""
    return word - (1 << 64) if word >= 1 << 63 else word
