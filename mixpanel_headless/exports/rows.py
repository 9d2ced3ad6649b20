"""Lines of an export as rows; a line that cannot be read is counted, and told at the end."""

from __future__ import annotations

import functools
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from mixpanel_headless.errors import InvalidResponseError
from mixpanel_headless.observation import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MILLISECONDS_FROM = 4294967295
"""A larger number is a time in milliseconds, a smaller one in seconds."""


class Event(msgspec.Struct, gc=False):
    """One line, which may name more than this."""

    event: Any
    properties: dict[str, Any]


_read_event = msgspec.json.Decoder(Event).decode
_read_object = msgspec.json.Decoder(dict[str, Any]).decode
UNREAD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def event_row(line: bytes) -> dict[str, Any]:
    """One event as a row; ValueError, TypeError or KeyError for what is no event."""
    try:
        event = _read_event(line)
    except UNREAD:
        event = Event(**{name: read_loosely(line)[name] for name in Event.__struct_fields__})
    properties = event.properties
    take = properties.pop
    time, insert_id = take("time", 0), take("$insert_id", None)
    return {
        "event_name": event.event,
        "event_time": moment_of(time),
        "distinct_id": take("distinct_id", ""),
        "insert_id": str(uuid.uuid4()) if insert_id is None else insert_id,
        "properties": properties,
    }


@functools.lru_cache(maxsize=4096)
def moment_of(time: float) -> datetime:
    """Unix seconds, or milliseconds, as a moment in UTC; events of one second come close to each other."""
    return datetime.fromtimestamp(time if time <= MILLISECONDS_FROM else time / 1000, UTC)


def event_object(line: bytes) -> dict[str, Any]:
    """One event as the service wrote it, whole numbers of any size exact; ValueError or TypeError for what is none."""
    try:
        return _read_object(line)
    except UNREAD:
        return read_loosely(line)


def read_loosely(line: bytes) -> dict[str, Any]:
    """What Python's own decoder takes beyond the standard, such as NaN or half of a surrogate pair."""
    try:
        tree = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(tree, dict):
        raise TypeError("an event is an object")
    return tree


@attrs.define(eq=False)
class Reader:
    """Makes rows of lines, and counts those that are none."""

    make: Callable[[bytes], dict[str, Any]]
    read: int = 0
    bad: int = 0
    first_bad: int = 0

    def rows(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """The rows of these lines, each made when it is wanted: few are in memory, and that is quicker by half."""
        make = self.make
        for line in lines:
            self.read += 1
            try:
                yield make(line)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
                if line.isspace():
                    self.read -= 1
                    continue
                self.bad += 1
                self.first_bad = self.first_bad or self.read

    def tell(self) -> None:
        """Say in the log how many lines could not be read, if there were any; their contents are nobody's business.

        Raises InvalidResponseError if that is so of all of them: it was no export that came, but a page or an error.
        """
        refuse_no_export(self.bad, self.read)
        if self.bad:
            logger().warning("lines are no events", lines=self.bad, first=self.first_bad, of=self.read)


def refuse_no_export(bad: int, lines: int) -> None:
    """Raises InvalidResponseError if lines came, none of which is an event: a page, or an error, not an export."""
    if bad and bad == lines:
        raise InvalidResponseError(f"None of the {lines} lines that came can be read as an event.", sent=True)
