"""The event store: what was loaded, and the tables that queries read, built from it on the first query.

Loading appends to `raw_events` and `raw_profiles`. `Store.tables()` seals them: equal copies of an event
collapse to the newest, people get small numbers, and the most frequent properties become typed columns.
Each load makes a new generation of tables, so a query that has begun keeps reading the one before.
"""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import ClosedError, MissingExtraError

from .expressions import Value, pointer, value_of_json
from .times import local_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

    from .project import Project

HOT_PROPERTIES = 64
STREAMED = 10_000  # rows
PACKED = "packed"
SYSTEM_EVENTS = ("$identify", "$create_alias", "$merge", "$session_start", "$session_end", "$message_sent",
                 "$message_bounced", "$campaign_delivery", "$campaign_bounced")  # fmt: skip
RAW = """
CREATE TABLE raw_events (seq BIGINT, event VARCHAR, distinct_id VARCHAR, t BIGINT, insert_id VARCHAR,
                         ingest_ms BIGINT, properties JSON, device_id VARCHAR, user_id VARCHAR);
CREATE TABLE raw_profiles (seq BIGINT, distinct_id VARCHAR, properties JSON);
"""
KEYS = """
CREATE TABLE event_keys_{v} AS SELECT event, name, count(*) AS n
FROM (SELECT event, unnest(json_keys(properties)) AS name FROM deduped_{v}) GROUP BY ALL
"""
# A device belongs to the first user that an event names with it: earlier and later events of the device are that user's.
RESOLVED = """
links AS (SELECT '$device:' || device_id AS device, first(user_id ORDER BY t, seq) AS user_id FROM raw_events
               WHERE device_id IS NOT NULL AND user_id IS NOT NULL GROUP BY 1),
resolved AS (SELECT r.* EXCLUDE (device_id, user_id) REPLACE (coalesce(l.user_id, r.distinct_id) AS distinct_id)
             FROM raw_events r LEFT JOIN links l ON l.device = r.distinct_id)
"""
DEDUPED = f"""
CREATE TABLE deduped_{{v}} AS WITH {RESOLVED}
SELECT * FROM resolved QUALIFY insert_id IS NULL OR row_number() OVER (
  PARTITION BY event, distinct_id, t, insert_id ORDER BY ingest_ms DESC, seq DESC) = 1
"""
LATEST_PROFILES = """
CREATE TABLE latest_{v} AS SELECT distinct_id, properties FROM raw_profiles
QUALIFY row_number() OVER (PARTITION BY distinct_id ORDER BY seq DESC) = 1
"""
PEOPLE = """
CREATE TABLE people_{v} AS SELECT CAST(row_number() OVER (ORDER BY distinct_id) AS INTEGER) AS person, distinct_id,
  min(t) AS first_event FROM (SELECT distinct_id, t FROM deduped_{v} UNION ALL SELECT distinct_id, NULL FROM latest_{v})
GROUP BY distinct_id
"""
SESSIONS = """
CREATE TABLE sessions_{v} AS SELECT seq, sum(opens) OVER (ORDER BY person, t, seq ROWS UNBOUNDED PRECEDING) AS session
FROM (SELECT seq, person, t, CASE WHEN t - lag(t) OVER w <= $timeout AND day = lag(day) OVER w THEN 0 ELSE 1 END AS opens
      FROM (SELECT seq, person, t, {local} // 86400000 AS day FROM events_{v} e WHERE NOT list_contains($hidden, event))
      WINDOW w AS (PARTITION BY person ORDER BY t, seq))
"""


def connect(*, takes_values: bool = True) -> duckdb.DuckDBPyConnection:
    """A new database in memory; one thread, so that a sum of floats comes out the same every time.

    One whose statements never carry values of Python's does without pandas, which takes 60 MB.
    """
    try:
        import duckdb
    except ImportError as problem:
        raise MissingExtraError("The local query engine", "analytics") from problem
    if takes_values:
        import_what_duckdb_imports()
    return duckdb.connect(":memory:", config={"threads": 1})


def import_what_duckdb_imports() -> None:
    """Import pandas, if it is there, where a Ctrl-C ends the import.

    DuckDB imports it itself with the first value that it is given, in a callback that swallows a KeyboardInterrupt; the
    half of pandas that is left then is imported again, in vain, with every further value: for minutes.
    """
    with contextlib.suppress(Exception):
        importlib.import_module("pandas")


@attrs.frozen
class Columns:
    """The properties of one table that stand in typed columns; the others are read from the JSON."""

    places: Mapping[str, int]
    lists: frozenset[str]

    def value(self, alias: str, name: str) -> Value:
        """The value of a property that has columns."""
        stem = f"{alias}.p{self.places[name]}"
        return Value(f"{stem}_kind", f"{stem}_text", f"{stem}_number", may_be_list=name in self.lists)


@attrs.frozen
class Tables:
    """One generation of the tables that queries read."""

    version: int
    events: Columns
    profiles: Columns

    def name(self, table: str) -> str:
        return f"{table}_{self.version}"


