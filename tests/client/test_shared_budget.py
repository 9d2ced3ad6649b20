"""Programs that keep their budgets in one folder share them."""

from __future__ import annotations

import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import mixpanel_headless as mp
from mixpanel_headless.sandbox.faults import Hold
from tests.client.conftest import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_headless.results.budget import BudgetReport
    from mixpanel_headless.sandbox import Sandbox

PROGRAM = """
import json, sys
import mixpanel_headless as mp
with mp.Workspace() as ws:
    for number in json.loads(sys.argv[1]):
        ws.property_values("plan", event="Purchase", limit=number)
"""

TOGETHER = """
import sys
from concurrent.futures import ThreadPoolExecutor
import mixpanel_headless as mp

def ask(ws):
    return sorted(ws.property_values("plan", event="Purchase", limit=2))

with mp.Workspace() as one, mp.Workspace() as two, ThreadPoolExecutor(4) as threads:
    print("ready", flush=True)
    sys.stdin.readline()
    print(*threads.map(ask, [one, two, one, two]), flush=True)
"""


def test_two_workspaces_share_one_budget(open_box: Callable[..., Sandbox], tmp_path: Path) -> None:
    box = open_box(limit=3)
    with (
        box.workspace(store="sqlite", state_dir=tmp_path) as one,
        box.workspace(state_dir=tmp_path, store="sqlite") as two,
    ):
        ask(one, 2)
        ask(two, 3)
        ask(one, 4)
        assert (one.budget().left, two.budget().left) == (0, 0)
        with pytest.raises(mp.DeadlineUnreachable):
            ask(two.with_options(deadline=60.0), 5)
    assert (box.counted, box.refused) == (3, 0)


def test_a_budget_file_that_is_removed_under_a_program_is_not_spent_twice(
    open_box: Callable[..., Sandbox], tmp_path: Path
) -> None:
    box = open_box(limit=3)
    with box.workspace(store="sqlite", state_dir=tmp_path) as one:
        for number in (2, 3, 4):
            ask(one, number)
        (tmp_path / "budget-v1.sqlite").unlink()
        environment = {**os.environ, **box.environment(), "MP_STORE": "sqlite", "MP_STATE_DIR": str(tmp_path)}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        program = PROGRAM.replace("mp.Workspace()", "mp.Workspace().with_options(deadline=60)")
        other = subprocess.run(
            [sys.executable, "-c", program, "[5]"], env=environment, check=False, capture_output=True, text=True
        )
        assert "DeadlineUnreachable" in other.stderr
        with pytest.raises(mp.DeadlineUnreachable):
            ask(one.with_options(deadline=60.0), 6)
    assert (box.counted, box.refused) == (3, 0)


def test_the_next_program_knows_what_the_last_one_spent(open_box: Callable[..., Sandbox], tmp_path: Path) -> None:
    box = open_box(limit=3)
    environment = {**os.environ, **box.environment(), "MP_STORE": "sqlite", "MP_STATE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-c", PROGRAM, json.dumps([2, 3, 4])], env=environment, check=True)
    with box.workspace(store="sqlite", state_dir=tmp_path) as ws, pytest.raises(mp.DeadlineUnreachable):
        ask(ws.with_options(deadline=60.0), 5)
    assert (box.counted, box.refused) == (3, 0)


def test_the_budget_tells_who_has_queries_in_flight_and_who_waits_elsewhere(
    open_box: Callable[..., Sandbox], tmp_path: Path
) -> None:
    box = open_box(concurrency=1)
    hold = box.inject(Hold())
    with (
        box.workspace(store="sqlite", state_dir=tmp_path) as one,
        box.workspace(store="sqlite", state_dir=tmp_path) as two,
        ThreadPoolExecutor() as threads,
    ):
        first = threads.submit(ask, one.with_options(tenant="dashboard"), 2)
        assert box.wait_until(lambda counters: counters.running == 1)
        second = threads.submit(ask, two.with_options(tenant="nightly", priority="batch"), 3)
        try:
            report = wait_for_report(one, lambda report: bool(report.elsewhere))
        finally:
            hold.release()
        assert (first.result(30), second.result(30)) == (["free", "pro"], ["free", "pro"])
    here = (socket.gethostname(), os.getpid())
    assert [(who.host, who.process, who.tenant, who.units) for who in report.held_by] == [(*here, "dashboard", 1)]
    (waiter,) = report.elsewhere
    assert (waiter.host, waiter.process, waiter.tenant, waiter.priority) == (*here, "nightly", "batch")
    assert json.loads(json.dumps(report.to_dict()))["held_by"][0]["tenant"] == "dashboard"
    shown = io.StringIO()
    Console(file=shown, width=200).print(report)
    assert "other processes that wait: 1" in shown.getvalue()
    assert {"dashboard", "nightly", str(os.getpid())} <= set(shown.getvalue().split())


def wait_for_report(ws: mp.Workspace, wanted: Callable[[BudgetReport], bool]) -> BudgetReport:
    """The first report that says what is wanted; each look is a transaction, so looking again is no busy wait."""
    for _ in range(1000):
        if wanted(report := ws.budget()):
            return report
    raise AssertionError(str(report))


