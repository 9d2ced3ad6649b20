"""Lines of an export as a finished file: Parquet, or gzipped lines as the service wrote them."""

from __future__ import annotations

import gzip
import heapq
import importlib.util
import itertools
import json
import tempfile
from array import array
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

import attrs
import msgspec

from mixpanel_headless.errors import InvalidArgumentError, MissingExtraError, shown

from .places import unfinished
from .rows import UNREAD, moment_of, read_loosely

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

Format = Literal["parquet", "jsonl.gz"]
FORMATS: tuple[Format, ...] = get_args(Format)
SORTED_AT_ONCE, READ_AT_ONCE = 1 << 18, 1 << 12


@attrs.frozen
class Counts:
    """What became of the lines."""

    rows: int
    copies: int = 0
    bad: int = 0


def check_format(name: object) -> Format:
    """One of the formats of files, if it can be written here."""
    for known in FORMATS:
        if name == known:
            if known == "parquet" and importlib.util.find_spec("duckdb") is None:
                raise MissingExtraError("An export to Parquet", "analytics")
            return known
    raise InvalidArgumentError(f"format is {shown(name)}.", hint=f"Give one of {', '.join(FORMATS)}.")


def write_events(lines: Path, file: Path, form: Format) -> Counts:
    """Events as a file, each once: of copies with one `$insert_id`, time, user and name, the one that arrived last."""
    return write_events_parquet(lines, file) if form == "parquet" else write_event_lines(lines, file)


def profile_line(profile: Mapping[str, Any], form: Format) -> bytes:
    """A profile as `write_profiles` takes it; for Parquet as texts, which DuckDB leaves as they are."""
    if form != "parquet":
        return json.dumps(profile, separators=(",", ":")).encode() + b"\n"
    last_seen = profile["last_seen"]
    texts = {
        "distinct_id": as_text(profile["distinct_id"]),
        "last_seen": None if last_seen is None else as_text(last_seen),
        "properties": json.dumps(profile["properties"], separators=(",", ":")),
    }
    return json.dumps(texts).encode() + b"\n"


def write_profiles(lines: Path, file: Path, form: Format) -> Counts:
    """Profiles as a file."""
    if form == "parquet":
        from mixpanel_headless.engine.parquet import PROFILES, write_parquet

        return Counts(write_parquet(lines, file, PROFILES, longest_of(lines)))
    with lines.open("rb") as source, packed(file) as target:
        rows = 0
        for line in source:
            target.write(line)
            rows += 1
        return Counts(rows)


def write_events_parquet(lines: Path, file: Path) -> Counts:
    """Columns `event_name`, `event_time` (UTC), `distinct_id`, `insert_id` and `properties`, JSON with all of them."""
    from mixpanel_headless.engine.parquet import EVENTS, READ_EVENTS, NotPlain, drop_copies, write_parquet

    bad = 0
    with unfinished(file.parent) as kept:
        try:
            rows = write_parquet(lines, file, EVENTS)
        except NotPlain:
            with unfinished(file.parent) as read:
                bad = read_one_by_one(lines, read)
                rows = write_parquet(read, file, READ_EVENTS, longest_of(read))
        copies = drop_copies(file, kept)
        if copies:
            kept.replace(file)
    return Counts(rows - copies, copies, bad)


def longest_of(lines: Path) -> int:
    """The bytes of the longest line, and room for more than none."""
    with lines.open("rb") as source:
        return max(map(len, source), default=0) + 1024


def read_one_by_one(lines: Path, read: Path) -> int:
    """Write what Python makes of each line, its properties as text; how many lines are no events."""
    bad = 0
    with lines.open("rb") as source, read.open("wb") as target:
        for line in filter(bytes.strip, source):
            key = read_key(line)
            if key is None:
                bad += 1
                continue
            properties = json.dumps(read_loosely(line)["properties"], separators=(",", ":"))
            names = {"event_name": key.event, "distinct_id": key.distinct_id, "insert_id": key.insert_id}
            texts = {name: value if value is None else as_text(value) for name, value in names.items()}
            target.write(json.dumps({**texts, "event_us": round(key.moment * 1e6), "properties": properties}).encode())
            target.write(b"\n")
    return bad


