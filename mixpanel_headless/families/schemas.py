"""The schema registry: what events and profiles should hold, how strictly that is kept, and what breaks it.

ws.create_schema("event", "Order", {"properties": {"amount": {"type": "number"}}})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post, put
from mixpanel_headless.errors import InvalidArgumentError
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.replies import unwrap
from mixpanel_headless.request import Json, Request, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.models import schemas as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.schemas")

VIEW = Scope.WORKSPACE_IF_PINNED
ENFORCEMENT = "data-definitions/schema/"


class Schemas(Surface[Mode]):
    """What events and profiles should hold.

    Calls below `schemas` spend a budget of their own, 5 a minute; none of these calls costs a query.
    """

    @operation
    def list_schema_registry(self, *, entity_type: str | None = None) -> Request[Listing[kinds.SchemaEntry]]:
        """The schemas, of one type (`event`, `custom_event`, `profile`) if it is given.

        - `entity_type`: only those of this type: event, custom_event or profile.
        """
        return get(schema_path(entity_type), list[kinds.SchemaEntry], scope=VIEW)

    @operation(verb="update", named_by=2, before="list_schema_registry")
    def create_schema(
        self, entity_type: str, entity_name: str, schema_json: Mapping[str, Any]
    ) -> Request[dict[str, Any]]:
        """Add a schema, or replace the one that is there; what the service answers."""
        return post(schema_path(entity_type, entity_name), dict[str, Any], scope=VIEW, json=schema_json)

    @operation(bulk=True)
    def create_schemas_bulk(self, params: kinds.BulkCreateSchemasParams) -> Request[kinds.BulkCreateSchemasResponse]:
        """How many schemas were added and deleted; none is deleted unless `truncate` asks for it, which policies take for that."""
        asked = post("schemas", kinds.BulkCreateSchemasResponse, scope=VIEW, json=params)
        return attrs.evolve(asked, sweeps=params.truncate is True)

    @operation(named_by=2, before="list_schema_registry")
    def update_schema(
        self, entity_type: str, entity_name: str, schema_json: Mapping[str, Any]
    ) -> Request[dict[str, Any]]:
        """Merge what is given into a schema; what the service answers."""
        return patch(schema_path(entity_type, entity_name), dict[str, Any], scope=VIEW, json=schema_json)

    @operation(bulk=True)
    def update_schemas_bulk(self, params: kinds.BulkCreateSchemasParams) -> Request[Listing[kinds.BulkPatchResult]]:
        """What became of each schema."""
        asked = patch("schemas", list[kinds.BulkPatchResult], scope=VIEW, json=params)
        return attrs.evolve(asked, sweeps=params.truncate is True)

    @operation(named_by=2, before="list_schema_registry")
    def delete_schemas(
        self, *, entity_type: str | None = None, entity_name: str | None = None
    ) -> Request[kinds.DeleteSchemasResponse]:
        """Delete one schema, all of a type, or all of the project, for good.

        - `entity_type`: only those of this type: event, custom_event or profile.
        - `entity_name`: only the one of this name.
        """
        if entity_name is not None and entity_type is None:
            hint = "Give entity_type too; without it all schemas would go."
            raise InvalidArgumentError("entity_name stands without entity_type.", hint=hint, sent=False)
        return delete(schema_path(entity_type, entity_name), kinds.DeleteSchemasResponse, scope=VIEW)

    @operation
    def get_schema_enforcement(self, *, fields: str | None = None) -> Request[kinds.SchemaEnforcementConfig]:
        """How strictly schemas are kept; only `fields` (names with commas between) if they are given.

        - `fields`: only these parts of it.
        """
        return get(ENFORCEMENT, kinds.SchemaEnforcementConfig, scope=VIEW, fields=fields)

    @operation
    def init_schema_enforcement(self, params: kinds.InitSchemaEnforcementParams) -> Request[dict[str, Any]]:
        """Begin to hold events to their schemas; what the service answers."""
        return post(ENFORCEMENT, dict[str, Any], scope=VIEW, json=params)

    @operation
    def update_schema_enforcement(self, params: kinds.UpdateSchemaEnforcementParams) -> Request[dict[str, Any]]:
        """Change some of how events are held to their schemas; what the service answers."""
        return patch(ENFORCEMENT, dict[str, Any], scope=VIEW, json=params)

    @operation
    def replace_schema_enforcement(self, params: kinds.ReplaceSchemaEnforcementParams) -> Request[dict[str, Any]]:
        """Replace all of how events are held to their schemas; what the service answers."""
        return put(ENFORCEMENT, dict[str, Any], scope=VIEW, json=params)

    @operation
    def delete_schema_enforcement(self) -> Request[dict[str, Any]]:
        """Stop holding events to their schemas; what the service answers."""
        return delete(ENFORCEMENT, dict[str, Any], scope=VIEW)

    @operation
    def run_audit(self) -> Request[kinds.AuditResponse]:
        """In what ways the events and properties of late break their schemas."""
        return audit("audit")

    @operation
    def run_audit_events_only(self) -> Request[kinds.AuditResponse]:
        """In what ways the events of late break their schemas, their properties left aside."""
        return audit("audit-events-only")


def schema_path(*names: str | None) -> str:
    """Where schemas stand: all of them, those of a type, or one."""
    given = [name for name in names if name is not None]
    return at("/".join(["schemas", *["{}"] * len(given)]), *given)


def audit(which: str) -> Request[kinds.AuditResponse]:
    """An audit, which the service answers with a list of violations and an object beside it."""
    asked = get(f"data-definitions/{which}/", kinds.AuditResponse, scope=VIEW)
    return attrs.evolve(asked, read=lambda tree, provenance: asked.read(name_parts(tree), provenance))


def name_parts(tree: Json) -> Json:
    """The two parts of an audit by name; one without violations may have no parts."""
    parts = unwrap(tree)
    if not isinstance(parts, list):
        return tree
    violations, about = [*parts, [], {}][:2] if parts else ([], {})
    return {"results": {"violations": violations, **(about if isinstance(about, dict) else {})}}
