"""Ctrl-C, and SIGTERM, which means the same: the first ends a command in order, a further one at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """Around a whole process: the first signal is a KeyboardInterrupt; a further one, or one after the block, kills."""
    with first_signal(interrupt):
        try:
            yield
        finally:
            let_signals_kill()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Whatever becomes of a signal inside the block, it leaves the block as KeyboardInterrupt.

    DuckDB answers one with a RuntimeError of its own, and one that falls into a callback of the interpreter is lost.
    """
    interrupted = False

    def note() -> None:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    with first_signal(note):
        try:
            yield
        except Exception:
            if not interrupted:
                raise
        if interrupted:
            raise KeyboardInterrupt


@contextlib.contextmanager
def first_signal(act: Callable[[], object]) -> Iterator[None]:
    """Let the first signal inside the block call `act`; from then on one kills the process, whatever it is stuck in.

    Signals that the process was started to ignore stay ignored. Outside the main thread, which gets them, nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        let_signals_kill()
        act()

    usual = {number: signal.getsignal(number) for number in heeded()}
    for number in usual:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in usual.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)


def let_signals_kill() -> None:
    """Give the signals back to the system, which needs no cooperation of the process."""
    for number in heeded():
        signal.signal(number, signal.SIG_DFL)


def heeded() -> list[signal.Signals]:
    """The signals that the process was not started to ignore."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


def interrupt() -> None:
    """End as Ctrl-C does."""
    raise KeyboardInterrupt
