"""The sandbox keeps what a project says of its data: the Lexicon, schemas and how they are kept, and its context."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import EVENTS, NOW

AMOUNT = {"properties": {"amount": {"type": "number"}}}


def test_what_is_said_of_an_event_stands_over_what_was_seen(ws: mp.Workspace) -> None:
    (seen,) = ws.get_event_definitions(names=["Login"])
    said = ws.update_event_definition("Login", mp.UpdateEventDefinitionParams(description="Comes in", verified=True))
    assert (said.id, said.name, said.description, said.verified) == (seen.id, "Login", "Comes in", True)
    assert [one.description for one in ws.get_event_definitions(names=["Login", "Purchase"])] == ["Comes in", None]
    ws.delete_event_definition("Login")
    assert ws.get_event_definitions(names=["Login"])[0].description is None


def test_several_events_change_by_name_and_by_id(ws: mp.Workspace) -> None:
    (seen,) = ws.get_event_definitions(names=["Login"])
    rows = [mp.BulkEventUpdate(id=seen.id, hidden=True), mp.BulkEventUpdate(name="Refund", hidden=False)]
    changed = ws.bulk_update_event_definitions(mp.BulkUpdateEventsParams(events=rows))
    assert [(one.name, one.hidden) for one in changed] == [("Login", True), ("Refund", False)]
    assert [one.name for one in ws.get_event_definitions(names=["Refund", "Nothing"])] == ["Refund"]
    with pytest.raises(mp.QueryError, match="has the id 99"):
        ws.bulk_update_event_definitions(mp.BulkUpdateEventsParams(events=[mp.BulkEventUpdate(id=99, hidden=True)]))


def test_a_property_of_events_is_another_than_that_of_users(ws: mp.Workspace) -> None:
    for owner, text in (("Event", "in dollars"), ("User", "in all")):
        ws.update_property_definition(
            "amount", mp.UpdatePropertyDefinitionParams(description=text, resource_type=owner)  # type: ignore[arg-type]
        )  # fmt: skip
    found = [ws.get_property_definitions(names=["amount"], resource_type=owner) for owner in ("event", "user")]
    assert [one.description for (one,) in found] == ["in dollars", "in all"]


def test_a_schema_is_registered_merged_and_deleted(ws: mp.Workspace) -> None:
    ws.create_schema("event", "Order", AMOUNT)
    ws.update_schema("event", "Order", {"properties": {"plan": {"type": "string"}}})
    there = {one.name: one.schema_definition for one in ws.list_schema_registry()}
    assert there["Order"] == {"properties": {"amount": {"type": "number"}, "plan": {"type": "string"}}}
    assert ws.delete_schemas(entity_type="event", entity_name="Order").delete_count == 1
    assert {one.name for one in ws.list_schema_registry()} == there.keys() - {"Order"}


def test_a_truncating_registration_leaves_only_what_it_gives(ws: mp.Workspace) -> None:
    before = len(ws.list_schema_registry())
    entry = mp.SchemaEntry(entity_type="event", name="Order", schema_definition=AMOUNT)
    done = ws.create_schemas_bulk(mp.BulkCreateSchemasParams(entries=[entry], truncate=True))
    assert (done.added, done.deleted) == (1, before)
    assert [one.name for one in ws.list_schema_registry()] == ["Order"]
    (row,) = ws.update_schemas_bulk(mp.BulkCreateSchemasParams(entries=[entry]))
    assert (row.name, row.status) == ("Order", "ok")


def test_schemas_are_kept_once_that_is_set_up(ws: mp.Workspace) -> None:
    with pytest.raises(mp.QueryError, match="not set up"):
        ws.get_schema_enforcement()
    ws.init_schema_enforcement(mp.InitSchemaEnforcementParams(rule_event="Warn and Accept"))
    ws.update_schema_enforcement(mp.UpdateSchemaEnforcementParams(notification_emails=["a@example.com"]))
    kept = ws.get_schema_enforcement()
    assert (kept.rule_event, kept.notification_emails) == ("Warn and Accept", ["a@example.com"])
    with pytest.raises(mp.QueryError, match="is set up"):
        ws.init_schema_enforcement(mp.InitSchemaEnforcementParams(rule_event="Warn and Hide"))
    ws.delete_schema_enforcement()
    with pytest.raises(mp.QueryError, match="not set up"):
        ws.get_schema_enforcement()


def test_project_and_organization_each_say_what_they_are(ws: mp.Workspace) -> None:
    ws.set_business_context("We sell shoes.")
    ws.set_business_context("We are a group.", level="organization")
    chain = ws.get_business_context_chain()
    assert (chain.organization.content, chain.project.content) == ("We are a group.", "We sell shoes.")
    ws.clear_business_context()
    assert ws.get_business_context().content == ""
    assert ws.get_business_context("organization").content == "We are a group."


@pytest.mark.parametrize(
    ("method", "place", "body", "complaint"),
    [
        ("PATCH", "data-definitions/events/", {"events": "Login"}, "events must be a list of objects"),
        ("PATCH", "data-definitions/events/", {"hidden": True}, "name or id is a required field"),
        ("PATCH", "data-definitions/properties/", {"properties": [7]}, "properties must be a list of objects"),
        ("PATCH", "data-definitions/properties/", {"name": ["amount"]}, "name must be a text"),
        ("POST", "schemas", {"entries": [{"entityType": "event", "name": "A"}]}, "schemaJson must be an object"),
        ("POST", "schemas", {"entries": [{"name": "A", "schemaJson": {}}]}, "entityType must be a text"),
        ("PATCH", "schemas", {}, "entries must be a list of objects"),
        ("PUT", "business-context", {"content": None}, "content must be a text"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_the_name_of_its_field(
    method: str, place: str, body: dict[str, Any], complaint: str
) -> None:
    with Sandbox(EVENTS, now=NOW) as box:
        key = base64.b64encode(f"{box.username}:{box.secret}".encode()).decode()
        request = urllib.request.Request(
            f"{box.url}/api/app/projects/{box.project}/{place}",
            json.dumps(body).encode(),
            {"Authorization": f"Basic {key}", "Content-Type": "application/json"},
            method=method,
        )
        with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request, timeout=10):
            pass
        with caught.value as refused:
            assert (refused.code, json.load(refused)["error"]) == (400, complaint)
