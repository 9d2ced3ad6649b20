"""Annotations: notes on the dates of charts, and the tags that sort them.

ws.create_annotation(mp.CreateAnnotationParams(date="2026-01-15 12:00:00", description="Release 4"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, joined, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.models import annotations as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.annotations")

VIEW = Scope.WORKSPACE_IF_PINNED


class Annotations(Surface[Mode]):
    """Notes on the dates of charts; none of these calls costs a query."""

    @operation
    def list_annotations(
        self, *, from_date: str | None = None, to_date: str | None = None, tags: Sequence[int] | None = None
    ) -> Request[Listing[kinds.Annotation]]:
        """The annotations of those days (of all by default) that have one of the tags, given by id.

        - `tags`: only notes with one of these tags, by their ids.
        """
        return get(
            "annotations/",
            list[kinds.Annotation],
            scope=VIEW,
            fromDate=from_date or None,
            toDate=to_date or None,
            tags=joined(tags),
        )

    @operation
    def create_annotation(self, params: kinds.CreateAnnotationParams) -> Request[kinds.Annotation]:
        """A new annotation."""
        return post("annotations/", kinds.Annotation, scope=VIEW, json=params)

    @operation
    def get_annotation(self, annotation_id: int) -> Request[kinds.Annotation]:
        """One annotation."""
        return get(at("annotations/{}/", annotation_id), kinds.Annotation, scope=VIEW)

    @operation
    def update_annotation(self, annotation_id: int, params: kinds.UpdateAnnotationParams) -> Request[kinds.Annotation]:
        """The annotation with other words or tags; what is not given stays."""
        return patch(at("annotations/{}/", annotation_id), kinds.Annotation, scope=VIEW, json=params)

    @operation
    def delete_annotation(self, annotation_id: int) -> Request[None]:
        """Delete an annotation for good."""
        return delete(at("annotations/{}/", annotation_id), scope=VIEW)

    @operation
    def list_annotation_tags(self) -> Request[Listing[kinds.AnnotationTag]]:
        """The tags that annotations may have."""
        return get("annotations/tags/", list[kinds.AnnotationTag], scope=VIEW)

    @operation
    def create_annotation_tag(self, params: kinds.CreateAnnotationTagParams) -> Request[kinds.AnnotationTag]:
        """A new tag for annotations."""
        return post("annotations/tags/", kinds.AnnotationTag, scope=VIEW, json=params)