@attrs.define
class Store:
    """The database of one engine; every method may be called from any thread."""

    project: Project
    packed: bool = False
    """Whether tables are compressed."""
    _db: Any = attrs.field(init=False, factory=connect)
    _lock: threading.RLock = attrs.field(init=False, factory=threading.RLock)
    _tables: Tables | None = attrs.field(init=False, default=None)
    _version: int = attrs.field(init=False, default=0)
    _sessions: int = attrs.field(init=False, default=0)
    _closed: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        if self.packed:
            self._db.execute(f"ATTACH ':memory:' AS {PACKED} (COMPRESS)")
            self._db.execute(f"USE {PACKED}")
        self._db.execute(RAW)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement, run on a cursor of its own."""
        with self._cursor() as cursor:
            found: list[tuple[Any, ...]] = cursor.execute(sql, values or {}).fetchall()
            return found

    def stream(self, sql: str, values: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement one after another, not all in memory at once."""
        with self._cursor() as cursor:
            found = cursor.execute(sql, values or {})
            while batch := found.fetchmany(STREAMED):
                yield from batch

    @contextlib.contextmanager
    def loading(self) -> Iterator[Any]:
        """A cursor whose statements all take effect, or none; one load runs at a time."""
        with self._lock, self._cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            self._tables = None
            self._pack(cursor)

    def _pack(self, db: Any) -> None:
        """Compress what has been written; while others write too it stays as it is until the next time."""
        if self.packed:
            import duckdb

            with contextlib.suppress(duckdb.TransactionException):
                db.execute("CHECKPOINT")

    def tables(self) -> Tables:
        """The current generation, built now if something was loaded since the last one."""
        with self._lock:
            if self._closed:
                raise ClosedError("The engine is closed.", hint="Make a new one.")
            if self._tables is None:
                self._tables = self._seal(self._version + 1)
                if self._version > 1:
                    self._drop(self._version - 1)
                self._version += 1
            return self._tables

    def sessions(self, tables: Tables) -> str:
        """The name of the table (seq, session), built when a query first needs it."""
        with self._lock:
            name = tables.name("sessions")
            if self._sessions != tables.version:
                sql = SESSIONS.format(v=tables.version, local=local_ms("t", self.project.zone))
                hidden, timeout = list(SYSTEM_EVENTS), self.project.session_timeout * 1000
                self._db.execute(f"DROP TABLE IF EXISTS {name}")
                self._db.execute(sql, {"timeout": timeout, "hidden": hidden})
                self._sessions = tables.version
            return name

    def close(self) -> None:
        """Free the memory; a closed store answers nothing more."""
        with self._lock:
            self._closed = True
            self._db.close()

    def _cursor(self) -> Any:
        with self._lock:
            if self._closed:
                raise ClosedError("The engine is closed.", hint="Make a new one.")
            cursor = self._db.cursor()
        if self.packed:
            cursor.execute(f"USE {PACKED}")
        return cursor

    def _seal(self, version: int) -> Tables:
        for statement in (DEDUPED, LATEST_PROFILES, PEOPLE, KEYS):
            self._db.execute(statement.format(v=version))
        self._pack(self._db)
        counts = f"SELECT name, sum(n) AS n FROM event_keys_{version}"
        events = self._hot(f"{counts} WHERE name != 'time' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {HOT_PROPERTIES}")
        counts = f"SELECT name, count(*) FROM (SELECT unnest(json_keys(properties)) AS name FROM latest_{version})"
        profiles = self._hot(f"{counts} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {HOT_PROPERTIES}")
        self._materialise(
            f"CREATE TABLE events_{version} AS SELECT r.seq, r.event, p.person, r.distinct_id, r.t, r.insert_id,"
            f" r.ingest_ms, r.properties{{columns}} FROM (SELECT *{{extract}} FROM deduped_{version}) r"
            f" JOIN people_{version} p USING (distinct_id) ORDER BY r.seq",
            events,
        )
        self._materialise(
            f"CREATE TABLE profiles_{version} AS SELECT p.person, r.distinct_id, p.first_event, r.properties{{columns}}"
            f" FROM (SELECT *{{extract}} FROM latest_{version}) r JOIN people_{version} p USING (distinct_id)"
            " ORDER BY p.person",
            profiles,
        )
        self._db.execute(f"DROP TABLE deduped_{version}; DROP TABLE latest_{version}")
        self._pack(self._db)
        return Tables(
            version, self._columns(f"events_{version}", events), self._columns(f"profiles_{version}", profiles)
        )

    def _hot(self, sql: str) -> list[str]:
        return [row[0] for row in self._db.execute(sql).fetchall()]

    def _materialise(self, sql: str, names: list[str]) -> None:
        if not names:
            self._db.execute(sql.format(columns="", extract=""))
            return
        columns = []
        for place in range(len(names)):
            value = value_of_json(f"r.x[{place + 1}]")
            forms = (("kind", value.kind), ("text", value.text), ("number", value.number))
            columns += [f"{form} AS p{place}_{suffix}" for suffix, form in forms]
        extract = ", json_extract(properties, $pointers) AS x"
        pointers = [pointer(name) for name in names]
        self._db.execute(sql.format(columns=", " + ", ".join(columns), extract=extract), {"pointers": pointers})

    def _columns(self, table: str, names: list[str]) -> Columns:
        if not names:
            return Columns({}, frozenset())
        probes = ", ".join(f"bool_or(p{place}_kind = 'ARRAY')" for place in range(len(names)))
        found = self._db.execute(f"SELECT {probes} FROM {table}").fetchall()[0]
        lists = frozenset(name for name, holds in zip(names, found, strict=True) if holds)
        return Columns({name: place for place, name in enumerate(names)}, lists)

    def _drop(self, version: int) -> None:
        for table in ("events", "profiles", "people", "event_keys", "sessions"):
            self._db.execute(f"DROP TABLE IF EXISTS {table}_{version}")
