"""Lines of an export as rows; a line that cannot be read is counted, and told at the end."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from mixpanel_headless.errors import InvalidResponseError
from mixpanel_headless.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MILLISECONDS_FROM = 4294967295
"""A larger number is a time in milliseconds, a smaller one in seconds."""


AT_ONCE = 64
"""Lines that are decoded together: many more would leave the processor's cache before they are used."""


class Event(msgspec.Struct, gc=False):
    """One line, which may name more than this."""

    event: Any
    properties: dict[str, Any]


_events = msgspec.json.Decoder(Event)
_objects = msgspec.json.Decoder(dict[str, Any])
UNREAD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
NO_EVENT = (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError)
"""What a line may raise that is none."""


def event_rows(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Events as rows; one of NO_EVENT if one line is none."""
    return rows_of(_events.decode_lines(b"".join(lines)))


def event_row(line: bytes) -> dict[str, Any]:
    """One event as a row; one of NO_EVENT for what is none."""
    try:
        event = _events.decode(line)
    except UNREAD:
        event = Event(**{name: read_loosely(line)[name] for name in Event.__struct_fields__})
    return rows_of([event])[0]


def rows_of(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events as rows; their properties lose what becomes a column."""
    properties = [event.properties for event in events]
    moments = moments_of([one.pop("time", 0) for one in properties])
    return [
        {
            "event_name": event.event,
            "event_time": moment,
            "distinct_id": one.pop("distinct_id", ""),
            "insert_id": str(uuid.uuid4()) if (insert_id := one.pop("$insert_id", None)) is None else insert_id,
            "properties": one,
        }
        for event, moment, one in zip(events, moments, properties, strict=True)
    ]


def moments_of(times: list[Any]) -> list[datetime]:
    """Each time as a moment in UTC; whole seconds, as the service has them, all at once."""
    try:
        if set(map(type, times)) == {int} and max(times) <= MILLISECONDS_FROM:
            return msgspec.convert(times, list[datetime], strict=False)
    except msgspec.ValidationError:
        pass
    return [moment_of(time) for time in times]


def moment_of(time: float) -> datetime:
    """Unix seconds, or milliseconds, as a moment in UTC."""
    return datetime.fromtimestamp(time if time <= MILLISECONDS_FROM else time / 1000, UTC)


def event_objects(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Events as the service wrote them; one of NO_EVENT if one line is none."""
    return _objects.decode_lines(b"".join(lines))


def event_object(line: bytes) -> dict[str, Any]:
    """One event as the service wrote it, whole numbers of any size exact; one of NO_EVENT for what is none."""
    try:
        return _objects.decode(line)
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

    make: Callable[[Sequence[bytes]], list[dict[str, Any]]]
    make_one: Callable[[bytes], dict[str, Any]]
    read: int = 0
    bad: int = 0
    first_bad: int = 0

    def rows(self, lines: list[bytes]) -> Iterator[dict[str, Any]]:
        """The rows of these lines, some made when the first of them is wanted: few are in memory, and that is quicker."""
        return itertools.chain.from_iterable(self._some_rows(lines))

    def _some_rows(self, lines: list[bytes]) -> Iterator[Iterable[dict[str, Any]]]:
        for start in range(0, len(lines), AT_ONCE):
            some, made = lines[start : start + AT_ONCE], []
            try:
                made = self.make(some)
            except NO_EVENT:
                made = []
            if len(made) == len(some):
                self.read += len(made)
                yield made
            else:
                yield self._one_by_one(some)

    def _one_by_one(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        for line in lines:
            self.read += 1
            try:
                row = self.make_one(line)
            except NO_EVENT:
                if line.isspace():
                    self.read -= 1
                    continue
                self.bad += 1
                self.first_bad = self.first_bad or self.read
            else:
                yield row

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
