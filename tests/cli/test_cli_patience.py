"""A command that waits for the budget says so, and can be told how long it may."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
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


def explainer() -> threading.Thread:
    """The thread that will explain a wait."""
    (thread,) = (one for one in threading.enumerate() if one.name == "explain waiting")
    return thread


def test_a_command_that_waits_says_what_for(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    ws = box.workspace()
    ws.events()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ws.top_events)
        while not ws.budget().queue:
            assert not waiting.done()
        with explain_waiting(ws, silence=0.0):
            explainer().join(20)
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)
    shown = capsys.readouterr().err
    assert "Waiting: 1 of 1 queries used" in shown
    assert "--deadline" in shown


def test_a_command_whose_request_was_sent_does_not_speak_of_the_budget(
    box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with box.workspace() as ws:
        ws.events()
        with explain_waiting(ws, silence=0.0):
            explainer().join(20)
    shown = capsys.readouterr().err
    assert shown.startswith("Asked, and no answer yet.")
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
            thread = explainer()
            no_longer()
            thread.join(20)
            assert not thread.is_alive()


def test_a_deadline_bounds_a_command(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**box.environment(), "MP_LIMIT_QUERY_CONCURRENCY": "1"}.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke(group("inspect"), ["events", "--deadline", "-3"])
    assert isinstance(run.exception, mp.InvalidArgumentError)
    run = CliRunner().invoke(group("inspect"), ["events", "--deadline", "30", "--json"])
    assert run.exit_code == 0, run.output
