"""Events in files: every event once, each day a file that is whole, and nothing asked for twice."""

from __future__ import annotations

import gzip
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import duckdb
import fsspec
import msgspec
import pytest

import mixpanel_headless as mp
from mixpanel_headless.exports import marks, waits
from mixpanel_headless.exports.contents import NAME
from mixpanel_headless.sandbox.faults import Cut, Hold, Slow, failing
from tests.exports.conftest import DAYS, EVENTS, IDS, endless, event, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_headless.exports.writing import Format
    from mixpanel_headless.sandbox import Sandbox
    from tests.exports.conftest import Script

PARQUET, LINES = "parquet", "jsonl.gz"
BOTH = pytest.mark.parametrize("form", [PARQUET, LINES])
ONE_DAY: dict[str, Any] = {"from_date": "2026-01-05", "to_date": "2026-01-05"}


def rows(file: Path) -> list[dict[str, Any]]:
    """The events of a file as the service's objects."""
    if file.suffix == ".gz":
        return [json.loads(line) for line in gzip.open(file)]
    found = duckdb.execute(f"SELECT event_name, properties FROM read_parquet('{file}')").fetchall()
    return [{"event": name, "properties": json.loads(text)} for name, text in found]


def ids(folder: Path, form: str) -> list[str]:
    """The ids of all files, day by day."""
    return [row["properties"]["$insert_id"] for file in sorted(folder.glob(f"*.{form}")) for row in rows(file)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@BOTH
def test_each_day_becomes_a_file_and_the_manifest_names_it(box: Sandbox, tmp_path: Path, form: Format) -> None:
    with box.workspace() as ws:
        done = ws.export_events(tmp_path / "to", **DAYS, format=form)
    days = [f"events-2026-01-0{day}.{form}" for day in (5, 6, 7)]
    assert [file.name for file in done.files] == days
    assert names(tmp_path / "to") == [*days, NAME]
    assert [event for day in days for event in rows(tmp_path / "to" / day)] == EVENTS
    assert (done.rows, done.copies, done.bad, done.requests) == (600, 0, 0, 3)


def test_who_watches_is_told_that_an_export_waits_for_its_budget(
    box: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "EVERY", 0.01)
    ws = box.workspace(limits=mp.Limits(export=1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ws.export_events, tmp_path, **DAYS, progress=True)
        told = ""
        while "waiting" not in told:
            told += capfd.readouterr().err
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)
    assert "waiting for the export budget: 1 of 1 used in 1.0 h, next in " in told


@pytest.mark.parametrize("call", ["export_events", "mirror"])
def test_a_program_that_shows_no_progress_logs_once_that_it_waits_and_for_which_budget(
    box: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(waits, "EVERY", 0.01)
    logged = threading.Event()

    def hear(record: logging.LogRecord) -> bool:
        logged.set()
        return True

    caplog.handler.addFilter(hear)
    ws = box.workspace(limits=mp.Limits(export=1), state_dir=tmp_path / "state")
    with ThreadPoolExecutor(1) as pool:
        to = (tmp_path,) if call == "export_events" else ()
        waiting = pool.submit(getattr(ws, call), *to, **DAYS)
        assert logged.wait(20)
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)
    (record,) = caplog.records
    assert "budget='export budget: 1 of 1 used in 1.0 h'" in record.getMessage()
    assert "progress=True counts the days" in record.getMessage()


def test_parquet_has_typed_columns_and_properties_as_json(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        ws.export_events(tmp_path, **ONE_DAY)
    found = duckdb.execute(f"SELECT * REPLACE (epoch(event_time) AS event_time) FROM '{tmp_path}/*.parquet'")
    assert {name: str(kind) for name, kind, *_ in found.description or []} == {
        "event_name": "VARCHAR",
        "event_time": "DOUBLE",
        "distinct_id": "VARCHAR",
        "insert_id": "VARCHAR",
        "properties": "JSON",
    }
    name, time, user, insert_id, properties = found.fetchall()[1]
    first = EVENTS[1]["properties"]
    assert (name, time, user, insert_id) == ("Purchase", first["time"], "u1", "i-1")
    assert json.loads(properties) == first


FULL = """
import resource, sys
import mixpanel_headless as mp
import mixpanel_headless.exports.days, duckdb, gzip

ws = mp.Workspace(store="memory", cache="off")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    ws.export_events(sys.argv[1], from_date="2026-01-05", to_date="2026-01-07", format=sys.argv[2])
except mp.ConfigError as error:
    print(error.message)
"""


@pytest.mark.parametrize("form", ["parquet", "jsonl.gz"])
def test_a_disk_that_takes_no_more_is_told_and_no_half_of_a_file_stays(box: Sandbox, tmp_path: Path, form: str) -> None:
    command = [sys.executable, "-B", "-c", FULL, str(tmp_path / "to"), form]
    env = {**os.environ, **box.environment()}
    told = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "A file of the export cannot be written: File too large.\n", told.stderr
    assert [path.name for path in (tmp_path / "to").iterdir()] == []


def test_events_and_a_condition_choose(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY, events=["Login"], where='properties["amount"] > 100')
    assert done.rows == len([one for one in EVENTS[101:200] if one["event"] == "Login"])


@BOTH
def test_copies_of_an_event_are_left_out_and_counted_but_for_the_last_to_arrive(
    open_box: Callable[..., Sandbox], tmp_path: Path, form: Format
) -> None:
    twice = [event(5, mp_processing_time_ms=9, v="new"), event(5, mp_processing_time_ms=3, v="old"), event(6), event(6)]
    other = event(7, distinct_id="somebody else")
    with open_box(events=[event(5), *twice, event(7), other]).workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY, format=form)
    kept = [row["properties"] for row in rows(tmp_path / done.files[0].name)]
    assert [properties["$insert_id"] for properties in kept] == ["i-5", "i-6", "i-7", "i-7"]
    assert (kept[0]["v"], done.rows, done.copies) == ("new", 4, 3)


@BOTH
def test_events_without_an_id_are_no_copies(play: Callable[..., Script], tmp_path: Path, form: Format) -> None:
    script = play(whole(b'{"event":"A","properties":{"time":1767571200}}\n' * 2))
    with script.workspace() as ws:
        assert ws.export_events(tmp_path, **ONE_DAY, format=form).rows == 2


@BOTH
def test_copies_are_found_in_more_events_than_are_held_in_memory(
    open_box: Callable[..., Sandbox], tmp_path: Path, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "HELD", 16)
    monkeypatch.setattr(marks, "LOOKED_AT", 30)
    with open_box(events=[*EVENTS[:100], *EVENTS[50:60], *EVENTS[:5]]).workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY, format=form)
    assert sorted(ids(tmp_path, form)) == sorted(IDS[:100])
    assert done.copies == 15


