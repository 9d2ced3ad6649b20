"""Output that nobody can take, and terminals without a size."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mixpanel_headless.cli.stdout import find_loss
from mixpanel_headless.sandbox import Sandbox
from mixpanel_headless.sandbox.faults import Instead
from tests.cli.conftest import MP, environment, run_mp

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a disk that is always full")


def run_on_a_full_disk(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    with FULL.open("w") as full:
        return subprocess.run(
            command,
            env=environment(**variables),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "sandbox", "demo --calls 2 --hour 1", "demo --json --calls 2 --hour 1"]
)
def test_a_full_disk_is_one_line_on_stderr(arguments: str, unbuffered: str) -> None:
    done = run_on_a_full_disk(*MP, *arguments.split(), PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, "Error: The output cannot be written: No space left on device.\n")


@needs_full
def test_a_log_that_cannot_be_written_any_more_says_so_once() -> None:
    program = "from mixpanel_headless.cli.sandbox import say_if_possible as say; say('200'); say('429')"
    done = run_on_a_full_disk(sys.executable, "-c", program)
    assert (done.returncode, done.stderr) == (0, "The log ends here: No space left on device.\n")


def test_a_file_that_cannot_be_opened_is_no_lost_output() -> None:
    assert find_loss(FileNotFoundError(2, "No such file or directory", "events.jsonl")) is None


def test_output_that_is_lost_in_a_task_is_found() -> None:
    loss = OSError(28, "No space left on device")
    assert find_loss(ExceptionGroup("tasks", [ExceptionGroup("inner", [loss])])) is loss


def test_a_reader_that_leaves_in_the_middle_of_a_demo_is_no_error_to_talk_about() -> None:
    process = subprocess.Popen(
        [*MP, "demo", "--calls", "2", "--hour", "1"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert isinstance(process.stdout, io.BufferedReader)
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, b"")


def test_a_terminal_that_is_said_to_have_no_size_shows_everything_all_the_same() -> None:
    done = run_mp("demo", "--calls", "2", "--hour", "1", variables={"COLUMNS": "0", "LINES": "0"})
    assert done.returncode == 0
    assert "Every answer is right" in done.stdout


def test_a_closed_output_is_said_before_anything_is_done() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *MP, "budget"],
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "Error: Standard output is closed; redirect it to a file, or to /dev/null.\n"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "plain"])
def test_an_output_that_knows_ascii_only_gets_escapes_that_json_reads(form: str) -> None:
    event = {"event": "Käufe \N{ROCKET}", "properties": {"distinct_id": "u", "time": 1767607200}}
    with Sandbox([event], now=datetime(2026, 1, 8, tzinfo=UTC)) as box:
        variables = {**box.environment(), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        done = run_mp("inspect", "events", "--format", form, variables=variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"K\u00e4ufe \ud83d\ude80" in done.stdout
    if form == "json":
        assert json.loads(done.stdout) == ["Käufe \N{ROCKET}"]


def test_what_a_server_says_does_not_act_on_the_terminal() -> None:
    with Sandbox() as box:
        box.inject(Instead(400, b'{"error": "no \\u001b[2J\\u001b]0;title\\u0007 \\u202eway\\nsecond"}'))
        done = run_mp("inspect", "events", "--format", "table", variables=box.environment())
    assert done.returncode == 8
    assert done.stderr.startswith("Error: no \ufffd[2J\ufffd]0;title\ufffd \ufffdway\nsecond\n")


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31"])
def test_a_clock_that_leaves_no_room_is_refused(moment: str) -> None:
    done = run_mp("sandbox", "--now", moment)
    assert done.returncode == 2
    assert "of the years 1980 to 9990" in done.stderr
