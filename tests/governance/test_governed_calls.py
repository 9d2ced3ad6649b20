"""Policies stand in the one way that every call takes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.app_api import post
from mixpanel_headless.errors import UnexplainedOperation
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.sandbox import Sandbox
from mixpanel_headless.workspace import AsyncWorkspace

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_headless.request import Request
    from tests.answering import Answering

NOTE = {"results": {"id": 7, "date": "2026-01-01 00:00:00", "description": "Release"}}


def note(description: str = "Release") -> mp.CreateAnnotationParams:
    return mp.CreateAnnotationParams(date="2026-01-01 00:00:00", description=description)


def test_an_analyst_asks_the_sandbox_and_changes_nothing() -> None:
    event = {"event": "Login", "properties": {"distinct_id": "u1", "time": 1767607200}}
    with Sandbox(events=[event]) as box:
        given: dict[str, Any] = {
            "project": str(box.project),
            "username": box.username,
            "secret": box.secret,
            "api_base_url": box.url,
        }
        with mp.Workspace(**given, policy="analyst", store="memory", cache="memory") as ws:
            assert ws.query("Login", from_date="2026-01-05", to_date="2026-01-05").df["count"].sum() == 1
            with pytest.raises(mp.PolicyDenied, match="analyst allows"):
                ws.create_dashboard(mp.CreateDashboardParams(title="Mine"))


def test_an_analyst_reads_and_may_not_write(service: Answering) -> None:
    service.tell({"results": []})
    with service.workspace(policy="analyst") as ws:
        assert ws.list_annotations() == []
        with pytest.raises(mp.PolicyDenied, match=r"annotations.create_annotation.*analyst") as caught:
            ws.create_annotation(note())
    assert service.sent == ["GET /api/app/projects/12345/annotations/"]
    assert (caught.value.sent, caught.value.code, caught.value.details["verb"]) == (False, "POLICY_DENIED", "create")


class Board(enum.StrEnum):
    FINANCE = "2002"

    def __str__(self) -> str:
        return "finance"


@pytest.mark.parametrize("rule", [{"deny": [{"ids": ["2002"]}]}, {"allow": [{"ids": ["finance"]}]}])
def test_a_rule_of_ids_judges_the_id_that_would_be_sent(service: Answering, rule: dict[str, Any]) -> None:
    with service.workspace(policy=rule) as ws:
        with pytest.raises(mp.PolicyDenied):
            ws.delete_dashboard(Board.FINANCE)  # type: ignore[arg-type]
        with pytest.raises(mp.PolicyDenied):
            ws.bulk_delete_dashboards([Board.FINANCE])  # type: ignore[list-item]
    assert service.sent == []


async def test_an_async_workspace_keeps_to_the_same_policy(service: Answering) -> None:
    async with service.async_workspace(policy="read_only") as ws:
        with pytest.raises(mp.PolicyDenied):
            await ws.delete_annotation(7)
    assert service.sent == []


def test_an_editor_stops_at_the_cap(service: Answering) -> None:
    for _ in range(6):
        service.tell(NOTE)
    with service.workspace(policy={"preset": "editor", "caps": {"mutations": 5}}) as ws:
        with ws.task("tidy"):
            for _ in range(5):
                ws.create_annotation(note())
            with pytest.raises(mp.PolicyDenied, match="at most 5 mutations a task"):
                ws.create_annotation(note())
        ws.create_annotation(note())  # another task, that of the program itself
    assert len(service.sent) == 6


def test_tasks_inside_a_task_count_together(service: Answering) -> None:
    with service.workspace(policy={"caps": {"mutations": 2}}) as ws, ws.task("outer"):
        for name in ("one", "two"):
            with ws.task(name):
                ws.delete_annotation(7)
        with ws.task("three"), pytest.raises(mp.PolicyDenied):
            ws.delete_annotation(7)


def test_a_task_narrows_and_cannot_widen(service: Answering) -> None:
    with service.workspace(policy="editor") as ws:
        with ws.task("look", policy="read_only"), pytest.raises(mp.PolicyDenied, match="read_only"):
            ws.create_annotation(note())
        with ws.task("all", policy="admin"), pytest.raises(mp.PolicyDenied, match="editor"):
            ws.delete_annotation(7)
        none = {"caps": {"mutations": 0}}
        with ws.task("all", policy="admin"), ws.task("in", policy=none), pytest.raises(mp.PolicyDenied, match="most 0"):
            ws.create_annotation(note())
    assert service.sent == []


def test_the_environment_names_a_policy_that_the_program_can_only_narrow(
    service: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[[deny]]\nverbs = ["delete"]\n')
    monkeypatch.setenv("MP_POLICY", str(path))
    with service.workspace(policy="admin") as ws, pytest.raises(mp.PolicyDenied, match=f"{path}, line 1") as caught:
        ws.delete_annotation(7)
    assert caught.value.details["rule"] == "deny verbs=['delete']"
    assert service.sent == []


def test_a_thing_is_protected_by_the_name_that_it_has_now(service: Answering) -> None:
    board = {"results": {"id": 5, "title": "Revenue 2026"}}
    service.tell(board).tell({"results": {"id": 6, "title": "Draft"}})
    with service.workspace(policy={"deny": [{"names": ["Revenue*"], "verbs": ["delete", "update"]}]}) as ws:
        with pytest.raises(mp.PolicyDenied, match="Revenue"):
            ws.delete_dashboard(5)
        ws.delete_dashboard(6)
    prefix = "/api/app/projects/12345/dashboards"
    assert service.sent == [f"GET {prefix}/5", f"GET {prefix}/6", f"DELETE {prefix}/6"]


def test_a_thing_is_not_renamed_into_a_protected_name(service: Answering) -> None:
    service.tell({"results": {"id": 6, "title": "Draft"}}).tell({"results": {"id": 6, "title": "Draft 2"}})
    with service.workspace(policy={"allow": [{"names": ["Draft*"], "verbs": ["update"]}]}) as ws:
        with pytest.raises(mp.PolicyDenied, match="update_dashboard"):
            ws.update_dashboard(6, mp.UpdateDashboardParams(title="Revenue"))
        with pytest.raises(mp.PolicyDenied, match="get_dashboard"):
            ws.get_dashboard(6)  # though policies look at names themselves
        ws.update_dashboard(6, mp.UpdateDashboardParams(title="Draft 2"))


def test_a_call_in_several_steps_is_refused_before_the_first(service: Answering) -> None:
    policy = {"deny": [{"operations": ["create_report_link"]}]}
    with service.workspace(policy=policy) as ws, pytest.raises(mp.PolicyDenied, match="create_report_link"):
        ws.create_report_link(ws.build_params("Login"))
    assert service.sent == []


def test_batches_and_estimates_keep_to_the_policy_also_for_answers_that_are_known(service: Answering) -> None:
    with service.workspace() as ws:
        ws.me()
        with ws.task("blind", policy={"deny": [{"families": ["identity"]}]}):
            gathered = ws.gather([mp.later(ws._me)])
            with pytest.raises(mp.PolicyDenied):
                ws.estimate(mp.later(ws._me))
    assert isinstance(gathered[0].error, mp.PolicyDenied)


def test_a_plan_of_calls_tells_of_a_denied_change(service: Answering) -> None:
    with service.workspace(policy="analyst") as ws, pytest.raises(mp.PolicyDenied):
        ws.plan([mp.later(ws.delete_annotation, 7)])


def test_what_was_not_sent_does_not_count(service: Answering) -> None:
    with service.workspace(policy={"caps": {"mutations": 1}}) as ws:
        with pytest.raises(mp.InvalidArgumentError):
            ws.delete_annotation("..")  # type: ignore[arg-type]
        with ws.task("none", max_requests=0), pytest.raises(mp.TaskCeilingReached):
            ws.delete_annotation(7)
        ws.delete_annotation(7)
    assert len(service.sent) == 1


def test_a_bulk_deletion_that_nobody_watches_needs_a_confirmation(service: Answering) -> None:
    with service.workspace() as ws:
        with pytest.raises(mp.PolicyDenied, match="dry_run") as caught:
            ws.bulk_delete_dashboards([1, 2])
        assert (caught.value.code, service.sent) == ("CONFIRMATION_NEEDED", [])
    with service.workspace(policy="admin") as ws:
        ws.bulk_delete_dashboards([1, 2])
    assert len(service.sent) == 1


def test_what_a_change_touches_is_asked_again_and_other_answers_are_kept(service: Answering) -> None:
    def ask(ws: mp.Workspace) -> int:
        before = len(service.sent)
        ws.cohorts()
        ws.segmentation("Login", from_date="2026-01-01", to_date="2026-01-02")
        ws.me()
        return len(service.sent) - before

    def tell() -> None:
        service.tell([], path="cohorts/list").tell({"data": {"values": {}, "series": []}}, path="/segmentation")

    with service.workspace(policy="admin") as ws:
        tell()
        assert [ask(ws), ask(ws)] == [3, 0]
        service.tell({"results": {"id": 1, "name": "A"}})
        ws.create_cohort(mp.CreateCohortParams(name="A"))
        tell()
        assert ask(ws) == 1  # no question names a cohort that was not there
        ws.delete_cohort(1)
        tell()
        assert ask(ws) == 2


class Toys(Surface[Mode]):
    @operation
    def list_toys(self) -> Request[Any]:
        """A list that is asked for in a way that changes things."""
        return post("toys", object, json={})


class Toyspace(AsyncWorkspace, Toys[Any]): ...


async def test_an_operation_that_is_said_to_read_sends_nothing_that_changes(service: Answering) -> None:
    async with Toyspace(**service.settings()) as ws:
        with pytest.raises(UnexplainedOperation, match="list_toys is said to read"):
            await ws.list_toys()
    assert service.sent == []
