"""Lines of an export as rows; a line that cannot be read is counted, and told at the end."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from mixpanel_headless.observation import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_headless.request import Json

MILLISECONDS_FROM = 4294967295
"""A larger number is a time in milliseconds, a smaller one in seconds."""

_decode = msgspec.json.Decoder().decode


def read_line(line: bytes) -> Json:
    """The JSON of a line, whole numbers of any size exact; ValueError if it is none.

    What Python's own decoder takes beyond the standard, such as NaN or half of a surrogate pair, is read by that.
    """
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            return json.loads(line)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


def event_row(event: Json) -> dict[str, Any]:
    """One event as a row; ValueError, TypeError or KeyError for what is no event."""
    properties = event["properties"]
    time, insert_id = properties.pop("time", 0), properties.pop("$insert_id", None)
    return {
        "event_name": event["event"],
        "event_time": moment_of(time),
        "distinct_id": properties.pop("distinct_id", ""),
        "insert_id": str(uuid.uuid4()) if insert_id is None else insert_id,
        "properties": properties,
    }


def moment_of(time: float) -> datetime:
    """Unix seconds, or milliseconds, as a moment in UTC."""
    return datetime.fromtimestamp(time if time <= MILLISECONDS_FROM else time / 1000, UTC)


def event_object(event: Json) -> dict[str, Any]:
    """One event as the service wrote it; TypeError for what is none."""
    if not isinstance(event, dict):
        raise TypeError("an event is an object")
    return event


@attrs.define(eq=False)
class Reader:
    """Makes rows of lines, and counts those that are none."""

    make: Callable[[Json], dict[str, Any]]
    read: int = 0
    bad: int = 0
    first_bad: int = 0

    def rows(self, lines: Iterable[bytes]) -> list[dict[str, Any]]:
        """The rows of these lines."""
        rows, make = [], self.make
        for line in lines:
            self.read += 1
            try:
                rows.append(make(read_line(line)))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
                self.bad += 1
                self.first_bad = self.first_bad or self.read
        return rows

    def tell(self) -> None:
        """Say in the log how many lines could not be read, if there were any; their contents are nobody's business."""
        if self.bad:
            logger().warning("lines are no events", lines=self.bad, first=self.first_bad, of=self.read)
