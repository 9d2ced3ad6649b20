"""Alerts and webhooks: where this client is stricter or more lenient on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

ALERT: dict[str, Any] = {"id": 31, "name": "Signups low"}
CREATE = mp.CreateAlertParams(
    bookmark_id=42, name="n", condition={}, frequency=mp.AlertFrequencyPreset.DAILY, paused=False, subscriptions=[]
)
REFUSED: dict[str, Any] = {"status": "error", "error": "Rejected by policy"}


def test_lists_follow_their_cursors_to_the_last_page(service: Answering) -> None:
    """list_alerts/next_cursor_is_ignored, list_webhooks/next_cursor_is_ignored."""
    hook = {"id": "a", "name": "n", "url": "u", "is_enabled": True}
    for row in (ALERT, hook):
        service.tell({"results": [row], "pagination": {"next_cursor": "c2"}}).tell({"results": [row]})
    with service.workspace() as ws:
        assert len(ws.list_alerts()) == 2
        assert len(ws.list_webhooks()) == 2


def test_an_alert_without_envelope_keeps_its_own_results(service: Answering) -> None:
    """create_alert/no_envelope_alert_with_results_is_unwrapped."""
    service.tell({**ALERT, "results": {"fired": 3}})
    with service.workspace() as ws:
        alert = ws.create_alert(CREATE)
    assert (alert.id, alert.results) == (31, {"fired": 3})
    assert service.asked[0].body["frequency"] == 86400


def test_nulls_are_accepted_where_a_value_has_a_default(service: Answering) -> None:
    """get_alert/null_frequency, test_webhook/null_status_code."""
    service.tell({"results": {**ALERT, "frequency": None}})
    service.tell({"results": {"success": False, "status_code": None, "message": "refused"}})
    with service.workspace() as ws:
        assert ws.get_alert(31).frequency == 0
        assert ws.test_webhook(mp.WebhookTestParams(url="u")).status_code is None


def test_the_pagination_beside_a_list_of_times_is_kept(service: Answering) -> None:
    """get_alert_history/flat_list_loses_pagination."""
    service.tell({"results": [{"at": 1}], "pagination": {"next_cursor": "n1", "page_size": 2}})
    service.tell({"results": {"results": [{"at": 1}], "pagination": {"next_cursor": "n2"}}})
    with service.workspace() as ws:
        pages = [ws.get_alert_history(31, page_size=2), ws.get_alert_history(31, next_cursor="n1")]
    assert [(page.pagination.next_cursor, page.pagination.page_size) for page in pages if page.pagination] == [
        ("n1", 2),
        ("n2", 20),
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda ws: ws.test_alert(CREATE),
        lambda ws: ws.validate_alerts_for_bookmark(
            mp.ValidateAlertsForBookmarkParams(alert_ids=[1], bookmark_type="insights", bookmark_params={})
        ),
    ],
)
def test_a_success_that_says_error_is_an_error(service: Answering, call: Any) -> None:
    """test_alert/soft_error_200_is_returned, validate_alerts_for_bookmark/soft_error_200_passes."""
    service.tell(REFUSED)
    with service.workspace() as ws, pytest.raises(mp.QueryError, match="Rejected by policy"):
        call(ws)


def test_none_takes_the_authentication_of_a_webhook_off(service: Answering) -> None:
    """update_webhook/auth_cannot_be_cleared."""
    service.tell({"results": {"id": "a", "name": "n"}})
    with service.workspace() as ws:
        ws.update_webhook("a", mp.UpdateWebhookParams(auth_type=None, username=None, is_enabled=True))
    assert service.asked[0].body == {"auth_type": None, "username": None, "is_enabled": True}


def test_an_id_never_leads_to_another_path(service: Answering) -> None:
    """delete_webhook/id_climbs_to_another_entity."""
    service.tell({"results": {}})
    with service.workspace() as ws:
        ws.delete_webhook("../../dashboards/501")
        with pytest.raises(mp.InvalidArgumentError):
            ws.delete_webhook("..")
    assert service.sent == ["DELETE /api/app/projects/12345/webhooks/..%2F..%2Fdashboards%2F501/"]


def test_the_password_of_a_webhook_shows_nowhere() -> None:
    params = mp.CreateWebhookParams(name="n", url="u", auth_type=mp.WebhookAuthType.BASIC, password="hunter2")
    assert "hunter2" not in repr(params)
    assert params.to_wire()["password"] == "hunter2"
    with pytest.raises(mp.ParamValidationError) as caught:
        mp.CreateWebhookParams(name=5, url="u", password=["hunter2"])  # type: ignore[arg-type] # the flaw
    assert "hunter2" not in str(caught.value)


def test_a_webhook_whose_id_is_a_number_is_read(service: Answering) -> None:  # list_webhooks/id_is_number
    service.tell({"results": [{"id": 7, "name": "n", "url": "u", "is_enabled": True}]})
    with service.workspace() as ws:
        assert ws.list_webhooks()[0].id == 7
