"""Events and profiles as the columns of a Parquet file: blocks of lines at once, and line by line where one is not plain."""

from __future__ import annotations

import json
from array import array
from typing import IO, TYPE_CHECKING, cast

import attrs
import msgspec

from .keys import as_text, check_encoding, read_key
from .parquet import Column, Packer, Page, ParquetWriter, Texts
from .rows import MILLISECONDS_FROM, moment_of, read_loosely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_headless.request import Json

    from .marks import Marks

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


def write_profile_columns(source: IO[bytes], target: IO[bytes]) -> int:
    """The number of rows that lines of `PlainProfile`s became in a Parquet file."""
    file, packer, users, seen = ParquetWriter(target, PROFILE_COLUMNS), Packer(), Texts(), Texts()
    while lines := source.readlines(BLOCK):
        profiles = _plain_profiles.decode_lines(b"".join(lines))
        users.add([profile.distinct_id for profile in profiles])
        seen.add([profile.last_seen for profile in profiles])
        properties = packer.encoded([profile.properties.encode() for profile in profiles])
        file.add([[packer.texts(users)], [packer.texts(seen)], [properties]])
    file.finish()
    return file.rows


def microseconds(times: Sequence[float]) -> list[int]:
    """Times as the service writes them, since 1970; OverflowError, ValueError or OSError if one is no moment."""
    if set(map(type, times)) <= {int} and min(times, default=0) >= 0 and max(times, default=0) <= MILLISECONDS_FROM:
        return [cast("int", time) * 1_000_000 for time in times]
    return [round(moment_of(time).timestamp() * 1e6) for time in times]


def properties_of(line: bytes) -> bytes:
    """The properties of an event as Python writes them."""
    return json.dumps(read_loosely(line)["properties"], separators=(",", ":")).encode()


def text_of(value: Json) -> str | None:
    """What tells an event from others, as text if it is there."""
    return None if value is None else as_text(value)


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
    marks: Marks
    """The ids of those that have one."""
    bad: int = 0
    """Lines that were no events."""
    _packer: Packer = attrs.field(factory=Packer)
    _names: Texts = attrs.field(factory=Texts)
    _times: array[int] = attrs.field(factory=lambda: array("q"))
    _extremes: list[int] = attrs.field(factory=list)
    """The least and the most of the times of each block."""
    _users: Texts = attrs.field(factory=Texts)
    _ids: Texts = attrs.field(factory=Texts)
    _properties: list[Page] = attrs.field(factory=list)

    def add(self, lines: Sequence[bytes]) -> None:
        """Some more lines."""
        text = b"".join(lines)
        try:
            check_encoding(text)
            events = _plain_events.decode_lines(text)
            properties = [event.properties for event in events]
            facts = _plain_facts.decode_lines(b"\n".join(properties))
            times = microseconds([fact.time for fact in facts])
        except (ValueError, OverflowError, OSError, RecursionError):
            self._add_patiently(lines)
        else:
            ids = [fact.insert_id for fact in facts]
            self._add_rows(
                [event.event for event in events], times, [fact.distinct_id for fact in facts], ids, properties
            )

    def _add_patiently(self, lines: Iterable[bytes]) -> None:
        read = [(line, key) for line in lines if (key := read_key(line)) or not line.isspace()]
        keys = [key for _, key in read if key is not None]
        self.bad += len(read) - len(keys)
        texts = [properties_of(line) for line, key in read if key is not None]
        if not all(map(is_json, texts)):
            self.file.columns = EVENTS_AS_TEXT
        names, ids = [text_of(key.event) for key in keys], [text_of(key.insert_id) for key in keys]
        users = [text_of(key.distinct_id) or "" for key in keys]
        self._add_rows(names, [round(key.moment * 1e6) for key in keys], users, ids, texts)

    def _add_rows(
        self,
        names: Sequence[str | None],
        times: Sequence[int],
        users: Sequence[str | None],
        ids: Sequence[str | None],
        properties: Sequence[bytes],
    ) -> None:
        if not names:
            return
        self._names.add(names)
        self._times += array("q", times)
        self._extremes += min(times), max(times)
        self._users.add(users)
        self._ids.add(ids)
        self.marks.add(list(map(hash, ids if None not in ids else [one for one in ids if one is not None])))
        self._properties.append(self._packer.encoded(properties))
        if len(self._times) >= ROWS:
            self._write_group()

    def _write_group(self) -> None:
        names, users, ids = map(self._packer.texts, (self._names, self._users, self._ids))
        times = self._packer.moments(self._times, min(self._extremes), max(self._extremes))
        self.file.add([[names], [times], [users], [ids], self._properties])
        self._times, self._extremes, self._properties = array("q"), [], []

    def finish(self) -> None:
        """Make the file whole."""
        if self._times:
            self._write_group()
        self.file.finish()
