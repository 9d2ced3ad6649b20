"""What tells an event of an export from others."""

from __future__ import annotations

import json
from typing import Any

import attrs
import msgspec

from .rows import MILLISECONDS_FROM, UNREAD, moment_of, read_loosely


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
        """A number that is equal for events with one id."""
        return hash(as_text(self.insert_id))


_lines = msgspec.json.Decoder(Line)


def marks_of(text: bytes, lines: int) -> list[int] | None:
    """What `Key.mark` tells of events with an id; None unless all of so many lines are such that this is quickly told."""
    try:
        check_encoding(text)
        found = [event.properties for event in _lines.decode_lines(text)]
    except (ValueError, RecursionError):
        return None
    ids = [properties.insert_id for properties in found if properties.insert_id is not None]
    plain = set(map(type, ids)) <= {str} and all(0 <= properties.time <= MILLISECONDS_FROM for properties in found)
    return list(map(hash, ids)) if plain and len(found) == lines else None


def read_key(line: bytes) -> Key | None:
    """What tells the event of a line from others; None for a line that is none."""
    try:
        check_encoding(line)
        try:
            found = _lines.decode(line)
        except UNREAD:
            found = msgspec.convert(read_loosely(line), Line)
        properties = found.properties
        moment = moment_of(properties.time).timestamp()
    except (ValueError, TypeError, OverflowError, OSError, msgspec.MsgspecError):
        return None
    ingested = properties.ingested if isinstance(properties.ingested, int | float) else 0
    return Key(found.event, moment, properties.distinct_id, properties.insert_id, ingested)


def check_encoding(text: bytes) -> None:
    """Raise UnicodeDecodeError for what is no UTF-8: msgspec looks at no value that is not asked for."""
    if not text.isascii():
        text.decode()


def as_text(value: Any) -> str:
    """A text as it is, anything else as JSON; half of a surrogate pair, which no file may hold, as its escape."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="backslashreplace").decode()
