"""Custom alerts: conditions on saved reports that the service watches, and whom it tells.

ws.list_alerts(bookmark_id=42)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.models import alerts as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.alerts")

VIEW = Scope.WORKSPACE_IF_PINNED


class Alerts(Surface[Mode]):
    """Conditions that the service watches; none of these calls costs a query."""

    @operation
    def list_alerts(
        self, *, bookmark_id: int | None = None, skip_user_filter: bool | None = None
    ) -> Request[Listing[kinds.CustomAlert]]:
        """The caller's alerts, of one saved report if it is given; everybody's with `skip_user_filter`.

        - `bookmark_id`: only those that watch this saved report.
        - `skip_user_filter`: everybody's, not the caller's alone.
        """
        return get(
            "alerts/custom/",
            list[kinds.CustomAlert],
            scope=VIEW,
            bookmark_id=bookmark_id,
            skip_user_filter=skip_user_filter,
        )

    @operation
    def create_alert(self, params: kinds.CreateAlertParams) -> Request[kinds.CustomAlert]:
        """A new alert, which tells its subscribers from now on."""
        return post("alerts/custom/", kinds.CustomAlert, scope=VIEW, json=params)

    @operation
    def get_alert(self, alert_id: int) -> Request[kinds.CustomAlert]:
        """One alert."""
        return get(at("alerts/custom/{}/", alert_id), kinds.CustomAlert, scope=VIEW)

    @operation
    def update_alert(self, alert_id: int, params: kinds.UpdateAlertParams) -> Request[kinds.CustomAlert]:
        """The changed alert; what is not given stays."""
        return patch(at("alerts/custom/{}/", alert_id), kinds.CustomAlert, scope=VIEW, json=params)

    @operation
    def delete_alert(self, alert_id: int) -> Request[None]:
        """Delete an alert for good."""
        return delete(at("alerts/custom/{}/", alert_id), scope=VIEW)

    @operation
    def bulk_delete_alerts(self, ids: Sequence[int]) -> Request[None]:
        """Delete several alerts for good."""
        return post("alerts/custom/bulk-delete/", scope=VIEW, json={"alert_ids": list(ids)})

    @operation
    def get_alert_count(self, *, alert_type: str | None = None) -> Request[kinds.AlertCount]:
        """How many alerts there are, of one type if it is given, and how many there may be.

        - `alert_type`: only alerts of this type.
        """
        return get("alerts/custom/alert-count/", kinds.AlertCount, scope=VIEW, type=alert_type)

    @operation
    def get_alert_history(
        self,
        alert_id: int,
        *,
        page_size: int | None = None,
        next_cursor: str | None = None,
        previous_cursor: str | None = None,
    ) -> Request[kinds.AlertHistoryResponse]:
        """One page of the times that an alert was looked at; `pagination` has the cursors of its neighbours.

        - `page_size`: how many entries one page has.
        - `next_cursor`: what a page says of the one after it.
        - `previous_cursor`: what a page says of the one before it.
        """
        return get(
            at("alerts/custom/{}/history/", alert_id),
            kinds.AlertHistoryResponse,
            scope=VIEW,
            page_size=page_size,
            next_cursor=next_cursor,
            previous_cursor=previous_cursor,
        )

    @operation
    def test_alert(self, params: kinds.CreateAlertParams) -> Request[Any]:
        """What the alert would say; it is sent to its subscribers at once."""
        return post("alerts/custom/test/", object, scope=VIEW, json=params)

    @operation
    def get_alert_screenshot_url(self, gcs_key: str) -> Request[kinds.AlertScreenshotResponse]:
        """Where the picture of an alert can be fetched, for a while."""
        return get("alerts/custom/screenshot/", kinds.AlertScreenshotResponse, scope=VIEW, gcs_key=gcs_key)

    @operation
    def validate_alerts_for_bookmark(
        self, params: kinds.ValidateAlertsForBookmarkParams
    ) -> Request[kinds.ValidateAlertsForBookmarkResponse]:
        """Which alerts would still fit a report if it became what is given; changes nothing."""
        return post(
            "alerts/custom/validate-alerts-for-bookmark/",
            kinds.ValidateAlertsForBookmarkResponse,
            scope=VIEW,
            json=params,
        )
