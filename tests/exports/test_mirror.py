"""The local mirror: the service's own answers, for nothing, wherever it has all that they hang on."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import mixpanel_headless as mp
from mixpanel_headless.cli.root import cli
from mixpanel_headless.engine import Project
from mixpanel_headless.planning.mirror import ZONE_FILE, exported_days
from mixpanel_headless.results.mirror import told_days
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLIGHTS = Path(__file__).parents[1] / "data" / "flights-2013-01.jsonl.gz"
KEPT: dict[str, Any] = {"from_date": "2013-01-05", "to_date": "2013-01-15"}
DAYS: dict[str, Any] = {"from_date": "2013-01-09", "to_date": "2013-01-11"}
NOT_KEPT: dict[str, Any] = {"from_date": "2013-01-14", "to_date": "2013-01-17"}


@pytest.fixture(scope="module")
def flights() -> Iterator[Sandbox]:
    with Sandbox(events=[FLIGHTS], limit=1000, now=datetime(2013, 6, 1, tzinfo=UTC)) as box:
        yield box


@pytest.fixture(scope="module")
def state(flights: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a mirror of eleven days, for tests that only ask."""
    folder = tmp_path_factory.mktemp("state")
    with flights.workspace(state_dir=folder) as ws:
        ws.mirror(**KEPT)
    return folder


@pytest.fixture
def ws(flights: Sandbox, state: Path) -> Iterator[mp.Workspace]:
    with flights.workspace(state_dir=state, cache="off") as ws:
        yield ws


def names(ws: mp.Workspace) -> list[str]:
    found = ws.events(from_date="2013-01-01", to_date="2013-01-31")
    return list(found)


QUESTIONS: dict[str, Callable[[mp.Workspace, str, str], Any]] = {
    "insights": lambda ws, a, b: ws.query(a, **DAYS),
    "users": lambda ws, a, b: ws.query([a, b], math="unique", **DAYS),
    "a breakdown": lambda ws, a, b: ws.query(a, group_by="carrier", **DAYS),
    "a funnel": lambda ws, a, b: ws.query_funnel([a, b], conversion_window=3, **DAYS),
    "retention": lambda ws, a, b: ws.query_retention(a, b, retention_unit="day", **DAYS),
    "a flow": lambda ws, a, b: ws.query_flow(a, conversion_window=2, **DAYS),
    "segmentation": lambda ws, a, b: ws.segmentation(a, on="carrier", **DAYS),
}


def told(result: Any) -> Any:
    """What a result says, but for when and by whom it was computed."""
    tree = result.to_dict()
    return {name: value for name, value in tree.items() if name not in {"provenance", "computed_at"}}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_the_mirror_answers_as_the_service_does_and_spends_nothing(
    ws: mp.Workspace, flights: Sandbox, kind: str
) -> None:
    one, other = names(ws)[:2]
    service = QUESTIONS[kind](ws, one, other)
    before = len(flights.requests)
    mirrored = QUESTIONS[kind](ws.with_options(source="mirror"), one, other)
    assert told(mirrored) == told(service)
    assert mirrored.provenance.origin == "mirror"
    assert (mirrored.provenance.cost, len(flights.requests)) == (0, before)
    assert not mirrored.df.empty


@pytest.mark.parametrize(
    ("kind", "origin"),
    [("insights", "mirror"), ("a breakdown", "mirror"), ("a funnel", "mirror"), ("a flow", "mirror"),
     ("segmentation", "mirror"), ("retention", "network")],
)  # fmt: skip
def test_auto_takes_the_mirror_where_nothing_else_can_matter(ws: mp.Workspace, kind: str, origin: str) -> None:
    one, other = names(ws)[:2]
    result = QUESTIONS[kind](ws.with_options(source="auto"), one, other)
    assert result.provenance.origin == origin


