"""Definitions of the Lexicon: what the project says of its events and properties, and the tags that sort them.

ws.update_event_definition("Sign Up", mp.UpdateEventDefinitionParams(description="An account was made", verified=True))
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.replies import unwrap
from mixpanel_headless.request import Json, Request, Scope
from mixpanel_headless.results.discovery import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.models import definitions as kinds
else:
    kinds = LazyModule("mixpanel_headless.models.definitions")

VIEW = Scope.WORKSPACE_IF_PINNED
EVENTS, PROPERTIES, TAGS = (f"data-definitions/{noun}/" for noun in ("events", "properties", "tags"))
OWNERS = {"event": "Event", "events": "Event", "user": "User", "users": "User", "people": "User"}
EVERYTHING = ("All Events and Properties", "All User Profile Properties")


class Definitions(Surface[Mode]):
    """What the project says of its events and properties; none of these calls costs a query."""

    @operation
    def _get_event_definitions(self, names: Sequence[str]) -> Request[Listing[kinds.EventDefinition]]:
        """What is said of some events."""
        named: dict[str, Any] = {"name[]": list(names)}
        return get(EVENTS, list[kinds.EventDefinition], scope=VIEW, **named)

    @composite
    async def get_event_definitions(
        self: Definitions[Async], *, names: Sequence[str]
    ) -> Listing[kinds.EventDefinition]:
        """What is said of the events of those names; without names nothing is asked.

        - `names`: only these events.
        """
        return await self._get_event_definitions(names) if names else Listing()

    @operation
    def update_event_definition(
        self, event_name: str, params: kinds.UpdateEventDefinitionParams
    ) -> Request[kinds.EventDefinition]:
        """Change how the Lexicon describes an event, and get the description; what is not given stays.

        A dropped event is not recorded any more.
        """
        return patch(EVENTS, kinds.EventDefinition, scope=VIEW, json={**params.to_wire(), "name": event_name})

    @operation
    def delete_event_definition(self, event_name: str) -> Request[None]:
        """Delete what is said of an event; its data stay."""
        return delete(EVENTS, scope=VIEW, json={"name": event_name})

    @operation
    def bulk_update_event_definitions(
        self, params: kinds.BulkUpdateEventsParams
    ) -> Request[Listing[kinds.EventDefinition]]:
        """Change how the Lexicon describes several events, and get that; what is not given stays."""
        return patch(EVENTS, list[kinds.EventDefinition], scope=VIEW, json=params)

    @operation
    def _get_property_definitions(
        self, names: Sequence[str], resource_type: str | None
    ) -> Request[Listing[kinds.PropertyDefinition]]:
        """What is said of some properties."""
        owner = None if resource_type is None else OWNERS.get(resource_type.casefold(), resource_type)
        named: dict[str, Any] = {"name[]": list(names), "resourceType": owner}
        return get(PROPERTIES, list[kinds.PropertyDefinition], scope=VIEW, **named)

    @composite
    async def get_property_definitions(
        self: Definitions[Async], *, names: Sequence[str], resource_type: str | None = None
    ) -> Listing[kinds.PropertyDefinition]:
        """What is said of the properties of those names, of events or of users; without names nothing is asked.

        - `names`: only these properties.
        - `resource_type`: whose: those of events, or of users.
        """
        return await self._get_property_definitions(names, resource_type) if names else Listing()

    @operation
    def update_property_definition(
        self, property_name: str, params: kinds.UpdatePropertyDefinitionParams
    ) -> Request[kinds.PropertyDefinition]:
        """Change how the Lexicon describes a property, and get that; what is not given stays."""
        return patch(PROPERTIES, kinds.PropertyDefinition, scope=VIEW, json={**params.to_wire(), "name": property_name})

    @operation
    def bulk_update_property_definitions(
        self, params: kinds.BulkUpdatePropertiesParams
    ) -> Request[Listing[kinds.PropertyDefinition]]:
        """Change how the Lexicon describes several properties, and get that; what is not given stays."""
        return patch(PROPERTIES, list[kinds.PropertyDefinition], scope=VIEW, json=params)

    @operation
    def list_lexicon_tags(self) -> Request[Listing[kinds.LexiconTag]]:
        """The tags that events and properties may have."""
        listed = get(TAGS, list[kinds.LexiconTag], scope=VIEW)
        return attrs.evolve(listed, read=lambda tree, provenance: listed.read(name_tags(tree), provenance))

    @operation
    def create_lexicon_tag(self, params: kinds.CreateTagParams) -> Request[kinds.LexiconTag]:
        """A new tag."""
        return post(TAGS, kinds.LexiconTag, scope=VIEW, json=params)

    @operation
    def update_lexicon_tag(self, tag_id: int, params: kinds.UpdateTagParams) -> Request[kinds.LexiconTag]:
        """The tag under another name."""
        return patch(at("data-definitions/tags/{}/", tag_id), kinds.LexiconTag, scope=VIEW, json=params)

    @operation
    def delete_lexicon_tag(self, tag_name: str) -> Request[None]:
        """Delete a tag, also from all that has it."""
        return post(TAGS, scope=VIEW, json={"delete": True, "name": tag_name})

    @operation
    def get_tracking_metadata(self, event_name: str) -> Request[dict[str, Any]]:
        """How an event reaches the project, as the service tells it."""
        return get(f"{EVENTS}tracking-metadata/", dict[str, Any], scope=VIEW, event_name=event_name)

    @operation
    def get_event_history(self, event_name: str) -> Request[Listing[Any]]:
        """The changes of what is said of an event, as the service tells them."""
        return get(at(EVENTS + "{}/history/", event_name), list[Any], scope=VIEW)

    @operation
    def get_property_history(self, property_name: str, entity_type: str) -> Request[Listing[Any]]:
        """The changes of what is said of a property of events (`event`) or users (`user`)."""
        return get(at(PROPERTIES + "{}/history/", property_name), list[Any], scope=VIEW, entity_type=entity_type)

    @operation
    def export_lexicon(self, *, export_types: Sequence[str] | None = None) -> Request[dict[str, Any]]:
        """All that is said of events and properties; `status` is `pending` while the service still collects it.

        - `export_types`: which parts, such as All Events and Properties.
        """
        wanted = json.dumps(list(EVERYTHING if export_types is None else export_types))
        asked = get("data-definitions/export/", dict[str, Any], scope=VIEW, export_type=wanted)
        return attrs.evolve(asked, read=lambda tree, provenance: asked.read(tell_pending(tree), provenance))


def name_tags(tree: Json) -> Json:
    """Tags that came as names alone get the id 0."""
    found = unwrap(tree)
    return (
        [{"id": 0, "name": tag} if isinstance(tag, str) else tag for tag in found] if isinstance(found, list) else tree
    )


def tell_pending(tree: Json) -> Json:
    """A text in place of an export says that it is not ready."""
    found = unwrap(tree)
    return {"results": {"status": "pending", "message": found}} if isinstance(found, str) else tree
