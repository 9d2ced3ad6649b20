"""A lock that processes of one machine take turns with, held on an open file and released by the system at death."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02


class LockTimeoutError(TimeoutError):
    """Somebody else held the lock for longer than the caller would wait."""


@contextmanager
def locked(file: int, patience: float) -> Iterator[None]:
    """Hold the lock of an open file; blocks the calling thread for at most `patience` seconds, so use a worker thread."""
    deadline, pause = time.monotonic() + patience, _FIRST_PAUSE
    while not _try_lock(file):
        if time.monotonic() >= deadline:
            raise LockTimeoutError(f"another process has held the lock for {patience:g} s")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    try:
        yield
    finally:
        _unlock(file)


if sys.platform == "win32":
    import msvcrt
    import os

    _BEYOND = 1 << 30  # Windows locks bytes against reading too, so take one that nobody reads

    def _try_lock(file: int) -> bool:
        os.lseek(file, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, _BEYOND, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
