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

from mixpanel_headless.cli.interrupts import SIGNALS, ending_in_order, first_signal, interruptible
from tests.cli.conftest import MP, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUCK = """
import threading
from mixpanel_headless.cli.interrupts import ending_in_order
with ending_in_order():
    try:
        print("waiting", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        print("ending", flush=True)
        threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


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


def test_a_signal_that_the_process_was_started_to_ignore_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible():
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_after_the_first_signal_the_system_has_the_next_one() -> None:
    seen: list[str] = []
    with first_signal(lambda: seen.append("first")):
        signal.raise_signal(signal.SIGTERM)
        assert [signal.getsignal(number) for number in SIGNALS] == [signal.SIG_DFL, signal.SIG_DFL]
    assert (seen, signal.getsignal(signal.SIGINT)) == (["first"], signal.SIG_DFL)


def test_a_command_that_is_done_can_be_killed() -> None:
    with ending_in_order():
        assert signal.SIG_DFL not in [signal.getsignal(number) for number in SIGNALS]
    assert [signal.getsignal(number) for number in SIGNALS] == [signal.SIG_DFL, signal.SIG_DFL]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_kills_a_command_that_does_not_end(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for word in ("waiting", "ending"):
            assert process.stdout.readline() == f"{word}\n"
            process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, errors) == (-number, "")


def run_with_module(folder: Path, name: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`mp` where the module of that name is this code."""
    (folder / f"{name}.py").write_text(code)
    variables = environment()
    variables["PYTHONPATH"] = os.pathsep.join([str(folder), variables["PYTHONPATH"]])
    return subprocess.run([*MP, *arguments], env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_modules_load_ends_with_130(tmp_path: Path, number: signal.Signals) -> None:
    done = run_with_module(tmp_path, "click", f"import signal; signal.raise_signal({number:d})", "--help")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


@pytest.mark.parametrize("command", ["demo", "sandbox"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_swallowed_while_events_load_ends_with_130(
    tmp_path: Path, command: str, number: signal.Signals
) -> None:
    swallow = f"import contextlib, signal\nwith contextlib.suppress(KeyboardInterrupt): signal.raise_signal({number:d})"
    done = run_with_module(tmp_path, "pandas", swallow, command)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


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
