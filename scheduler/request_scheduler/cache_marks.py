"""What every process that shares a cache file must notice at once: two numbers in a file mapped into their memory.

A memory tier that serves without looking at the disk would miss what others invalidate. Looking here instead costs less
than a microsecond, and no system call.
"""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

from request_scheduler.cache_rows import Mark
from request_scheduler.file_lock import locked

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_SIZE = 16
_PATIENCE = 5.0


class Marks:
    """The two numbers beside a cache file, and the lock around its writes.

    `drops` is announced inside the transaction that records it, just before its end: whoever sees a number that the
    file does not hold yet knows that one is under way, or that its process died and nothing was dropped.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with self.locked():
                if os.fstat(self._file).st_size < _SIZE:
                    os.lseek(self._file, 0, os.SEEK_SET)
                    os.write(self._file, bytes(_SIZE))  # real blocks: a hole in a mapped file kills on a full disk
            self._map = mmap.mmap(self._file, _SIZE)
        except BaseException:
            os.close(self._file)
            raise
        self._words = memoryview(self._map).cast("Q")

    def read(self) -> Mark:
        """Both numbers as they are now."""
        return Mark(self._words[0], self._words[1])

    def announce(self, drops: int) -> None:
        """Let every process know how many drops there were."""
        self._words[0] = drops

    def void(self) -> None:
        """Make every answer kept so far worthless, in all processes, without touching the file or its lock."""
        # Drawn, not counted: two processes may do this at once without a lock.
        self._words[1] = int.from_bytes(os.urandom(8), "little") | 1
        self._map.flush()

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock that processes take turns to write with; raises LockTimeoutError."""
        return locked(self._file, _PATIENCE)

    def identity(self) -> tuple[int, int]:
        """Which file this is, to notice that another has taken its name."""
        status = os.fstat(self._file)
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Let go of the file; the numbers can still be read, since another thread may be about to."""
        os.close(self._file)
