"""Lines of an export as a finished file: Parquet, or gzipped lines as the service wrote them."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, cast, get_args

import attrs

from mixpanel_headless.errors import InvalidArgumentError, MissingExtraError, shown

from .keys import as_text, marks_of, read_key
from .lines import lines_of
from .marks import Marks
from .places import unfinished

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping
    from pathlib import Path

    from .columns import EventColumns

Format = Literal["parquet", "jsonl.gz"]
FORMATS: tuple[Format, ...] = get_args(Format)
NEEDED = ("duckdb", "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
"""What Parquet takes: the extra `analytics`."""


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
            if known == "parquet" and not all(map(is_installed, NEEDED)):
                raise MissingExtraError("An export to Parquet", "analytics")
            return known
    raise InvalidArgumentError(f"format is {shown(name)}.", hint=f"Give one of {', '.join(FORMATS)}.")


def is_installed(name: str) -> bool:
    """Whether a module could be imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def profile_line(profile: Mapping[str, Any], form: Format) -> bytes:
    """A profile as `write_profiles` takes it; for Parquet as texts, which go into columns as they are."""
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
        from .columns import write_profile_columns

        with lines.open("rb") as source, file.open("wb") as target:
            return Counts(write_profile_columns(source, target))
    with lines.open("rb") as source, file.open("wb") as made, packed(made) as target:
        rows = 0
        for line in source:
            target.write(line)
            rows += 1
        return Counts(rows)


class EventFile(Protocol):
    """A file of events that is being made: each once, of copies with one `$insert_id`, time, user and name the last to arrive."""

    def begin(self) -> None:
        """The events come from the first one on, whatever came before."""

    def add(self, text: bytes) -> None:
        """Some more lines of them, with their ends."""

    def finish(self) -> Counts:
        """Make the file whole."""


@contextmanager
def event_file(path: Path, form: Format) -> Iterator[EventFile]:
    """What makes a file of events; it is empty until the first `begin`."""
    with path.open("wb+") as file, Marks() as marks:
        yield ParquetEvents(path, file, marks) if form == "parquet" else EventLines(path, file, marks)


@attrs.define(eq=False)
class ParquetEvents:
    """Columns `event_name`, `event_time` (UTC), `distinct_id`, `insert_id` and `properties`, JSON with all of them."""

    path: Path
    file: IO[bytes]
    marks: Marks
    _columns: EventColumns = attrs.field(init=False)

    def begin(self) -> None:
        """The events come from the first one on."""
        from .columns import EVENT_COLUMNS, EventColumns
        from .parquet import ParquetWriter

        empty(self.file)
        self.marks.clear()
        self._columns = EventColumns(ParquetWriter(self.file, EVENT_COLUMNS), self.marks)

    def add(self, text: bytes) -> None:
        """Some more lines."""
        self._columns.add(text)

    def finish(self) -> Counts:
        """Make the file whole; copies are looked for only where ids come again."""
        self._columns.finish()
        self.file.flush()
        copies = self._drop_copies() if self.marks.repeated() else 0
        return Counts(self._columns.file.rows - copies, copies, self._columns.bad)

    def _drop_copies(self) -> int:
        from mixpanel_headless.engine.parquet import drop_copies

        with unfinished(self.path.parent) as kept:
            copies = drop_copies(self.path, kept)
            if copies:
                kept.replace(self.path)
        return copies


@attrs.define(eq=False)
class EventLines:
    """The lines of events as they came, in their order, gzipped."""

    path: Path
    file: IO[bytes]
    marks: Marks
    rows: int = 0
    bad: int = 0
    _packed: IO[bytes] = attrs.field(factory=io.BytesIO)

    def begin(self) -> None:
        """The events come from the first one on."""
        self._packed.close()  # which writes what was half done
        empty(self.file)
        self.marks.clear()
        self.rows = self.bad = 0
        self._packed = packed(self.file)

    def add(self, text: bytes) -> None:
        """Some more lines."""
        lines = lines_of(text)
        marks = marks_of(text, len(lines))
        if marks is None:
            keys = [(line, read_key(line)) for line in lines if not line.isspace()]
            lines = [line for line, key in keys if key is not None]
            self.bad += len(keys) - len(lines)
            marks = [key.mark for _, key in keys if key is not None and key.insert_id is not None]
            text = b"".join(lines)
        self.rows += len(lines)
        self.marks.add(marks)
        self._packed.write(text)
        if text and not text.endswith(b"\n"):
            self._packed.write(b"\n")

    def finish(self) -> Counts:
        """Make the file whole."""
        self._packed.close()
        self.file.flush()
        repeated = self.marks.repeated()
        copies = self._drop_copies(repeated) if repeated else 0
        return Counts(self.rows - copies, copies, self.bad)

    def _drop_copies(self, repeated: set[int]) -> int:
        copies = 0
        with unfinished(self.path.parent) as kept:
            with gzip.open(self.path) as lines:
                newest = find_newest(lines, repeated)
            with gzip.open(self.path) as lines, kept.open("wb") as file, packed(file) as target:
                for number, line in enumerate(lines):
                    key = read_key(line)
                    if key is not None and newest.get(key.identity, number) != number:
                        copies += 1
                    else:
                        target.write(line)
            if copies:
                kept.replace(self.path)
        return copies


def find_newest(lines: Iterable[bytes], repeated: set[int]) -> dict[Hashable, int]:
    """The number of the line that stands for each event of which there are several."""
    found: dict[Hashable, tuple[float, int]] = {}
    for number, line in enumerate(lines):
        key = read_key(line)
        if key is not None and key.insert_id is not None and key.mark in repeated:
            found[key.identity] = max(found.get(key.identity, (-1.0, -1)), (key.ingested, number))
    return {identity: number for identity, (_, number) in found.items()}


def empty(file: IO[bytes]) -> None:
    """Leave nothing in a file."""
    file.seek(0)
    file.truncate()


def packed(file: IO[bytes]) -> IO[bytes]:
    """A gzip file to write to, by isal where it is there; equal contents make equal files."""
    try:
        from isal import igzip
    except ImportError:
        return cast("IO[bytes]", gzip.GzipFile("", "wb", 6, file, mtime=0))
    return cast("IO[bytes]", igzip.IGzipFile("", "wb", 2, file, mtime=0))  # type: ignore[no-untyped-call]
