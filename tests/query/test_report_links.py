"""What links point at, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.query.report_links import (
    LinkTarget,
    app_of,
    check_region,
    check_scope,
    parse_report_link,
    write_saved_link,
    write_slug_link,
)

SLUG = "aB3dE5gH7jK9"
HERE = "https://mixpanel.com/project/12345"


def target(**facts: Any) -> LinkTarget:
    return LinkTarget(**{"region": "us", "project": 12345, "app": "insights", **facts})


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        (f"  {SLUG}\n", LinkTarget(slug=SLUG)),
        (f"{HERE}/app/insights#{SLUG}", target(slug=SLUG)),
        (f"{HERE}/app/insights#{SLUG}/?a=b", target(slug=SLUG)),
        (f"{HERE}/app/insights%23{SLUG}", target(slug=SLUG)),
        (f"mixpanel.com/project/12345/app/insights#{SLUG}", target(slug=SLUG)),
        (f"http://eu.mixpanel.com/project/12345/app/flows#{SLUG}", target(slug=SLUG, region="eu", app="flows")),
        (f"{HERE}/view/9/app/insights#{SLUG}", target(slug=SLUG, workspace=9)),
        (
            f"https://in.mixpanel.com/report/7/view/9/insights/#{SLUG}",
            target(slug=SLUG, region="in", project=7, workspace=9),
        ),
        (f"{HERE}/app/funnels#view/55/My-funnel", target(bookmark_id=55, app="funnels")),
        (f"{HERE}/app/insights#segmentation-report/55/t/~(x~1)", target(bookmark_id=55)),
        (f"{HERE}/app/insights#report/55?a=b", target(bookmark_id=55)),
        (f"{HERE}/view/9/app/boards#id=3&edited-bookmark={SLUG}", target(slug=SLUG, workspace=9, app="boards")),
        ("https://mixpanel.com/s/4xYz", LinkTarget(short_code="4xYz", region="us")),
    ],
)
def test_every_form_of_a_link_is_read(link: str, wanted: LinkTarget) -> None:
    assert parse_report_link(link) == wanted


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("", "REPORT_LINK_UNPARSEABLE"),
        ("hello", "REPORT_LINK_UNPARSEABLE"),
        (f"https://mixpanel.com.evil.test/project/1/app/insights#{SLUG}", "REPORT_LINK_UNPARSEABLE"),
        (f"https://user@mixpanel.com/project/1/app/insights#{SLUG}", "REPORT_LINK_UNPARSEABLE"),
        (f"https://mixpanel.com@evil.test/project/1/app/insights#{SLUG}", "REPORT_LINK_UNPARSEABLE"),
        (f"https://mixpanel.com:x]/project/1/app/insights#{SLUG}", "REPORT_LINK_UNPARSEABLE"),
        (f"ftp://mixpanel.com/project/1/app/insights#{SLUG}", "REPORT_LINK_UNPARSEABLE"),
        (f"https://mixpanel.com/project/0/app/insights#{SLUG}", "REPORT_LINK_UNRECOGNIZED_PATH"),
        ("https://mixpanel.com/settings#x", "REPORT_LINK_UNRECOGNIZED_PATH"),
        (f"{HERE}/app/insights", "REPORT_LINK_EMPTY_HASH"),
        (f"{HERE}/app/insights#?a=b", "REPORT_LINK_EMPTY_HASH"),
        (f"{HERE}/app/insights#what-is-this-thing", "REPORT_LINK_UNRECOGNIZED_HASH"),
        (f"{HERE}/app/insights#report/0", "REPORT_LINK_UNRECOGNIZED_HASH"),
        (f"{HERE}/app/boards#x=1", "REPORT_LINK_UNRECOGNIZED_HASH"),
        (f"{HERE}/app/boards#id=31", "UNSUPPORTED_DASHBOARD_LINK"),
        (f"{HERE}/app/insights#~(sections~(show~1))", "UNSUPPORTED_INLINE_REPORT_LINK"),
    ],
)
def test_what_is_no_link_to_one_report_is_named(link: str, code: str) -> None:
    with pytest.raises((mp.ReportLinkParseError, mp.UnsupportedReportLinkError)) as caught:
        parse_report_link(link)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [None, 5, b"x", ["a"]])
def test_a_link_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(mp.ReportLinkParseError):
        parse_report_link(value)


def test_a_link_of_another_region_is_refused_with_the_region_to_open() -> None:
    with pytest.raises(mp.ReportLinkScopeMismatchError, match="region='eu'") as caught:
        check_region("eu", "us")
    assert caught.value.code == "REPORT_LINK_REGION_MISMATCH"


@pytest.mark.parametrize(
    ("project", "workspace", "code"),
    [(9, None, "REPORT_LINK_PROJECT_MISMATCH"), (12345, 5, "REPORT_LINK_WORKSPACE_MISMATCH")],
)
def test_a_report_of_another_project_or_workspace_is_refused(project: int, workspace: int | None, code: str) -> None:
    with pytest.raises(mp.ReportLinkScopeMismatchError) as caught:
        check_scope(project, workspace, 12345, 4242)
    assert caught.value.code == code


@pytest.mark.parametrize(("project", "workspace", "pinned"), [(None, None, 4), (12345, 4, 4), (12345, 4, None)])
def test_a_report_of_the_own_scope_passes(project: int | None, workspace: int | None, pinned: int | None) -> None:
    check_scope(project, workspace, 12345, pinned)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("insights", "insights#report/55"),
        ("funnel", "funnels#view/55"),
        ("flows", "flows#report/55"),
        ("launch-analysis", "impact#report/55"),
        ("journeys", "paths#report/55"),
    ],
)
def test_a_written_link_to_a_saved_report_reads_back(kind: str, place: str) -> None:
    link = write_saved_link("https://mixpanel.com", 12345, 9, kind, 55, "paths")
    assert link == f"{HERE}/view/9/app/{place}"
    assert parse_report_link(link).bookmark_id == 55


def test_a_written_link_by_slug_reads_back() -> None:
    link = write_slug_link("https://mixpanel.com", 12345, None, app_of("flows"), SLUG)
    assert parse_report_link(link) == target(slug=SLUG, app="flows")
