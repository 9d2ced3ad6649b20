"""Ctrl-C at awkward moments."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.cli.interrupts import interruptible
from tests.cli.conftest import environment

if TYPE_CHECKING:
    from pathlib import Path


def renamed_interrupt() -> None:
    with interruptible():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None


def swallowed_interrupt() -> None:
    with interruptible(), contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_a_library_renames_is_an_interrupt_again() -> None:
    with pytest.raises(KeyboardInterrupt):
        renamed_interrupt()


def test_an_interrupt_that_somebody_swallows_is_raised_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt):
        swallowed_interrupt()


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), interruptible():
        raise ZeroDivisionError


def test_afterwards_ctrl_c_means_what_it_meant_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_that_gets_no_signals_is_left_alone() -> None:
    seen: list[object] = []

    def work() -> None:
        with interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_ctrl_c_while_events_are_read_ends_with_130(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.jsonl"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "mixpanel_headless.cli", "demo", "--events", str(pipe)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with pipe.open("w"):  # succeeds as soon as the demo opens its end
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, rest, errors) == (130, "", "Interrupted.\n")
