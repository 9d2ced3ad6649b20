"""The sandbox keeps what a program makes: our own client makes, reads, changes and deletes, and asks with what it made."""

from __future__ import annotations

from inspect import getattr_static
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.operation import Operation
from mixpanel_headless.options import Pin
from mixpanel_headless.request import Scope
from mixpanel_headless.sandbox import Sandbox
from mixpanel_headless.sandbox.kinds import asked
from tests.sandbox.conftest import EVENTS, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Caller

DAYS: dict[str, Any] = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
ALERT: dict[str, Any] = {
    "name": "Few logins", "condition": {"op": "<", "value": 1}, "frequency": 3600, "paused": False,
    "subscriptions": [{"type": "email", "value": "ops@example.com"}],
}  # fmt: skip
LIVES: dict[str, tuple[Any, Any, str]] = {
    "dashboard": (mp.CreateDashboardParams(title="Board"), mp.UpdateDashboardParams(title="New"), "list_dashboards"),
    "annotation": (
        mp.CreateAnnotationParams(date="2026-01-05 00:00:00", description="Release"),
        mp.UpdateAnnotationParams(description="New"),
        "list_annotations",
    ),
    "experiment": (
        mp.CreateExperimentParams(name="Button"),
        mp.UpdateExperimentParams(name="New"),
        "list_experiments",
    ),
    "feature_flag": (
        mp.CreateFeatureFlagParams(name="Button", key="button"),
        mp.UpdateFeatureFlagParams(name="New", key="button", status=mp.FeatureFlagStatus.ENABLED, ruleset={}),
        "list_feature_flags",
    ),
    "custom_property": (
        mp.CreateCustomPropertyParams(name="Twice", resource_type="events", display_formula="A * 2",
                                      composed_properties={"A": mp.ComposedPropertyValue(value="amount", resource_type="event")}),
        mp.UpdateCustomPropertyParams(name="New"),
        "list_custom_properties",
    ),
    "metric": (mp.CreateMetricParams(name="Logins", definition=mp.Metric("Login")), mp.UpdateMetricParams(name="New"), "list_metrics"),
    "cohort": (mp.CreateCohortParams(name="Buyers"), mp.UpdateCohortParams(name="New"), "list_cohorts_full"),
}  # fmt: skip


def operations() -> dict[str, Operation[..., Any]]:
    calls = ((name, getattr_static(mp.Workspace, name)) for name in dir(mp.Workspace))
    return {name: call for name, call in calls if isinstance(call, Operation)}


def reads_things(call: Operation[..., Any]) -> bool:
    """Whether a call reads from the App API what an id, or nothing, says."""
    request = asked(call) if call.facts.verb == "read" and call.family in FAMILIES else None
    return request is not None and request.base == "app" and request.verb == "GET"


FAMILIES = {path.stem for path in Path(mp.__file__).with_name("models").glob("*.py")}
READ = [name for name, call in operations().items() if reads_things(call)]


@pytest.fixture
def ws() -> Iterator[mp.Workspace]:
    with Sandbox(EVENTS, now=NOW) as box, box.workspace() as workspace:
        yield workspace


def key_of(thing: Any) -> Any:
    return getattr(thing, "custom_property_id", None) or thing.id


def name_of(thing: Any) -> str:
    return str(next(getattr(thing, name) for name in ("title", "name", "description") if getattr(thing, name, None)))


@pytest.mark.parametrize("kind", LIVES)
def test_a_thing_lives_from_its_making_to_its_deletion(ws: mp.Workspace, kind: str) -> None:
    new, changes, listing = LIVES[kind]
    made = getattr(ws, f"create_{kind}")(new)
    read = getattr(ws, f"get_{kind}")(key_of(made))
    assert name_of(read) == name_of(made)
    assert [key_of(one) for one in getattr(ws, listing)()] == [key_of(made)]
    changed = getattr(ws, f"update_{kind}")(key_of(made), changes)
    assert name_of(changed) == "New"
    assert name_of(getattr(ws, f"get_{kind}")(key_of(made))) == "New"
    getattr(ws, f"delete_{kind}")(key_of(made))
    assert list(getattr(ws, listing)()) == []
    with pytest.raises(mp.QueryError, match="does not exist"):
        getattr(ws, f"get_{kind}")(key_of(made))