def test_auto_asks_the_network_where_a_conversion_may_end_after_the_last_day_that_is_kept(ws: mp.Workspace) -> None:
    one, other = names(ws)[:2]
    days: dict[str, Any] = {"from_date": "2013-01-10", "to_date": "2013-01-13"}
    result = ws.with_options(source="auto").query_funnel([one, other], conversion_window=3, **days)
    assert result.provenance.origin == "network"


@pytest.mark.parametrize(("source", "origin"), [("auto", "network"), ("network", "network")])
def test_days_that_are_not_kept_are_asked_of_the_network(ws: mp.Workspace, source: Any, origin: str) -> None:
    assert ws.with_options(source=source).query(names(ws)[0], **NOT_KEPT).provenance.origin == origin


def test_the_mirror_alone_says_what_it_lacks(ws: mp.Workspace, flights: Sandbox) -> None:
    one, before = names(ws)[0], len(flights.requests)
    with pytest.raises(mp.MirrorError, match="lacks 2013-01-16 and 1 other day") as caught:
        ws.with_options(source="mirror").query(one, **NOT_KEPT)
    assert (caught.value.code, caught.value.sent, len(flights.requests)) == ("NOT_MIRRORED", False, before)


def test_questions_about_profiles_are_not_for_the_mirror(ws: mp.Workspace) -> None:
    mirrored = ws.with_options(source="mirror")
    with pytest.raises(mp.MirrorError, match="has no profiles"):
        mirrored.query(names(ws)[0], where=mp.Filter.equals("plan", "pro", resource_type="people"), **DAYS)
    with pytest.raises(mp.MirrorError, match="has no profiles"):
        mirrored.segmentation(names(ws)[0], where='user["plan"] == "pro"', **DAYS)


def test_a_data_view_is_not_taken_for_the_whole_project(flights: Sandbox, state: Path) -> None:
    with flights.workspace(state_dir=state, cache="off") as ws:
        result = ws.use(workspace=5).with_options(source="auto").query("Flight", **DAYS)
    assert result.provenance.origin == "network"


def test_other_calls_are_answered_as_ever(ws: mp.Workspace, flights: Sandbox) -> None:
    before = len(flights.requests)
    assert names(ws.with_options(source="mirror"))
    assert len(flights.requests) == before + 1


@pytest.mark.parametrize(("days", "source", "fate"), [
    (DAYS, "mirror", "mirror"), (DAYS, "auto", "mirror"), (NOT_KEPT, "mirror", "refused"), (NOT_KEPT, "auto", "send"),
])  # fmt: skip
def test_a_plan_foresees_what_the_mirror_does(ws: mp.Workspace, days: Any, source: Any, fate: str) -> None:
    planned = ws.estimate(mp.later(ws.with_options(source=source).query, "Flight Departed", **days))
    assert (planned.fate, planned.requests) == (fate, int(fate == "send"))


def test_auto_leaves_to_the_network_what_only_the_service_knows(ws: mp.Workspace, flights: Sandbox) -> None:
    before = len(flights.requests)
    with pytest.raises(mp.APIError):  # the sandbox knows no custom property either, but it was asked
        ws.with_options(source="auto").query("Flight Departed", group_by=mp.GroupBy(mp.CustomPropertyRef(7)), **DAYS)
    assert len(flights.requests) == before + 1


def test_an_unknown_source_is_refused(ws: mp.Workspace) -> None:
    with pytest.raises(mp.InvalidArgumentError, match="source"):
        ws.with_options(source="mirrors")  # type: ignore[arg-type]


def test_planned_calls_are_answered_by_the_mirror_too(ws: mp.Workspace) -> None:
    one, mirrored = names(ws)[0], ws.with_options(source="mirror")
    done = ws.gather([mp.later(mirrored.query, one, **DAYS)])
    assert done.values[0].provenance.origin == "mirror"


