"""What tells an event of an export from others."""

from __future__ import annotations

import json
from typing import Any

import attrs
import msgspec

from .rows import UNREAD, moment_of, read_loosely


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
        check_encoding(line)
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


def check_encoding(text: bytes) -> None:
    """Raise UnicodeDecodeError for what is no UTF-8: msgspec looks at no value that is not asked for."""
    if not text.isascii():
        text.decode()


def as_text(value: Any) -> str:
    """A text as it is, anything else as JSON; half of a surrogate pair, which no file may hold, as its escape."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="backslashreplace").decode()
