"""Which properties come with which events."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .legacy import LegacyReport
from .table import Table
from .trees import own_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

Row = dict[str, Any]
EVENT_FIELDS = {
    "name": "name", "display_name": "displayName", "description": "description", "hidden": "hidden",
    "dropped": "dropped", "verified": "verified", "count": "count",
}  # fmt: skip
PROPERTY_FIELDS = {
    "name": "name", "resource_type": "resourceType", "display_name": "displayName", "description": "description",
    "example_value": "exampleValue", "type": "type", "hidden": "hidden", "count": "count",
}  # fmt: skip


def now_text() -> str:
    return datetime.now(UTC).isoformat()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SchemaGraph(LegacyReport):
    """Events, properties, and which come together; `df` has a row for each event and property that do."""

    report_type: ClassVar[str] = "schema graph"
    computed_at: str = attrs.field(factory=now_text)
    events: list[Row] = attrs.field(converter=own_tree)
    properties: list[Row] = attrs.field(converter=own_tree)
    user_properties: list[Row] = attrs.field(converter=own_tree)
    include_density: bool
    include_user_properties: bool

    @property
    def title(self) -> str:
        """What the graph holds, in one line."""
        return f"{len(self.events)} events and {len(self.properties)} properties"

    @cached_property
    def event_to_properties(self) -> dict[str, list[str]]:
        """The properties that come with each event."""
        known = {str(event["name"]): list[str]() for event in self.events if event.get("name")}
        for name, events in self.property_to_events.items():
            for event in events:
                known.setdefault(event, []).append(name)
        return {event: names for event, names in known.items() if names}

    @cached_property
    def property_to_events(self) -> dict[str, list[str]]:
        """The events that each property comes with."""
        return {
            str(one["name"]): [event["name"] for event in one["events"]] for one in self.properties if one.get("name")
        }

    @property
    def meta(self) -> dict[str, int]:
        """How much there is, and how much of it could not be told apart because it has no name."""
        return {
            "event_count": len(self.events),
            "event_property_count": len(self.properties),
            "user_property_count": len(self.user_properties),
            "events_without_name": sum(not event.get("name") for event in self.events),
            "properties_without_name": sum(not one.get("name") for one in self.properties),
            "relationship_edges": sum(map(len, self.property_to_events.values())),
        }

    @cached_property
    def table(self) -> Table:
        """A row for each event and property that come together, with the part of the events that have it."""
        density = {one.get("name"): one.get("densityLocal") for one in self.properties}
        rows = [(event, name, density.get(name)) for event, names in self.event_to_properties.items() for name in names]
        return Table(("event", "property", "density_local"), rows)

    @property
    def relationships_df(self) -> pd.DataFrame:
        """The same as `df` (extra `pandas`)."""
        return self.df

    @property
    def events_df(self) -> pd.DataFrame:
        """A row for each event (extra `pandas`)."""
        return rows_of(self.events, EVENT_FIELDS).to_pandas()

    @property
    def properties_df(self) -> pd.DataFrame:
        """A row for each property, those of users too (extra `pandas`)."""
        return rows_of([*self.properties, *self.user_properties], PROPERTY_FIELDS).to_pandas()

    def _values(self) -> dict[str, Any]:
        return {
            **super()._values(),
            "event_to_properties": self.event_to_properties,
            "property_to_events": self.property_to_events,
            "meta": self.meta,
            "params": {
                "include_density": self.include_density, "include_user_properties": self.include_user_properties,
            },
        }  # fmt: skip


def rows_of(rows: list[Row], fields: dict[str, str]) -> Table:
    return Table(tuple(fields), [tuple(row.get(wire) for wire in fields.values()) for row in rows])


def join_events(properties: list[Row], events: Iterable[Row]) -> list[Row]:
    """Each property with the names of the events that it comes with."""
    found: dict[str, list[Row]] = {}
    for event in events:
        for one in event.get("properties") or ():
            if event.get("name") and isinstance(one, dict) and one.get("name"):
                found.setdefault(str(one["name"]), []).append({"name": event["name"]})
    return [{**one, "events": found.get(str(one.get("name")), [])} for one in properties]
