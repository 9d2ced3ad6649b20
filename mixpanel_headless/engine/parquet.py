"""Parquet files of exports, read by DuckDB: events go into an engine, and older copies of events out of a file."""

# ruff: noqa: S608 - only constants of this module, paths and numbers are spliced, as literals of SQL

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

from .tables import connect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .tables import Store

MEMORY = 56_000_000
"""Bytes that DuckDB may take."""
OPTIONS = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 4096"
INGESTED = "TRY_CAST(json_extract_string(properties, '/mp_processing_time_ms') AS BIGINT)"

KEY = "event_name, distinct_id, event_time, insert_id"
OLDER = f"""
SELECT file_row_number FROM read_parquet([$file], file_row_number = true)
WHERE insert_id IS NOT NULL AND hash({KEY}) IN (
  SELECT hash({KEY}) AS h FROM read_parquet([$file]) WHERE insert_id IS NOT NULL GROUP BY h HAVING count(*) > 1)
QUALIFY row_number() OVER (PARTITION BY {KEY} ORDER BY coalesce({INGESTED}, 0) DESC, file_row_number DESC) > 1
"""
NEWEST = """
SELECT * EXCLUDE (file_row_number) FROM read_parquet([$file], file_row_number = true)
WHERE file_row_number NOT IN (SELECT unnest($older)) ORDER BY file_row_number
"""
LOAD = """
INSERT INTO raw_events
SELECT (SELECT coalesce(max(seq), 0) FROM raw_events) + row_number() OVER (), event_name, distinct_id,
  epoch_ms(event_time), insert_id, coalesce(TRY_CAST(x[1] ->> '$' AS BIGINT), 0), properties, x[2] ->> '$', x[3] ->> '$'
FROM (SELECT *, json_extract(properties, ['/mp_processing_time_ms', '/$device_id', '/$user_id']) AS x
      FROM read_parquet($files))
"""


def load_events(store: Store, files: Sequence[str | os.PathLike[str]]) -> int:
    """The number of events added from files that exports made."""
    if not files:
        return 0
    with store.loading() as db:
        db.execute(LOAD, {"files": [os.fspath(file) for file in files]})
        return int(db.fetchall()[0][0])


def drop_copies(file: Path, kept: Path) -> int:
    """The number of events that are older copies of others by their `$insert_id`; if any, `kept` gets those that are none.

    What the service takes for one event agrees in name, time and user too; it counts the copy that arrived last.
    """
    with closing(small(file.parent)) as db:
        older = [number for (number,) in db.execute(filled(OLDER, file=literal(file))).fetchall()]
        if older:
            copy(db, NEWEST, kept, file=literal(file), older=older)
        return len(older)


def small(folder: Path, memory: int = MEMORY) -> Any:
    """A database that takes little memory and keeps the rest in a folder."""
    db = connect(takes_values=False)
    db.execute(f"SET memory_limit = '{memory}B'")
    db.execute(f"SET temp_directory = {literal(folder / f'.part-{os.getpid()}-duckdb')}")
    return db


def copy(db: Any, select: str, target: Path, **values: object) -> int:
    """The number of rows of a statement that went into a Parquet file."""
    statement = f"COPY ({filled(select, **values)}) TO {literal(target)} ({OPTIONS})"
    rows: int = db.execute(statement).fetchall()[0][0]
    return rows


def literal(path: Path) -> str:
    """A path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def filled(statement: str, **values: object) -> str:
    """A statement with literals in place of `$names`; values that are bound would make DuckDB import pandas."""
    for name, value in values.items():
        statement = statement.replace(f"${name}", str(value))
    return statement
