"""Links to reports, as made and as resolved."""

from typing import Any, Literal

import attrs

from .bookmarks import Bookmark
from .entity import Entity

__all__ = (
    "ReportLink",
    "ResolvedReportLink",
)


@attrs.frozen(kw_only=True)
class ReportLink(Entity):
    """A link to a report that was just made; as text it is its `url`."""

    url: str
    slug: str
    report_type: str
    project_id: int
    workspace_id: int | None = None
    name: str = ""
    description: str = ""
    bookmark_id: int | None = None
    created_at: str | None = None

    def __str__(self) -> str:
        return self.url


@attrs.frozen(kw_only=True)
class LinkRecord(Entity):
    """What the service keeps for a slug."""

    slug: str | None = None
    type: str
    params: dict[str, Any] | None = None
    name: str | None = None
    description: str | None = None
    overrides: dict[str, Any] | None = None
    created_at: str | None = None
    bookmark_id: int | None = None
    bookmark: Bookmark | None = None


@attrs.frozen(kw_only=True)
class ResolvedReportLink(Entity):
    """What a link points at: a report's `params`, ready to be asked, and whose it is.

    `source` says whether it came by a slug or as a saved report (then it is whole in `bookmark`). `input` is the link as it
    was given, `url` the same written plainly, `expanded_url` what a short link stood for.
    """

    source: Literal["slug", "bookmark"]
    report_type: str
    params: dict[str, Any]
    project_id: int
    workspace_id: int | None = None
    region: str
    url: str
    input: str
    expanded_url: str | None = None
    slug: str | None = None
    bookmark_id: int | None = None
    bookmark: Bookmark | None = None
    name: str | None = None
    description: str | None = None
    overrides: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """What the link points at as JSON-ready data; the saved report as the service writes it."""
        return {**super().to_dict(), "bookmark": self.bookmark.to_wire() if self.bookmark else None}

    def __str__(self) -> str:
        return self.url
