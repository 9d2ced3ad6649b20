"""Events as they come: in every format, to a reader that goes away, and to Ctrl-C."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import pty
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.sandbox import Sandbox
from tests.cli.conftest import MP, environment, read_terminal, run_mp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = 1_735_732_800  # 2025-01-01T12:00:00Z
MANY = 30_000
ROWS = [
    {
        "event": "Seen",
        "properties": {"distinct_id": "ann", "time": NOON + number, "$insert_id": f"{number}", "n": number},
    }
    for number in range(MANY)
]
EVENTS = ("export", "events", "--from-date", "2025-01-01", "--to-date", "2025-01-02")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(ROWS) as box:
        yield box


def written(box: Sandbox, *arguments: str) -> str:
    done = run_mp(*EVENTS, *arguments, variables=box.environment())
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_stream_is_lines_of_json_unless_it_is_asked_for_otherwise(box: Sandbox) -> None:
    rows = [json.loads(line) for line in written(box).splitlines()]
    assert {row["properties"]["n"] for row in rows} == set(range(MANY))


def test_a_stream_is_one_list_of_json(box: Sandbox) -> None:
    assert len(json.loads(written(box, "--limit", "7", "--json"))) == 7


def test_a_stream_without_rows_is_an_empty_list(box: Sandbox) -> None:
    done = run_mp("export", "profiles", "--json", variables=box.environment())
    assert json.loads(done.stdout) == []


def test_a_stream_is_csv_with_a_header(box: Sandbox) -> None:
    rows = list(csv.DictReader(io.StringIO(written(box, "--limit", "7", "--format", "csv"))))
    assert [row["event_name"] for row in rows] == ["Seen"] * 7


def test_a_filter_takes_from_each_row(box: Sandbox) -> None:
    pytest.importorskip("jq")
    assert written(box, "--limit", "2", "--jq", ".distinct_id", "--format", "plain") == "ann\nann\n"


def test_a_stream_has_no_table(box: Sandbox) -> None:
    done = run_mp(*EVENTS, "--format", "table", variables=box.environment())
    assert done.returncode == 2
    assert "'jsonl', 'json', 'csv', 'plain'" in done.stderr


def test_days_go_into_files_and_the_call_tells_what_it_wrote(box: Sandbox, tmp_path: Path) -> None:
    days = ("--from-date", "2025-01-01", "--to-date", "2025-01-01", "--format", "jsonl.gz")
    done = run_mp("export", "event-files", str(tmp_path / "out"), *days, variables=box.environment())
    assert done.stderr == ""
    assert json.loads(done.stdout)["files"][0]["name"] == "events-2025-01-01.jsonl.gz"
    assert (tmp_path / "out" / "events-2025-01-01.jsonl.gz").exists()


def start(box: Sandbox) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*MP, *EVENTS], env=environment(**box.environment()), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_reader_that_has_enough_ends_a_stream_quietly(box: Sandbox) -> None:
    process = start(box)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event_name"] == "Seen"
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_a_terminal_that_does_not_show_the_rows_counts_them(box: Sandbox, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with (tmp_path / "rows").open("wb") as rows:
        process = subprocess.Popen([*MP, *EVENTS], env=environment(**box.environment()), stdout=rows, stderr=theirs)
        os.close(theirs)
        shown = b"".join(iter(functools.partial(read_terminal, ours), b""))
        os.close(ours)
        assert process.wait(60) == 0
    assert b" rows" in shown
    assert (tmp_path / "rows").read_bytes().count(b"\n") == MANY


def test_ctrl_c_ends_a_stream_with_a_word_and_130(box: Sandbox) -> None:
    process = start(box)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.decode()) == (130, "Interrupted.\n")


def test_a_stream_offers_the_formats_that_rows_can_be_written_in_as_they_come() -> None:
    shown = run_mp("export", "events", "--help").stdout
    assert "--format [jsonl|json|csv|plain]" in shown
