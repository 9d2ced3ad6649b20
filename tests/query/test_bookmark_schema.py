"""What the service refuses to keep is refused here, every flaw at once."""

from __future__ import annotations

from typing import Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.query.bookmark_schema import check_schema
from mixpanel_headless.query.flows import build_flow_params
from mixpanel_headless.query.insights import build_insights_params

GOOD = build_insights_params("Login", last=7)


def codes(params: dict[str, Any], kind: Any = "insights") -> list[tuple[str, str]]:
    with pytest.raises(mp.BookmarkValidationError) as caught:
        check_schema(params, kind)
    return [(flaw.path, flaw.code) for flaw in caught.value.errors]


def test_what_the_builders_write_passes() -> None:
    check_schema(GOOD, "insights")
    check_schema({**GOOD, "sorting": {"bar": {"sortBy": "column", "colSortAttrs": []}}, "columnWidths": {}}, "insights")
    check_schema(build_flow_params("Login", last=7), "flows")


def test_missing_and_unknown_parts_are_told_together() -> None:
    assert codes({"odd": 1}) == [
        ("sections", "B0_MISSING_FIELD"), ("displayOptions", "B0_MISSING_FIELD"), ("odd", "S3_UNKNOWN_FIELD"),
    ]  # fmt: skip
    assert codes({"sections": {}, "displayOptions": {}}) == [
        ("sections.show", "B0_MISSING_FIELD"), ("sections.time", "B0_MISSING_FIELD"),
        ("displayOptions.chartType", "B0_MISSING_FIELD"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sorting", "path", "code"),
    [
        (4, "sorting", "S5_NOT_A_DICT"),
        ({"bar": {"sortBy": "column"}}, "sorting.bar.colSortAttrs", "S2_MISSING_COL_SORT_ATTRS"),
        ({"bar": {"odd": 1}}, "sorting.bar.odd", "S3_UNKNOWN_FIELD"),
        ({"bar": {"colSortAttrs": [{"sortOrder": "up"}]}}, "sorting.bar.colSortAttrs[0].sortOrder", "S1_INVALID_ORDER"),
    ],
)
def test_a_bad_sorting_block_is_refused(sorting: Any, path: str, code: str) -> None:
    assert (path, code) in codes({**GOOD, "sorting": sorting})


def test_a_sorting_for_an_unknown_chart_is_no_reason_to_refuse() -> None:
    check_schema({**GOOD, "sorting": {"radar": {}}}, "insights")


def test_a_sound_outline_is_looked_into() -> None:
    sections = {**GOOD["sections"], "show": []}
    assert codes({**GOOD, "sections": sections}) == [("sections.show", "B4_INVALID_SHOW")]


def test_a_flow_needs_its_steps_and_dates_and_may_hold_more() -> None:
    assert codes({"odd": 1}, "flows") == [("steps", "B0_MISSING_FIELD"), ("date_range", "B0_MISSING_FIELD")]
