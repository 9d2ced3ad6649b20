"""The data dictionary: what events and profiles hold, and which properties come with which events.

ws.schema_graph().event_to_properties["Sign Up"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, get
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.replies import read_rows, unwrap
from mixpanel_headless.request import Json, Request, Scope, query_params
from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.results.legacy_reading import require
from mixpanel_headless.results.schema_graph import SchemaGraph, join_events

if TYPE_CHECKING:
    from mixpanel_headless.models import lexicon as kinds
    from mixpanel_headless.results.provenance import Provenance
else:
    kinds = LazyModule("mixpanel_headless.models.lexicon")

ORIGIN = "mixpanel-headless"


class Lexicon(Surface[Mode]):
    """What events and profiles hold; answers are kept until `clear_discovery_cache`, or for a day."""

    @operation
    def lexicon_schemas(self, *, entity_type: str | None = None) -> Request[Listing[kinds.LexiconSchema]]:
        """The descriptions of events and profiles, or of one type, by type and name; spends the budget of schemas.

        - `entity_type`: only event, or only profile.
        """
        path = "schemas" if entity_type is None else at("schemas/{}", entity_type)
        asked: Request[Any] = get(path, object, lifetime="discovery", query_origin=ORIGIN)
        return attrs.evolve(asked, read=read_schemas)

    @operation
    def lexicon_schema(self, entity_type: str, name: str) -> Request[kinds.LexiconSchema]:
        """The description of one event or profile; spends the budget of schemas."""
        path = at("schemas/{}", entity_type)
        asked: Request[Any] = get(path, object, lifetime="discovery", entity_name=name, query_origin=ORIGIN)
        return attrs.evolve(asked, read=lambda tree, _: kinds.read_schema(entity_type, name, unwrap(tree)))

    @operation
    def _get_event_rows(self) -> Request[list[Any]]:
        """What is said of every event."""
        return rows_at("data-definitions/events/")

    @operation
    def _get_property_rows(self, owner: str, density: bool) -> Request[list[Any]]:
        """What is said of every property of events or of users."""
        dense = True if density else None
        return rows_at(
            "data-definitions/properties/",
            resourceType=owner,
            includeDensity=dense,
            includeCustom=True,
            includeZeroCounts=True,
        )

    @operation
    def _get_rows_of_events(self) -> Request[list[Any]]:
        """The properties of every event."""
        params = query_params(fetch_per_event_properties="true")
        return Request("GET", "query", "/data_definitions/events", read_list, params, lifetime="discovery")

    @composite
    async def schema_graph(
        self: Lexicon[Async], *, include_density: bool = False, include_user_properties: bool = True
    ) -> SchemaGraph:
        """Events, properties, and which come together. Costs one query, and two or three requests that cost none.

        - `include_density`: how often properties are filled, too.
        - `include_user_properties`: properties of profiles too.
        """
        events = await self._get_event_rows()
        properties = await self._get_property_rows("Event", include_density)
        together = await self._get_rows_of_events()
        users = await self._get_property_rows("User", False) if include_user_properties else []
        return SchemaGraph(
            events=events,
            properties=join_events(properties, together),
            user_properties=users,
            include_density=include_density,
            include_user_properties=include_user_properties,
        )


def rows_at(path: str, **query: Any) -> Request[list[Any]]:
    """Rows of the Lexicon as they come."""
    asked: Request[Any] = get(path, object, scope=Scope.WORKSPACE_IF_PINNED, lifetime="discovery", **query)
    return attrs.evolve(asked, read=read_list, accept=lambda tree: None)


def read_list(tree: Json, provenance: Provenance) -> list[Any]:
    found: list[Any] = require(read_rows(tree), list)
    return [row for row in found if isinstance(row, dict)]


def read_schemas(tree: Json, provenance: Provenance) -> Listing[kinds.LexiconSchema]:
    found = [
        kinds.read_schema(str(row.get("entityType", "")), str(row.get("name", "")), row.get("schemaJson"))
        for row in read_list(tree, provenance)
    ]
    return Listing(sorted(found, key=lambda one: (one.entity_type, one.name)), provenance=provenance)
