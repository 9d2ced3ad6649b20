"""A dry run plans what calls would change, and applies exactly that or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

ROOT = "/api/app/projects/12345"
BOARD = {"id": 5, "title": "Sales", "description": "Old"}


def test_a_change_is_planned_with_what_was_and_what_would_be_and_is_not_sent(service: Answering) -> None:
    service.tell({"results": BOARD})
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            board = ws.update_dashboard(5, mp.UpdateDashboardParams(description="New", is_private=True))
        assert service.sent == [f"GET {ROOT}/dashboards/5"]
    (change,) = plan.changes
    assert [tuple(one) for one in change.diff] == [("description", "Old", "New"), ("is_private", False, True)]
    assert (board.description, board.provenance and board.provenance.origin) == ("New", "planned")
    assert (plan.cost, change.method, change.path, change.body) == (
        1, "PATCH", "/projects/12345/dashboards/5", {"description": "New", "is_private": True},
    )  # fmt: skip
    assert "'Old' -> 'New'" in str(plan)


def test_a_plan_sends_exactly_what_it_holds(service: Answering) -> None:
    for board in (BOARD, BOARD, {**BOARD, "title": "B"}):
        service.tell({"results": board}, path="dashboards")
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            ws.update_dashboard(5, mp.UpdateDashboardParams(title="B"))
            ws.delete_annotation(7)
        answers = plan.apply()
        assert (service.asked[-2].body, answers[0].title, answers[1]) == ({"title": "B"}, "B", None)
        assert service.sent[-2:] == [f"PATCH {ROOT}/dashboards/5", f"DELETE {ROOT}/annotations/7/"]
        with pytest.raises(mp.InvalidArgumentError, match="applied already"):
            plan.apply()


def test_a_plan_is_refused_whole_when_a_thing_has_changed_meanwhile(service: Answering) -> None:
    service.tell({"results": BOARD}).tell({"results": {**BOARD, "description": "Theirs"}})
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            ws.create_annotation(mp.CreateAnnotationParams(date="2026-01-01 00:00:00", description="x"))
            ws.update_dashboard(5, mp.UpdateDashboardParams(title="B"))
        with pytest.raises(mp.PlanOutdated, match=r"update_dashboard\(5\)") as caught:
            plan.apply()
    assert caught.value.sent is False
    assert {request.partition(" ")[0] for request in service.sent} == {"GET"}


async def test_an_async_dry_run_is_the_same(service: Answering) -> None:
    service.tell({"results": BOARD}).tell({"results": BOARD})
    async with service.async_workspace() as ws:
        async with ws.dry_run() as plan:
            await ws.delete_dashboard(5)
        assert len(service.sent) == 1
        assert await plan.apply() == [None]
    assert service.sent[-1] == f"DELETE {ROOT}/dashboards/5"


def test_a_thing_that_is_only_planned_can_be_changed_in_the_same_plan(service: Answering) -> None:
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            board = ws.create_dashboard(mp.CreateDashboardParams(title="New"))
            ws.add_report_to_dashboard(board.id, 42)
        assert board.id < 0
        for _ in range(2):
            service.tell({"results": {"id": 77, "title": "New"}}, path="dashboards")
        service.asked.clear()
        plan.apply()
    assert service.sent == [f"POST {ROOT}/dashboards", f"PATCH {ROOT}/dashboards/77"]


def test_a_call_in_several_steps_is_planned_step_by_step(service: Answering) -> None:
    with service.workspace(workspace=9) as ws, ws.dry_run() as plan:
        link = ws.create_report_link(ws.build_params("Login"))
    assert [(change.operation, change.within) for change in plan.changes] == [
        ("report_links._keep_link", "report_links.create_report_link")
    ]
    assert (link.slug, service.sent) == (plan.changes[0].body and plan.changes[0].body["slug"], [])


def test_reading_goes_on_in_a_dry_run_and_a_denied_change_is_denied(service: Answering) -> None:
    service.tell({"results": []})
    with service.workspace(policy="analyst") as ws, ws.dry_run() as plan:
        assert ws.list_annotations() == []
        with pytest.raises(mp.PolicyDenied):
            ws.delete_annotation(7)
    assert len(plan) == 0


def test_a_plan_shows_nothing_that_its_caller_may_not_read(service: Answering) -> None:
    with service.workspace(policy={"allow": [{"verbs": ["delete"]}]}) as ws, ws.dry_run() as plan:
        ws.delete_dashboard(5)
    assert (plan.changes[0].before, plan.changes[0].known, service.sent) == (None, False, [])


def test_planned_changes_count_for_the_cap(service: Answering) -> None:
    with service.workspace(policy={"caps": {"mutations": 1}}) as ws, ws.dry_run():
        ws.delete_annotation(7)
        with pytest.raises(mp.PolicyDenied, match="at most 1"):
            ws.delete_annotation(8)


def test_a_bulk_deletion_goes_with_the_token_of_its_plan(service: Answering) -> None:
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            ws.bulk_delete_dashboards([1, 2])
        assert plan.confirm == ["confirm verbs=['delete'] bulk=true"]
        with pytest.raises(mp.PolicyDenied, match="confirmed"):
            plan.apply()
        with pytest.raises(mp.InvalidArgumentError, match="token of this plan"):
            plan.apply(confirm="0" * 16)
        assert service.sent == [f"GET {ROOT}/dashboards"]
        plan.apply(confirm=plan.token)
    assert [one for one in service.sent if "POST" in one] == [f"POST {ROOT}/dashboards/bulk-delete"]


def test_a_token_lets_the_same_call_of_another_program_go_and_no_other(service: Answering) -> None:
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.bulk_delete_dashboards([1, 2])
    with service.workspace() as other:
        confirmed = other.with_options(confirm=plan.token)
        with pytest.raises(mp.PolicyDenied, match="not what was confirmed"):
            confirmed.bulk_delete_dashboards([1, 3])
        confirmed.bulk_delete_dashboards([1, 2])
    assert [asked.body for asked in service.asked if asked.verb == "POST"] == [{"dashboard_ids": [1, 2]}]


def test_a_token_is_void_once_the_thing_has_changed(service: Answering) -> None:
    policy = {"confirm": [{"verbs": ["delete"]}]}
    service.tell({"results": BOARD})
    with service.workspace(policy=policy) as ws:
        with ws.dry_run() as plan:
            ws.delete_dashboard(5)
        service.tell({"results": {**BOARD, "title": "Other"}})
        with pytest.raises(mp.PolicyDenied, match="changed since"):
            ws.with_options(confirm=plan.token).delete_dashboard(5)
        service.tell({"results": BOARD})
        ws.with_options(confirm=plan.token).delete_dashboard(5)
    assert service.sent[-1] == f"DELETE {ROOT}/dashboards/5"


def test_calls_of_another_workspace_are_not_planned_unnoticed(service: Answering) -> None:
    other = pytest.raises(mp.InvalidArgumentError, match="another workspace")
    with service.workspace() as one, service.workspace() as two, one.dry_run(), other:
        two.delete_annotation(7)
    assert {request.partition(" ")[0] for request in service.sent} == {"GET"}


def test_a_batch_inside_a_dry_run_is_planned(service: Answering) -> None:
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            ws.gather([mp.later(ws.delete_annotation, number) for number in (7, 8)])
        assert sorted(change.target for change in plan.changes) == ["7", "8"]
        plan.apply()
    assert sorted(service.sent)[:2] == [f"DELETE {ROOT}/annotations/7/", f"DELETE {ROOT}/annotations/8/"]


def test_a_password_in_a_plan_is_not_shown(service: Answering) -> None:
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.create_webhook(mp.CreateWebhookParams(name="n", url="https://x.example", auth_type=mp.WebhookAuthType.BASIC, username="u",
                                                 password="hush"))  # fmt: skip
    assert plan.changes[0].asked.request.body
    assert "hush" not in f"{plan} {plan.to_dict()} {plan!r} {plan.table.rows}"


def test_a_change_that_fails_ends_the_plan_and_tells_how_far_it_came(service: Answering) -> None:
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            for number in (7, 8, 9):
                ws.delete_annotation(number)
        service.tell({}, path="annotations/7/").tell({"error": "locked"}, 409, path="annotations/8/")
        with pytest.raises(mp.APIError, match="locked"):
            plan.apply()
    assert (len(plan.applied), service.sent[-1]) == (1, f"DELETE {ROOT}/annotations/8/")


def test_equal_plans_have_equal_tokens_whoever_makes_them(service: Answering) -> None:
    tokens = []
    for _ in range(2):
        with service.workspace() as ws, ws.dry_run() as plan:
            ws.delete_annotation(7)
            ws.delete_annotation(8)
        tokens.append((plan.token, *[change.token for change in plan.changes]))
    assert tokens[0] == tokens[1]
    assert len(set(tokens[0])) == 3


def test_a_deletion_tells_what_is_there_by_its_name(service: Answering) -> None:
    service.tell({"results": BOARD})
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.delete_dashboard(5)
    assert "dashboards.delete_dashboard(5): there (Sales) -> deleted" in str(plan)
    assert list(plan.table) == [("dashboards.delete_dashboard", "5", None, "there (Sales)", "deleted")]


def test_what_nothing_reads_is_said_to_be_unknown(service: Answering) -> None:
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.bulk_delete_cohorts([2001, 2002])
    assert [row[1:] for row in plan.table] == [(number, None, "unknown", "deleted") for number in ("2001", "2002")]


def test_a_bulk_deletion_tells_of_each_thing_what_a_list_of_them_knows(service: Answering) -> None:
    service.tell({"results": [{"id": 2001, "name": "Payers"}, {"id": 2002, "name": "Others"}]})
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.bulk_delete_cohorts([2001, 2003])
    told = [("2001", None, "there (Payers)", "deleted"), ("2003", None, "not in the list", "deleted")]
    assert [row[1:] for row in plan.table] == told
    assert service.sent == [f"GET {ROOT}/cohorts"]
    assert plan.changes[0].count == 2


def test_a_bulk_deletion_is_refused_when_one_of_its_things_has_changed_meanwhile(service: Answering) -> None:
    service.tell({"results": [{"id": 2001, "name": "Payers"}]}).tell({"results": [{"id": 2001, "name": "Buyers"}]})
    with service.workspace(policy="admin") as ws:
        with ws.dry_run() as plan:
            ws.bulk_delete_cohorts([2001])
        with pytest.raises(mp.PlanOutdated):
            plan.apply(confirm=plan.token)


def test_a_rule_about_names_sees_those_of_the_things_of_a_bulk_deletion(service: Answering) -> None:
    service.tell({"results": [{"id": 1, "name": "Revenue A"}, {"id": 2, "name": "Other"}]})
    service.tell({"results": [{"id": 1, "name": "Revenue A"}, {"id": 2, "name": "Other"}]})
    with service.workspace(policy={"preset": "admin", "deny": [{"names": ["Revenue*"]}]}) as ws:
        with pytest.raises(mp.PolicyDenied, match="Revenue"):
            ws.bulk_delete_cohorts([1, 2])
        ws.bulk_delete_cohorts([2])
    assert [asked.body for asked in service.asked if asked.verb == "POST"] == [{"cohort_ids": [2]}]


def test_a_change_of_what_is_not_there_is_refused_with_the_call_that_lists(service: Answering) -> None:
    for _ in range(2):
        service.tell({"status": "error", "error": "Dashboard not found"}, 404)
    with service.workspace() as ws, ws.dry_run() as plan:
        for call in (
            lambda: ws.delete_dashboard(7),
            lambda: ws.update_dashboard(7, mp.UpdateDashboardParams(title="B")),
        ):
            with pytest.raises(mp.QueryError, match="dashboard 7: It is not there") as caught:
                call()
            assert (caught.value.hint, caught.value.sent) == ("Look at what list_dashboards gives.", False)
    assert not plan.changes


@pytest.mark.parametrize(
    ("call", "made"),
    [
        ("create_metric", mp.CreateMetricParams(name="A", definition=mp.Metric("Login"), verified=True)),
        ("create_behavior", mp.CreateBehaviorParams(name="A", behavior=mp.FunnelBehavior(["Login", "Buy"]))),
    ],
)
def test_what_the_service_answers_by_id_can_be_planned(service: Answering, call: str, made: Any) -> None:
    with service.workspace() as ws, ws.dry_run() as plan:
        assert getattr(ws, call)(made).name == "A"
    assert plan.changes[0].verb == "create"
    assert not [one for one in service.sent if not one.startswith("GET")]


def test_a_change_of_nothing_says_so(service: Answering) -> None:
    service.tell({"results": BOARD})
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.update_dashboard(5, mp.UpdateDashboardParams(title="Sales"))
    assert "dashboards.update_dashboard(5): nothing changes" in str(plan)
    assert [row[-1] for row in plan.table] == ["nothing changes"]


SCHEMAS: list[dict[str, Any]] = [
    {"entityType": "event", "name": name, "schemaJson": {}} for name in ("Revenue", "Login")
]
SCHEMAS += [{"entityType": "profile", "name": "event", "schemaJson": {}}]


def test_deleting_schemas_tells_which_would_go(service: Answering) -> None:
    for _ in range(3):
        service.tell({"results": SCHEMAS})
    with service.workspace() as ws, ws.dry_run() as plan:
        ws.delete_schemas(entity_type="event")
        ws.delete_schemas()
        ws.delete_schemas(entity_type="event", entity_name="Login")
    some, every, one = plan.changes
    assert [(one.target, one.count) for one in plan.changes] == [("event/*", 2), ("*", 3), ("event/Login", 1)]
    assert [name for name, _ in some.gone] == ["event/Revenue", "event/Login"]
    assert [name for name, _ in every.gone] == ["event/Revenue", "event/Login", "profile/event"]
    assert (one.before, bool(some.confirm), bool(one.confirm)) == (SCHEMAS[1], True, False)


def test_a_thing_that_is_missing_is_named_with_the_call_that_lists_such(service: Answering) -> None:
    service.tell({"status": "error", "error": "Cohort not found"}, 404)
    with service.workspace() as ws, pytest.raises(mp.QueryError) as caught:
        ws.get_cohort(123456)
    assert caught.value.message == "cohort 123456: Cohort not found"
    assert caught.value.hint == "Look at what list_cohorts_full gives."
    assert caught.value.details == {"entity": "cohort", "id": "123456"}
