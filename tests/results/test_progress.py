"""How far a batch has come: lines on a file, a bar on a terminal, nothing unless asked."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from mixpanel_headless.results.progress import LINE_EVERY, Progress

if TYPE_CHECKING:
    import pytest


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_file_gets_a_line_now_and_then_and_one_at_the_end() -> None:
    clock, file = Clock(), io.StringIO()
    with Progress(3000, shown=True, file=file, clock=clock) as progress:
        shown = []
        for failed in (0, 2, 2):
            shown.append(progress.advance(1000, failed))
            if shown[-1]:
                progress.show(7200.0)
            clock.now += LINE_EVERY / 2
    assert shown == [True, False, True]
    assert file.getvalue().splitlines() == [
        "1,000 of 3,000 calls, at most 2.0 h left",
        "3,000 of 3,000 calls, 2 failed, at most 2.0 h left",
        "3,000 of 3,000 calls, 2 failed",
    ]


def test_a_terminal_gets_a_bar_that_counts_down_while_the_batch_waits() -> None:
    clock, terminal = Clock(), Terminal()
    with Progress(100, shown=True, file=terminal, clock=clock) as progress:
        assert progress.advance(40, 0)
        progress.show(7200.0)
        progress._bar.refresh()
        clock.now = 3600.0
        progress._bar.refresh()
    for part in ("40/100", "at most 2.0 h left", "at most 1.0 h left"):
        assert part in terminal.getvalue()


def test_a_terminal_is_told_what_is_waited_for_until_something_goes_on() -> None:
    clock, terminal = Clock(), Terminal()
    with Progress(100, shown=True, file=terminal, clock=clock) as progress:
        progress.tell_wait("export budget: 60 of 60 used in 1.0 h", 2100.0)
        assert progress._rest() == "waiting for the export budget: 60 of 60 used in 1.0 h, next in 35 min"
        clock.now = 600.0
        assert progress._rest().endswith("next in 25 min")
        progress.advance(1, 0)
        assert "waiting" not in progress._rest()


def test_a_file_is_told_once_what_is_waited_for() -> None:
    clock, file = Clock(), io.StringIO()
    with Progress(82, shown=True, file=file, clock=clock, noun="days") as progress:
        progress.advance(60, 0)
        for rest in (2100.0, 2098.0, 2000.0):
            clock.now = 2100.0 - rest
            progress.tell_wait("export budget: 60 of 60 used in 1.0 h", rest)
    assert file.getvalue().splitlines()[0] == (
        "60 of 82 days, waiting for the export budget: 60 of 60 used in 1.0 h, next in 35 min"
    )
    assert file.getvalue().count("waiting") == 1


def test_nobody_who_did_not_ask_is_shown_anything(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(10, shown=False) as progress:
        assert not progress.advance(10, 0)
    assert capfd.readouterr() == ("", "")


def test_a_reader_who_has_gone_does_not_end_the_batch() -> None:
    with Progress(10, shown=True, file=Broken()) as progress:
        assert progress.advance(10, 0)
        progress.show(1.0)


def test_a_wait_without_a_known_end_is_not_given_one() -> None:
    file = io.StringIO()
    with Progress(10, shown=True, file=file) as progress:
        progress.advance(1, 0)
        progress.show(float("inf"))
    assert file.getvalue() == "1 of 10 calls\n"
