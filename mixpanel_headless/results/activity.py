"""What people did, event by event."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .legacy import LegacyReport
from .legacy_reading import require
from .table import Table
from .trees import copy_tree, own_tree

if TYPE_CHECKING:
    from mixpanel_headless.request import Json

    from .provenance import Provenance

OWN = ("time", "$distinct_id")
"""Properties that the table has columns of its own for."""


@attrs.frozen(kw_only=True)
class UserEvent:
    """One event; its `time` is in UTC, None where the service tells none."""

    event: str
    time: datetime | None
    properties: dict[str, Any] = attrs.field(converter=own_tree)

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON-ready data."""
        moment = None if self.time is None else self.time.isoformat()
        return {"event": self.event, "time": moment, "properties": copy_tree(self.properties)}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ActivityFeedResult(LegacyReport):
    """What some people did, the newest page of it; `sentinel_event` asks for the page before."""

    report_type: ClassVar[str] = "activity"
    distinct_ids: list[str]
    from_date: str | None
    to_date: str | None
    events: list[UserEvent]
    sentinel_event: dict[str, Any] | None = None

    @property
    def event_count(self) -> int:
        """How many events there are."""
        return len(self.events)

    @cached_property
    def table(self) -> Table:
        """A row for each event: its name, its time in UTC, whose it is, then its properties."""
        names = list(dict.fromkeys(name for event in self.events for name in event.properties if name not in OWN))
        rows = [
            (event.event, event.time, event.properties.get("$distinct_id"), *map(event.properties.get, names))
            for event in self.events
        ]
        return Table(("event", "time", "distinct_id", *names), rows)

    def _values(self) -> dict[str, Any]:
        return {**super()._values(), "event_count": self.event_count}


def read_activity(tree: Json, provenance: Provenance, **asked: Any) -> ActivityFeedResult:
    """One page of what people did."""
    found = require(require(tree, dict).get("results", {}), dict)
    events = [
        UserEvent(
            event=str(one.get("event", "")),
            time=moment_of(one.get("properties", {}).get("time")),
            properties=one.get("properties", {}),
        )
        for one in require(found.get("events", []), list)
    ]
    return ActivityFeedResult(
        events=events, sentinel_event=copy_tree(found.get("sentinel_event")), provenance=provenance, **asked
    )


def moment_of(seconds: Any) -> datetime | None:
    """A moment from Unix seconds; None for what is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
