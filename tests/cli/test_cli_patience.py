"""A command that waits for the budget says so, and can be told how long it may."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import mixpanel_headless as mp
from mixpanel_headless.cli.listing import group
from mixpanel_headless.cli.patience import explain_waiting, tell_first
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(limit=1) as opened:
        yield opened


def test_a_command_that_waits_says_what_for(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    with box.workspace() as ws:
        ws.events()
        with explain_waiting(ws, silence=0.0):
            for thread in threading.enumerate():
                if isinstance(thread, threading.Timer):
                    thread.join(20)
    shown = capsys.readouterr().err
    assert "Waiting: 1 of 1 queries used" in shown
    assert "--deadline" in shown


def test_a_command_that_ends_in_time_says_nothing(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    with box.workspace() as ws, explain_waiting(ws, silence=3600):
        ws.events()
    assert capsys.readouterr().err == ""


def test_a_stream_that_has_begun_has_nothing_to_explain() -> None:
    told: list[str] = []
    rows = tell_first("abc", lambda: told.append("first"))
    assert told == []
    assert next(rows) == "a"
    assert [*rows, *told] == ["b", "c", "first"]


def test_what_has_nothing_to_explain_any_more_says_nothing(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.events()
        with explain_waiting(ws, silence=3600) as no_longer:
            (timer,) = (one for one in threading.enumerate() if isinstance(one, threading.Timer))
            no_longer()
            timer.join(20)
            assert not timer.is_alive()


def test_a_deadline_bounds_a_command(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**box.environment(), "MP_LIMIT_QUERY_CONCURRENCY": "1"}.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke(group("inspect"), ["events", "--deadline", "-3"])
    assert isinstance(run.exception, mp.InvalidArgumentError)
    run = CliRunner().invoke(group("inspect"), ["events", "--deadline", "30", "--json"])
    assert run.exit_code == 0, run.output
