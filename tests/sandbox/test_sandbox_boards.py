"""What stands in dashboards, and blueprints: put in, taken out and told of by our own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import EVENTS, NOW, total_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = mp.DashboardRowContent(content_type="text", content_params={"markdown": "Hello"})


@pytest.fixture
def ws() -> Iterator[mp.Workspace]:
    reports = [{"id": 7, "name": "Logins", "type": "insights", "params": total_of("Login")}]
    with Sandbox(EVENTS, now=NOW, reports=reports) as box, box.workspace(policy="admin") as workspace:
        yield workspace


def board_of(ws: mp.Workspace, *contents: mp.DashboardRowContent) -> mp.Dashboard:
    rows = [mp.DashboardRow(contents=list(contents))]
    return ws.create_dashboard(mp.CreateDashboardParams(title="Board", rows=rows))


def contents(board: mp.Dashboard) -> list[tuple[str, Any]]:
    assert isinstance(board.contents, list)
    return [(one["content_type"], one["content_id"]) for one in board.contents]


def test_a_report_stands_in_a_dashboard_until_it_is_taken_out(ws: mp.Workspace) -> None:
    board = board_of(ws)
    assert contents(ws.add_report_to_dashboard(board.id, 7)) == [("report", 7)]
    assert list(ws.get_bookmark_dashboard_ids(7)) == [board.id]
    assert ws.get_dashboard_erf(board.id)["metrics"] == [{"id": 7, "name": "Logins"}]
    assert contents(ws.remove_report_from_dashboard(board.id, 7)) == []
    assert list(ws.get_bookmark_dashboard_ids(7)) == []
    with pytest.raises(mp.QueryError, match="has no report 7"):
        ws.remove_report_from_dashboard(board.id, 7)


def test_a_report_that_does_not_exist_cannot_be_added(ws: mp.Workspace) -> None:
    board = board_of(ws)
    with pytest.raises(mp.QueryError, match="Bookmark 4242 does not exist"):
        ws.add_report_to_dashboard(board.id, 4242)
    unknown = mp.DashboardRowContent(content_type="report", content_params={"source_bookmark_id": 4242})
    with pytest.raises(mp.QueryError, match="Bookmark 4242 does not exist"):
        board_of(ws, TEXT, unknown)
    assert [one.id for one in ws.list_dashboards()] == [board.id]


def test_a_deleted_report_is_gone_from_all_dashboards(ws: mp.Workspace) -> None:
    board = board_of(ws, TEXT)
    ws.add_report_to_dashboard(board.id, 7)
    ws.delete_bookmark(7)
    assert [kind for kind, _ in contents(ws.get_dashboard(board.id))] == ["text"]


def test_a_text_card_says_something_else(ws: mp.Workspace) -> None:
    board = board_of(ws, TEXT)
    ((_, card),) = contents(board)
    ws.update_text_card(board.id, card, mp.UpdateTextCardParams(markdown="Bye"))
    (found,) = ws.get_dashboard(board.id).contents
    assert found["content_params"] == {"markdown": "Bye"}
    with pytest.raises(mp.QueryError, match="has no text 1"):
        ws.update_text_card(board.id, 1, mp.UpdateTextCardParams(markdown="Bye"))


def test_a_link_to_a_report_is_told_of_and_changed(ws: mp.Workspace) -> None:
    board, params = board_of(ws), {"source_bookmark_id": 7}
    content = {"action": "create", "content_type": "report-link", "content_params": params}
    ((_, link),) = contents(ws.update_dashboard(board.id, mp.UpdateDashboardParams(content=content)))
    assert list(ws.bookmark_linked_dashboard_ids(7)) == [board.id]
    ws.update_report_link(board.id, link, mp.UpdateReportLinkParams(link_type="embedded"))
    (found,) = ws.get_dashboard(board.id).contents
    assert found["content_params"]["type"] == "embedded"


def test_a_blueprint_becomes_a_finished_dashboard(ws: mp.Workspace) -> None:
    names = [str(template.extra["name"]) for template in ws.list_blueprint_templates()]
    board = ws.create_blueprint(names[0])
    assert board.template_type == names[0]
    assert set(ws.get_blueprint_config(board.id).variables.values()) == {"Login", "Purchase"}
    cards = [mp.BlueprintCard(card_type="text", markdown="Hello"), mp.BlueprintCard(card_type="report", bookmark_id=7)]
    done = ws.finalize_blueprint(mp.BlueprintFinishParams(dashboard_id=board.id, cards=cards))
    assert [kind for kind, _ in contents(done)] == ["text", "report"]
    with pytest.raises(mp.QueryError, match="must be one of onboarding"):
        ws.create_blueprint("nothing")


def test_a_blueprint_changes_and_makes_cohorts(ws: mp.Workspace) -> None:
    made = ws.create_cohort(mp.CreateCohortParams(name="Payers"))
    ws.update_blueprint_cohorts([{"id": made.id, "name": "Buyers"}, {"id": None, "name": "New", "groups": []}])
    assert [one.name for one in ws.list_cohorts_full()] == ["Buyers", "New"]


def test_a_dashboard_explains_a_change(ws: mp.Workspace) -> None:
    source = mp.RcaSourceData(source_type="anomaly", date="2026-01-07")
    made = ws.create_rca_dashboard(mp.CreateRcaDashboardParams(rca_source_id=1, rca_source_data=source))
    assert (made.generation_type, ws.get_dashboard(made.id).title) == ("rca", "Root cause of anomaly")


def test_a_copy_has_what_stands_in_the_first(ws: mp.Workspace) -> None:
    board = board_of(ws, TEXT)
    copy = ws.create_dashboard(mp.CreateDashboardParams(title="Copy", duplicate=board.id))
    assert contents(copy) == contents(board)
    ws.add_report_to_dashboard(copy.id, 7)
    assert contents(ws.get_dashboard(board.id)) == contents(board)
