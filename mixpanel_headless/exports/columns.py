"""Events and profiles as the columns of a Parquet file: blocks of lines at once, and line by line where one is not plain."""

from __future__ import annotations

import json
import sys
from array import array
from typing import IO, TYPE_CHECKING, Annotated

import attrs
import msgspec

from .keys import as_text, check_encoding, read_key
from .lines import BLOCK, lines_of
from .parquet import Column, Packer, Page, ParquetWriter
from .plain import FewTexts, Texts
from .rows import MILLISECONDS_FROM, UNREAD, read_loosely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_headless.request import Json

    from .marks import Marks

ROWS = 1 << 13
"""Rows of a group: what readers must hold at a time."""
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


class WrittenEvent(msgspec.Struct, gc=False):
    """An event of which the properties stay as they were written."""

    properties: msgspec.Raw


class PlainEvent(WrittenEvent, gc=False):
    """An event as nearly all are."""

    event: str


class PlainFacts(msgspec.Struct, gc=False):
    """What becomes of the properties of such an event a column of its own."""

    time: Annotated[int, msgspec.Meta(ge=0, le=MILLISECONDS_FROM)] = 0
    distinct_id: str = ""
    insert_id: str | None = msgspec.field(default=None, name="$insert_id")


class PlainProfile(msgspec.Struct, gc=False):
    """A profile as texts, the last of them JSON."""

    distinct_id: str | None
    last_seen: str | None
    properties: str


_plain_events = msgspec.json.Decoder(PlainEvent)
_written_events = msgspec.json.Decoder(WrittenEvent)
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


def microseconds(seconds: Sequence[int]) -> array[int]:
    """Times as the service writes them, since 1970."""
    # Each is a digit of one large number, with room for its product, so that one multiplication does for all.
    number = int.from_bytes(array("q", seconds).tobytes(), sys.byteorder) * 1_000_000
    return array("q", number.to_bytes(8 * len(seconds), sys.byteorder))


def properties_of(line: bytes) -> bytes:
    """The properties of an event as they were written, or as Python writes them if it alone can read them."""
    try:
        return bytes(_written_events.decode(line).properties)
    except UNREAD:
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
    _names: Texts = attrs.field(factory=lambda: Texts(FewTexts().plain))
    _times: array[int] = attrs.field(factory=lambda: array("q"))
    _users: Texts = attrs.field(factory=Texts)
    _ids: Texts = attrs.field(factory=Texts)
    _properties: list[Page] = attrs.field(factory=list)

    def add(self, text: bytes) -> None:
        """Some more lines."""
        try:
            check_encoding(text)
            events = _plain_events.decode_lines(text)
            properties = [event.properties for event in events]
            facts = list(map(_plain_facts.decode, properties))
        except (ValueError, RecursionError):
            self._add_patiently(lines_of(text))
        else:
            times = microseconds([fact.time for fact in facts])
            users, ids = [fact.distinct_id for fact in facts], [fact.insert_id for fact in facts]
            self._add_rows([event.event for event in events], times, users, ids, properties)

    def _add_patiently(self, lines: Iterable[bytes]) -> None:
        read = [(line, key) for line in lines if (key := read_key(line)) or not line.isspace()]
        keys = [key for _, key in read if key is not None]
        self.bad += len(read) - len(keys)
        texts = [properties_of(line) for line, key in read if key is not None]
        if not all(map(is_json, texts)):
            self.file.columns = EVENTS_AS_TEXT
        names, ids = [text_of(key.event) for key in keys], [text_of(key.insert_id) for key in keys]
        users = [text_of(key.distinct_id) or "" for key in keys]
        self._add_rows(names, array("q", [round(key.moment * 1e6) for key in keys]), users, ids, texts)

    def _add_rows(
        self,
        names: Sequence[str | None],
        times: array[int],
        users: Sequence[str],
        ids: Sequence[str | None],
        properties: Sequence[bytes],
    ) -> None:
        if not names:
            return
        self._names.add(names)
        self._times += times
        self._users.add(users)
        self.marks.add(list(map(hash, self._ids.add(ids))))
        self._properties.append(self._packer.encoded(properties))
        if len(self._times) >= ROWS:
            self._write_group()

    def _write_group(self) -> None:
        names, users, ids = map(self._packer.texts, (self._names, self._users, self._ids))
        self.file.add([[names], [self._packer.moments(self._times)], [users], [ids], self._properties])
        self._times, self._properties = array("q"), []

    def finish(self) -> None:
        """Make the file whole."""
        if self._times:
            self._write_group()
        self.file.finish()
