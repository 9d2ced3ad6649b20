"""`mp sandbox` as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from tests.sandbox.conftest import EVENTS, NAMES, Caller, account

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-c", "from mixpanel_headless.cli import main; main()", "sandbox"]


@attrs.frozen
class Running:
    """A sandbox process whose welcome has been read."""

    process: subprocess.Popen[str]
    welcome: str
    variables: dict[str, str]

    def ask(self) -> Caller:
        return Caller(
            self.variables["MP_API_BASE_URL"], account(self.variables["MP_USERNAME"], self.variables["MP_SECRET"])
        )

    def end(self, how: signal.Signals) -> tuple[str, int]:
        """The rest of its output, and its exit code."""
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=20)
        return rest, self.process.returncode


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scheduler")])}


@contextlib.contextmanager
def sandbox_process(*arguments: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        exports = dict(re.findall(r"^export (\w+)=(.*)$", "".join(lines), re.MULTILINE))
        yield Running(process, "".join(lines), {name: shlex.split(text)[0] for name, text in exports.items()})
    finally:
        process.kill()
        process.communicate()


def run_to_its_end(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in EVENTS))
    return file


def test_the_printed_variables_lead_to_the_sandbox(events_file: Path) -> None:
    with sandbox_process("--events", str(events_file), "--now", "2026-01-08", "--limit", "7") as running:
        assert running.ask().get(NAMES).json == ["Login", "Purchase"]
    assert "8 events and 0 profiles; 7 queries per 3600 s, 5 at once." in running.welcome
    assert running.variables["MP_LIMIT_QUERY"] == "7"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_with_its_totals_and_no_traceback(events_file: Path, how: signal.Signals) -> None:
    with sandbox_process("--events", str(events_file), "--limit", "1") as running:
        statuses = [running.ask().get(NAMES).status for _ in range(2)]
        rest, code = running.end(how)
    assert (statuses, code) == ([200, 429], 0)
    assert rest.endswith("\nStopped after 2 requests: 1 counted, 1 refused.\n")
    assert "Traceback" not in rest


def test_every_request_is_a_line_that_tells_its_price_and_no_secret(events_file: Path) -> None:
    with sandbox_process("--events", str(events_file)) as running:
        running.ask().get(NAMES)
        Caller(running.variables["MP_API_BASE_URL"], None).get(NAMES)
        rest, _ = running.end(signal.SIGINT)
    lines = rest.splitlines()
    assert re.fullmatch(rf"\d\d:\d\d:\d\d  GET  {NAMES}  200  \d+ ms  counted, 1 of 60 used", lines[0])
    assert re.fullmatch(rf"\d\d:\d\d:\d\d  GET  {NAMES}  401  \d+ ms  not counted", lines[1])
    assert running.variables["MP_SECRET"] not in rest


def test_a_port_that_is_taken_is_named_with_the_way_out(events_file: Path) -> None:
    with sandbox_process("--events", str(events_file)) as running:
        port = running.variables["MP_API_BASE_URL"].rpartition(":")[2]
        second = run_to_its_end("--events", str(events_file), "--port", port)
    assert second.returncode != 0
    assert f"Port {port} is already in use." in second.stderr
    assert "Give another port, or 0 for any that is free." in second.stderr
    assert "Traceback" not in second.stderr


def test_a_file_that_is_not_events_is_named_with_line_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text(json.dumps(EVENTS[0]) + "\nDear diary\n")
    ended = run_to_its_end("--events", str(file))
    assert ended.returncode != 0
    assert f"{file}, line 2: " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--events", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--now", "yesterday"], "'yesterday' is no moment"),
        (["--limit", "0"], "--limit"),
        (["--window", "nan"], "window is nan"),
        (["--timezone", "Mars/Base"], "Mars/Base"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], named: str) -> None:
    ended = run_to_its_end(*arguments)
    assert ended.returncode != 0
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr
