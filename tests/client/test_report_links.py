"""Links to reports, made, resolved and asked over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

SLUG = "aB3dE5gH7jK9"
HERE = "https://mixpanel.com/project/12345"
RECORD = {"slug": SLUG, "type": "insights", "params": {"sections": {}}, "project_id": 12345}
SAVED = {
    "id": 5511,
    "name": "Logins",
    "type": "insights",
    "project_id": 12345,
    "params": {"displayOptions": {}},
    "new": 1,
}
INSIGHTS = {"computed_at": "2025-03-04T09:12:44+00:00", "headers": ["$metric"], "series": {"Login": {"2025-03-01": 4}}}
FLOW = {"computed_at": "2025-03-04T09:12:44+00:00", "steps": [], "flows": [], "trees": [], "metadata": {}}


def test_a_link_is_made_with_a_slug_of_its_own_and_shows_the_pinned_view(service: Answering) -> None:
    service.tell({"results": {"slug": "theirs", "created_at": "2025-04-01T10:00:00Z"}})
    with service.workspace(workspace=4242) as ws:
        link = ws.create_report_link(ws.build_params("Login", last=7), name="N", bookmark_id=5)
    body = service.asked[0].body
    assert service.sent == ["POST /api/app/projects/12345/bookmark-urls/"]
    assert re.fullmatch("[1-9A-HJ-NP-Za-km-z]{12}", body["slug"])
    assert {name: body.get(name) for name in ("type", "name", "description", "bookmark_id")} == {
        "type": "insights", "name": "N", "description": None, "bookmark_id": 5,
    }  # fmt: skip
    assert str(link) == link.url == f"{HERE}/view/4242/app/insights#{body['slug']}"
    assert (link.slug, link.created_at) == (body["slug"], "2025-04-01T10:00:00Z")


def test_two_links_never_share_a_slug(service: Answering) -> None:
    with service.workspace(workspace=4242) as ws:
        links = [ws.create_report_link(ws.build_params("Login", last=7)) for _ in range(20)]
    assert len({link.slug for link in links}) == 20


def test_a_link_without_a_pin_shows_the_view_that_stands_for_the_project(service: Answering) -> None:
    service.tell({"results": [{"id": 7, "name": "x", "project_id": 12345, "is_default": True}]})
    with service.workspace() as ws:
        assert ws.create_report_link({}, validate=False).workspace_id == 7


def test_a_project_without_a_view_gets_a_link_without_one(service: Answering) -> None:
    service.tell({"results": []}).tell({"results": {}})
    with service.workspace() as ws:
        link = ws.create_report_link({}, report_type="flows", validate=False)
    assert link.url == f"{HERE}/app/flows#{link.slug}"


def test_a_result_knows_its_own_type_and_question(service: Answering) -> None:
    service.tell(FLOW, path="arb_funnels")
    with service.workspace(workspace=4242) as ws:
        flow = ws.query_flow("Login", last=7)
        link = ws.create_report_link(flow)
        with pytest.raises(mp.ParamValidationError) as caught:
            ws.create_report_link(flow, report_type="insights")
    assert (link.report_type, service.asked[1].body["params"]) == ("flows", flow.params)
    assert caught.value.code == "RL4_REPORT_TYPE_CONFLICT"


def test_an_answer_as_json_is_shared_by_its_question(service: Answering) -> None:
    with service.workspace(workspace=4242) as ws:
        params = ws.build_params("Login", last=7)
        service.tell({"results": {}})
        ws.create_report_link({"series": {}, "headers": [], "params": params})
    assert service.asked[0].body["params"] == params


def test_a_resolved_link_can_be_shared_again(service: Answering) -> None:
    service.tell({"results": {**RECORD, "type": "flows"}})
    with service.workspace(workspace=4242) as ws:
        again = ws.create_report_link(ws.resolve_report_link(SLUG), validate=False)
    assert (again.report_type, service.asked[1].body["params"]) == ("flows", {"sections": {}})


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"report_type": "users"}, "RL1_UNKNOWN_REPORT_TYPE"),
        ({"report": "Login"}, "RL2_INVALID_REPORT"),
        ({"name": 5}, "RL3_INVALID_TEXT"),
        ({"bookmark_id": 0}, "RL6_INVALID_ID"),
        ({"report": {"odd": object()}, "validate": False}, "INVALID_ARGUMENT"),
        ({"workspace_id": True}, "RL6_INVALID_ID"),
        ({"report": {"odd": 1}}, "BOOKMARK_VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_linked_is_refused_before_anything_is_sent(
    service: Answering, arguments: dict[str, Any], code: str
) -> None:
    with service.workspace() as ws, pytest.raises(mp.InvalidArgumentError) as caught:
        ws.create_report_link(**{"report": {}, **arguments})
    assert caught.value.code == code
    assert service.sent == []


def test_a_saved_report_is_resolved_whole_with_what_the_service_adds(service: Answering) -> None:
    service.tell({"results": SAVED})
    with service.workspace(workspace=4242) as ws:
        resolved = ws.resolve_report_link(f"{HERE}/app/insights#report/5511")
    assert service.sent == ["GET /api/app/workspaces/4242/bookmarks/5511"]
    assert resolved.bookmark is not None
    assert (resolved.params, resolved.bookmark.extra, resolved.name) == ({"displayOptions": {}}, {"new": 1}, "Logins")
    assert resolved.to_dict()["bookmark"]["type"] == resolved.report_type == "insights"
    assert resolved.url == f"{HERE}/view/4242/app/insights#report/5511"


@pytest.mark.parametrize(
    ("link", "code"),
    [(SLUG, "REPORT_LINK_SLUG_NOT_FOUND"), (f"{HERE}/app/insights#report/5", "REPORT_LINK_BOOKMARK_NOT_FOUND")],
)
def test_a_link_to_nothing_says_so(service: Answering, link: str, code: str) -> None:
    service.tell({"error": "not here"}, 404)
    with service.workspace() as ws, pytest.raises(mp.ReportLinkNotFoundError) as caught:
        ws.resolve_report_link(link)
    assert (caught.value.code, caught.value.status_code) == (code, 404)


@pytest.mark.parametrize(
    "link", [f"https://eu.mixpanel.com/project/12345/app/insights#{SLUG}", "https://eu.mixpanel.com/s/abc",
             f"https://mixpanel.com/project/9/app/insights#{SLUG}", f"{HERE}/view/5/app/insights#{SLUG}"],
)  # fmt: skip
def test_a_link_of_another_scope_is_refused_before_anything_is_sent(service: Answering, link: str) -> None:
    with service.workspace(workspace=4242) as ws, pytest.raises(mp.ReportLinkScopeMismatchError):
        ws.resolve_report_link(link)
    assert service.sent == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_short_link_is_followed_to_the_report_and_never_to_another_host(service: Answering, status: int) -> None:
    service.tell(b"", status, location=f"{HERE}/view/7/app/insights#{SLUG}").tell({"results": RECORD})
    with service.workspace() as ws:
        resolved = ws.resolve_report_link("mixpanel.com/s/4xYz")
    assert service.sent == ["GET /s/4xYz", f"GET /api/app/projects/12345/bookmark-urls/{SLUG}/"]
    assert service.asked[0].authorization == service.asked[1].authorization
    assert (resolved.workspace_id, resolved.expanded_url) == (7, f"{HERE}/view/7/app/insights#{SLUG}")


def test_a_short_link_may_lead_on_by_a_script(service: Answering) -> None:
    page = rf'<script>window.location.href = "https:\/\/mixpanel.com\/project\/12345\/app\/insights#{SLUG}"</script>'
    service.tell(page.encode()).tell({"results": RECORD})
    with service.workspace() as ws:
        assert ws.resolve_report_link("https://mixpanel.com/s/4xYz").slug == SLUG


@pytest.mark.parametrize(
    ("status", "location", "error", "code"),
    [
        (302, "/login?next=x", mp.AuthenticationError, "AUTH_FAILED"),
        (302, "", mp.ReportLinkParseError, "SHORT_LINK_NO_LOCATION"),
        (302, "/s/other", mp.ReportLinkParseError, "SHORT_LINK_CHAIN"),
        (
            302,
            "https://evil.test/project/12345/app/insights#aB3dE5gH7jK9",
            mp.ReportLinkParseError,
            "REPORT_LINK_UNPARSEABLE",
        ),
        (200, "", mp.ReportLinkParseError, "SHORT_LINK_NO_LOCATION"),
        (300, "/x", mp.InvalidResponseError, "SHORT_LINK_UNEXPECTED_RESPONSE"),
        (404, "", mp.ReportLinkNotFoundError, "SHORT_LINK_NOT_FOUND"),
        (401, "", mp.AuthenticationError, "AUTH_FAILED"),
        (500, "", mp.ServerError, "SERVER_ERROR"),
    ],
)
def test_a_short_link_that_leads_nowhere_says_how(
    service: Answering, status: int, location: str, error: type[mp.MixpanelHeadlessError], code: str
) -> None:
    service.tell(b"", status, **({"location": location} if location else {}))
    with service.workspace() as ws, pytest.raises(error) as caught:
        ws.resolve_report_link("https://mixpanel.com/s/4xYz")
    assert caught.value.code == code
    assert service.sent == ["GET /s/4xYz"]


def test_a_link_is_asked_in_its_own_scope_and_not_in_the_pinned_one(service: Answering) -> None:
    service.tell({"results": RECORD}).tell(INSIGHTS)
    with service.workspace() as ws:
        resolved = ws.resolve_report_link(SLUG)
        result = ws.use(workspace=5).query_report_link(resolved)
    assert isinstance(result, mp.QueryResult)
    assert ("workspace_id", "5") not in service.asked[1].params


def test_a_resolved_link_of_another_workspace_is_not_asked(service: Answering) -> None:
    service.tell({"results": RECORD})
    with service.workspace(workspace=4242) as ws:
        resolved = ws.resolve_report_link(SLUG)
        with pytest.raises(mp.ReportLinkScopeMismatchError):
            ws.use(workspace=5).query_report_link(resolved)


@pytest.mark.parametrize(
    ("row", "params", "mode"),
    [
        ("flows-chart-top-paths", {"chartType": "top-paths", "flows_merge_type": "list"}, "paths"),
        ("flows-tree-params-run-as-sankey", {"chartType": "sankey", "flows_merge_type": "tree"}, "tree"),
        ("flows-chart-sankey", {"chartType": "sankey", "flows_merge_type": "list"}, "sankey"),
        ("flows-merge-alone", {"flows_merge_type": "list"}, "paths"),
        ("flows-nothing", {}, "sankey"),
    ],
)
def test_a_linked_flow_runs_in_its_own_mode(service: Answering, row: str, params: dict[str, str], mode: str) -> None:
    service.tell({"results": {**RECORD, "type": "flows", "params": {"steps": [], **params}}}).tell(FLOW)
    with service.workspace() as ws:
        result = ws.query_report_link(SLUG)
    assert isinstance(result, mp.FlowQueryResult)
    assert result.mode == mode, row


def test_a_report_that_nobody_can_ask_is_refused_before_it_is_asked(service: Answering) -> None:
    service.tell({"results": {**RECORD, "type": "launch-analysis"}})
    with service.workspace() as ws, pytest.raises(mp.UnsupportedReportLinkError, match="launch-analysis"):
        ws.query_report_link(SLUG)
    assert len(service.sent) == 1


@pytest.mark.parametrize("link", [None, 5, mp.ReportLink])
def test_what_is_no_link_is_not_asked(service: Answering, link: Any) -> None:
    with service.workspace() as ws, pytest.raises(mp.ReportLinkParseError):
        ws.query_report_link(link)
    assert service.sent == []


def test_a_resolved_link_of_another_region_is_not_asked(service: Answering) -> None:
    service.tell({"results": RECORD})
    with service.workspace() as ws:
        resolved = ws.resolve_report_link(SLUG)
    with service.workspace(region="eu") as abroad, pytest.raises(mp.ReportLinkScopeMismatchError, match="region"):
        abroad.query_report_link(resolved)
    assert len(service.sent) == 1


def test_a_mode_for_a_report_that_has_none_is_refused_and_not_ignored(service: Answering) -> None:
    service.tell({"results": RECORD})
    with service.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match="only flows"):
        ws.query_report_link(SLUG, mode="tree")
    assert len(service.sent) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((0,), "RL6_INVALID_ID"), (("5",), "RL6_INVALID_ID")],
)
def test_a_saved_link_needs_a_real_id(service: Answering, arguments: Any, code: str) -> None:
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError) as caught:
        ws.saved_report_link(*arguments)
    assert caught.value.code == code


async def test_a_saved_link_needs_no_awaiting_as_it_asks_nothing(service: Answering) -> None:
    async with service.async_workspace(workspace=4242) as ws:
        assert ws.saved_report_link(55, report_type="funnel") == f"{HERE}/view/4242/app/funnels#view/55"
    assert service.sent == []