def as_text(value: Any) -> str:
    """A text as it is, anything else as JSON; half of a surrogate pair, which no file may hold, as its escape."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="backslashreplace").decode()


def write_event_lines(lines: Path, file: Path) -> Counts:
    """The lines of events as they came, in their order, gzipped."""
    rows = copies = 0
    with lines.open("rb") as source, Marks() as marks, packed(file) as target:
        bad = mark_events(source, marks)
        newest = find_newest(source, marks.repeated())
        source.seek(0)
        for number, line in enumerate(source):
            if newest or bad:
                key = read_key(line)
                if key is None:
                    continue
                if newest.get(key.identity, number) != number:
                    copies += 1
                    continue
            elif line.isspace():
                continue
            target.write(line if line.endswith(b"\n") else line + b"\n")
            rows += 1
    return Counts(rows, copies, bad)


def mark_events(source: IO[bytes], marks: Marks) -> int:
    """Mark each event that has an id; how many lines are no events."""
    bad = 0
    for line in source:
        key = read_key(line)
        if key is None:
            bad += bool(line.strip())
        elif key.insert_id is not None:
            marks.add(key.mark)
    return bad


def find_newest(source: IO[bytes], repeated: set[int]) -> dict[Hashable, int]:
    """The number of the line that stands for each event of which there are several."""
    if not repeated:
        return {}
    found: dict[Hashable, tuple[float, int]] = {}
    source.seek(0)
    for number, line in enumerate(source):
        key = read_key(line)
        if key is not None and key.insert_id is not None and key.mark in repeated:
            found[key.identity] = max(found.get(key.identity, (-1.0, -1)), (key.ingested, number))
    return {identity: number for identity, (_, number) in found.items()}


class Properties(msgspec.Struct, gc=False):
    """What tells events apart, and which copy of one arrived last."""

    time: float = 0
    distinct_id: Any = ""
    insert_id: Any = msgspec.field(default=None, name="$insert_id")
    ingested: Any = msgspec.field(default=0, name="mp_processing_time_ms")


class Line(msgspec.Struct, gc=False):
    """One line of which only that is read; the rest is checked."""

    event: Any
    properties: Properties


@attrs.frozen
class Key:
    """What tells an event from others."""

    event: Any
    moment: float
    distinct_id: Any
    insert_id: Any
    ingested: float

    @property
    def identity(self) -> tuple[str, float, str, str | None]:
        """Equal for copies of one event, if it has an id."""
        insert_id = None if self.insert_id is None else as_text(self.insert_id)
        return as_text(self.event), self.moment, as_text(self.distinct_id), insert_id

    @property
    def mark(self) -> int:
        """A number that is equal for copies of one event."""
        return hash(self.identity)


_read_line = msgspec.json.Decoder(Line).decode


def read_key(line: bytes) -> Key | None:
    """What tells the event of a line from others; None for a line that is none."""
    try:
        try:
            found = _read_line(line)
        except UNREAD:
            found = msgspec.convert(read_loosely(line), Line)
        properties = found.properties
        moment = moment_of(properties.time).timestamp()
    except (ValueError, TypeError, OverflowError, OSError, msgspec.MsgspecError):
        return None
    ingested = properties.ingested if isinstance(properties.ingested, int | float) else 0
    return Key(found.event, moment, properties.distinct_id, properties.insert_id, ingested)


class Marks:
    """Finds numbers that come more than once, in memory that does not grow: sorted runs of them in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self._run, self._lengths = array("q"), list[int]()

    def add(self, mark: int) -> None:
        """One more number."""
        self._run.append(mark)
        if len(self._run) >= SORTED_AT_ONCE:
            self._lengths.append(len(self._run))
            self._file.write(array("q", sorted(self._run)).tobytes())
            self._run = array("q")

    def repeated(self) -> set[int]:
        """The numbers that came more than once."""
        start, runs = 0, [iter(sorted(self._run))]
        for length in self._lengths:
            runs.append(self._read(start, length))
            start += length
        ordered = heapq.merge(*runs)
        return {mark for mark, following in itertools.pairwise(ordered) if mark == following}

    def _read(self, start: int, length: int) -> Iterator[int]:
        for place in range(start, start + length, READ_AT_ONCE):
            piece = array("q")
            self._file.seek(place * piece.itemsize)
            piece.frombytes(self._file.read(min(READ_AT_ONCE, start + length - place) * piece.itemsize))
            yield from piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def packed(file: Path) -> gzip.GzipFile:
    """A gzip file to write to; equal contents make equal files."""
    return gzip.GzipFile(file, "wb", compresslevel=6, mtime=0)
