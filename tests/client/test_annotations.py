"""Annotations: where the calls go, what they send, and where this client is stricter or more lenient on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

NOTE: dict[str, Any] = {"id": 61, "date": "2026-01-15 12:00:00", "description": "Release 4"}


def test_a_list_follows_its_cursor_to_the_last_page(
    service: Answering,
) -> None:  # list_annotations/next_cursor_is_ignored
    service.tell({"results": [NOTE], "pagination": {"next_cursor": "c2"}}).tell({"results": [{**NOTE, "id": 62}]})
    with service.workspace() as ws:
        assert [note.id for note in ws.list_annotations(tags=[3, 4])] == [61, 62]
    assert service.sent == ["GET /api/app/projects/12345/annotations/"] * 2
    assert service.asked[1].params == [("tags", "3,4"), ("cursor", "c2")]


def test_the_official_shape_without_a_project_is_accepted(service: Answering) -> None:
    """list_annotations/openapi_shape_without_project_id, create_annotation/openapi_shape_without_project_id."""
    service.tell({"results": [NOTE]}).tell({"results": {**NOTE, "user": {"id": 71}}})
    with service.workspace() as ws:
        assert ws.list_annotations()[0].project_id is None
        made = ws.create_annotation(mp.CreateAnnotationParams(date=NOTE["date"], description="Release 4"))
    assert made.user is not None
    assert made.user.id == 71


def test_a_field_that_an_update_cannot_change_is_refused(
    service: Answering,
) -> None:  # update_annotation/date_is_dropped
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError, match="date: no such field"):
        ws.update_annotation(61, mp.UpdateAnnotationParams(date="2026-02-02", description="x"))  # type: ignore[call-arg] # the flaw
    assert service.sent == []
