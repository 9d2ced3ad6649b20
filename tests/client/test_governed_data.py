"""Schemas, audits, anomalies, deletions and business context: where this client is stricter or more lenient on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

ANOMALY: dict[str, Any] = {
    "id": 61, "actualCount": 120, "predictedUpper": 90, "predictedLower": 40, "percentVariance": 33.3, "status": "open",
    "project": 12345, "anomalyClass": "Event",
}  # fmt: skip
ME: dict[str, Any] = {
    "organizations": {"100": {"id": 100, "name": "Acme"}, "101": {"id": 101, "name": "Beta"}},
    "projects": {"777": {"name": "Else", "organization_id": 101}},
}


def test_a_number_is_accepted_as_the_variance_of_an_anomaly(service: Answering) -> None:
    """list_data_volume_anomalies/numeric_variance_refused."""
    service.tell({"results": {"anomalies": [ANOMALY, {**ANOMALY, "percentVariance": "-100"}]}})
    with service.workspace() as ws:
        assert [one.percent_variance for one in ws.list_data_volume_anomalies()] == [33.3, "-100"]


def test_an_audit_whose_time_is_null_is_read(service: Answering) -> None:
    """run_audit/null_computed_at."""
    service.tell({"results": [[{"violation": "Unexpected Event", "name": "Tets", "count": 12}], {"computed_at": None}]})
    with service.workspace() as ws:
        audit = ws.run_audit()
    assert (audit.computed_at, audit.violations[0].name) == ("", "Tets")


@pytest.mark.parametrize("parts", [[], [[]], [[], None]])
def test_an_audit_that_found_nothing_is_empty(service: Answering, parts: list[Any]) -> None:
    service.tell({"results": parts})
    with service.workspace() as ws:
        assert ws.run_audit_events_only().violations == []


def test_a_schema_is_given_back_as_it_was_listed(service: Answering) -> None:
    schema: dict[str, Any] = {
        "entityType": "event",
        "name": "Order",
        "schemaJson": {"properties": {}},
        "version": None,
        "odd": 1,
    }
    service.tell({"results": [schema]}).tell({"results": {"added": 1, "deleted": 0}})
    with service.workspace() as ws:
        entries = ws.list_schema_registry(entity_type="event")
        assert entries[0].schema_definition == {"properties": {}}
        ws.create_schemas_bulk(mp.BulkCreateSchemasParams(entries=entries))
    assert service.asked[1].body == {
        "entries": [{"entityType": "event", "name": "Order", "schemaJson": {"properties": {}}, "odd": 1}]
    }


def test_a_name_alone_does_not_delete_all_schemas(service: Answering) -> None:
    with service.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match="without it all schemas would go"):
        ws.delete_schemas(entity_name="Order")
    assert service.sent == []


def test_schemas_spend_a_budget_of_their_own(service: Answering) -> None:
    with service.workspace() as ws:
        for _ in range(5):
            service.tell({"results": []})
            ws.list_schema_registry()
        with pytest.raises(mp.BudgetError):
            ws.with_options(deadline=0.5).list_schema_registry()
    assert len(service.sent) == 5


def test_the_filters_of_a_deletion_are_an_object_however_they_are_told(service: Answering) -> None:
    request: dict[str, Any] = {
        "id": 21, "eventName": "Order", "fromDate": "2026-01-01", "toDate": "2026-01-31", "status": "Submitted",
        "deletedEventsCount": 0, "created": "2026-02-01", "requestingUser": {"id": 3},
    }  # fmt: skip
    told = [[], [{"property": "env"}], {"property": "env"}]
    service.tell({"results": [{**request, "filters": filters} for filters in told]})
    with service.workspace() as ws:
        assert [one.filters for one in ws.list_deletion_requests()] == [
            None,
            {"items": [{"property": "env"}]},
            {"property": "env"},
        ]


def test_an_organization_that_is_not_clear_is_asked_for(service: Answering) -> None:
    service.tell({"results": ME})
    with (
        service.workspace() as ws,
        pytest.raises(mp.WorkspaceScopeError, match=r"100 \(Acme\), 101 \(Beta\)") as caught,
    ):
        ws.get_business_context(level="organization")
    assert caught.value.code == "ORGANIZATION_AMBIGUOUS"
    assert service.sent == ["GET /api/app/me"]


def test_a_context_that_is_too_long_is_refused_before_anything_is_sent(service: Answering) -> None:
    with service.workspace() as ws, pytest.raises(mp.BusinessContextValidationError, match="50,001 characters"):
        ws.set_business_context("x" * 50_001)
    assert service.sent == []
