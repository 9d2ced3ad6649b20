"""Lines of an export as a finished file: Parquet, or gzipped lines as the service wrote them."""

from __future__ import annotations

import gzip
import heapq
import importlib.util
import itertools
import json
import sys
import tempfile
from array import array
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

import attrs

from mixpanel_headless.errors import InvalidArgumentError, MissingExtraError, shown

from .keys import as_text, read_key
from .places import unfinished

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

Format = Literal["parquet", "jsonl.gz"]
FORMATS: tuple[Format, ...] = get_args(Format)
NEEDED = ("duckdb", "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
"""What Parquet takes: the extra `analytics`."""
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


def write_events(lines: Path, file: Path, form: Format) -> Counts:
    """Events as a file, each once: of copies with one `$insert_id`, time, user and name, the one that arrived last."""
    return write_events_parquet(lines, file) if form == "parquet" else write_event_lines(lines, file)


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
    with lines.open("rb") as source, packed(file) as target:
        rows = 0
        for line in source:
            target.write(line)
            rows += 1
        return Counts(rows)


def write_events_parquet(lines: Path, file: Path) -> Counts:
    """Columns `event_name`, `event_time` (UTC), `distinct_id`, `insert_id` and `properties`, JSON with all of them."""
    from mixpanel_headless.engine.parquet import drop_copies

    from .columns import write_event_columns

    with lines.open("rb") as source, file.open("wb") as target:
        rows, bad = write_event_columns(source, target)
    with unfinished(file.parent) as kept:
        copies = drop_copies(file, kept)
        if copies:
            kept.replace(file)
    return Counts(rows - copies, copies, bad)


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