def test_one_kind_too_many_is_refused_with_how_many_there_may_be(ws: mp.Workspace) -> None:
    for number in range(ws.get_drop_filter_limits().filter_limit):
        ws.create_drop_filter(mp.CreateDropFilterParams(event_name=f"Ping {number}", filters=[]))
    with pytest.raises(mp.QueryError, match="there are 30 already"):
        ws.create_drop_filter(mp.CreateDropFilterParams(event_name="One more", filters=[]))


def test_an_annotation_shows_its_tags_and_is_found_by_them_and_by_its_day(ws: mp.Workspace) -> None:
    tag = ws.create_annotation_tag(mp.CreateAnnotationTagParams(name="release"))
    for day, tags in (("2026-01-05", [tag.id]), ("2026-01-06", [])):
        ws.create_annotation(mp.CreateAnnotationParams(date=f"{day} 00:00:00", description=day, tags=tags))
    (tagged,) = ws.list_annotations(tags=[tag.id])
    assert (tagged.description, [one.name for one in tagged.tags]) == ("2026-01-05", ["release"])
    assert [one.description for one in ws.list_annotations(from_date="2026-01-06")] == ["2026-01-06"]
    assert [one.description for one in ws.list_annotations(to_date="2026-01-05")] == ["2026-01-05"]


def test_alerts_are_listed_by_their_report_and_counted(ws: mp.Workspace) -> None:
    for report in (1, 2):
        ws.create_alert(mp.CreateAlertParams(**ALERT, bookmark_id=report))
    (found,) = ws.list_alerts(bookmark_id=2)
    assert found.bookmark is not None
    assert found.bookmark.id == 2
    count = ws.get_alert_count()
    assert (count.anomaly_alerts_count, count.is_below_limit) == (2, True)


def test_an_experiment_goes_its_way_in_order_only(ws: mp.Workspace) -> None:
    made = ws.create_experiment(mp.CreateExperimentParams(name="Button"))
    with pytest.raises(mp.QueryError, match="decide is for those that are concluded, not draft"):
        ws.decide_experiment(made.id, mp.ExperimentDecideParams(success=True))
    assert ws.launch_experiment(made.id).status == "active"
    assert ws.conclude_experiment(made.id, mp.ExperimentConcludeParams(end_date="2026-01-07")).end_date == "2026-01-07"
    assert ws.decide_experiment(made.id, mp.ExperimentDecideParams(success=True)).status == "success"
    assert [one["status"] for one in ws.list_erf_experiments()] == ["success"]


def test_a_flag_is_replaced_whole(ws: mp.Workspace) -> None:
    made = ws.create_feature_flag(mp.CreateFeatureFlagParams(name="One", key="one", description="First", tags=["a"]))
    given: dict[str, Any] = {"name": "Uno", "key": "one", "status": "enabled", "ruleset": {}}
    changed = ws.update_feature_flag(made.id, mp.UpdateFeatureFlagParams(**given))
    assert (changed.name, changed.description, changed.tags) == ("Uno", None, [])


@pytest.mark.parametrize("name", READ)
def test_no_address_that_a_family_reads_is_unknown(name: str, ask: Caller) -> None:
    request = asked(operations()[name])
    assert request is not None
    answer = ask.send(
        "GET", "/api/app" + request.full_path(Pin("12345", None if request.scope is Scope.PROJECT else 1))
    )
    assert answer.status not in {405, 501}
    assert b"not supported" not in answer.body


def test_flags_are_counted_against_their_limit(ws: mp.Workspace) -> None:
    made = ws.create_feature_flag(mp.CreateFeatureFlagParams(name="One", key="one"))
    ws.duplicate_feature_flag(made.id)
    limits = ws.get_flag_limits()
    assert (limits.current_usage, limits.limit) == (2, 100)


def test_names_that_must_differ_do(ws: mp.Workspace) -> None:
    ws.create_feature_flag(mp.CreateFeatureFlagParams(name="One", key="same"))
    with pytest.raises(mp.MixpanelHeadlessError, match="'same' is taken"):
        ws.create_feature_flag(mp.CreateFeatureFlagParams(name="Two", key="same"))
    assert [flag.name for flag in ws.list_feature_flags()] == ["One"]


def test_long_lists_come_in_pages_and_whole(ws: mp.Workspace) -> None:
    for number in range(1003):
        ws.create_annotation(mp.CreateAnnotationParams(date="2026-01-05 00:00:00", description=f"note {number}"))
    assert [note.description for note in ws.list_annotations()] == [f"note {number}" for number in range(1003)]


