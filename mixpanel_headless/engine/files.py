"""What stands in a file, as numbered lines of JSON: Mixpanel export lines, CSV and Parquet."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import decimal
import gzip
import io
import itertools
import math
import re
import stat
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
BUFFER = 1 << 16
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


@contextlib.contextmanager
def open_once(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where they are gzipped; opened once, because a pipe can be read only once."""
    try:
        stored = path.open("rb")
        packed = stored.peek(2)[:2] == b"\x1f\x8b"
    except OSError as problem:
        raise unreadable(path, problem) from problem
    with stored:
        yield io.BufferedReader(gzip.GzipFile(fileobj=stored), BUFFER) if packed else stored


def unreadable(path: Path, problem: OSError) -> EventFileError:
    """The error for a file that cannot be opened."""
    return EventFileError(str(path), 0, f"cannot be read: {problem.strerror or problem}")


def read_lines(stored: IO[bytes], file: str) -> Iterator[tuple[int, str]]:
    """The lines of a text from 1; empty ones are passed over."""
    for number, line in enumerate(_decode_lines(stored, file), 1):
        if line := line.strip():
            yield number, line


def _decode_lines(stored: IO[bytes], file: str) -> Iterator[str]:
    """The lines of a text with their ends, decoded one by one so that an error is told with its own line."""
    number = 0
    for chunk in stored:
        for line in chunk.splitlines(keepends=True):  # other programs end lines with a carriage return alone
            number += 1
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as problem:
                raise EventFileError(file, number, f"cannot be read: {problem}") from problem


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


def read_csv(stored: IO[bytes], file: str, named: Mapping[str, str | None]) -> Iterator[tuple[int, str]]:
    """The rows of a CSV text with a header as events.

    A column is numbers, or booleans, when every filled cell of it is; an empty cell is not set. Whole numbers beyond 64
    bits are kept as text, for a float would lose their digits.
    """
    rows = _rows(csv.reader(_decode_lines(stored, file), strict=True), file)
    _, header = next(rows, (1, []))
    if not header:
        raise EventFileError(file, 1, "the file is empty")
    mapped = Mapped.choose(file, header, named)
    filled = [(line, cells) for line, cells in rows if _fits(cells, len(header), file, line)]
    casts = [_cast_for([cells[place] for _, cells in filled]) for place in range(len(header))]
    raw = {mapped.user, mapped.event, mapped.time}
    casts = [str if name in raw else cast for name, cast in zip(header, casts, strict=True)]
    for line, cells in filled:
        row = {name: cast(cell) if cell else None for name, cast, cell in zip(header, casts, cells, strict=True)}
        yield _as_line(file, line, mapped, row)


def _rows(reader: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it starts."""
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as problem:
        raise EventFileError(file, start, f"cannot be read: {problem}") from problem
    except (EOFError, OSError, zlib.error) as problem:
        raise EventFileError(file, reader.line_num + 1, f"cannot be read: {problem}") from problem


def _fits(cells: Sequence[str], width: int, file: str, line: int) -> bool:
    """Whether a row holds something; EventFileError when it has more or fewer cells than the header."""
    if cells and len(cells) != width:
        raise EventFileError(file, line, f"has {len(cells)} cells where the header has {width}")
    return bool(cells)


def _cast_for(cells: Sequence[str]) -> Callable[[str], Any]:
    filled = {cell for cell in cells if cell}
    if filled and all(_is_number(cell) for cell in filled):
        return _number
    if filled and filled <= {"true", "false"}:
        return lambda cell: cell == "true"
    return str


def _is_number(cell: str) -> bool:
    if NUMBER.fullmatch(cell) is None:
        return False
    return abs(float(cell)) < (2**63 if _is_whole(cell) else math.inf)


def _is_whole(cell: str) -> bool:
    return cell.lstrip("-").isdigit()


def _number(cell: str) -> int | float:
    return int(cell) if _is_whole(cell) else float(cell)


def read_parquet(path: Path, named: Mapping[str, str | None]) -> Iterator[tuple[int, str]]:
    """The rows of a Parquet file as events; the "line" of an error is the row's number."""
    import duckdb

    file = str(path)
    _check_regular(path)
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


def _check_regular(path: Path) -> None:
    """Raise EventFileError for what cannot be opened, and for a pipe: a Parquet file is read from its end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise EventFileError(str(path), 0, "is no regular file, which Parquet needs")
        path.open("rb").close()
    except OSError as problem:
        raise unreadable(path, problem) from problem
