"""What every process that shares a cache file must notice at once: a few numbers in a file mapped into their memory.

A memory tier that serves without looking at the disk would miss what others invalidate. Looking here instead costs less
than a microsecond, and no system call.
"""

from __future__ import annotations

import mmap
import os
from threading import Lock
from typing import TYPE_CHECKING

from request_scheduler.cache_rows import Mark
from request_scheduler.file_lock import locked

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_SIZE = 32
_PATIENCE = 5.0


class Marks:
    """The numbers beside a cache file, and the lock around its writes.

    `drops` is announced inside the transaction that records it, just before its end: whoever sees a number that the
    file does not hold yet knows that one is under way, or that its process died and nothing was dropped. `writes` are
    counted, so that whoever has looked into the file can tell without another look that nothing came in since. The
    last number is drawn once, and names this file among all others.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with self.locked():
                missing = _SIZE - os.fstat(self._file).st_size
                if missing > 0:
                    os.lseek(self._file, 0, os.SEEK_END)
                    os.write(self._file, bytes(missing))  # real blocks: a hole in a mapped file kills on a full disk
                self._map = mmap.mmap(self._file, _SIZE)
                self._words = memoryview(self._map).cast("Q")
                self._words[3] = self._words[3] or _draw()
        except BaseException:
            os.close(self._file)
            raise
        self._own_writes = 0
        self._counting = Lock()

    @property
    def name(self) -> str:
        """What names this file among all others, for as long as it is not replaced."""
        return f"{self._words[3]:016x}"

    @property
    def foreign_writes(self) -> int:
        """How often the others that share the file have written."""
        with self._counting:
            return self._words[2] - self._own_writes

    def count_write(self) -> None:
        """Note a write of this process, under the lock of all processes."""
        with self._counting:
            self._words[2] += 1
            self._own_writes += 1

    def read(self) -> Mark:
        """What was dropped, as it is now."""
        return Mark(self._words[0], self._words[1])

    def announce(self, drops: int) -> None:
        """Let every process know how many drops there were."""
        self._words[0] = drops

    def void(self) -> None:
        """Make every answer kept so far worthless, in all processes, without touching the file or its lock."""
        # Drawn, not counted: two processes may do this at once without a lock.
        self._words[1] = _draw()
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


def _draw() -> int:
    """A number that nobody else will draw, never 0."""
    return int.from_bytes(os.urandom(8), "little") | 1
