"""Custom events that can be asked with, audits of the data against their schemas, and anomalies of their volume."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from tests.boxes import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_headless.sandbox import Sandbox

DAYS: dict[str, Any] = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def test_a_custom_event_that_was_made_can_be_asked_with(ws: mp.Workspace) -> None:
    made = ws.create_custom_event(mp.CreateCustomEventParams(name="Anything", alternatives=["Login", "Purchase"]))
    asked = ws.query(mp.Metric(mp.CustomEventRef(made.id)), **DAYS)
    assert asked.df["count"].sum() == 8
    ws.delete_custom_event(made.id)
    with pytest.raises(mp.QueryError, match=f"Custom event {made.id} does not exist"):
        ws.with_options(max_age=0).query(mp.Metric(mp.CustomEventRef(made.id)), **DAYS)


def test_what_is_said_of_a_custom_event_stays(ws: mp.Workspace) -> None:
    made = ws.create_custom_event(mp.CreateCustomEventParams(name="Any", alternatives=["Login"]))
    changed = ws.update_custom_event(made.id, mp.UpdateEventDefinitionParams(description="Anything", verified=True))
    assert (changed.name, changed.description, changed.custom_event_id) == ("Any", "Anything", made.id)
    assert [one.description for one in ws.list_custom_events()] == ["Anything"]
    with pytest.raises(mp.QueryError, match="Custom event 9 does not exist"):
        ws.update_custom_event(9, mp.UpdateEventDefinitionParams(verified=True))


def test_data_keep_to_the_schemas_that_they_tell(ws: mp.Workspace) -> None:
    assert ws.run_audit().violations == []
    assert ws.run_audit().computed_at == "2026-01-08T00:00:00"


def test_an_event_without_a_schema_is_a_violation(ws: mp.Workspace) -> None:
    ws.delete_schemas(entity_type="event", entity_name="Login")
    assert [(one.violation, one.name, one.count) for one in ws.run_audit_events_only().violations] == [
        ("Unexpected Event", "Login", 5)
    ]


def test_properties_are_held_to_the_schema_of_their_event(ws: mp.Workspace) -> None:
    ws.create_schema("event", "Purchase", {"properties": {"amount": {"type": "string"}}})
    found = {(one.violation, one.name, one.event, one.count) for one in ws.run_audit().violations}
    assert found == {("Property Type Error", "amount", "Purchase", 3), ("Unexpected Property", "plan", "Purchase", 3)}
    assert ws.run_audit_events_only().violations == []


@pytest.fixture
def spiked(open_box: Callable[..., Sandbox]) -> Iterator[mp.Workspace]:
    """Two pings a day for two weeks, and ten on the last day."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    days = [f"{first + timedelta(days=day):%Y-%m-%d}" for day in range(15)]
    pings = [event("Ping", "u", f"{day}T10:00:0{n}") for day in days for n in range(10 if day == days[-1] else 2)]
    now = first + timedelta(days=15, hours=12)
    with open_box(events=pings, now=now).workspace(policy="admin") as workspace:
        yield workspace


def test_a_day_unlike_those_before_is_an_anomaly(spiked: mp.Workspace) -> None:
    (found,) = spiked.list_data_volume_anomalies()
    assert (found.event_name, found.timestamp, found.actual_count) == ("Ping", "2026-01-15T00:00:00", 10)
    assert (found.predicted_lower, found.predicted_upper, found.percent_variance) == (2, 2, "400.0")


def test_an_anomaly_is_dismissed_and_opened_again(spiked: mp.Workspace) -> None:
    (found,) = spiked.list_data_volume_anomalies()
    spiked.update_anomaly(mp.UpdateAnomalyParams(id=found.id, status="dismissed", anomaly_class="Event"))
    assert list(spiked.list_data_volume_anomalies(query_params={"status": "open"})) == []
    entry = mp.BulkAnomalyEntry(id=found.id, anomaly_class="Event")
    assert spiked.bulk_update_anomalies(mp.BulkUpdateAnomalyParams(anomalies=[entry], status="open")) == {"updated": 1}
    assert [one.status for one in spiked.list_data_volume_anomalies(query_params={"status": "open"})] == ["open"]
    with pytest.raises(mp.QueryError, match="Anomaly 99 does not exist"):
        spiked.update_anomaly(mp.UpdateAnomalyParams(id=99, status="open", anomaly_class="Event"))
