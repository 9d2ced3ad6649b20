"""The Lexicon: what the project says of its events and properties, and the tags that sort them."""

from typing import Literal, TypeAlias

import attrs

from .entity import Entity, Id, camel_case
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "BulkEventUpdate",
    "BulkPropertyUpdate",
    "BulkUpdateEventsParams",
    "BulkUpdatePropertiesParams",
    "CreateTagParams",
    "EventDefinition",
    "LexiconTag",
    "PropertyDefinition",
    "UpdateEventDefinitionParams",
    "UpdatePropertyDefinitionParams",
    "UpdateTagParams",
)

Owner: TypeAlias = Literal["Event", "User"]
"""Whose a property is."""


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class EventDefinition(Entity):
    """What is said of an event; a custom event has a `custom_event_id`."""

    id: int
    name: str
    display_name: str | None = None
    description: str | None = None
    hidden: bool | None = None
    dropped: bool | None = None
    merged: bool | None = None
    verified: bool | None = None
    tags: list[str] | None = None
    custom_event_id: int | None = None
    last_modified: str | None = None
    status: str | None = None
    platforms: list[str] | None = None
    created_utc: str | None = None
    modified_utc: str | None = None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class PropertyDefinition(Entity):
    """What is said of a property."""

    name: str
    id: int | None = None
    resource_type: str | None = None
    display_name: str | None = None
    description: str | None = None
    example_value: str | None = None
    hidden: bool | None = None
    dropped: bool | None = None
    merged: bool | None = None
    sensitive: bool | None = None
    data_group_id: Id | None = None


@attrs.frozen(kw_only=True)
class LexiconTag(Entity):
    """A tag of events and properties; its id is 0 where the service tells the name alone."""

    id: int
    name: str


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class UpdateEventDefinitionParams(Changes):
    """What is to change of what is said of an event.

    - `hidden`: whether lists leave it out.
    - `dropped`: whether it is not recorded from now on.
    - `merged`: whether it is merged into another.
    - `verified`: whether somebody vouches for it.
    - `display_name`: what it is called in reports.
    """

    hidden: Maybe[bool] = UNSET
    dropped: Maybe[bool] = UNSET
    merged: Maybe[bool] = UNSET
    verified: Maybe[bool] = UNSET
    tags: Maybe[list[str]] = UNSET
    display_name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class BulkEventUpdate(Changes):
    """What is to change of one event among several, which is given by its name or id."""

    name: Maybe[str] = UNSET
    id: Maybe[int] = UNSET
    hidden: Maybe[bool] = UNSET
    dropped: Maybe[bool] = UNSET
    merged: Maybe[bool] = UNSET
    verified: Maybe[bool] = UNSET
    tags: Maybe[list[str]] = UNSET
    display_name: Maybe[str] = UNSET
    contacts: Maybe[list[str]] = UNSET
    team_contacts: Maybe[list[str]] = attrs.field(default=UNSET, metadata={"wire": "team_contacts"})


@attrs.frozen(kw_only=True)
class BulkUpdateEventsParams(Params):
    """What is to change of several events.

    - `events`: each event by its name or id, and what is to change of it.
    """

    events: list[BulkEventUpdate]


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class UpdatePropertyDefinitionParams(Changes):
    """What is to change of what is said of a property.

    - `sensitive`: whether it says things about people that not everybody may see.
    - `example_value`: a value such as it has.
    - `resource_type`: whose it is: a property of events, or of users.
    - others: those of `UpdateEventDefinitionParams`.
    """

    hidden: Maybe[bool] = UNSET
    dropped: Maybe[bool] = UNSET
    merged: Maybe[bool] = UNSET
    sensitive: Maybe[bool] = UNSET
    display_name: Maybe[str] = UNSET
    description: Maybe[str] = UNSET
    example_value: Maybe[str] = UNSET
    resource_type: Maybe[Owner] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class BulkPropertyUpdate(Changes):
    """What is to change of one property among several."""

    name: str
    resource_type: Owner
    id: Maybe[int] = UNSET
    hidden: Maybe[bool] = UNSET
    dropped: Maybe[bool] = UNSET
    sensitive: Maybe[bool] = UNSET
    display_name: Maybe[str] = UNSET
    example_value: Maybe[str] = UNSET
    data_group_id: Maybe[Id] = UNSET


@attrs.frozen(kw_only=True)
class BulkUpdatePropertiesParams(Params):
    """What is to change of several properties.

    - `properties`: each property by its name and whose it is, and what is to change of it.
    """

    properties: list[BulkPropertyUpdate]


@attrs.frozen(kw_only=True)
class CreateTagParams(Params):
    """A new tag."""

    name: str


@attrs.frozen(kw_only=True)
class UpdateTagParams(Changes):
    """What a tag is to be called."""

    name: Maybe[str] = UNSET
