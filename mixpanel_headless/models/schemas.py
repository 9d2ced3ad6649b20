"""The schema registry: what events and profiles should hold, how strictly that is kept, and what breaks it."""

from typing import Any, Literal, TypeAlias

import attrs

from .entity import Entity, camel_case
from .params import UNSET, Changes, Maybe, OpenParams, Params

__all__ = (
    "AuditResponse",
    "AuditViolation",
    "BulkCreateSchemasParams",
    "BulkCreateSchemasResponse",
    "BulkPatchResult",
    "DeleteSchemasResponse",
    "InitSchemaEnforcementParams",
    "ReplaceSchemaEnforcementParams",
    "SchemaEnforcementConfig",
    "SchemaEntry",
    "UpdateSchemaEnforcementParams",
)

Rule: TypeAlias = Literal["Warn and Accept", "Warn and Hide", "Warn and Drop"]
"""What happens to an event that breaks its schema; a dropped one is lost for good."""


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class SchemaEntry(OpenParams):
    """The JSON Schema of one event (`event`), custom event or profile, as the service lists it and takes it."""

    entity_type: str
    name: str
    schema_definition: dict[str, Any] = attrs.field(metadata={"wire": "schemaJson"})
    version: Maybe[str] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class BulkCreateSchemasParams(Params):
    """Several schemas.

    - `entries`: the schemas.
    - `truncate`: whether all others are deleted first.
    - `entity_type`: only those of this type are: event, custom_event or profile.
    """

    entries: list[SchemaEntry]
    truncate: Maybe[bool] = UNSET
    entity_type: Maybe[str] = UNSET


@attrs.frozen(kw_only=True)
class BulkCreateSchemasResponse(Entity):
    """How many schemas were added and deleted."""

    added: int
    deleted: int


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class BulkPatchResult(Entity):
    """What became of one schema among several."""

    entity_type: str
    name: str
    status: str
    error: str | None = None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class DeleteSchemasResponse(Entity):
    """How many schemas were deleted."""

    delete_count: int


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class SchemaEnforcementConfig(Entity):
    """How strictly schemas are kept."""

    id: int | None = None
    last_modified: str | None = None
    last_modified_by: dict[str, Any] | None = None
    rule_event: str | None = None
    notification_emails: list[str] | None = None
    events: list[dict[str, Any]] | None = None
    common_properties: list[dict[str, Any]] | None = None
    user_properties: list[dict[str, Any]] | None = None
    initialized_by: dict[str, Any] | None = None
    initialized_from: str | None = None
    initialized_to: str | None = None
    state: str | None = None


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class InitSchemaEnforcementParams(Params):
    """What happens to events that break their schema.

    - `rule_event`: what happens to an event that breaks its schema.
    """

    rule_event: Rule


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class UpdateSchemaEnforcementParams(Changes):
    """What is to change.

    - `notification_emails`: who is told of what breaks them.
    - `events`: the names of the events that are held to theirs.
    - `properties`: for an event, the names of the properties that are.
    - others: those of `InitSchemaEnforcementParams`.
    """

    notification_emails: Maybe[list[str]] = UNSET
    rule_event: Maybe[Rule] = UNSET
    events: Maybe[list[str]] = UNSET
    properties: Maybe[dict[str, list[str]]] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class ReplaceSchemaEnforcementParams(Params):
    """All that is enforced from now on.

    - `common_properties`: properties that all events are held to, in the service's own terms.
    - `user_properties`: those that profiles are held to.
    - `events`: the events that are held to their schemas, in the service's own terms.
    - `schema_id`: which configuration it replaces.
    - others: those of `UpdateSchemaEnforcementParams`.
    """

    common_properties: list[dict[str, Any]]
    user_properties: list[dict[str, Any]]
    events: list[dict[str, Any]]
    rule_event: Rule
    notification_emails: list[str]
    schema_id: Maybe[int] = UNSET


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class AuditViolation(Entity):
    """One way in which what arrived breaks a schema, and how often."""

    violation: str
    name: str
    count: int
    platform: str | None = None
    version: str | None = None
    event: str | None = None
    sensitive: bool | None = None
    property_type_error: str | None = None


@attrs.frozen(kw_only=True)
class AuditResponse(Entity):
    """What breaks the schemas, and when that was computed ("" where the service does not say)."""

    violations: list[AuditViolation]
    computed_at: str = ""
