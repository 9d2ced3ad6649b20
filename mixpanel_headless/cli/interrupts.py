"""Ctrl-C that is neither lost nor turned into something else by a library written in C."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Whatever becomes of a Ctrl-C inside the block, it leaves the block as KeyboardInterrupt.

    DuckDB answers one with a RuntimeError of its own, and one that falls into a callback of the interpreter is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def note(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    usual = signal.signal(signal.SIGINT, note)
    try:
        yield
    except Exception:
        if not interrupted:
            raise
    finally:
        signal.signal(signal.SIGINT, usual)
    if interrupted:
        raise KeyboardInterrupt
