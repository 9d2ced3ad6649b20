"""A command that waits for the budget says so, and can be told how long it may."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, TypedDict

import attrs
import pytest
from click.testing import CliRunner

import mixpanel_headless as mp
from mixpanel_headless.cli.listing import group
from mixpanel_headless.cli.patience import explain_waiting
from mixpanel_headless.sandbox import Sandbox
from mixpanel_headless.sandbox.faults import failing

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


class Heard(io.StringIO):
    """A stderr that tells when something was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Condition()

    def write(self, text: str) -> int:
        with self.told:
            written = super().write(text)
            self.told.notify_all()
        return written

    def until(self, words: str) -> str:
        """All that was written, once it holds these words."""
        with self.told:
            assert self.told.wait_for(lambda: words in self.getvalue(), 60), self.getvalue()
            return self.getvalue()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_a_command_that_waits_says_what_for(box: Sandbox, heard: Heard) -> None:
    with ThreadPoolExecutor(1) as pool, box.workspace() as ws:
        ws.events()
        waiting = pool.submit(ws.top_events)
        while not ws.budget().queue:
            assert not waiting.done()
        with redirect_stderr(heard), explain_waiting(ws, silence=0.0):
            shown = heard.until("--deadline")
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)
    assert "Waiting for the query budget: 1 of 1 used in 1.0 h, next in 1.0 h" in shown


def test_a_command_whose_request_was_sent_does_not_speak_of_the_budget(box: Sandbox, heard: Heard) -> None:
    with box.workspace() as ws:
        ws.events()
        with redirect_stderr(heard), explain_waiting(ws, silence=0.0):
            shown = heard.until("--deadline")
    assert shown.startswith("Asked, and no answer yet.")
    assert "--deadline" in shown


def test_a_service_that_fails_is_named_as_the_reason(heard: Heard) -> None:
    with Sandbox() as box, box.workspace() as ws:
        box.inject(attrs.evolve(failing(503), headers={"Retry-After": "0.02"}), times=None)
        with pytest.raises(mp.ServerError):
            list(ws.stream_events(**DAY))
        with redirect_stderr(heard), explain_waiting(ws, silence=0.0):
            heard.until("The service fails, and is asked again. Ctrl-C")
        while not ws.budget().failing:
            with pytest.raises(mp.ServerError):
                ws.events()
        with redirect_stderr(heard), explain_waiting(ws, silence=0.0):
            heard.until(f"is asked again; failing: {box.url.removeprefix('http://')}. Ctrl-C")


def test_a_wait_for_exports_names_their_budget_and_not_that_of_queries(box: Sandbox, heard: Heard) -> None:
    with ThreadPoolExecutor(1) as pool, box.workspace(limits=mp.Limits(export=1)) as ws:
        list(ws.stream_events(**DAY))
        waiting = pool.submit(lambda: list(ws.stream_events(**DAY)))
        with redirect_stderr(heard), explain_waiting(ws, silence=0.0):
            shown = heard.until("Waiting")
        report = ws.budget()
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)
    assert "Waiting for the export budget: 1 of 1 used in 1.0 h, next in 1.0 h" in shown
    assert "0 waiting; export budget: 1 of 1 used in 1.0 h" in str(report)
    assert report.used == 0
    assert {pool.name: pool.waiting for pool in report.others} == {"jql": 0, "export": 1, "schemas": 0, "app": 0}


def test_exports_are_reported_by_the_hour_and_not_by_the_second(box: Sandbox) -> None:
    with box.workspace() as ws:
        exports = {pool.name: pool for pool in ws.budget().pools}["export"]
    assert (exports.limit, exports.window) == (60, 3600.0)


def test_a_wait_that_begins_late_is_told_as_well(box: Sandbox, heard: Heard) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        box.workspace() as ws,
        redirect_stderr(heard),
        explain_waiting(ws, silence=0.0),
    ):
        ws.events()
        heard.until("Asked, and no answer yet.")
        waiting = pool.submit(ws.top_events)
        heard.until("Waiting for the query budget")
        ws.close()
        assert isinstance(waiting.exception(20), mp.ClosedError)


def test_a_deadline_that_a_budget_cannot_meet_names_the_budget(box: Sandbox) -> None:
    with box.workspace(limits=mp.Limits(export=1)) as ws:
        list(ws.stream_events(**DAY))
        with pytest.raises(mp.DeadlineUnreachable, match="waits for the budget 'export:"):
            list(ws.with_options(deadline=2).stream_events(**DAY))


def test_a_command_that_ends_in_time_says_nothing(box: Sandbox, heard: Heard) -> None:
    with box.workspace() as ws, redirect_stderr(heard), explain_waiting(ws, silence=3600):
        ws.events()
    assert heard.getvalue() == ""


def test_what_has_nothing_to_explain_any_more_says_nothing(box: Sandbox) -> None:
    with box.workspace() as ws:
        ws.events()
        with explain_waiting(ws, silence=3600) as no_longer:
            (thread,) = (one for one in threading.enumerate() if one.name == "explain waiting")
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
