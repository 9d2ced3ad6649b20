"""Dashboards, saved reports, cohorts, flags and experiments: where this client is stricter or more lenient on purpose.

Each test names the recorded calls in which other clients go wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

BOARD: dict[str, Any] = {"id": 501, "title": "Growth"}
REPORT: dict[str, Any] = {"id": 42, "name": "Signups", "type": "insights"}
COHORT: dict[str, Any] = {"id": 81, "name": "Payers"}
FLAG: dict[str, Any] = {"id": "f", "project_id": 12345, "name": "N", "key": "n"}
EXPERIMENT: dict[str, Any] = {"id": "e", "name": "Short form"}
REFUSED: dict[str, Any] = {"status": "error", "error": "Rejected by policy"}


@pytest.mark.parametrize(
    ("row", "ask"),
    [
        (BOARD, lambda ws: ws.list_dashboards()),  # list_dashboards/next_cursor_is_ignored
        (COHORT, lambda ws: ws.list_cohorts_full()),  # list_cohorts_full/next_cursor_is_ignored
        (EXPERIMENT, lambda ws: ws.list_experiments()),  # list_experiments/next_cursor_is_ignored
        (FLAG, lambda ws: ws.list_feature_flags()),
    ],
)
def test_a_list_follows_its_cursor_to_the_last_page(service: Answering, row: dict[str, Any], ask: Any) -> None:
    service.tell({"results": [row], "pagination": {"next_cursor": "c2"}}).tell({"results": [row]})
    with service.workspace(workspace=99) as ws:
        assert len(ask(ws)) == 2
    assert service.asked[1].params[-1] == ("cursor", "c2")


def test_a_list_of_saved_reports_follows_the_cursor_inside_its_inner_envelope(service: Answering) -> None:
    """list_bookmarks_v2/next_cursor_is_ignored."""
    service.tell({"results": {"results": [REPORT], "pagination": {"next_cursor": "n2"}}})
    service.tell({"results": {"results": [{**REPORT, "id": 43}]}})
    with service.workspace() as ws:
        assert [report.id for report in ws.list_bookmarks_v2()] == [42, 43]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: ws.list_dashboards(),  # list_dashboards/soft_error_200
        lambda ws: ws.delete_dashboard(501),  # delete_dashboard/soft_error_200_passes
        lambda ws: ws.create_feature_flag(mp.CreateFeatureFlagParams(name="N", key="n")),  # .../soft_error_200
    ],
)
def test_a_success_that_says_error_is_an_error(service: Answering, ask: Any) -> None:
    service.tell(REFUSED)
    with service.workspace(workspace=99) as ws, pytest.raises(mp.QueryError, match="Rejected by policy"):
        ask(ws)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: ws.delete_dashboard(501),  # delete_dashboard/empty_200
        lambda ws: ws.delete_cohort(81),  # delete_cohort/empty_200
        lambda ws: ws.archive_experiment("e"),
        lambda ws: ws.delete_feature_flag("f"),
    ],
)
def test_an_empty_answer_to_a_call_that_returns_nothing_is_success(service: Answering, ask: Any) -> None:
    service.tell(b"")
    with service.workspace(workspace=99) as ws:
        assert ask(ws) is None


@pytest.mark.parametrize(
    ("ask", "path"),
    [
        # delete_experiment/id_climbs_to_another_entity, get_experiment/id_is_not_escaped
        (lambda ws, at: ws.delete_experiment(at), "DELETE /api/app/workspaces/99/experiments/{}"),
        # delete_feature_flag/id_climbs_out_of_the_workspace, get_feature_flag/id_is_not_escaped
        (lambda ws, at: ws.delete_feature_flag(at), "DELETE /api/app/projects/12345/workspaces/99/feature-flags/{}/"),
    ],
)
def test_an_id_never_reaches_another_path(service: Answering, ask: Any, path: str) -> None:
    service.tell(b"")
    with service.workspace(workspace=99) as ws:
        ask(ws, "../cohorts/81?x=1#y")
        for nothing in ("", "..", " "):
            with pytest.raises(mp.InvalidArgumentError):
                ask(ws, nothing)
    assert service.sent == [path.format("..%2Fcohorts%2F81%3Fx=1%23y")] or service.sent == [
        path.format("..%2Fcohorts%2F81%3Fx%3D1%23y")
    ]


def test_a_field_that_does_not_exist_is_refused(service: Answering) -> None:
    """create_dashboard/unknown_field_is_dropped."""
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError, match="colour: no such field"):
        ws.create_dashboard(mp.CreateDashboardParams(title="D", colour="red"))  # type: ignore[call-arg] # the flaw
    assert service.sent == []


def test_nulls_are_accepted_where_a_value_has_a_default(service: Answering) -> None:
    """get_dashboard/null_in_plain_bool, get_dashboard/null_ancestors, get_flag_limits/null_limit."""
    service.tell({"results": {**BOARD, "can_view": None, "ancestors": None}})
    service.tell({"results": {"limit": None, "is_trial": False, "current_usage": 4, "contract_status": "active"}})
    with service.workspace() as ws:
        board = ws.get_dashboard(501)
        assert (board.can_view, board.ancestors) == (False, [])
        assert ws.get_flag_limits().limit is None


def test_numbers_are_accepted_as_ids_of_data_groups(service: Answering) -> None:
    """list_cohorts_full/data_group_as_number, get_feature_flag/data_group_as_number."""
    service.tell({"results": [{**COHORT, "data_group_id": 7}]}).tell({"results": {**FLAG, "data_group_id": 7}})
    with service.workspace(workspace=99) as ws:
        assert ws.list_cohorts_full()[0].data_group_id == 7
        assert ws.get_feature_flag("f").data_group_id == 7


@pytest.mark.parametrize(
    "ask",
    [
        # create_cohort/definition_overrides_name
        lambda ws: ws.create_cohort(mp.CreateCohortParams(name="Outer", definition={"name": "Inner", "groups": []})),
        # bulk_update_cohorts/definition_overrides_id
        lambda ws: ws.bulk_update_cohorts([mp.BulkUpdateCohortEntry(id=81, definition={"id": 999})]),
    ],
)
def test_a_definition_that_would_override_a_named_field_is_refused(service: Answering, ask: Any) -> None:
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError, match="stands in the definition too"):
        ask(ws)
    assert service.sent == []


def test_several_entries_may_be_mappings_and_are_checked(service: Answering) -> None:
    """bulk_update_bookmarks/client_plain_dict."""
    service.tell(b"")
    with service.workspace() as ws:
        ws.bulk_update_bookmarks([{"id": 1, "name": "A"}])  # type: ignore[list-item] # a convenience at run time
        for wrong in ([3], "text", [{"name": "A"}]):
            with pytest.raises(mp.ParamValidationError):
                ws.bulk_update_bookmarks(wrong)  # type: ignore[arg-type] # the flaw
        with pytest.raises(mp.ParamValidationError, match="params is 7; give a CreateCohortParams"):
            ws.create_cohort(7)  # type: ignore[arg-type] # the flaw
    assert [asked.body for asked in service.asked] == [{"bookmarks": [{"id": 1, "name": "A"}]}]


def test_the_fields_of_the_official_description_of_experiments_are_sent(service: Answering) -> None:
    """create_experiment/variants_are_dropped."""
    service.tell({"results": EXPERIMENT})
    params = mp.CreateExperimentParams(name="S", variants=[{"key": "a"}], metrics=[], global_access_type="on")
    with service.workspace() as ws:
        ws.create_experiment(params)
    assert service.asked[0].body == {"name": "S", "variants": [{"key": "a"}], "metrics": [], "global_access_type": "on"}


def test_an_empty_answer_to_a_copy_is_an_error_because_the_copy_is_promised(service: Answering) -> None:
    """duplicate_experiment/empty_200."""
    service.tell(b"")
    with service.workspace() as ws, pytest.raises(mp.InvalidResponseError):
        ws.duplicate_experiment("e", mp.DuplicateExperimentParams(name="Copy"))


def test_the_pagination_beside_a_list_of_changes_is_kept(service: Answering) -> None:
    """get_bookmark_history/flat_list_loses_pagination."""
    service.tell({"status": "ok", "results": [{"action": "created"}], "pagination": {"next_cursor": "n1"}})
    with service.workspace() as ws:
        page = ws.get_bookmark_history(42)
    assert page.pagination is not None
    assert (page.pagination.next_cursor, page.results) == ("n1", [{"action": "created"}])


def test_a_report_that_was_saved_but_not_put_into_its_dashboard_is_named(service: Answering) -> None:
    service.tell({"results": REPORT}).tell({"error": "gone"}, 404)
    with service.workspace() as ws:
        params = ws.build_params("Sign Up", last=7)
        new = mp.CreateBookmarkParams(name="S", bookmark_type="insights", params=params, dashboard_id=501)
        with pytest.raises(mp.QueryError, match="The report is saved as 42") as caught:
            ws.create_bookmark(new)
    assert caught.value.details["bookmark_id"] == 42


def test_what_cannot_stand_in_json_is_refused_before_anything_is_sent(service: Answering) -> None:
    with service.workspace() as ws, pytest.raises(mp.ParamValidationError, match="cannot stand in JSON"):
        ws.update_dashboard(501, mp.UpdateDashboardParams(time_filter={"from": object}))
    assert service.sent == []


def test_a_change_that_is_repeated_is_sent_twice(service: Answering) -> None:
    service.tell(b"").tell(b"")
    with service.workspace() as ws:
        ws.pin_dashboard(501)
        ws.pin_dashboard(501)
    assert len(service.sent) == 2