@BOTH
def test_cuts_at_random_give_every_event_once(box: Sandbox, tmp_path: Path, form: Format) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    for number in range(6):
        box.inject(Cut("inside the body", chance.uniform(0.1, 1)), after=number)
    with box.workspace() as ws:
        done = ws.export_events(tmp_path, **DAYS, format=form)
    assert ids(tmp_path, form) == IDS
    assert done.requests == len(box.requests) == 9


@pytest.mark.parametrize("broken", [b"terminated early\n", b'{"event":"B","prop'])
def test_an_answer_that_is_not_whole_is_asked_for_again(
    play: Callable[..., Script], tmp_path: Path, broken: bytes
) -> None:
    text = json.dumps(event(1)).encode() + b"\n"
    script = play(endless(text + broken), endless(text))
    with script.workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY)
    assert (done.rows, done.bad, done.requests) == (1, 0, 2)


@BOTH
def test_the_same_call_again_asks_for_nothing(box: Sandbox, tmp_path: Path, form: Format) -> None:
    with box.workspace() as ws:
        first = ws.export_events(tmp_path, **DAYS, format=form)
        again = ws.export_events(tmp_path, **DAYS, format=form)
    assert (again.requests, again.files) == (0, first.files)
    assert len(box.requests) == 3


def test_more_days_ask_for_those_that_are_missing(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        ws.export_events(tmp_path, **ONE_DAY)
        assert ws.export_events(tmp_path, **DAYS).requests == 2
    assert ids(tmp_path, PARQUET) == IDS


def test_a_file_that_is_gone_or_damaged_is_made_again(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        done = ws.export_events(tmp_path, **DAYS)
        (tmp_path / done.files[0].name).unlink()
        (tmp_path / done.files[1].name).write_bytes(b"PAR1")
        assert ws.export_events(tmp_path, **DAYS).requests == 2
    assert ids(tmp_path, PARQUET) == IDS


def test_a_day_that_was_not_over_when_it_was_asked_for_is_asked_for_again(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        ws.export_events(tmp_path, **DAYS)
        manifest = msgspec.json.decode((tmp_path / NAME).read_bytes())
        manifest["parts"]["2026-01-06"]["at"] = "2026-01-07T23:00:00Z"
        manifest["parts"]["2026-01-05"]["at"] = "2026-01-07T00:00:00Z"
        (tmp_path / NAME).write_bytes(msgspec.json.encode(manifest))
        assert ws.export_events(tmp_path, **DAYS).requests == 1


@pytest.mark.parametrize("other", [{"events": ["Login"]}, {"format": "jsonl.gz"}, {"where": "1 == 1"}])
def test_a_folder_of_another_export_is_refused_before_anything_is_sent(
    box: Sandbox, tmp_path: Path, other: Any
) -> None:
    with box.workspace() as ws:
        ws.export_events(tmp_path, **ONE_DAY)
        with pytest.raises(mp.ConfigError, match=f"holds another export.*{next(iter(other))}"):
            ws.export_events(tmp_path, **{**ONE_DAY, **other})
    assert len(box.requests) == 1


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with box.workspace() as ws, pytest.raises(mp.ConfigError, match="Nothing can be written to"):
        ws.export_events(tmp_path / "file" / "x", **ONE_DAY)
    assert not box.requests


def test_a_manifest_that_cannot_be_read_is_told(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{")
    with box.workspace() as ws, pytest.raises(mp.ConfigError, match=r"export\.json cannot be read"):
        ws.export_events(tmp_path, **ONE_DAY)


def test_an_error_leaves_the_days_that_were_done(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY)
        made = (tmp_path / done.files[0].name).stat().st_mtime_ns
        box.inject(failing(404, "No access to this project"))
        with pytest.raises(mp.QueryError, match="No access"):
            ws.export_events(tmp_path, **DAYS)
        assert not list(tmp_path.glob(".part-*"))
        box.heal()
        ws.export_events(tmp_path, **DAYS)
    assert ids(tmp_path, PARQUET) == IDS
    assert (tmp_path / done.files[0].name).stat().st_mtime_ns == made


PROGRAM = """
import sys, mixpanel_headless as mp
with mp.Workspace() as ws:
    ws.export_events(sys.argv[1], from_date="2026-01-05", to_date="2026-01-07")
"""


def run_until_a_day_is_held(box: Sandbox, folder: Path, end: signal.Signals) -> int:
    """Run the export in a program that is ended while one of its days is half there; its exit status."""
    hold = Hold()
    box.inject(hold, after=2)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        env={**os.environ, **box.environment()},
        stderr=subprocess.PIPE,
    )
    assert box.wait_until(lambda counters: counters.arrived == 3, timeout=60)
    manifest = folder / NAME
    ended = threading.Event()
    while not ended.wait(0.01):  # two days are done, the third hangs
        if manifest.exists() and len(json.loads(manifest.read_text())["parts"]) == 2:
            break
        assert program.poll() is None
    program.send_signal(end)
    hold.release()
    program.communicate(timeout=60)
    return program.returncode


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_program_that_is_ended_goes_on_where_it_was(box: Sandbox, tmp_path: Path, end: signal.Signals) -> None:
    assert run_until_a_day_is_held(box, tmp_path, end) != 0
    assert len([name for name in names(tmp_path) if name.startswith("events-")]) == 2
    assert bool(list(tmp_path.glob(".part-*"))) == (end == signal.SIGKILL)
    with box.workspace() as ws:
        ws.export_events(tmp_path, **DAYS)
    assert box.counted == 4
    assert ids(tmp_path, PARQUET) == IDS
    assert not list(tmp_path.glob(".part-*"))


@BOTH
def test_lines_that_are_no_events_are_counted_and_told(
    play: Callable[..., Script], tmp_path: Path, form: Format, caplog: pytest.LogCaptureFixture
) -> None:
    good = [json.dumps(event(number)).encode() for number in range(3)]
    bad = [b"{broken", b"[1]", b'{"event":"A"}', b'{"event":"A","properties":{"time":"never"}}', b"\xff", b"[" * 5000]
    script = play(whole(b"\n".join([good[0], *bad, b"", b"  ", good[1], good[2]])))
    with caplog.at_level(logging.WARNING, "mixpanel_headless"), script.workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY, format=form)
    assert (done.rows, done.bad) == (3, 6)
    assert ids(tmp_path, form) == IDS[:3]
    assert "lines=6" in caplog.text


@BOTH
@pytest.mark.parametrize("beside", [b"", b'{"event":"A","properties":{"time":1767571200,"half":"\\ud800"}}\n'])
def test_numbers_are_exact_and_a_day_without_ids_is_whole(
    play: Callable[..., Script], tmp_path: Path, form: Format, beside: bytes
) -> None:
    """Also when a line beside it makes the patient reader read all."""
    numbers = {"big": 2**80 + 1, "small": 0.1, "whole": 1.0, "text": "é\n\u0000"}
    script = play(whole(beside + json.dumps(event(0, **numbers)).encode()))
    with script.workspace() as ws:
        done = ws.export_events(tmp_path, **ONE_DAY, format=form)
    properties = rows(tmp_path / done.files[0].name)[-1]["properties"]
    assert {name: properties[name] for name in numbers} == numbers
    assert done.rows == 1 + bool(beside)


def test_a_day_without_events_is_an_empty_file(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        for form in (PARQUET, LINES):
            done = ws.export_events(
                tmp_path / form, from_date="2026-01-01", to_date="2026-01-01", format=cast("Format", form)
            )
            assert (done.rows, rows(tmp_path / form / done.files[0].name)) == (0, [])


def test_a_url_is_written_by_fsspec(box: Sandbox) -> None:
    with box.workspace() as ws:
        done = ws.export_events("memory://exports/events", **DAYS, format="jsonl.gz")
        again = ws.export_events("memory://exports/events", **DAYS, format="jsonl.gz")
    files = fsspec.filesystem("memory")
    found = [
        json.loads(line)
        for file in done.files
        for line in gzip.decompress(files.cat(f"/exports/events/{file.name}")).splitlines()
    ]
    assert found == EVENTS
    assert (done.to, again.requests) == ("memory:///exports/events", 0)


def test_a_url_that_nothing_can_write_to_is_refused(box: Sandbox) -> None:
    with box.workspace() as ws, pytest.raises(mp.ConfigError, match="cannot write to nowhere") as caught:
        ws.export_events("nowhere://user:hunter2@bucket", **ONE_DAY)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": ""},
        {"to": 5},
        {"format": "csv"},
        {"from_date": "2026-01-32"},
        {"from_date": "2026-02-01"},
        {"events": "Login"},
        {"where": 5},
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(box: Sandbox, tmp_path: Path, wrong: Any) -> None:
    with box.workspace() as ws, pytest.raises(mp.MixpanelHeadlessError) as caught:
        ws.export_events(**{"to": tmp_path / "to", **ONE_DAY, **wrong})
    assert next(iter(wrong)) in str(caught.value)
    assert box.requests == []
    assert not (tmp_path / "to").exists()


def test_parquet_without_duckdb_is_refused_before_anything_is_sent(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with box.workspace() as ws:
        monkeypatch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(mp.MissingExtraError, match="analytics"):
            ws.export_events(tmp_path / "to", **ONE_DAY)
        assert box.requests == []
        assert ws.export_events(tmp_path / "to", **ONE_DAY, format="jsonl.gz").rows == 200


def test_progress_is_told_in_days(box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with box.workspace() as ws:
        ws.export_events(tmp_path, **DAYS, progress=True)
    assert "3 of 3 days" in capsys.readouterr().err


def test_files_are_for_their_owner_alone(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace() as ws:
        done = ws.export_events(tmp_path / "to", **ONE_DAY)
    assert (
        (tmp_path / "to").stat().st_mode & 0o777,
        (tmp_path / "to" / done.files[0].name).stat().st_mode & 0o777,
    ) == (0o700, 0o600)


async def test_an_async_workspace_exports_the_same(box: Sandbox, tmp_path: Path) -> None:
    box.inject(Slow(0.05))
    async with box.async_workspace() as ws:
        done = await ws.export_events(tmp_path, **DAYS)
    assert ids(tmp_path, PARQUET) == IDS
    assert str(done) == f"600 rows in 3 files of {tmp_path}, 3 requests"
    assert done.to_dict()["rows"] == 600
