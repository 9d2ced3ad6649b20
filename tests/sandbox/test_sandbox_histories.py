"""Histories in the sandbox tell the changes that it saw; counts, limits and trials tell what there is."""

from __future__ import annotations

from typing import Any

import pytest

import mixpanel_headless as mp
from tests.sandbox.conftest import total_of

FLAG: dict[str, Any] = {"key": "a", "status": "enabled", "ruleset": {}}


def test_a_flag_tells_its_changes_page_by_page(ws: mp.Workspace) -> None:
    flag = ws.create_feature_flag(mp.CreateFeatureFlagParams(name="A", key="a"))
    ws.update_feature_flag(flag.id, mp.UpdateFeatureFlagParams(name="B", **FLAG))
    whole = ws.get_flag_history(flag.id)
    assert (whole.count, [event[1] for event in whole.events]) == (2, ["flag-created", "flag-updated"])
    assert whole.events[1][2]["diff"]["name"] == ["A", "B"]
    second = ws.get_flag_history(flag.id, page="2", page_size=1)
    assert (second.count, [event[0] for event in second.events]) == (2, [2])


def test_a_report_tells_its_changes_by_cursor_both_ways(ws: mp.Workspace) -> None:
    board = ws.create_dashboard(mp.CreateDashboardParams(title="Board"))
    params = mp.CreateBookmarkParams(
        name="A", bookmark_type="insights", params=total_of("Login"), dashboard_id=board.id
    )
    report = ws.create_bookmark(params)
    for name in ("B", "C"):
        ws.update_bookmark(report.id, mp.UpdateBookmarkParams(name=name))
    first = ws.get_bookmark_history(report.id, page_size=2)
    assert [row["action"] for row in first.results] == ["create", "update"]
    assert first.pagination is not None
    assert first.pagination.next_cursor is not None
    last = ws.get_bookmark_history(report.id, page_size=2, cursor=first.pagination.next_cursor)
    assert [row["diff"]["name"] for row in last.results] == [["B", "C"]]
    assert last.pagination is not None
    assert last.pagination.next_cursor is None


def test_what_is_said_of_an_event_and_of_a_property_has_a_history(ws: mp.Workspace) -> None:
    ws.update_event_definition("Login", mp.UpdateEventDefinitionParams(hidden=True))
    ws.update_event_definition("Login", mp.UpdateEventDefinitionParams(hidden=False))
    ws.update_property_definition("amount", mp.UpdatePropertyDefinitionParams(sensitive=True))
    assert [row["diff"] for row in ws.get_event_history("Login")] == [
        {"hidden": [None, True]}, {"hidden": [True, False]},
    ]  # fmt: skip
    assert [row["diff"] for row in ws.get_property_history("amount", "event")] == [{"sensitive": [None, True]}]
    assert list(ws.get_property_history("amount", "user")) == []


def test_an_alert_was_never_looked_at_and_tells_nobody(ws: mp.Workspace) -> None:
    params = mp.CreateAlertParams(
        bookmark_id=1, name="Few", condition={"op": "<"}, frequency=3600, paused=False,
        subscriptions=[{"type": "email", "value": "ops@example.com"}],
    )  # fmt: skip
    alert = ws.create_alert(params)
    assert ws.get_alert_history(alert.id).results == []
    tried = ws.test_alert(params)
    assert (tried["sent"], tried["targets"]) == (False, ["ops@example.com"])
    assert ws.test_webhook(mp.WebhookTestParams(url="https://hooks.example.com/in")).success is False
    assert "/signed/screenshots/a%20b.png?" in ws.get_alert_screenshot_url("a b.png").signed_url


@pytest.mark.parametrize(("event", "fits"), [("Login", True), (7, False)])
def test_alerts_fit_a_question_that_can_be_asked(ws: mp.Workspace, event: Any, fits: bool) -> None:
    alert = ws.create_alert(mp.CreateAlertParams(bookmark_id=1, name="Few", condition={}, frequency=1, paused=False, subscriptions=[]))  # fmt: skip
    asked = mp.ValidateAlertsForBookmarkParams(
        alert_ids=[alert.id], bookmark_type="insights", bookmark_params=total_of(event)
    )
    told = ws.validate_alerts_for_bookmark(asked)
    assert (told.invalid_count, [row.valid for row in told.alert_validations]) == (0 if fits else 1, [fits])
    assert all(row.reason for row in told.alert_validations) is not fits


def test_a_formula_is_tried_before_it_is_kept(ws: mp.Workspace) -> None:
    letters = {"A": mp.ComposedPropertyValue(value="amount", resource_type="event")}
    given: dict[str, Any] = {"name": "Twice", "resource_type": "events", "composed_properties": letters}
    assert ws.validate_custom_property(mp.CreateCustomPropertyParams(display_formula="A * 2", **given))["valid"]
    with pytest.raises(mp.QueryError, match="displayFormula, character 6"):
        ws.validate_custom_property(mp.CreateCustomPropertyParams(display_formula="A * (", **given))


def test_a_request_to_delete_is_previewed_made_and_cancelled(ws: mp.Workspace) -> None:
    given: dict[str, Any] = {"event_name": "Login", "from_date": "2026-01-05", "to_date": "2026-01-06"}
    filters = {"property": "device", "value": "desk"}
    assert list(ws.preview_deletion_filters(mp.PreviewDeletionFiltersParams(**given, filters=filters))) == [filters]
    (made,) = ws.create_deletion_request(mp.CreateDeletionRequestParams(**given))
    assert (made.event_name, made.status) == ("Login", "Submitted")
    assert list(ws.cancel_deletion_request(made.id)) == []


def test_the_lexicon_tells_and_exports_what_there_is(ws: mp.Workspace) -> None:
    assert ws.get_tracking_metadata("Login")["count"] == 5
    assert ws.get_tracking_metadata("Nothing") == {}
    everything = ws.export_lexicon()
    assert [row["name"] for row in everything["events"]] == ["Login", "Purchase"]
    assert {row["resourceType"] for row in everything["properties"]} == {"Event", "User"}
    users = ws.export_lexicon(export_types=["All User Profile Properties"])
    assert (users["events"], {row["resourceType"] for row in users["properties"]}) == ([], {"User"})
