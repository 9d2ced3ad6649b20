"""A command that waits for the budget says so, and can be told how long it may."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypedDict

import pytest
from click.testing import CliRunner

import mixpanel_headless as mp
from mixpanel_headless.cli.listing import group
from mixpanel_headless.cli.patience import explain_waiting, tell_first
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


class Day(TypedDict):
    from_date: str
    to_date: str


DAY: Day = {"from_date": "2026-01-05", "to_date": "2026-01-05"}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(limit=1) as opened:
        yield opened


def err_with(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What was written to stderr, once it holds these words."""
    shown = ""
    while words not in shown:
        shown += capsys.readouterr().err
    return shown


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
    assert "Waiting for the query budget: 1 of 1 used in 1.0 h, next in 1.0 h" in shown
    assert "--deadline" in shown


def test_a_command_whose_request_was_sent_does_not_speak_of_the_budget(
    box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with box.workspace() as ws:
        ws.events()
        with explain_waiting(ws, silence=0.0):
            shown = err_with("--deadline", capsys)
    assert shown.startswith("Asked, and no answer yet.")
    assert "--deadline" in shown


def test_a_wait_for_exports_names_their_budget_and_not_that_of_queries(
    box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = box.workspace(limits=mp.Limits(export=1))
    list(ws.stream_events(**DAY))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: list(ws.stream_events(**DAY)))
        with explain_waiting(ws, silence=0.0):
            shown = err_with("Waiting", capsys)
        report = ws.budget()
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)
    assert "Waiting for the export budget: 1 of 1 used in 1.0 h, next in 1.0 h" in shown
    assert "0 waiting; export budget: 1 of 1 used in 1.0 h" in str(report)
    assert report.used == 0
    assert {pool.name: pool.waiting for pool in report.others} == {"jql": 0, "export": 1, "schemas": 0, "app": 0}


def test_a_wait_that_begins_late_is_told_as_well(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    ws = box.workspace()
    ws.events()
    with ThreadPoolExecutor(1) as pool, explain_waiting(ws, silence=0.0):
        err_with("Asked, and no answer yet.", capsys)
        waiting = pool.submit(ws.top_events)
        err_with("Waiting for the query budget", capsys)
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)


def test_a_deadline_that_a_budget_cannot_meet_names_the_budget(box: Sandbox) -> None:
    with box.workspace(limits=mp.Limits(export=1)) as ws:
        list(ws.stream_events(**DAY))
        with pytest.raises(mp.DeadlineUnreachable, match="waits for the budget 'export:"):
            list(ws.with_options(deadline=2).stream_events(**DAY))


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
