"""Every operation says what it is, by its name or by its definition."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.errors import UnexplainedOperation
from mixpanel_headless.governance.facts import VERBS, Said, facts_of
from mixpanel_headless.operation import Named
from mixpanel_headless.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator


def operations() -> Iterator[tuple[str, Named]]:
    """All operations of the client, the private ones too."""
    for name in dir(Workspace):
        found = inspect.getattr_static(Workspace, name)
        if isinstance(found, Named):
            yield f"{found.family}.{name}", found


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_operation_has_a_family_a_verb_and_what_it_does_to_whom(name: str) -> None:
    facts = dict(operations())[name].facts
    assert (facts.full_name, facts.verb in VERBS) == (name, True)
    assert all(isinstance(said, bool) for said in (facts.destructive, facts.bulk, facts.reaches_people))


def test_no_operation_without_facts_would_pass() -> None:
    with pytest.raises(UnexplainedOperation, match=r"toys\.frobnicate.*@operation\(verb="):
        facts_of("toys", "frobnicate", {})


@pytest.mark.parametrize(
    ("family", "name", "said", "verb", "flags"),
    [
        ("dashboards", "list_dashboards", {}, "read", ""),
        ("dashboards", "unpin_dashboard", {}, "update", ""),
        ("dashboards", "delete_dashboard", {}, "delete", "destructive"),
        ("dashboards", "bulk_delete_dashboards", {}, "delete", "destructive bulk"),
        ("metrics", "delete_metrics", {}, "delete", "destructive bulk"),
        ("metrics", "delete_metric", {}, "delete", "destructive"),
        ("schemas", "create_schemas_bulk", {}, "create", "bulk"),
        ("reports", "bulk_update_bookmarks", {}, "update", "bulk"),
        ("insights", "query", {}, "run", ""),
        ("users", "_profile_page", {}, "run", ""),
        ("alerts", "create_alert", {}, "create", "reaches_people"),
        ("alerts", "test_alert", {}, "run", "reaches_people"),
        ("alerts", "delete_alert", {}, "delete", "destructive"),
        ("alerts", "validate_alerts_for_bookmark", {}, "run", ""),
        ("lexicon", "create_deletion_request", {"destructive": True}, "create", "destructive"),
        ("discovery", "clear_discovery_cache", {"verb": "read"}, "read", ""),
    ],
)
def test_the_facts_follow_from_the_name_unless_the_definition_says_otherwise(
    family: str, name: str, said: Said, verb: str, flags: str
) -> None:
    facts = facts_of(family, name, said)
    told = [flag for flag in ("destructive", "bulk", "reaches_people") if getattr(facts, flag)]
    assert (facts.verb, " ".join(told)) == (verb, flags)


def test_what_tells_people_counts_as_a_change_and_a_query_does_not() -> None:
    changing = {facts.name for facts in (facts_of("alerts", name, {}) for name in ("test_alert", "get_alert"))
                if facts.changes}  # fmt: skip
    assert changing == {"test_alert"}
    assert not facts_of("insights", "query", {}).changes


def test_what_is_there_before_is_read_by_the_operation_of_the_same_noun() -> None:
    def readers(name: str, said: Said | None = None) -> tuple[str, ...]:
        return facts_of("dashboards", name, said or {}).before

    assert readers("update_dashboard") == ("get_dashboard", "list_dashboards", "get_dashboards", "get_dashboard")
    assert readers("update_text_card")[-1] == "get_dashboard"
    assert readers("add_report_to_dashboard", {"before": "get_dashboard"}) == ("get_dashboard",)
    assert readers("create_dashboard") == readers("bulk_update_dashboards") == ()
    assert readers("bulk_delete_dashboards")[0] == "list_dashboards"
