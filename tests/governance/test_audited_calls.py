"""Every change leaves a row before it is sent and one after, whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import mixpanel_headless as mp
from mixpanel_headless.cli.root import cli
from mixpanel_headless.governance import mirrors
from mixpanel_headless.governance.journal import FOLDER
from request_scheduler.file_lock import locked
from tests.answering import Answering

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-01-01 00:00:00"
NOTE = {"id": 7, "date": DAY, "description": "Release"}


async def test_a_change_that_is_cancelled_before_it_was_written_down_is_not_sent_and_says_so(
    service: Answering, tmp_path: Path
) -> None:
    async with service.async_workspace(state_dir=tmp_path, policy={"preset": "admin", "caps": {"mutations": 1}}) as ws:
        (folder := tmp_path / FOLDER).mkdir()
        with (folder / "lock").open("w") as lock, locked(lock.fileno(), 10.0):
            change = asyncio.create_task(ws.delete_annotation(7))
            while not ws.runtime.governor.changes:  # noqa: ASYNC110 - until the row is about to be written
                await asyncio.sleep(0)
            change.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await change
        assert service.sent == []
        assert [(row.kind, row.fields.get("outcome")) for row in await ws.audit.log()] == [
            ("intent", None),
            ("outcome", "not sent"),
        ]
        await ws.delete_annotation(7)  # the cap has not been spent
    assert len(service.sent) == 1


def rows_of(ws: mp.Workspace) -> list[dict[str, Any]]:
    return [row.to_dict() for row in ws.audit.log()]


def test_a_change_is_written_down_before_and_after(service: Answering, tmp_path: Path) -> None:
    service.tell({"results": NOTE})
    with service.workspace(state_dir=tmp_path, workspace=9) as ws, ws.task("tidy"):
        ws.create_annotation(mp.CreateAnnotationParams(date=DAY, description="Release"))
        intent, outcome = rows_of(ws)
        assert [row.kind for row in ws.audit.show(2)] == ["intent", "outcome"]
        assert ws.audit.verify().ok
    same = {
        "account": "sa.test", "tenant": "tidy", "task": "tidy", "host": socket.gethostname(), "process": os.getpid(),
        "project": "12345", "workspace": 9, "operation": "annotations.create_annotation", "verb": "create",
    }  # fmt: skip
    assert {**intent, **same} == intent
    assert {**outcome, **same, "call": intent["call"], "outcome": "done"} == outcome
    assert (intent["kind"], outcome["kind"], len(intent["request"]), len(outcome["after"])) == (
        "intent",
        "outcome",
        64,
        64,
    )


def test_reading_leaves_no_row(service: Answering, tmp_path: Path) -> None:
    service.tell({"results": NOTE})
    with service.workspace(state_dir=tmp_path) as ws:
        ws.get_annotation(7)
        assert rows_of(ws) == []


@pytest.mark.parametrize(("status", "outcome"), [(404, "failed"), (409, "failed"), (500, "unknown"), (200, "failed")])
def test_what_became_of_a_change_that_failed_stands_there(
    service: Answering, tmp_path: Path, status: int, outcome: str
) -> None:
    service.tell({"status": "error", "error": "no s3cret here"}, status)
    with service.workspace(state_dir=tmp_path) as ws:
        with pytest.raises(mp.APIError):
            ws.delete_annotation(7)
        row = rows_of(ws)[1]
    assert (row["outcome"], row["target"], bool(row["code"])) == (outcome, ["7"], True)
    assert "here" not in json.dumps(row)


def test_a_denied_change_is_written_down_with_the_rule(service: Answering, tmp_path: Path) -> None:
    with service.workspace(state_dir=tmp_path, policy="analyst") as ws:
        with pytest.raises(mp.PolicyDenied):
            ws.delete_annotation(7)
        (row,) = rows_of(ws)
    assert (row["outcome"], row["origin"], row["operation"]) == ("denied", "analyst", "annotations.delete_annotation")


def test_a_call_in_steps_that_is_denied_as_a_whole_is_written_down(service: Answering, tmp_path: Path) -> None:
    policy = {"deny": [{"operations": ["create_report_link"]}]}
    with service.workspace(state_dir=tmp_path, policy=policy) as ws:
        with pytest.raises(mp.PolicyDenied):
            ws.create_report_link(ws.build_params("Login"))
        (row,) = rows_of(ws)
    assert (row["operation"], row["outcome"]) == ("report_links.create_report_link", "denied")


def test_a_step_of_a_call_names_the_call(service: Answering, tmp_path: Path) -> None:
    with service.workspace(state_dir=tmp_path, workspace=9) as ws:
        ws.create_report_link(ws.build_params("Login"))
        row = rows_of(ws)[0]
    assert (row["operation"], row["within"]) == ("report_links._keep_link", "report_links.create_report_link")


def test_no_secret_stands_in_the_log(service: Answering, tmp_path: Path) -> None:
    with service.workspace(state_dir=tmp_path, username="s3cret", workspace=9) as ws:
        ws.delete_feature_flag("a-s3cret-flag")
    text = b"".join(path.read_bytes() for path in (tmp_path / "audit").iterdir())
    assert b"feature_flags.delete_feature_flag" in text
    assert b"s3cret" not in text


async def test_an_async_workspace_reads_the_same_log(service: Answering, tmp_path: Path) -> None:
    async with service.async_workspace(state_dir=tmp_path) as ws:
        await ws.delete_annotation(7)
        found = await ws.audit.verify()
        rows = await ws.audit.log(operation="annotations.*", outcome="done", limit=1)
    assert (found.ok, found.rows, [row.seq for row in rows]) == (True, 2, [2])


def test_a_change_that_cannot_be_written_down_goes_unless_that_is_required(
    service: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    with service.workspace(state_dir=tmp_path) as ws:
        ws.delete_annotation(7)
        ws.delete_annotation(8)
    assert [record.message.count("not audited") for record in caplog.records] == [1]
    monkeypatch.setenv("MP_AUDIT", "required")
    with (
        service.workspace(state_dir=tmp_path) as ws,
        pytest.raises(mp.MixpanelHeadlessError, match="MP_AUDIT") as caught,
    ):
        ws.delete_annotation(9)
    assert (caught.value.code, caught.value.sent, len(service.sent)) == ("AUDIT_UNWRITABLE", False, 2)


def test_a_program_killed_between_the_rows_leaves_an_open_intent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        program = subprocess.Popen([sys.executable, "-m", "tests.governance.dying", url, str(tmp_path)])
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(10).startswith(b"DELETE")  # the row before was written, and that after will not be
            program.send_signal(signal.SIGKILL)
            program.wait(30)
    with Answering() as service, service.workspace(state_dir=tmp_path) as ws:
        ws.delete_annotation(8)
        found = ws.audit.verify()
    assert found.ok
    assert [(row.operation, row.target, row.process) for row in found.open_intents] == [
        ("annotations.delete_annotation", ["7"], program.pid)
    ]


def test_the_command_line_reads_and_verifies_the_log(
    service: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service.workspace(state_dir=tmp_path) as ws:
        ws.delete_annotation(7)
    monkeypatch.setenv("MP_STATE_DIR", str(tmp_path))
    run = CliRunner().invoke
    assert [json.loads(line)["kind"] for line in run(cli, ["audit", "log", "--format", "jsonl"]).stdout.splitlines()] == [
        "intent", "outcome",
    ]  # fmt: skip
    assert "annotations.delete_annotation" in run(cli, ["audit", "show", "1", "--format", "plain"]).stdout
    assert run(cli, ["audit", "verify"]).exit_code == 0
    (path,) = (tmp_path / "audit").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"outcome":"done"', b'"outcome":"gone"'))
    broken = run(cli, ["audit", "verify", "--json"])
    assert (broken.exit_code, json.loads(broken.stdout)["findings"][0]["flaw"]) == (1, "edited")
    assert run(cli, ["audit", "show", "99"]).exit_code == 2


def test_a_mirror_hears_of_every_row_and_stops_nothing(
    service: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MP_AUDIT_MIRROR", "structlog,syslog")
    with caplog.at_level("INFO", logger="mixpanel_headless"), service.workspace(state_dir=tmp_path) as ws:
        ws.delete_annotation(7)
    told = [record.message for record in caplog.records if record.message.startswith("event='audit'")]
    assert ["kind='intent'" in told[0], "kind='outcome'" in told[1]] == [True, True]


def test_the_systems_log_hears_of_a_row_as_json() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        log = mirrors.log_at(listening.getsockname())
        mirrors.tell_syslog({"seq": 1, "kind": "intent"}, log)
        listening.settimeout(10)
        told = listening.recv(4096)
        log.handlers[0].close()
    assert b'mixpanel-headless audit {"seq":1,"kind":"intent"}' in told


def test_the_digest_of_what_was_there_is_told_where_that_is_wished(
    service: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_AUDIT_BEFORE", "1")
    for _ in range(2):
        service.tell({"results": NOTE})
    with service.workspace(state_dir=tmp_path) as ws:
        ws.update_annotation(7, mp.UpdateAnnotationParams(description="Release"))
        intent, outcome = rows_of(ws)
    assert [sent.partition(" ")[0] for sent in service.sent] == ["GET", "PATCH"]
    assert intent["before"] == outcome["after"] != ""  # nothing was different afterwards


def test_opentelemetry_hears_of_every_row(service: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    processor = pytest.importorskip("opentelemetry.sdk.trace.export").SimpleSpanProcessor(export)
    provider = sdk.TracerProvider()
    provider.add_span_processor(processor)
    monkeypatch.setenv("MP_AUDIT_MIRROR", "otel")
    with (
        service.workspace(state_dir=tmp_path) as ws,
        provider.get_tracer("program").start_as_current_span("work"),
    ):
        ws.delete_annotation(7)
    (span,) = export.get_finished_spans()
    assert [event.attributes["mixpanel.audit.kind"] for event in span.events] == ["intent", "outcome"]


def test_the_row_after_a_creation_holds_the_new_id(service: Answering, tmp_path: Path) -> None:
    service.tell({"results": {"id": 2005, "title": "Growth"}})
    with service.workspace(state_dir=tmp_path) as ws:
        ws.create_dashboard(mp.CreateDashboardParams(title="Growth"))
        rows = ws.audit.log()
    assert [row.to_dict().get("made") for row in rows] == [None, "2005"]
    assert [row[4] for row in rows.table] == ["Growth", "Growth (2005)"]
    assert re.fullmatch(r"<AuditRow 2 outcome .{19}Z dashboards.create_dashboard Growth \(2005\) done>", repr(rows[1]))


def test_a_schema_is_told_by_its_type_and_its_name(service: Answering, tmp_path: Path) -> None:
    service.tell({"results": {}}).tell({"results": {"deleteCount": 1}})
    with service.workspace(state_dir=tmp_path) as ws:
        ws.create_schema("event", "Foo", {})
        ws.delete_schemas(entity_type="event", entity_name="Revenue")
        assert [row.target for row in ws.audit.log()] == [["event/Foo"]] * 2 + [["event/Revenue"]] * 2


def test_an_outcome_that_there_is_none_of_is_refused(service: Answering, tmp_path: Path) -> None:
    with (
        service.workspace(state_dir=tmp_path) as ws,
        pytest.raises(mp.InvalidArgumentError, match="did you mean 'denied'"),
    ):
        ws.audit.log(outcome="deny")
