"""Saved reports, which the service calls bookmarks."""

from datetime import datetime
from typing import Any, Literal

import attrs

from .entity import Entity, Page
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "Bookmark",
    "BookmarkHistoryPagination",
    "BookmarkHistoryResponse",
    "BookmarkInfo",
    "BookmarkMetadata",
    "BulkUpdateBookmarkEntry",
    "CreateBookmarkParams",
    "UpdateBookmarkParams",
)


@attrs.frozen(kw_only=True)
class BookmarkMetadata(Entity):
    """How a saved report is shown."""

    table_display_mode: str | None = None
    retention_calculation_type: str | None = None
    event_name: str | None = None
    compare_enabled: bool | None = None
    compare_filters: list[Any] | None = None
    funnel_conversion_window: int | None = None
    funnel_breakdown_limit: int | None = None


@attrs.frozen(kw_only=True)
class Bookmark(Entity):
    """A saved report; `params` is its question, as the report builders write it."""

    id: int
    project_id: int | None = None
    name: str
    bookmark_type: str = attrs.field(metadata={"wire": "type"})
    description: str | None = None
    icon: str | None = None
    params: dict[str, Any] | None = None
    dashboard_id: int | None = None
    include_in_dashboard: bool | None = None
    is_default: bool | None = None
    creator_id: int | None = None
    creator_name: str | None = None
    creator_email: str | None = None
    created: datetime | None = None
    modified: datetime | None = None
    last_modified_by_id: int | None = None
    last_modified_by_name: str | None = None
    last_modified_by_email: str | None = None
    metadata: BookmarkMetadata | None = None
    is_visibility_restricted: bool | None = None
    is_modification_restricted: bool | None = None
    can_update_basic: bool | None = None
    can_view: bool | None = None
    can_share: bool | None = None
    generation_type: str | None = None
    original_type: str | None = None
    unique_view_count: int | None = None
    total_view_count: int | None = None


@attrs.frozen(kw_only=True)
class BookmarkInfo(Entity):
    """A saved report as lists have it, without its question; `type` may be one that no call here asks."""

    id: int
    name: str
    type: str
    project_id: int | None = None
    created: str | None = None
    modified: str | None = None
    workspace_id: int | None = None
    dashboard_id: int | None = None
    description: str | None = None
    creator_id: int | None = None
    creator_name: str | None = None


@attrs.frozen(kw_only=True)
class BookmarkHistoryPagination(Entity):
    """What asks for the pages before and after this one."""

    next_cursor: str | None = None
    previous_cursor: str | None = None
    page_size: int = 0


@attrs.frozen(kw_only=True)
class BookmarkHistoryResponse(Page):
    """One page of a saved report's changes."""

    results: list[Any]
    pagination: BookmarkHistoryPagination | None = None


@attrs.frozen(kw_only=True)
class CreateBookmarkParams(Params):
    """A new saved report.

    - `bookmark_type`: what kind of report it is.
    - `params`: its question, as the `build_*` calls write it.
    - `icon`: the name of its picture in lists.
    - `dashboard_id`: the id of the dashboard that it stands in.
    - `is_visibility_restricted`: whether only its maker, and those it is shared with, see it.
    - `is_modification_restricted`: whether only its maker, and those it is shared with, may change it.
    """

    name: str
    bookmark_type: Literal["insights", "funnels", "retention", "flows", "user"] = attrs.field(metadata={"wire": "type"})
    params: dict[str, Any]
    description: Maybe[str] = UNSET
    icon: Maybe[str] = UNSET
    dashboard_id: Maybe[int] = attrs.field(default=UNSET, metadata={"needed": True})
    is_visibility_restricted: Maybe[bool] = UNSET
    is_modification_restricted: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class UpdateBookmarkParams(Changes):
    """What is to change of a saved report.

    - `deleted`: whether it counts as deleted.
    - others: those of `CreateBookmarkParams`.
    """

    name: Maybe[str] = UNSET
    params: Maybe[dict[str, Any]] = UNSET
    description: Maybe[str] = UNSET
    icon: Maybe[str] = UNSET
    dashboard_id: Maybe[int] = UNSET
    is_visibility_restricted: Maybe[bool] = UNSET
    is_modification_restricted: Maybe[bool] = UNSET
    deleted: Maybe[bool] = UNSET


@attrs.frozen(kw_only=True)
class BulkUpdateBookmarkEntry(Changes):
    """What is to change of one saved report among several."""

    id: int
    name: Maybe[str] = UNSET
    params: Maybe[dict[str, Any]] = UNSET
    description: Maybe[str] = UNSET
    icon: Maybe[str] = UNSET
    is_visibility_restricted: Maybe[bool] = UNSET
    is_modification_restricted: Maybe[bool] = UNSET
