"""Drop filters: events that are not recorded.

ws.create_drop_filter(mp.CreateDropFilterParams(event_name="Debug Ping", filters=[]))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import delete, get, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import drop_filters as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.drop_filters")

VIEW = Scope.WORKSPACE_IF_PINNED
PATH = "data-definitions/events/drop-filters/"


class DropFilters(Surface[Mode]):
    """Events that are not recorded: what is dropped is lost for good. Each change gives the filters that there are then.

    None of these calls costs a query.
    """

    @operation
    def list_drop_filters(self) -> Request[Listing[kinds.DropFilter]]:
        """The drop filters."""
        return get(PATH, list[kinds.DropFilter], scope=VIEW)

    @operation
    def create_drop_filter(self, params: kinds.CreateDropFilterParams) -> Request[Listing[kinds.DropFilter]]:
        """The drop filters with a new one."""
        return post(PATH, list[kinds.DropFilter], scope=VIEW, json=params)

    @operation
    def update_drop_filter(self, params: kinds.UpdateDropFilterParams) -> Request[Listing[kinds.DropFilter]]:
        """The drop filters with one changed; what is not given of it stays."""
        return patch(PATH, list[kinds.DropFilter], scope=VIEW, json=params)

    @operation
    def delete_drop_filter(self, drop_filter_id: int) -> Request[Listing[kinds.DropFilter]]:
        """The drop filters without one: its events are recorded again from now on."""
        return delete(PATH, list[kinds.DropFilter], scope=VIEW, json={"id": drop_filter_id})

    @operation
    def get_drop_filter_limits(self) -> Request[kinds.DropFilterLimitsResponse]:
        """How many drop filters there may be."""
        return get(f"{PATH}limits/", kinds.DropFilterLimitsResponse, scope=VIEW)
