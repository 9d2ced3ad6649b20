"""Dashboards (boards): pages of reports and text.

board = ws.create_dashboard(mp.CreateDashboardParams(title="Growth"))
ws.add_report_to_dashboard(board.id, bookmark_id=42)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, joined, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.models import dashboards as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.dashboards")

VIEW = Scope.WORKSPACE_IF_PINNED


class Dashboards(Surface[Mode]):
    """Pages of reports and text; none of these calls costs a query."""

    @operation
    def list_dashboards(self, *, ids: Sequence[int] | None = None) -> Request[Listing[kinds.Dashboard]]:
        """The dashboards with those ids, all of them by default; their contents come with `get_dashboard`.

        - `ids`: only those with these ids.
        """
        return get("dashboards", list[kinds.Dashboard], scope=VIEW, ids=joined(ids))

    @operation
    def create_dashboard(self, params: kinds.CreateDashboardParams) -> Request[kinds.Dashboard]:
        """A new dashboard."""
        return post("dashboards", kinds.Dashboard, scope=VIEW, json=params)

    @operation
    def get_dashboard(self, dashboard_id: int) -> Request[kinds.Dashboard]:
        """One dashboard with its contents."""
        return get(at("dashboards/{}", dashboard_id), kinds.Dashboard, scope=VIEW)

    @operation
    def update_dashboard(self, dashboard_id: int, params: kinds.UpdateDashboardParams) -> Request[kinds.Dashboard]:
        """The changed dashboard; what is not given stays."""
        return patch(at("dashboards/{}", dashboard_id), kinds.Dashboard, scope=VIEW, json=params)

    @operation
    def delete_dashboard(self, dashboard_id: int) -> Request[None]:
        """Delete a dashboard for good, with the reports that stand in no other."""
        return delete(at("dashboards/{}", dashboard_id), scope=VIEW)

    @operation
    def bulk_delete_dashboards(self, ids: Sequence[int]) -> Request[None]:
        """Delete several dashboards for good, with the reports that stand in no other."""
        return post("dashboards/bulk-delete", scope=VIEW, json={"dashboard_ids": list(ids)})

    @operation
    def favorite_dashboard(self, dashboard_id: int) -> Request[None]:
        """Put a dashboard among the caller's favorites."""
        return post(at("dashboards/{}/favorites", dashboard_id), scope=VIEW)

    @operation
    def unfavorite_dashboard(self, dashboard_id: int) -> Request[None]:
        """Take a dashboard out of the caller's favorites."""
        return delete(at("dashboards/{}/favorites", dashboard_id), scope=VIEW)

    @operation
    def pin_dashboard(self, dashboard_id: int) -> Request[None]:
        """Pin a dashboard for everybody in the project."""
        return post(at("dashboards/{}/pin", dashboard_id), scope=VIEW)

    @operation
    def unpin_dashboard(self, dashboard_id: int) -> Request[None]:
        """Unpin a dashboard for everybody in the project."""
        return delete(at("dashboards/{}/pin", dashboard_id), scope=VIEW)

    @operation
    def add_report_to_dashboard(self, dashboard_id: int, bookmark_id: int) -> Request[kinds.Dashboard]:
        """The dashboard with a copy of a saved report."""
        added = {"source_bookmark_id": bookmark_id}
        return change_content(dashboard_id, {"action": "create", "content_type": "report", "content_params": added})

    @operation
    def remove_report_from_dashboard(self, dashboard_id: int, bookmark_id: int) -> Request[kinds.Dashboard]:
        """The dashboard without a report."""
        return change_content(dashboard_id, {"action": "delete", "content_type": "report", "content_id": bookmark_id})

    @operation
    def get_bookmark_dashboard_ids(self, bookmark_id: int) -> Request[Listing[Any]]:
        """The ids of the dashboards that a saved report stands in."""
        return get(at("dashboards/bookmarks/{}/dashboard-ids", bookmark_id), list[Any], scope=VIEW)

    @operation
    def get_dashboard_erf(self, dashboard_id: int) -> Request[Any]:
        """What the service's own reports know of a dashboard, as it comes."""
        return get(at("dashboards/{}/erf", dashboard_id), dict[str, Any], scope=VIEW)

    @operation
    def update_report_link(
        self, dashboard_id: int, report_link_id: int, params: kinds.UpdateReportLinkParams
    ) -> Request[None]:
        """Change how a report stands in a dashboard."""
        return patch(at("dashboards/{}/report-links/{}", dashboard_id, report_link_id), scope=VIEW, json=params)

    @operation
    def update_text_card(
        self, dashboard_id: int, text_card_id: int, params: kinds.UpdateTextCardParams
    ) -> Request[None]:
        """Change what a text card of a dashboard says."""
        return patch(at("dashboards/{}/text-cards/{}", dashboard_id, text_card_id), scope=VIEW, json=params)


def change_content(dashboard_id: int, content: dict[str, Any]) -> Request[kinds.Dashboard]:
    """Add something to a dashboard, or take it out."""
    return patch(at("dashboards/{}", dashboard_id), kinds.Dashboard, scope=VIEW, json={"content": content})
