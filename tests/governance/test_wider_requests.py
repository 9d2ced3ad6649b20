"""A request that goes further than others of its operation is judged by what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
ENTRY: Any = {"entityType": "event", "name": "Login", "schemaJson": SCHEMA}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(events=[{"event": "Login", "properties": {"distinct_id": "u1", "time": 1767607200}}]) as box:
        with box.workspace() as ws:
            ws.create_schema("event", "Sign Up", SCHEMA)
        yield box


def names(box: Sandbox) -> set[str]:
    with box.workspace() as ws:
        return {schema.name for schema in ws.list_schema_registry()}


@pytest.mark.parametrize("entries", [[ENTRY], []])
@pytest.mark.parametrize(
    "policy",
    [
        "editor",
        {"preset": "admin", "deny": [{"names": ["Sign Up"]}]},
        {"preset": "admin", "deny": [{"destructive": True}]},
        {"preset": "admin", "deny": [{"verbs": ["delete"]}]},
        {"preset": "admin", "confirm": [{"destructive": True}]},
        {"preset": "admin", "caps": {"entities": 1}},
        None,
    ],
)
def test_a_bulk_creation_that_deletes_all_others_is_a_deletion(box: Sandbox, policy: Any, entries: Any) -> None:
    with box.workspace(policy=policy) as ws, pytest.raises(mp.PolicyDenied):
        ws.create_schemas_bulk(mp.BulkCreateSchemasParams(entries=entries, truncate=True))
    assert "Sign Up" in names(box)


def test_a_bulk_creation_that_deletes_nothing_is_none(box: Sandbox) -> None:
    with box.workspace(policy="editor") as ws:
        ws.create_schemas_bulk(mp.BulkCreateSchemasParams(entries=[ENTRY], truncate=False))
    assert {"Login", "Sign Up"} <= names(box)


def test_a_plan_says_that_nobody_knows_how_much_such_a_call_deletes(box: Sandbox) -> None:
    with box.workspace(policy="admin") as ws, ws.dry_run() as plan:
        ws.create_schemas_bulk(mp.BulkCreateSchemasParams(entries=[], truncate=True))
    assert (plan.changes[0].count, plan.changes[0].verb) == (None, "delete")
    assert [row[1:] for row in plan.table] == [("*", None, "unknown", "deleted")]


def test_a_schema_that_may_replace_another_is_a_change_of_it(box: Sandbox) -> None:
    with box.workspace(policy={"allow": [{"verbs": ["read", "create"]}]}) as ws, pytest.raises(mp.PolicyDenied):
        ws.create_schema("event", "Sign Up", SCHEMA)
    with box.workspace() as ws:
        with ws.dry_run() as plan:
            ws.create_schema("event", "Sign Up", {"type": "object", "properties": {"a": {"type": "string"}}})
        ws.update_schema("event", "Sign Up", {"description": "theirs"})
        with pytest.raises(mp.PlanOutdated):
            plan.apply()


def test_rows_that_replace_those_of_a_table_are_a_change_of_it(box: Sandbox, tmp_path: Path) -> None:
    (path := tmp_path / "rates.csv").write_text("id,rate\n1,2\n")
    with box.workspace() as ws:
        table = ws.upload_lookup_table(mp.UploadLookupTableParams(name="Revenue rates", file_path=str(path)))
    again = mp.UploadLookupTableParams(name="x", file_path=str(path), data_group_id=int(table.id))
    for policy in ({"preset": "admin", "deny": [{"names": ["Revenue*"]}]}, {"allow": [{"verbs": ["read", "create"]}]}):
        with box.workspace(policy=policy) as ws, pytest.raises(mp.PolicyDenied):
            ws.upload_lookup_table(again)
    with box.workspace() as ws:
        assert [one.name for one in ws.list_lookup_tables()] == ["Revenue rates"]


@pytest.mark.parametrize(
    ("deny", "name"),
    [({"names": ["Café*"]}, "Cafe\u0301 x"), ({"ids": ["{0}"]}, "Payers")],
)
def test_neither_composed_letters_nor_leading_zeros_pass_a_rule(box: Sandbox, deny: Any, name: str) -> None:
    with box.workspace() as ws:
        id_ = ws.create_cohort(mp.CreateCohortParams(name=name)).id
    deny = {key: [one.format(id_) for one in values] for key, values in deny.items()}
    with box.workspace(policy={"preset": "admin", "deny": [deny]}) as ws:
        with pytest.raises(mp.PolicyDenied):
            ws.delete_cohort(f"0{id_}" if "ids" in deny else id_)  # type: ignore[arg-type]
        with pytest.raises(mp.PolicyDenied):
            ws.bulk_delete_cohorts([f"0{id_}" if "ids" in deny else id_])  # type: ignore[list-item]