async def test_an_async_workspace_is_answered_the_same(flights: Sandbox, state: Path) -> None:
    async with flights.async_workspace(state_dir=state) as ws:
        one = next(iter(await ws.events(from_date="2013-01-01", to_date="2013-01-31")))
        result = await ws.with_options(source="mirror").query(one, **DAYS)
    assert result.provenance.origin == "mirror"


def test_a_mirror_grows_by_the_days_that_it_lacks_and_answers_about_them(flights: Sandbox, tmp_path: Path) -> None:
    with flights.workspace(state_dir=tmp_path, cache="off") as ws:
        one = names(ws)[0]
        first: dict[str, Any] = {"from_date": "2013-01-01", "to_date": "2013-01-02"}
        assert ws.mirror(**first).days == ("2013-01-01", "2013-01-02")
        mirrored = ws.with_options(source="mirror")
        assert told(mirrored.query(one, **first)) == told(ws.query(one, **first))
        longer: dict[str, Any] = {"from_date": "2013-01-01", "to_date": "2013-01-03"}
        counted = flights.counted
        report = ws.mirror(**longer)
        assert flights.counted == counted + 1
        assert told(mirrored.query(one, **longer)) == told(ws.query(one, **longer))
    assert len(report.days) == 3
    assert str(report).startswith(
        f"Mirror of project {flights.project}: {report.rows:,} events, 3 days from 2013-01-01"
    )


def test_days_are_those_of_the_time_zone_that_the_mirror_was_told(tmp_path: Path) -> None:
    midnight = datetime(2026, 1, 5, 4, tzinfo=UTC)
    events: list[Any] = [
        {"event": "A", "properties": {"distinct_id": "u", "time": int((midnight + timedelta(hours=hour)).timestamp())}}
        for hour in range(-20, 30)
    ]
    days: dict[str, Any] = {"from_date": "2026-01-04", "to_date": "2026-01-05"}
    now = datetime(2026, 2, 1, tzinfo=UTC)
    with Sandbox(events=events, now=now, timezone="America/New_York") as box, box.workspace(state_dir=tmp_path) as ws:
        ws.mirror(from_date="2026-01-03", to_date="2026-01-06", timezone="America/New_York")
        mirrored = ws.with_options(source="mirror").query("A", **days)
        assert told(mirrored) == told(ws.query("A", **days))
        assert ws.mirror_status().timezone == "America/New_York"
        assert ws.mirror_status().days[-1] == "2026-01-07"  # of UTC, in which the last day ends
        with pytest.raises(mp.MirrorError, match="lacks 2026-01-08"):
            ws.with_options(source="mirror").query("A", from_date="2026-01-07", to_date="2026-01-07")


@pytest.mark.parametrize(("zone", "first", "last"), [
    ("Europe/Berlin", "2026-01-03", "2026-01-06"),
    ("America/New_York", "2026-01-04", "2026-01-07"),
    ("Europe/London", "2026-01-04", "2026-01-06"),
    ("UTC", "2026-01-04", "2026-01-06"),
])  # fmt: skip
def test_a_mirror_answers_about_the_days_that_it_was_given(tmp_path: Path, zone: str, first: str, last: str) -> None:
    begun = datetime(2026, 1, 3, tzinfo=UTC)
    events: list[Any] = [
        {"event": "A", "properties": {"distinct_id": "u", "time": int((begun + timedelta(hours=hour)).timestamp())}}
        for hour in range(120)
    ]
    days: dict[str, Any] = {"from_date": "2026-01-04", "to_date": "2026-01-06"}
    now = datetime(2026, 2, 1, tzinfo=UTC)
    with Sandbox(events=events, now=now, timezone=zone) as box, box.workspace(state_dir=tmp_path, cache="off") as ws:
        held = ws.mirror(**days, timezone=zone).days
        assert (held[0], held[-1]) == (first, last)
        for source in ("mirror", "auto"):
            mirrored = ws.with_options(source=source).query("A", **days)
            assert mirrored.provenance.origin == "mirror"
            assert told(mirrored) == told(ws.query("A", **days))


def test_a_day_that_is_yet_to_come_is_neither_exported_nor_needed() -> None:
    now = datetime(2026, 1, 6, 15, tzinfo=UTC)
    project, today = Project(timezone="America/New_York", now=now), date(2026, 1, 6)
    assert exported_days(project, today, today) == (today, today)
    evening = Project(timezone="America/New_York", now=now + timedelta(hours=12))
    assert exported_days(evening, today, today) == (today, date(2026, 1, 7))


def test_the_command_names_its_own_words_for_what_is_lacking(flights: Sandbox, tmp_path: Path) -> None:
    variables = {**flights.environment(), "MP_STATE_DIR": str(tmp_path)}
    words = ["query", "segmentation", "Flight", "--source", "mirror"]
    done = CliRunner().invoke(cli, [*words, "--from-date", "2013-01-01", "--to-date", "2013-01-02"], env=variables)
    assert done.exit_code == mp.MirrorError.exit_code == 9
    assert "mp mirror sync" in done.stderr
    assert "--source auto" in done.stderr


def test_the_command_syncs_tells_and_drops(flights: Sandbox, tmp_path: Path) -> None:
    variables = {**flights.environment(), "MP_STATE_DIR": str(tmp_path)}

    def run(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(cli, ["mirror", *words, "--json"], env=variables, catch_exceptions=False)
        assert done.exit_code == 0
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    synced = run("sync", "--from-date", "2013-01-01", "--to-date", "2013-01-02")
    assert synced["days"] == ["2013-01-01", "2013-01-02"]
    assert run("status") == synced
    assert run("drop", "--yes") == {**synced, "dropped": True}
    assert run("status")["days"] == []
    assert not Path(synced["folder"]).exists()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", 5, ("Europe", "Berlin"), ["UTC"], b"UTC", "\ud800"], ids=ascii)
def test_a_time_zone_that_is_none_is_refused_and_not_kept(tmp_path: Path, zone: Any) -> None:
    with Sandbox() as box, box.workspace(state_dir=tmp_path) as ws:
        with pytest.raises(mp.MixpanelHeadlessError, match="zone"):
            ws.mirror(from_date="2026-01-01", to_date="2026-01-01", timezone=zone)
        assert box.requests == []
        assert ws.mirror_status().timezone == "UTC"


def test_a_damaged_time_zone_is_told_with_the_way_out(tmp_path: Path) -> None:
    with Sandbox() as box, box.workspace(state_dir=tmp_path) as ws:
        ws.mirror(from_date="2026-01-01", to_date="2026-01-01", timezone="Europe/Berlin")
        (kept,) = tmp_path.rglob(ZONE_FILE)
        kept.write_bytes(b'["UTC"]')
        with pytest.raises(mp.MirrorError, match="time zone"):
            ws.mirror_status()


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ([], "none"),
        (["2026-01-31"], "1 day: 2026-01-31"),
        (["2026-01-30", "2026-01-31", "2026-02-01"], "3 days: 2026-01-30 to 2026-02-01"),
        (["2026-01-01", "2026-01-03", "2026-01-04"], "3 days: 2026-01-01, 2026-01-03 to 2026-01-04"),
    ],
)
def test_days_are_told_from_when_to_when(days: list[str], told: str) -> None:
    assert told_days(days) == told


def test_the_command_shows_spans_of_days_and_not_each_of_them(flights: Sandbox, tmp_path: Path) -> None:
    variables = {**flights.environment(), "MP_STATE_DIR": str(tmp_path)}
    days = ["--from-date", "2013-01-01", "--to-date", "2013-01-05"]
    done = CliRunner().invoke(cli, ["mirror", "sync", *days, "--format", "table"], env=variables)
    assert "5 days: 2013-01-01 to 2013-01-05" in done.stdout
    assert "2013-01-03" not in done.stdout
