"""What stands in a file, as numbered lines of JSON: Mixpanel export lines, CSV and Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import gzip
import itertools
import math
import re
import zlib
from typing import IO, TYPE_CHECKING, Any

import attrs
import msgspec

from .errors import EventFileError
from .tables import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

ROLES: Mapping[str, tuple[str, ...]] = {
    "user": ("distinct_id", "$distinct_id", "user_id", "user"),
    "event": ("event", "event_name", "$event_name"),
    "time": ("time", "timestamp", "event_time", "$time"),
}
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, plain or gzipped, from 1; empty ones are passed over."""
    with _open_text(path) as text:
        for number, line in enumerate(text, 1):
            if line := line.strip():
                yield number, line


@attrs.frozen
class Mapped:
    """Which columns of a table hold the user, the event name and the time; the others are properties."""

    user: str
    event: str
    time: str

    @classmethod
    def choose(cls, file: str, header: Sequence[str], named: Mapping[str, str | None]) -> Mapped:
        """The named columns, or the first column with a usual name; EventFileError when there is none."""
        if len(set(header)) < len(header):
            raise EventFileError(file, 1, "two columns have the same name")
        chosen = {}
        for role, usual in ROLES.items():
            wanted = named.get(role)
            found = [name for name in ((wanted,) if wanted else usual) if name in header]
            if not found:
                what = f"no column {wanted!r}" if wanted else f"no column of a usual name for the {role}"
                raise EventFileError(file, 1, f"{what}; give {role}_column one of: {', '.join(header)}")
            chosen[role] = found[0]
        return cls(**chosen)

    def event_of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as an event; ValueError with the reason if it is none."""
        if row[self.event] in {None, ""} or row[self.user] in {None, ""}:
            empty = self.event if row[self.event] in {None, ""} else self.user
            raise ValueError(f"column {empty!r} is empty")
        own = {self.user, self.event, self.time}
        properties = {name: value for name, value in row.items() if name not in own and value is not None}
        properties["distinct_id"] = str(row[self.user])
        properties["time"] = seconds(row[self.time])
        return {"event": str(row[self.event]), "properties": properties}


def seconds(value: Any) -> int | float:
    """A time as Unix seconds (milliseconds pass through): a number, ISO text or a datetime; UTC if it names no zone."""
    if isinstance(value, str):
        value = value.strip()
        value = float(value) if NUMBER.fullmatch(value) else _instant(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time(), dt.UTC)
    if isinstance(value, dt.datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a time")
    return int(value) if value == int(value) else value


def _instant(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as problem:
        raise ValueError(f"{text!r} is not a time") from problem


def read_csv(path: Path, named: Mapping[str, str | None]) -> Iterator[tuple[int, str]]:
    """The rows of a CSV file with a header as events.

    A column is numbers, or booleans, when every filled cell of it is; an empty cell is not set.
    """
    file = str(path)
    with _open_text(path) as text:
        reader = csv.reader(text, strict=True)
        header = next(reader, None)
        if not header:
            raise EventFileError(file, 1, "the file is empty")
        mapped = Mapped.choose(file, header, named)
        rows = list(_whole_rows(reader, len(header), file))
    casts = [_cast_for([cells[place] for _, cells in rows]) for place in range(len(header))]
    raw = {mapped.user, mapped.event, mapped.time}
    casts = [str if name in raw else cast for name, cast in zip(header, casts, strict=True)]
    for line, cells in rows:
        row = {name: cast(cell) if cell else None for name, cast, cell in zip(header, casts, cells, strict=True)}
        yield _as_line(file, line, mapped, row)


def _whole_rows(reader: Any, width: int, file: str) -> Iterator[tuple[int, list[str]]]:
    start = reader.line_num + 1
    try:
        for cells in reader:
            if cells and len(cells) != width:
                raise EventFileError(file, start, f"has {len(cells)} cells where the header has {width}")
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError, EOFError, OSError, zlib.error) as problem:
        raise EventFileError(file, reader.line_num + 1, f"cannot be read: {problem}") from problem


def _cast_for(cells: Sequence[str]) -> Callable[[str], Any]:
    filled = {cell for cell in cells if cell}
    if filled and all(NUMBER.fullmatch(cell) for cell in filled):
        return _number
    if filled and filled <= {"true", "false"}:
        return lambda cell: cell == "true"
    return str


def _number(cell: str) -> int | float:
    value = float(cell)
    return int(cell) if cell.lstrip("-").isdigit() and abs(value) < 2**63 else value


def read_parquet(path: Path, named: Mapping[str, str | None]) -> Iterator[tuple[int, str]]:
    """The rows of a Parquet file as events; the "line" of an error is the row's number."""
    import duckdb

    file = str(path)
    db = connect()
    try:
        found = db.execute("SELECT * FROM read_parquet([$path])", {"path": file})
        header = [column[0] for column in found.description or []]
        mapped = Mapped.choose(file, header, named)
        numbers = itertools.count(1)
        while batch := found.fetchmany(10_000):
            for cells in batch:
                yield _as_line(file, next(numbers), mapped, dict(zip(header, map(_json_ready, cells), strict=True)))
    except duckdb.Error as problem:
        raise EventFileError(file, 0, f"is not a Parquet file: {str(problem).splitlines()[0]}") from problem
    finally:
        db.close()


def _as_line(file: str, line: int, mapped: Mapped, row: Mapping[str, Any]) -> tuple[int, str]:
    try:
        return line, msgspec.json.encode(mapped.event_of(row), enc_hook=str).decode()
    except (ValueError, TypeError) as problem:
        raise EventFileError(file, line, str(problem)) from problem


def _json_ready(cell: Any) -> Any:
    return float(cell) if isinstance(cell, decimal.Decimal) else cell


def _open_text(path: Path) -> IO[str]:
    with path.open("rb") as start:
        packed = start.read(2) == b"\x1f\x8b"
    opened = gzip.open if packed else open
    return opened(path, "rt", encoding="utf-8-sig", newline="")
