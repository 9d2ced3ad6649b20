"""A sandbox that keeps what clients make in a file, and the next one that goes on with it."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import stat
import threading
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox, kept
from mixpanel_headless.sandbox.custom_events import CustomEvents
from mixpanel_headless.sandbox.entities import Entities
from mixpanel_headless.sandbox.governed import Governed
from mixpanel_headless.sandbox.histories import Journal
from mixpanel_headless.sandbox.lookups import Lookups, Upload
from mixpanel_headless.sandbox.quality import Anomalies
from mixpanel_headless.sandbox.saved import Saved
from tests.sandbox.conftest import EVENTS, NOW, total_of
from tests.sandbox.test_sandbox_command import run_to_its_end, sandbox_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.sandbox.conftest import Caller

DAYS: dict[str, Any] = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
BUYERS = mp.CohortDefinition.all_of(mp.CohortCriteria.did_event("Purchase", at_least=1, within_days=30))
BOARDS = "/api/app/projects/12345/dashboards"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "box.json"


@pytest.fixture
def again(file: Path) -> Iterator[Callable[[], mp.Workspace]]:
    """Closes the sandbox that keeps the file, and opens the next one with a client."""
    opened: list[tuple[Sandbox, mp.Workspace]] = []

    def close() -> None:
        for box, ws in opened:
            ws.close()
            box.close()
        opened.clear()

    def open_next() -> mp.Workspace:
        close()
        box = Sandbox(EVENTS, now=NOW, keep=file).open()
        opened.append((box, box.workspace(policy="admin")))
        return opened[-1][1]

    yield open_next
    close()


def make_things(ws: mp.Workspace, rows: Path) -> None:
    """One thing of every sort, and something said of everything that can be spoken of."""
    board = ws.create_dashboard(mp.CreateDashboardParams(title="Board"))
    report = ws.create_bookmark(
        mp.CreateBookmarkParams(
            name="Logins", bookmark_type="insights", params=total_of("Login"), dashboard_id=board.id
        )
    )
    ws.update_bookmark(report.id, mp.UpdateBookmarkParams(name="All logins"))
    ws.create_report_link(ws.build_params("Login", last=7))
    ws.create_cohort(mp.CreateCohortParams(name="Buyers", definition=BUYERS.to_dict()))
    ws.create_feature_flag(mp.CreateFeatureFlagParams(name="A", key="a"))
    event = ws.create_custom_event(mp.CreateCustomEventParams(name="Any", alternatives=["Login", "Purchase"]))
    ws.update_custom_event(event.id, mp.UpdateEventDefinitionParams(description="Anything"))
    rows.write_bytes("code,name\r\nDE,Düsseldorf\r\n".encode())
    ws.upload_lookup_table(mp.UploadLookupTableParams(name="Cities", file_path=rows), poll_interval=0.001)
    ws.update_event_definition("Login", mp.UpdateEventDefinitionParams(description="Comes in"))
    ws.create_schema("event", "Order", {"properties": {"amount": {"type": "number"}}})
    ws.delete_schemas(entity_type="event", entity_name="Purchase")
    ws.init_schema_enforcement(mp.InitSchemaEnforcementParams(rule_event="Warn and Accept"))
    ws.set_business_context("We sell shoes.")


def told(ws: mp.Workspace) -> dict[str, Any]:
    """All of it as a client reads it."""
    (cohort,), (event,) = ws.list_cohorts_full(), ws.list_custom_events()
    (table,), (report,) = ws.list_lookup_tables(), ws.list_bookmarks_v2()
    assert event.custom_event_id is not None
    values: dict[str, Any] = {
        "boards": ws.list_dashboards(),
        "report": report,
        "answer of it": ws.query_saved_report(report.id).series,
        "history of it": ws.get_bookmark_history(report.id).results,
        "flags": ws.list_feature_flags(),
        "cohort": cohort,
        "answer for it": ws.query("Login", where=mp.Filter.in_cohort(int(cohort.id)), **DAYS).series,
        "custom event": event,
        "answer with it": ws.query(mp.Metric(mp.CustomEventRef(event.custom_event_id)), **DAYS).series,
        "table": table,
        "rows of it": ws.download_lookup_table(int(table.id)),
        "lexicon": ws.get_event_definitions(names=["Login", "Purchase"]),
        "schemas": ws.list_schema_registry(),
        "enforcement": ws.get_schema_enforcement(),
        "context": ws.get_business_context(),
    }
    return values


def test_the_next_sandbox_goes_on_where_the_last_one_stopped(
    again: Callable[[], mp.Workspace], file: Path, tmp_path: Path
) -> None:
    ws = again()
    make_things(ws, tmp_path / "rows.csv")
    before = told(ws)
    assert told(again()) == before
    assert before["rows of it"] == "code,name\r\nDE,Düsseldorf\r\n".encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    state = json.loads(file.read_text())
    assert (state["format"], state["project"], state["contexts"]) == (1, 12345, {"project": "We sell shoes."})
    assert len(file.read_text().splitlines()) > 100


def test_no_id_is_given_twice_though_the_last_one_was_deleted(
    again: Callable[[], mp.Workspace], tmp_path: Path
) -> None:
    def make(ws: mp.Workspace) -> list[int]:
        board = ws.create_dashboard(mp.CreateDashboardParams(title="Board"))
        params: dict[str, Any] = {"bookmark_type": "insights", "params": total_of("Login"), "dashboard_id": board.id}
        report = ws.create_bookmark(mp.CreateBookmarkParams(name="Logins", **params))
        event = ws.create_custom_event(mp.CreateCustomEventParams(name="Any", alternatives=["Login"]))
        (rows := tmp_path / "rows.csv").write_text("a,b\n1,2\n")
        table = ws.upload_lookup_table(mp.UploadLookupTableParams(name="Rows", file_path=rows), poll_interval=0.001)
        return [board.id, report.id, event.id, int(table.id)]

    ws = again()
    board, report, event, table = first = make(ws)
    ws.delete_bookmark(report)
    ws.delete_dashboard(board)
    ws.delete_custom_event(event)
    ws.delete_lookup_tables([table])
    assert all(new > old for old, new in zip(first, make(again()), strict=True))


def test_ids_that_were_told_for_what_was_only_seen_stay(again: Callable[[], mp.Workspace]) -> None:
    seen = {one.name: one.id for one in again().get_event_definitions(names=["Purchase"])}
    assert {
        one.name: one.id for one in again().get_event_definitions(names=["Login", "Purchase"])
    }.items() > seen.items()


def test_reports_that_are_given_begin_a_new_file_and_no_other(file: Path) -> None:
    given = [{"name": "Logins", "type": "insights", "params": total_of("Login")}]
    for _ in range(2):
        with Sandbox(EVENTS, now=NOW, reports=given, keep=file) as box, box.workspace() as ws:
            assert [one.name for one in ws.list_bookmarks_v2()] == ["Logins"]


def test_a_process_that_is_killed_has_kept_all_that_it_had_answered(file: Path, tmp_path: Path) -> None:
    answered: list[str] = []
    enough = threading.Event()
    (events := tmp_path / "events.jsonl").write_text(json.dumps(EVENTS[0]) + "\n")
    arguments = ["--events", str(events), "--keep", str(file)]

    def send_until_it_ends(ask: Caller, answered: list[str]) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            while ask.post(BOARDS, {"title": f"Board {len(answered)}"}).status == 200:
                answered.append(f"Board {len(answered)}")
                if len(answered) == 30:
                    enough.set()

    with sandbox_process(*arguments) as running:
        sender = threading.Thread(target=send_until_it_ends, args=(running.ask(), answered))
        sender.start()
        assert enough.wait(20)
        running.end(signal.SIGKILL)
        sender.join(20)
    with sandbox_process(*arguments) as running:
        titles = [board["title"] for board in running.ask().get(BOARDS).json["results"]]
        running.end(signal.SIGINT)
    assert titles in (answered, [*answered, f"Board {len(answered)}"])
    assert sorted(one.name for one in file.parent.iterdir()) == ["box.json", "box.json.lock"]


def test_a_second_sandbox_is_refused_as_long_as_the_first_one_keeps_the_file(file: Path) -> None:
    with Sandbox(EVENTS, now=NOW, keep=file):
        with pytest.raises(mp.ConfigError, match=r"box\.json is kept by another sandbox"):
            Sandbox(EVENTS, now=NOW, keep=file).open()
        ended = run_to_its_end("--keep", str(file))
        assert (ended.returncode, "is kept by another sandbox" in ended.stderr) == (3, True)
    with Sandbox(EVENTS, now=NOW, keep=file):
        pass


def state_with(**changes: Any) -> str:
    state = json.loads(kept.encode(Saved(), 12345))
    return json.dumps({**state, **changes})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "truncated"),
        ("Dear diary", "malformed"),
        ("[1, 2]", "Expected `object`"),
        ('{"name": "package", "version": "1.0"}', "missing required field `format`"),
        (state_with(about="Shoes"), "it is about 'Shoes'"),
        (state_with(format=2), "its format is 2, and this version reads format 1"),
        (state_with(project=7), "is of project 7, and this sandbox is project 12345"),
        (state_with(things=[]), r"Expected `object`, got `array` - at `\$\.things`"),
        (state_with(colour="red"), "unknown field `colour`"),
        (state_with(reports={"1001": {"id": 1001, "name": "A"}}), r"type must be one of .* at `\$\.reports\.1001`"),
        (state_with(reports={"1001": {"id": 1002, "name": "A"}}), r"the id of it is 1002 - at `\$\.reports\.1001`"),
        (state_with(things={"cohorts": {"x": {"id": "x"}}}), r"the id of it is 'x' - at `\$\.things\.cohorts\.x`"),
        (state_with(lookup_tables={"5": {"id": 5}}), r"its file is not there - at `\$\.lookup_tables\.5`"),
        (state_with(files={"a": {"base64": "!"}}), r"at `\$\.files\.a\.base64`"),
        (state_with(custom_events={"5": {"id": 5}}), r"required fields - at `\$\.custom_events\.5`"),
    ],
)
def test_a_file_that_is_no_such_state_is_refused_by_name_and_left_alone(
    file: Path, content: str, complaint: str
) -> None:
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(mp.ConfigError, match=complaint) as caught:
        Sandbox(EVENTS, now=NOW, keep=file).open()
    assert str(file) in str(caught.value)
    assert file.read_text() == content


def test_a_file_that_cannot_be_one_is_refused_before_the_server_starts(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for place, complaint in (
        (tmp_path, "is no plain file"),
        (tmp_path / "taken" / "box.json", "taken: it is no folder"),
    ):
        with pytest.raises(mp.ConfigError, match=complaint):
            Sandbox(EVENTS, now=NOW, keep=place).open()
    with pytest.raises(mp.InvalidArgumentError, match="keep is 7"):
        Sandbox(EVENTS, keep=7)  # type: ignore[arg-type] # the flaw
    ended = run_to_its_end("--keep", str(tmp_path / "taken"))
    assert ended.returncode == 3
    assert "truncated" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_cannot_be_written_at_the_end_is_said_with_everything_freed(file: Path) -> None:
    box = Sandbox(EVENTS, now=NOW, keep=file).open()
    with box.workspace(policy="admin") as ws:
        shutil.rmtree(file.parent)
        ws.create_dashboard(mp.CreateDashboardParams(title="Board"))
    with pytest.raises(mp.ConfigError, match=r"box\.json cannot be written"):
        box.close()
    box.close()
    with pytest.raises(mp.ClosedError):
        _ = box.url


def test_what_could_not_be_written_is_said_and_written_with_the_next_call(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(EVENTS, now=NOW, keep=file) as box, box.workspace(policy="admin") as ws:
        shutil.move(file.parent, away := file.parent.with_name("away"))
        for number in range(2):
            ws.create_dashboard(mp.CreateDashboardParams(title=f"Board {number}"))
        shutil.move(away, file.parent)
        assert "Board" not in file.read_text()
        assert len(ws.list_dashboards()) == 2
        assert "Board 1" in file.read_text()
    assert [record.message.count("box.json cannot be written") for record in caplog.records] == [1]


def test_whatever_is_kept_comes_back() -> None:
    journal = Journal({("cohorts", "2002"): [{"action": "create"}]})
    thing = {"id": 2002, "name": "Buyers"}
    saved = Saved(
        reports={1001: {"id": 1001, "name": "A", "type": "insights", "params": {}}},
        links={"slug": {"slug": "slug"}},
        journal=journal,
        entities=Entities(journal, {"cohorts": {"2002": thing}, "no kind of ours": {"a": {}}}, last_id=2100),
        governed=Governed(
            journal, {("event", "Login"): {"hidden": True}}, {("event", "Login"): 1},
            {("event", "Order"): None, ("event", "Login"): {"properties": {}}}, {"id": 1}, {"project": "Shoes"},
        ),
        custom_events=CustomEvents({802: {"id": 802, "name": "Any", "alternatives": []}}, {802: {"hidden": True}}, 810),
        lookups=Lookups(
            {5500: {"id": 5500}}, {"downloads/5500": b"a,b\r\n", "uploads/x": b"\xff\x00"},
            {"u": Upload({"id": 5500}, 1, "no header")}, 5510,
        ),
        anomalies=Anomalies({("Ping", "2026-01-15T00:00:00"): 1}, {1: {"status": "dismissed"}}),
        last_id=1010,
    )  # fmt: skip
    found, project = kept.decode(kept.for_people(kept.encode(saved, 7)))
    assert project == 7
    for part in ("", "journal", "entities", "governed", "custom_events", "lookups", "anomalies"):
        of_old, of_new, of_none = (getattr(one, part) if part else one for one in (saved, found, Saved()))
        for name in attrs.fields_dict(type(of_old)).keys() - {"lock", "touched", "changed", "signer", "journal"}:
            old, new, none = (getattr(one, name) for one in (of_old, of_new, of_none))
            if not attrs.has(type(old)):
                assert new == old != none, name
    assert found.entities.journal is found.governed.journal is found.journal