def test_equal_calls_of_all_workspaces_of_all_programs_are_one_request(
    open_box: Callable[..., Sandbox], tmp_path: Path
) -> None:
    box = open_box(limit=3, latency=0.3)
    environment = {
        **os.environ,
        **box.environment(),
        "MP_STORE": "sqlite",
        "MP_CACHE": "disk",
        "MP_STATE_DIR": str(tmp_path),
    }
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    with ExitStack() as stack:
        programs = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", TOGETHER],
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for program in programs:
            stack.callback(program.kill)
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("\n")
            program.stdin.flush()
        answers = [program.communicate(timeout=60)[0] for program in programs]
    assert answers == ["['free', 'pro'] ['free', 'pro'] ['free', 'pro'] ['free', 'pro']\n"] * 2
    assert box.counted == 1


def test_the_budget_file_holds_no_secret_and_is_for_its_owner_only(box: Sandbox, tmp_path: Path) -> None:
    with box.workspace(store="sqlite", state_dir=tmp_path / "state") as ws:
        ask(ws, 2)
    (content,) = [file.read_bytes() for file in (tmp_path / "state").iterdir() if file.suffix == ".sqlite"]
    assert box.secret.encode() not in content
    assert b"query" in content


def test_a_folder_that_cannot_be_used_is_said_when_the_file_was_asked_for(box: Sandbox, tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("a file")
    with box.workspace(store="sqlite", state_dir=occupied) as ws, pytest.raises(mp.ConfigError, match="budget file"):
        ask(ws, 2)


def occupy_folder(folder: Path) -> Path:
    folder.write_text("a file")
    return folder


def occupy_lock(folder: Path) -> Path:
    (folder / "budget-v1.sqlite-lock").mkdir(parents=True)
    return folder


OCCUPIED = pytest.mark.parametrize("occupy", [occupy_folder, occupy_lock])


@OCCUPIED
def test_programs_whose_given_folder_cannot_be_used_spend_an_eighth_each(
    open_box: Callable[..., Sandbox], tmp_path: Path, occupy: Callable[[Path], Path]
) -> None:
    box, state = open_box(limit=16), occupy(tmp_path / "state")
    for first in (2, 12):
        with box.workspace(store=None, state_dir=state) as ws:
            for number in (first, first + 1):
                ask(ws, number)
            report = ws.budget()
            assert (report.used, report.left, report.lost) == (2, 0, True)
            with pytest.raises(mp.DeadlineUnreachable):
                ask(ws.with_options(deadline=0.5), first + 2)
    assert box.counted == 4


@OCCUPIED
def test_programs_whose_folder_cannot_be_used_fail_if_they_are_to(
    box: Sandbox, tmp_path: Path, occupy: Callable[[Path], Path]
) -> None:
    state = occupy(tmp_path / "state")
    with (
        box.workspace(store=None, state_dir=state, store_on_loss="error") as ws,
        pytest.raises(mp.TransportError) as raised,
    ):
        ask(ws, 2)
    assert (raised.value.code, raised.value.sent, box.counted) == ("STORE_LOST", False, 0)


@OCCUPIED
def test_programs_whose_folder_cannot_be_used_wait_if_they_are_to(
    box: Sandbox, tmp_path: Path, occupy: Callable[[Path], Path]
) -> None:
    state = occupy(tmp_path / "state")
    with box.workspace(store=None, state_dir=state, store_on_loss="wait") as ws:
        with pytest.raises(mp.DeadlineUnreachable):
            ask(ws.with_options(deadline=0.5), 2)
        assert (ws.budget().left, box.counted) == (0, 0)


def test_a_folder_that_nobody_named_gives_way_to_memory(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(occupy_folder(tmp_path / "home")))
    with box.workspace(store=None) as ws:
        assert ask(ws, 2) == ["free", "pro"]
        assert not ws.budget().lost


def test_a_workspace_that_cannot_open_its_store_says_why_each_time_and_opens_once_it_can(
    box: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    folder.write_text("no folder")
    with box.workspace(store="sqlite", state_dir=folder) as ws:
        for _ in range(2):
            with pytest.raises(mp.ConfigError, match="budget file"):
                ask(ws, 2)
        folder.unlink()
        assert ask(ws, 2) == ["free", "pro"]
    with pytest.raises(mp.ClosedError):
        ask(ws, 2)


def test_a_budget_file_of_a_later_version_is_told_with_a_way_out(box: Sandbox, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "budget-v1.sqlite")) as database:
        database.execute("PRAGMA user_version = 99")
    with box.workspace(store=None, state_dir=tmp_path) as ws, pytest.raises(mp.TransportError, match="99") as raised:
        ask(ws, 2)
    assert "MP_STATE_DIR" in raised.value.hint
    assert "cautious" not in raised.value.hint
    assert not raised.value.retryable


def test_a_store_that_is_unknown_is_refused(box: Sandbox) -> None:
    with pytest.raises(mp.ConfigError, match="MP_STORE"):
        box.workspace(store="a floppy disk")
