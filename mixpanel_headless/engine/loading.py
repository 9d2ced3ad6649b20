"""Events and profiles into the store: every line is checked as it is read, then DuckDB takes it in bulk."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import itertools
import json
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import EventFileError
from .expressions import MILLISECONDS_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .tables import Store

LATEST_MS = 253_402_300_800_000  # the year 10000
BATCH = 20_000
MEMORY = "events"  # what an error calls events that were handed over instead of read from a file

LINES = "CREATE OR REPLACE TEMP TABLE lines (line BIGINT, json JSON)"
TAKE = "INSERT INTO lines SELECT line, CAST(text AS JSON) FROM (SELECT unnest($lines) AS line, unnest($texts) AS text)"
ADD_EVENTS = f"""
INSERT INTO raw_events
SELECT line + (SELECT coalesce(max(seq), 0) FROM raw_events), x[1] ->> '$',
  coalesce(x[3] ->> '$', x[7] ->> '$', '$device:' || (x[8] ->> '$')),
  CASE WHEN CAST(x[4] AS DOUBLE) > {MILLISECONDS_FROM} THEN CAST(CAST(x[4] AS DOUBLE) AS BIGINT)
       ELSE CAST(round(CAST(x[4] AS DOUBLE) * 1000) AS BIGINT) END,
  x[5] ->> '$', coalesce(TRY_CAST(x[6] ->> '$' AS BIGINT), 0), x[2], x[8] ->> '$', x[7] ->> '$'
FROM (SELECT line, json_extract(json, ['/event', '/properties', '/properties/distinct_id', '/properties/time',
  '/properties/$insert_id', '/properties/mp_processing_time_ms', '/properties/$user_id', '/properties/$device_id']) AS x
  FROM lines) ORDER BY line
"""
ADD_PROFILES = """
INSERT INTO raw_profiles SELECT line + (SELECT coalesce(max(seq), 0) FROM raw_profiles), x[1] ->> '$', x[2]
FROM (SELECT line, json_extract(json, ['/$distinct_id', '/$properties']) AS x FROM lines) ORDER BY line
"""

type_of_id = str | int | float | None


class _Properties(msgspec.Struct):
    time: int | float
    distinct_id: type_of_id = None
    user_id: type_of_id = msgspec.field(default=None, name="$user_id")
    device_id: type_of_id = msgspec.field(default=None, name="$device_id")


class _Event(msgspec.Struct):
    event: str
    properties: _Properties


class _Profile(msgspec.Struct):
    distinct_id: str | int | float = msgspec.field(name="$distinct_id")
    properties: dict[str, Any] = msgspec.field(name="$properties")


_read_event = msgspec.json.Decoder(_Event).decode
_read_profile = msgspec.json.Decoder(_Profile).decode


def _check_event(text: str) -> None:
    """Raise ValueError with the reason if the line is not one event."""
    properties = _read_event(text).properties
    if properties.distinct_id is None and properties.user_id is None and properties.device_id is None:
        raise ValueError("`distinct_id` is missing - at `$.properties`")
    ms = properties.time if properties.time > MILLISECONDS_FROM else properties.time * 1000
    if not 0 <= ms < LATEST_MS:
        raise ValueError("`time` is not seconds or milliseconds since 1970 - at `$.properties.time`")


def add_event_lines(store: Store, lines: Iterable[tuple[int, str]], source: str = MEMORY) -> int:
    """Add numbered lines of JSON, one event each; all of them, or none and EventFileError."""
    return _add(store, lines, source, _check_event, ADD_EVENTS)


def add_profile_lines(store: Store, lines: Iterable[tuple[int, str]], source: str = "profiles") -> int:
    """Add numbered lines of JSON, one profile each; all of them, or none and EventFileError."""
    return _add(store, lines, source, _read_profile, ADD_PROFILES)


def encode(rows: Iterable[Any], source: str) -> Iterator[tuple[int, str]]:
    """Objects as numbered lines of JSON."""
    encoder = msgspec.json.Encoder()
    for number, row in enumerate(rows, 1):
        try:
            yield number, encoder.encode(row).decode()
        except (TypeError, ValueError) as problem:
            raise EventFileError(source, number, str(problem)) from problem


def _add(store: Store, lines: Iterable[tuple[int, str]], source: str, check: Any, insert: str) -> int:
    checked = _checked(lines, source, check)
    with store.loading() as db:
        db.execute(LINES)
        while batch := list(itertools.islice(checked, BATCH)):
            numbers, texts = zip(*batch, strict=True)
            db.execute(TAKE, {"lines": list(numbers), "texts": list(texts)})
        db.execute(insert)
        return int(db.fetchall()[0][0])


def _checked(lines: Iterable[tuple[int, str]], source: str, check: Any) -> Iterator[tuple[int, str]]:
    number, text = 0, ""
    try:
        for number, text in lines:
            check(text)
            yield number, text
    except EventFileError:
        raise
    except (EOFError, OSError, zlib.error) as problem:
        raise EventFileError(source, number + 1, f"cannot be read: {problem}") from problem
    except RecursionError as problem:
        raise EventFileError(source, number, "is nested too deep") from problem
    except (ValueError, msgspec.MsgspecError) as problem:
        raise EventFileError(source, number, _reason(text, problem)) from problem


def _reason(text: str, problem: Exception) -> str:
    """What is wrong with a line; msgspec takes half of a surrogate pair for the end of the data."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair stands alone, which is no character"
    except (ValueError, RecursionError):
        pass
    return str(problem)
