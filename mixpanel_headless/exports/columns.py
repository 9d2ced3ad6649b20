"""Events and profiles as the columns of a Parquet file: blocks of lines at once, and line by line where one is not plain."""

from __future__ import annotations

import json
from array import array
from typing import IO, TYPE_CHECKING

import attrs
import msgspec

from .keys import as_text, check_encoding, read_key
from .parquet import Column, Packer, Page, ParquetWriter
from .rows import MILLISECONDS_FROM, moment_of, read_loosely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROWS = 1 << 13
"""Rows of a group: what readers must hold at a time."""
BLOCK = 1 << 17
"""Bytes of lines that become a page: few enough to stay in the processor's cache."""
EVENT_COLUMNS = (
    Column("event_name", "text", optional=True),
    Column("event_time", "moment"),
    Column("distinct_id", "text", optional=True),
    Column("insert_id", "text", optional=True),
    Column("properties", "json"),
)
EVENTS_AS_TEXT = (*EVENT_COLUMNS[:-1], Column("properties", "text"))
"""Where Python's own JSON is among the properties: NaN, or half of a surrogate pair, on which strict readers fail."""
PROFILE_COLUMNS = (
    Column("distinct_id", "text", optional=True),
    Column("last_seen", "text", optional=True),
    Column("properties", "json"),
)


class PlainEvent(msgspec.Struct, gc=False):
    """An event as nearly all are; its properties stay as they were written."""

    event: str
    properties: msgspec.Raw


class PlainFacts(msgspec.Struct, gc=False):
    """What becomes of the properties of such an event a column of its own."""

    time: int | float = 0
    distinct_id: str = ""
    insert_id: str | None = msgspec.field(default=None, name="$insert_id")


class PlainProfile(msgspec.Struct, gc=False):
    """A profile as texts, the last of them JSON."""

    distinct_id: str | None
    last_seen: str | None
    properties: str


_plain_events = msgspec.json.Decoder(PlainEvent)
_plain_profiles = msgspec.json.Decoder(PlainProfile)
_json = msgspec.json.Decoder(msgspec.Raw)
_plain_facts = msgspec.json.Decoder(PlainFacts)


def write_event_columns(source: IO[bytes], target: IO[bytes]) -> tuple[int, int]:
    """The number of rows that lines of events became in a Parquet file, and of lines that are no events."""
    events = EventColumns(ParquetWriter(target, EVENT_COLUMNS))
    while lines := source.readlines(BLOCK):
        events.add(lines)
    events.finish()
    return events.file.rows, events.bad


def write_profile_columns(source: IO[bytes], target: IO[bytes]) -> int:
    """The number of rows that lines of `PlainProfile`s became in a Parquet file."""
    file, packer = ParquetWriter(target, PROFILE_COLUMNS), Packer()
    while lines := source.readlines(BLOCK):
        profiles = _plain_profiles.decode_lines(b"".join(lines))
        users = packer.texts([profile.distinct_id for profile in profiles], optional=True)
        seen = packer.texts([profile.last_seen for profile in profiles], optional=True)
        properties = packer.encoded([profile.properties.encode() for profile in profiles])
        file.add([[users], [seen], [properties]])
    file.finish()
    return file.rows


def microseconds(time: float) -> int:
    """A time as the service writes one, since 1970; OverflowError, ValueError or OSError if that is no moment."""
    if type(time) is int and 0 <= time <= MILLISECONDS_FROM:
        return time * 1_000_000
    return round(moment_of(time).timestamp() * 1e6)


def is_json(text: bytes) -> bool:
    """Whether strict readers take a text for JSON."""
    try:
        _json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


@attrs.define
class EventColumns:
    """Lines of events that become rows of a file."""

    file: ParquetWriter
    bad: int = 0
    """Lines that were no events."""
    _packer: Packer = attrs.field(factory=Packer)
    _names: list[str | None] = attrs.field(factory=list)
    _times: array[int] = attrs.field(factory=lambda: array("q"))
    _users: list[str | None] = attrs.field(factory=list)
    _ids: list[str | None] = attrs.field(factory=list)
    _properties: list[Page] = attrs.field(factory=list)

    def add(self, lines: Sequence[bytes]) -> None:
        """Some more lines."""
        text = b"".join(lines)
        try:
            check_encoding(text)
            events = _plain_events.decode_lines(text)
            properties = [event.properties for event in events]
            facts = _plain_facts.decode_lines(b"\n".join(properties))
            times = [microseconds(fact.time) for fact in facts]
        except (ValueError, OverflowError, OSError, RecursionError):
            self._add_patiently(lines)
        else:
            self._times.extend(times)
            self._names += [event.event for event in events]
            self._users += [fact.distinct_id for fact in facts]
            self._ids += [fact.insert_id for fact in facts]
            self._add_properties(properties)

    def _add_patiently(self, lines: Iterable[bytes]) -> None:
        properties = []
        for line in lines:
            key = read_key(line)
            if key is None:
                self.bad += not line.isspace()
                continue
            self._names.append(None if key.event is None else as_text(key.event))
            self._times.append(round(key.moment * 1e6))
            self._users.append(None if key.distinct_id is None else as_text(key.distinct_id))
            self._ids.append(None if key.insert_id is None else as_text(key.insert_id))
            text = json.dumps(read_loosely(line)["properties"], separators=(",", ":")).encode()
            if not is_json(text):
                self.file.columns = EVENTS_AS_TEXT
            properties.append(text)
        self._add_properties(properties)

    def _add_properties(self, texts: Sequence[bytes]) -> None:
        if texts:
            self._properties.append(self._packer.encoded(texts))
        if len(self._names) >= ROWS:
            self._write_group()

    def _write_group(self) -> None:
        pack = self._packer
        names, users, ids = (pack.texts(column, optional=True) for column in (self._names, self._users, self._ids))
        self.file.add([[names], [pack.moments(self._times)], [users], [ids], self._properties])
        self._names, self._users, self._ids, self._properties = [], [], [], []
        self._times = array("q")

    def finish(self) -> None:
        """Make the file whole."""
        if self._names:
            self._write_group()
        self.file.finish()
