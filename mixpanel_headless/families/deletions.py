"""Requests to delete events that are recorded: what they delete is gone for good.

ws.preview_deletion_filters(mp.PreviewDeletionFiltersParams(event_name="Debug Ping", from_date=..., to_date=...))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import delete, get, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import deletions as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.deletions")

VIEW = Scope.WORKSPACE_IF_PINNED
PATH = "data-definitions/events/deletion-requests/"


class Deletions(Surface[Mode]):
    """Requests to delete events. Each change gives the requests that there are then; none of these calls costs a query."""

    @operation
    def list_deletion_requests(self) -> Request[Listing[kinds.EventDeletionRequest]]:
        """The requests, and how far they are."""
        return get(PATH, list[kinds.EventDeletionRequest], scope=VIEW)

    @operation(destructive=True)
    def create_deletion_request(
        self, params: kinds.CreateDeletionRequestParams
    ) -> Request[Listing[kinds.EventDeletionRequest]]:
        """The requests with a new one, whose events are deleted for good unless it is cancelled in time."""
        return post(PATH, list[kinds.EventDeletionRequest], scope=VIEW, json=params)

    @operation(before="list_deletion_requests")
    def cancel_deletion_request(self, request_id: int) -> Request[Listing[kinds.EventDeletionRequest]]:
        """The requests after one was cancelled."""
        return delete(PATH, list[kinds.EventDeletionRequest], scope=VIEW, json={"id": request_id})

    @operation
    def preview_deletion_filters(self, params: kinds.PreviewDeletionFiltersParams) -> Request[Listing[Any]]:
        """What a request would be understood as; deletes nothing."""
        return post(f"{PATH}preview-filters/", list[Any], scope=VIEW, json=params)
