"""Saved reports, which the service calls bookmarks.

params = ws.build_params("Sign Up", last=30)
ws.create_bookmark(mp.CreateBookmarkParams(name="Signups", bookmark_type="insights", params=params, dashboard_id=501))
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, joined, patch, post
from mixpanel_headless.errors import MixpanelHeadlessError
from mixpanel_headless.operation import Async, Mode, composite, operation
from mixpanel_headless.query.bookmark_schema import check_parts, check_schema
from mixpanel_headless.request import Json, Request, Scope

from .dashboards import Dashboards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.models import bookmarks as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.bookmarks")

VIEW = Scope.WORKSPACE_IF_PINNED
VERSION = 2


class Bookmarks(Dashboards[Mode]):
    """Saved reports; none of these calls costs a query."""

    @operation
    def list_bookmarks_v2(
        self, *, bookmark_type: str | None = None, ids: Sequence[int] | None = None
    ) -> Request[Listing[kinds.Bookmark]]:
        """The saved reports of one type or with those ids, all of them by default.

        - `bookmark_type`: only reports of this type, such as insights.
        - `ids`: only those with these ids.
        """
        return get(
            "bookmarks", list[kinds.Bookmark], scope=VIEW, v=VERSION, type=bookmark_type or None, ids=joined(ids)
        )

    @operation
    def _save_bookmark(self, fields: Mapping[str, Json]) -> Request[kinds.Bookmark]:
        """A report that is saved, and stands in no dashboard yet."""
        return post("bookmarks", kinds.Bookmark, scope=VIEW, json={**fields, "v": VERSION})

    @composite
    async def create_bookmark(self: Bookmarks[Async], params: kinds.CreateBookmarkParams) -> kinds.Bookmark:
        """A new saved report, in the dashboard that is named; two requests.

        When the report was saved but could not be put into the dashboard, the error says so and has its id, `bookmark_id`,
        among its details.

        Raises BookmarkValidationError with every flaw of its question before anything is sent.
        """
        if not params.dashboard_id:
            hint = "Give dashboard_id; create_dashboard makes one."
            raise MixpanelHeadlessError("A saved report must stand in a dashboard.", hint=hint, sent=False)
        check = (
            check_parts if params.bookmark_type == "user" else partial(check_schema, report_type=params.bookmark_type)
        )
        check(params.params)
        saved = await self._save_bookmark(params.to_wire())
        try:
            await self.add_report_to_dashboard(params.dashboard_id, saved.id)
        except MixpanelHeadlessError as error:
            error.details["bookmark_id"] = saved.id
            error.hint = f"The report is saved as {saved.id}; put it in a dashboard or delete it. {error.hint}".strip()
            raise
        return saved

    @operation
    def get_bookmark(self, bookmark_id: int) -> Request[kinds.Bookmark]:
        """One saved report; `params` is its question."""
        return get(at("bookmarks/{}", bookmark_id), kinds.Bookmark, scope=VIEW, v=VERSION)

    @operation
    def update_bookmark(self, bookmark_id: int, params: kinds.UpdateBookmarkParams) -> Request[kinds.Bookmark]:
        """The changed report; what is not given stays.

        Raises BookmarkValidationError with every flaw of a new question before anything is sent.
        """
        if isinstance(params.params, dict):
            check_parts(params.params)
        fields = {**params.to_wire(), "v": VERSION}
        return patch(at("bookmarks/{}", bookmark_id), kinds.Bookmark, scope=VIEW, json=fields)

    @operation
    def delete_bookmark(self, bookmark_id: int) -> Request[None]:
        """Delete a saved report for good; dashboards lose it."""
        return delete(at("bookmarks/{}", bookmark_id), scope=VIEW)

    @operation
    def bulk_delete_bookmarks(self, ids: Sequence[int]) -> Request[None]:
        """Delete several saved reports for good; dashboards lose them."""
        return post("bookmarks/bulk-delete", scope=VIEW, json={"bookmark_ids": list(ids)})

    @operation
    def bulk_update_bookmarks(self, entries: Sequence[kinds.BulkUpdateBookmarkEntry]) -> Request[None]:
        """Change several saved reports at once; what is not given of each stays."""
        return post("bookmarks/bulk-update", scope=VIEW, json={"bookmarks": list(entries)})

    @operation(verb="read")
    def bookmark_linked_dashboard_ids(self, bookmark_id: int) -> Request[Listing[Any]]:
        """The ids of the dashboards that link to a saved report."""
        return get(at("bookmarks/{}/linked-dashboard-ids", bookmark_id), list[Any], scope=VIEW)

    @operation
    def get_bookmark_history(
        self, bookmark_id: int, *, cursor: str | None = None, page_size: int | None = None
    ) -> Request[kinds.BookmarkHistoryResponse]:
        """One page of a saved report's changes; `pagination` has the cursors of its neighbours.

        - `cursor`: what a page says of the one after it.
        - `page_size`: how many changes one page has.
        """
        return get(
            at("bookmarks/{}/history", bookmark_id),
            kinds.BookmarkHistoryResponse,
            scope=VIEW,
            cursor=cursor or None,
            page_size=page_size,
        )
