"""A plan is applied under what holds where it is applied, to the very things that it was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from tests.answering import Answering

OLD, THEIRS = {"id": 5, "title": "Sales"}, {"id": 5, "title": "Theirs"}
DELETIONS = {"preset": "admin", "confirm": [{"verbs": ["delete"]}]}


def changes(service: Answering) -> list[str]:
    """What was sent that changes something."""
    return [one for one in service.sent if not one.startswith("GET")]


def test_the_policy_of_the_task_that_applies_a_plan_holds(service: Answering) -> None:
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            ws.delete_annotation(7)
        with ws.task("reads", policy="read_only"), pytest.raises(mp.PolicyDenied, match="read_only"):
            plan.apply(confirm=plan.token)
    assert changes(service) == []


def test_a_confirmation_that_the_task_wants_is_given_by_the_token_of_the_plan(service: Answering) -> None:
    for _ in range(7):
        service.tell({"results": OLD}, path="dashboards/5")
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            ws.delete_dashboard(5)
        with ws.task("careful", policy=DELETIONS), pytest.raises(mp.PolicyDenied) as caught:
            plan.apply()
        assert (caught.value.code, changes(service)) == ("CONFIRMATION_NEEDED", [])
        with ws.dry_run() as plan:
            ws.delete_dashboard(5)
        with ws.task("careful", policy=DELETIONS):
            plan.apply(confirm=plan.token)
    assert len(changes(service)) == 1


def test_changes_of_a_plan_count_for_the_task_that_applies_it(service: Answering) -> None:
    with service.workspace() as ws:
        with ws.dry_run() as plan:
            for number in range(4):
                ws.delete_annotation(number + 1)
        capped = {"preset": "admin", "caps": {"mutations": 2}}
        with ws.task("few", policy=capped) as task, pytest.raises(mp.PolicyDenied, match="at most 2 mutations"):
            plan.apply(confirm=plan.token)
        assert task.changes == 2
    assert len(changes(service)) == 2


def test_equal_ids_of_two_projects_are_two_things(service: Answering) -> None:
    for project in ("1", "2"):
        service.tell({"results": OLD}, path=f"projects/{project}/dashboards/5")
    service.tell({"results": OLD}, path="projects/1/dashboards/5")
    service.tell({"results": THEIRS}, path="projects/2/dashboards/5")
    with service.workspace(project=1) as ws:
        with ws.dry_run() as plan:
            ws.update_dashboard(5, mp.UpdateDashboardParams(title="Mine"))
            ws.use(project=2)
            ws.delete_dashboard(5)
        with pytest.raises(mp.PlanOutdated, match="delete_dashboard"):
            plan.apply()
    assert changes(service) == []


def test_what_changes_while_a_plan_is_applied_is_not_what_was_confirmed(service: Answering) -> None:
    with service.workspace(policy=DELETIONS) as ws:
        service.tell({"results": OLD}, path="dashboards/5")
        with ws.dry_run() as plan:
            ws.delete_annotation(7)
            ws.delete_dashboard(5)
        service.tell({"results": OLD}, path="dashboards/5").tell({"results": THEIRS}, path="dashboards/5")
        with pytest.raises(mp.PlanOutdated, match="delete_dashboard"):
            plan.apply(confirm=plan.token)
    assert changes(service) == ["DELETE /api/app/projects/12345/annotations/7/"]
    assert len(plan.applied) == 1


def test_a_thing_that_the_plan_itself_changes_first_is_what_was_confirmed(service: Answering) -> None:
    with service.workspace(policy=DELETIONS) as ws:
        service.tell({"results": OLD}, path="dashboards/5").tell({"results": OLD}, path="dashboards/5")
        with ws.dry_run() as plan:
            ws.update_dashboard(5, mp.UpdateDashboardParams(title="Mine"))
            ws.delete_dashboard(5)
        service.tell({"results": OLD}, path="dashboards/5")
        for _ in range(3):
            service.tell({"results": {**OLD, "title": "Mine"}}, path="dashboards/5")
        plan.apply(confirm=plan.token)
    assert [one.partition(" ")[0] for one in changes(service)] == ["PATCH", "DELETE"]