def test_several_are_deleted_all_or_none() -> None:
    with Sandbox(EVENTS, now=NOW) as box, box.workspace(policy="admin") as ws:
        boards = [ws.create_dashboard(mp.CreateDashboardParams(title=f"Board {number}")) for number in range(3)]
        with pytest.raises(mp.QueryError, match="does not exist"):
            ws.bulk_delete_dashboards([boards[0].id, 77])
        assert len(ws.list_dashboards()) == 3
        ws.bulk_delete_dashboards([board.id for board in boards[:2]])
        assert [board.title for board in ws.list_dashboards()] == ["Board 2"]


def test_a_cohort_that_was_made_can_be_asked_with(ws: mp.Workspace) -> None:
    buyers = mp.CohortDefinition.all_of(mp.CohortCriteria.did_event("Purchase", at_least=1, within_days=30))
    made = ws.create_cohort(mp.CreateCohortParams(name="Buyers", definition=buyers.to_dict()))
    assert [(cohort.name, cohort.count) for cohort in ws.cohorts()] == [("Buyers", 2)]
    logins = ws.query("Login", where=mp.Filter.in_cohort(made.id, "Buyers"), **DAYS)
    assert logins.df["count"].sum() == 4
    ws.delete_cohort(made.id)
    assert ws.with_options(max_age=0).cohorts() == []
    with pytest.raises(mp.QueryError, match=f"Cohort {made.id} does not exist"):
        ws.with_options(max_age=0).query("Login", where=mp.Filter.in_cohort(made.id, "Buyers"), **DAYS)


def test_a_report_is_saved_asked_changed_and_deleted(ws: mp.Workspace) -> None:
    board = ws.create_dashboard(mp.CreateDashboardParams(title="Board"))
    asked = ws.query("Login", **DAYS)
    report = ws.create_bookmark(
        mp.CreateBookmarkParams(name="Logins", bookmark_type="insights", params=asked.params, dashboard_id=board.id)
    )
    assert [one.name for one in ws.list_bookmarks_v2()] == ["Logins"]
    assert ws.query_saved_report(report.id).df["count"].sum() == asked.df["count"].sum() == 5
    assert ws.update_bookmark(report.id, mp.UpdateBookmarkParams(name="All logins")).name == "All logins"
    ws.delete_bookmark(report.id)
    with pytest.raises(mp.QueryError, match="does not exist"):
        ws.get_bookmark(report.id)


def test_a_link_brings_the_report_back(ws: mp.Workspace) -> None:
    asked = ws.query("Login", **DAYS)
    link = ws.create_report_link(asked)
    assert ws.query_report_link(link.slug).df["count"].sum() == 5


def test_a_policy_lets_an_analyst_read_and_denies_writes_with_the_rule() -> None:
    with Sandbox(EVENTS, now=NOW) as box, box.workspace(policy="analyst") as ws:
        assert ws.query("Login", **DAYS).df["count"].sum() == 5
        assert (ws.list_dashboards(), ws.events()) == ([], ["Login", "Purchase"])
        before = len(box.requests)
        for write in (
            lambda: ws.create_dashboard(mp.CreateDashboardParams(title="Mine")),
            lambda: ws.delete_cohort(1),
            lambda: ws.update_feature_flag("x", mp.UpdateFeatureFlagParams(name="a", key="b", status=mp.FeatureFlagStatus.ENABLED, ruleset={})),
        ):  # fmt: skip
            with pytest.raises(mp.PolicyDenied, match="analyst allows"):
                write()
        assert {request.method for request in box.requests[before:]} <= {"GET"}


def test_an_editor_stops_at_the_cap_and_the_log_tells_it(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('preset = "editor"\n[caps]\nmutations = 5\n')
    with Sandbox(EVENTS, now=NOW) as box, box.workspace(policy=str(policy), state_dir=tmp_path / "state") as ws:
        for number in range(5):
            ws.create_dashboard(mp.CreateDashboardParams(title=f"Board {number}"))
        with pytest.raises(mp.PolicyDenied, match="at most 5 mutations"):
            ws.create_dashboard(mp.CreateDashboardParams(title="One more"))
        assert len(ws.list_dashboards()) == 5
        verified = ws.audit.verify()
        assert verified.ok
        outcomes = [row.to_dict().get("outcome") for row in ws.audit.log(operation="dashboards.create_dashboard")]
        assert outcomes.count("done") == 5
        (log,) = (tmp_path / "state" / "audit").glob("*.jsonl")
        text = bytearray(log.read_bytes())
        text[len(text) // 2] ^= 1
        log.write_bytes(text)
        broken = ws.audit.verify()
        assert not broken.ok
        assert broken.findings
