"""Lexicon schemas: what events and profiles hold, as the data dictionary describes them."""

from typing import Any

import attrs

from .entity import Entity

__all__ = ("LexiconDefinition", "LexiconMetadata", "LexiconProperty", "LexiconSchema")


@attrs.frozen(kw_only=True)
class LexiconMetadata(Entity):
    """What Mixpanel itself adds to a description."""

    source: str | None = None
    display_name: str | None = None
    tags: list[str] = attrs.field(factory=list)
    hidden: bool = False
    dropped: bool = False
    contacts: list[str] = attrs.field(factory=list)
    team_contacts: list[str] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class LexiconProperty(Entity):
    """One property: its JSON Schema type and what is said of it."""

    type: str
    description: str | None = None
    metadata: LexiconMetadata | None = None


@attrs.frozen(kw_only=True)
class LexiconDefinition(Entity):
    """What an event or a profile holds."""

    properties: dict[str, LexiconProperty]
    description: str | None = None
    metadata: LexiconMetadata | None = None


@attrs.frozen(kw_only=True)
class LexiconSchema(Entity):
    """The description of one event or profile; `entity_type` is `event`, `profile` or what the service adds."""

    entity_type: str
    name: str
    schema_json: LexiconDefinition


def read_schema(entity_type: str, name: str, schema: Any) -> LexiconSchema:
    """A description from the JSON Schema that the service keeps."""
    fields = schema if isinstance(schema, dict) else {}
    properties = fields.get("properties") or {}
    definition = LexiconDefinition(
        properties={
            key: LexiconProperty(
                type=one.get("type") or "string", description=one.get("description"), metadata=read_metadata(one)
            )
            for key, one in properties.items()
            if isinstance(one, dict)
        },
        description=fields.get("description"),
        metadata=read_metadata(fields),
    )
    return LexiconSchema(entity_type=entity_type, name=name, schema_json=definition)


def read_metadata(schema: dict[str, Any]) -> LexiconMetadata | None:
    """What Mixpanel adds to a description, None when it adds nothing."""
    found = (schema.get("metadata") or {}).get("com.mixpanel")
    if not isinstance(found, dict):
        return None
    return LexiconMetadata(
        source=found.get("$source"),
        display_name=found.get("displayName"),
        tags=found.get("tags") or [],
        hidden=bool(found.get("hidden")),
        dropped=bool(found.get("dropped")),
        contacts=found.get("contacts") or [],
        team_contacts=found.get("teamContacts") or [],
    )
