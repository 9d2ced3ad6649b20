"""What policies say of calls, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.governance.documents import PRESETS, read_policy
from mixpanel_headless.governance.facts import facts_of
from mixpanel_headless.governance.policy import Act, decide
from mixpanel_headless.governance.targets import Entity, Target

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = ("dashboards.update_dashboard", "dashboards.delete_dashboard", "cohorts.get_cohort", "alerts.test_alert")


def act(name: str, entity: Entity | None = None, *, family: str = "dashboards", workspace: int | None = 9) -> Act:
    """A call about one thing."""
    target = Target((entity,)) if entity is not None else Target()
    return Act(facts_of(family, name, {}), "12345", workspace, target)


def bulk(name: str, *ids: str | None) -> Act:
    entities = tuple(Entity(one) for one in ids)
    return Act(facts_of("dashboards", name, {}), "12345", 9, Target(entities, len(ids)))


def said(document: Any, wanted: Act, spent: int = 0, *, attended: bool = True) -> str:
    return decide([read_policy(document)], wanted, [spent], attended=attended).effect


@pytest.mark.parametrize(
    ("preset", "allowed"),
    [
        ("read_only", "get_dashboard query"),
        ("analyst", "get_dashboard query share_dashboard"),
        ("editor", "get_dashboard query share_dashboard create_dashboard update_dashboard"),
        ("admin", "get_dashboard query share_dashboard create_dashboard update_dashboard delete_dashboard"),
    ],
)
def test_a_preset_allows_what_its_name_says(preset: str, allowed: str) -> None:
    names = ["get_dashboard", "query", "share_dashboard", "create_dashboard", "update_dashboard", "delete_dashboard"]
    assert [name for name in names if said(preset, act(name)) == "allow"] == allowed.split()


def test_telling_people_is_no_running_of_a_question() -> None:
    effects = {preset: said(preset, act("test_alert", family="alerts")) for preset in PRESETS}
    assert effects == {"read_only": "deny", "analyst": "deny", "editor": "confirm", "admin": "allow"}


@pytest.mark.parametrize(
    ("rule", "entity", "effect"),
    [
        ({"ids": [5]}, Entity("5"), "deny"),
        ({"ids": ["5*"]}, Entity("51"), "deny"),
        ({"ids": [5]}, Entity("005"), "deny"),
        ({"names": ["5"]}, Entity("7", names=("005",)), "allow"),
        ({"ids": [5]}, Entity("6"), "allow"),
        ({"ids": [7]}, Entity("5", ("7",)), "deny"),
        ({"names": ["Revenue*"]}, Entity("5", names=("Revenue 2026",)), "deny"),
        ({"names": ["Revenue*"]}, Entity("5", names=("Sales",)), "allow"),
        ({"names": ["Revenue*"]}, Entity("5", names=("Sales",), named=False), "deny"),
        ({"names": ["Revenue*"]}, Entity("5", names=("Sales", "Revenue")), "deny"),
        ({"families": ["cohorts"]}, Entity("5"), "allow"),
        ({"families": ["dash*"], "verbs": ["update"]}, Entity("5"), "deny"),
        ({"operations": ["update_dashboard"]}, Entity("5"), "deny"),
        ({"operations": ["dashboards.delete_*"]}, Entity("5"), "allow"),
        ({"projects": [12345]}, Entity("5"), "deny"),
        ({"projects": [1]}, Entity("5"), "allow"),
        ({"workspaces": [9]}, Entity("5"), "deny"),
        ({"workspaces": [8]}, Entity("5"), "allow"),
        ({"destructive": True}, Entity("5"), "allow"),
    ],
)
def test_a_denial_speaks_of_what_fits_and_of_what_may_fit(rule: dict[str, Any], entity: Entity, effect: str) -> None:
    assert said({"deny": [rule]}, act("update_dashboard", entity)) == effect


def test_a_change_of_the_whole_project_may_concern_each_of_its_workspaces() -> None:
    assert said({"deny": [{"workspaces": [9]}]}, act("update_dashboard", Entity("5"), workspace=None)) == "deny"
    assert said({"allow": [{"workspaces": [9]}]}, act("update_dashboard", Entity("5"), workspace=None)) == "deny"


@pytest.mark.parametrize(
    ("rule", "entity", "effect"),
    [
        ({"names": ["Draft*"]}, Entity("5", names=("Draft 1",)), "allow"),
        ({"names": ["Draft*"]}, Entity("5", names=("Draft 1", "Sales")), "deny"),
        ({"names": ["Draft*"]}, Entity("5", names=("Draft 1",), named=False), "deny"),
        ({"ids": [5]}, Entity("5", ("7",)), "allow"),
        ({"ids": [7]}, Entity("5", ("7",)), "deny"),
        ({"ids": [5]}, Entity("005"), "deny"),
        ({"names": ["5"]}, Entity("7", names=("005",)), "deny"),
    ],
)
def test_a_permission_speaks_only_of_what_surely_fits(rule: dict[str, Any], entity: Entity, effect: str) -> None:
    assert said({"allow": [rule]}, act("update_dashboard", entity)) == effect


def test_a_bulk_call_is_denied_for_one_of_its_things_and_allowed_for_all() -> None:
    wanted = bulk("bulk_update_dashboards", "1", "2")
    assert said({"deny": [{"ids": [2]}]}, wanted) == "deny"
    assert said({"allow": [{"ids": [2]}]}, wanted) == "deny"
    assert said({"allow": [{"ids": [1, 2]}]}, wanted) == "allow"


def test_a_denial_wins_over_a_permission_and_a_policy_without_permissions_permits_the_rest() -> None:
    document = {"preset": "admin", "deny": [{"verbs": ["delete"]}]}
    assert said(document, act("delete_dashboard")) == "deny"
    assert said({"deny": [{"verbs": ["delete"]}]}, act("update_dashboard")) == "allow"


def test_own_permissions_add_to_those_of_the_preset() -> None:
    document = {"preset": "read_only", "allow": [{"families": ["cohorts"]}]}
    assert said(document, act("update_cohort", family="cohorts")) == "allow"
    assert said(document, act("update_dashboard")) == "deny"


def test_of_several_policies_the_narrower_wins() -> None:
    policies = [read_policy("admin"), read_policy("read_only"), read_policy("editor")]
    verdict = decide(policies, act("update_dashboard"))
    assert (verdict.effect, verdict.origin) == ("deny", "read_only")


def test_caps_hold_changes_of_a_task_and_things_of_a_bulk_call() -> None:
    document = {"caps": {"mutations": 5, "entities": 2}}
    assert said(document, act("update_dashboard"), 4) == "allow"
    assert said(document, act("update_dashboard"), 5) == "deny"
    assert said(document, act("get_dashboard"), 5) == "allow"
    assert said(document, bulk("bulk_update_dashboards", "1", "2")) == "allow"
    assert said(document, bulk("bulk_update_dashboards", "1", "2", "3")) == "deny"
    unknown = Act(facts_of("schemas", "delete_schemas", {}), "12345", 9, Target((), None))
    assert said(document, unknown) == "deny"


@pytest.mark.parametrize(
    ("policies", "attended", "effect"),
    [
        ([], False, "confirm"),
        ([], True, "allow"),
        ([{"caps": {"mutations": 100}}], False, "confirm"),
        (["admin"], False, "allow"),
        ([{"allow": [{"verbs": ["delete"]}]}], False, "allow"),
        (["editor"], False, "deny"),
    ],
)
def test_bulk_deletions_unseen_by_anybody_need_a_confirmation_or_a_rule(
    policies: list[Any], attended: bool, effect: str
) -> None:
    found = [read_policy(one) for one in policies]
    assert decide(found, bulk("bulk_delete_dashboards", "1", "2"), attended=attended).effect == effect
    assert decide([], bulk("bulk_delete_dashboards", "1"), attended=False).effect == "allow"
    assert decide([], act("delete_dashboard", Entity("5")), attended=False).effect == "allow"


def test_a_rule_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('preset = "admin"\n\n[[deny]]\nverbs = ["delete"]\n\n[[deny]]\nnames = ["Revenue*"]\nreason = "Kept."\n'
                    "[caps]\nmutations = 1\n")  # fmt: skip
    policy = read_policy(path, OPERATIONS)
    verdict = decide([policy], act("update_dashboard", Entity("5", names=("Revenue",))))
    assert (verdict.rule, verdict.origin, verdict.reason) == ("deny names=['Revenue*']", f"{path}, line 6", "Kept.")
    assert decide([policy], act("update_dashboard"), [1]).origin == f"{path}, line 10"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("prest = 'admin'", "prest: there is no such table; did you mean 'preset'"),
        ("preset = 'admn'", "did you mean 'admin'"),
        (
            "[[deny]]\nfamilies = ['dashbords']",
            r"deny\[0\].families: there is no 'dashbords'; did you mean 'dashboards'",
        ),
        ("[[deny]]\nverbs = ['wipe']", "there is no 'wipe'; there are read, create"),
        ("[[deny]]\noperations = ['delete_dashbord']", "did you mean 'delete_dashboard'"),
        ("[[deny]]\nverb = ['delete']", "a rule has no such key; did you mean 'verbs'"),
        ("[[deny]]\nids = []", "is no list of names"),
        ("[[deny]]\nids = [true]", "holds what is no name"),
        ("[[deny]]\nbulk = 'yes'", "is neither true nor false"),
        ("[deny]\nverbs = ['delete']", r"write each rule as \[\[deny\]\]"),
        ("[caps]\nmutation = 5", "did you mean 'mutations'"),
        ("[caps]\nmutations = -1", "no whole number of at least 0"),
        ("[[deny]\n", "is no TOML"),
        (f"x = {'[' * 20_000}", "nested too deep"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(tmp_path: Path, document: str, told: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(document)
    with pytest.raises(mp.ConfigError, match=told):
        read_policy(path, OPERATIONS)


@pytest.mark.parametrize("name", ["Read_Only", "readonly", "READ_ONLY"])
def test_a_preset_that_is_misspelled_is_told_how_it_is_spelled(name: str) -> None:
    with pytest.raises(mp.ConfigError, match="did you mean 'read_only'"):
        read_policy(name)


@pytest.mark.parametrize("source", [5, None, "no-such-file.toml", b"\xff", "", "a\0b", "a\nb"])
def test_what_stands_for_no_policy_is_refused(source: Any) -> None:
    with pytest.raises(mp.ConfigError, match="polic"):
        read_policy(source)
