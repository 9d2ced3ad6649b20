"""Who is asking, and which workspace stands for a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.accounts.workspaces import Listed, choose_workspace, read_index

if TYPE_CHECKING:
    from pathlib import Path

    from tests.answering import Answering

ME = {
    "user_id": 6,
    "user_email": "ann@example.test",
    "projects": {
        "12345": {"name": "web", "organization_id": 50, "timezone": "US/Pacific"},
        "777": {"name": "App", "organization_id": 50, "tier": "gold"},
    },
    "workspaces": {
        "9001": {"id": 9001, "name": "team", "project_id": 12345, "is_default": True},
        "9002": {"id": 9002, "name": "All Project Data", "project_id": 12345},
        "8000": {"id": 8000, "name": "Main", "project_id": 777},
    },
}
PUBLIC = "GET /api/app/projects/12345/workspaces/public"
INDEX = "GET /api/app/projects/metadata/index"


def public(number: int, **facts: Any) -> dict[str, Any]:
    return {"id": number, "name": f"view {number}", "project_id": 12345, "is_default": False, **facts}


def test_me_is_asked_once_and_known_to_later_programs(service: Answering, tmp_path: Path) -> None:
    service.tell({"results": ME})
    with service.workspace(cache="disk", state_dir=tmp_path) as ws:
        assert ws.me().user_email == "ann@example.test"
        assert ws.me().provenance.origin == "cache"  # type: ignore[union-attr] # it was asked
    with service.workspace(cache="disk", state_dir=tmp_path) as later:
        assert later.me().projects["777"].extra == {"tier": "gold"}
    assert service.sent == ["GET /api/app/me"]


def test_me_costs_no_query(service: Answering) -> None:
    service.tell({"results": ME})
    with service.workspace() as ws:
        ws.me()
        assert ws.budget().used == 0


def test_a_forced_refresh_asks_again_and_replaces_what_was_known(service: Answering) -> None:
    service.tell({"results": ME}).tell({"results": {"user_id": 7}})
    with service.workspace() as ws:
        assert [ws.me().user_id, ws.me(force_refresh=True).user_id, ws.me().user_id] == [6, 7, 7]
    assert len(service.sent) == 2


@pytest.mark.parametrize(("status", "hint"), [(401, "MP_SECRET"), (403, "user_details")])
def test_refused_credentials_are_a_fault_of_the_setup(service: Answering, status: int, hint: str) -> None:
    service.tell({"error": "no"}, status)
    with service.workspace() as ws, pytest.raises(mp.ConfigError) as caught:
        ws.projects()
    assert hint in caught.value.hint


def test_projects_come_by_name_whatever_its_case(service: Answering) -> None:
    service.tell({"results": ME})
    with service.workspace() as ws:
        assert [(project.id, project.name) for project in ws.projects()] == [("777", "App"), ("12345", "web")]


def test_a_project_called_by_its_name_is_refused_with_its_id(service: Answering) -> None:
    service.tell({"results": ME})
    with service.workspace() as ws, pytest.raises(mp.ConfigError, match=r"did you mean '12345 \(web\)'"):
        ws.workspaces(project_id="Web")


def test_workspaces_are_those_of_the_named_project(service: Answering) -> None:
    service.tell({"results": ME})
    with service.workspace() as ws:
        assert [view.id for view in ws.workspaces()] == [9002, 9001]
        assert [view.id for view in ws.workspaces(project_id=777)] == [8000]


def test_the_session_says_what_calls_speak_of_and_keeps_its_secret(service: Answering) -> None:
    with service.workspace() as ws:
        session = ws.use(workspace=4242).session
        assert (session.project.id, session.workspace) == ("12345", mp.WorkspaceRef(id=4242))
        assert session.account.username == "sa.test"
        assert "s3cret" not in repr(session) + str(session.to_dict())
        assert ws.use(project=777).session.workspace is None
    assert service.sent == []


def test_an_oauth_account_keeps_its_token(service: Answering) -> None:
    with service.workspace(username=None, secret=None, oauth_token="t0ken") as ws:
        assert ws.account.type == "oauth_token"
        assert "t0ken" not in repr(ws.account) + str(ws.account.to_dict())


def test_a_pinned_workspace_is_the_answer_without_a_request(service: Answering) -> None:
    with service.workspace(workspace=4242) as ws:
        assert ws.resolve_workspace_id() == 4242
    assert service.sent == []


def test_the_resolved_workspace_is_kept_for_all_views_and_does_not_become_the_pin(service: Answering) -> None:
    service.tell({"results": [public(5), public(6, is_default=True)]})
    with service.workspace() as ws:
        assert ws.with_options(priority="batch").resolve_workspace_id() == ws.resolve_workspace_id() == 6
        assert ws.workspace is None
    assert service.sent == [PUBLIC]


def test_what_me_has_told_already_spares_the_request(service: Answering) -> None:
    service.tell({"results": ME})
    with service.workspace() as ws:
        ws.me()
        assert ws.resolve_workspace_id() == 9002
    assert service.sent == ["GET /api/app/me"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_closed_list_gives_way_to_the_index(service: Answering, status: int) -> None:
    service.tell({"error": "no"}, status, "public")
    service.tell({"results": {"12345": {"workspaces": {"a": {"id": "31"}, "b": 4, "c": {"name": "x"}}}}}, path="index")
    with service.workspace() as ws:
        assert ws.resolve_workspace_id() == 31
    assert service.sent == [PUBLIC, INDEX]


def test_a_project_without_workspaces_is_an_error_that_says_how_to_name_one(service: Answering) -> None:
    service.tell({"results": []}).tell({"results": {}})
    with service.workspace() as ws, pytest.raises(mp.WorkspaceScopeError) as caught:
        ws.resolve_workspace_id()
    assert (caught.value.code, "MP_WORKSPACE_ID" in caught.value.hint) == ("NO_WORKSPACES", True)


def test_a_failing_list_is_an_error_and_no_reason_to_look_elsewhere(service: Answering) -> None:
    service.tell({"error": "lost"}, 500)
    with service.workspace() as ws, pytest.raises(mp.ServerError):
        ws.resolve_workspace_id()
    assert service.sent == [PUBLIC]


def view(number: int, name: str = "x", **facts: bool | None) -> Listed:
    return Listed(number, name, facts.get("is_global"), facts.get("is_default"), facts.get("is_visible"))


@pytest.mark.parametrize(
    ("views", "chosen"),
    [
        ([view(1, "All Project Data"), view(2, is_global=True)], 2),
        ([view(1, is_default=True), view(2, "All Project Data")], 2),
        ([view(1), view(2, is_default=True, is_visible=False)], 2),
        ([view(1, is_visible=False), view(2, is_visible=None)], 2),
        ([view(1, is_visible=False), view(2, is_visible=False)], 1),
        ([], None),
    ],
)
def test_the_first_that_fits_best_is_chosen(views: list[Listed], chosen: int | None) -> None:
    assert choose_workspace(views) == chosen


@pytest.mark.parametrize("tree", [None, [], {"12345": 4}, {"12345": {"workspaces": []}}, {"12345": {}}])
def test_an_index_of_another_form_lists_nothing(tree: Any) -> None:
    assert read_index(tree, "12345") == []
