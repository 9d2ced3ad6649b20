"""What every process that shares a cache file must notice at once: a few numbers in a file beside it.

A memory tier that serves without looking into the cache file would miss what others invalidate. Looking here instead
costs a microsecond or two. The numbers are read and not mapped into memory, where a file that somebody cut short would
end every process that looks.
"""

from __future__ import annotations

import os
import struct
import sys
import weakref
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from request_scheduler.cache.rows import Mark
from request_scheduler.database_file import identity_of
from request_scheduler.file_lock import locked

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_FORMAT, _MARK, _WORD = struct.Struct("5Q"), struct.Struct("2Q"), struct.Struct("Q")
_DROPS, _GENERATION, _WRITES, _NAME, _SETTLED = range(0, _FORMAT.size, _WORD.size)  # where each begins
_PATIENCE = 5.0
_MOST_DROPS = 1 << 62


class _Numbers(NamedTuple):
    """What the file holds; those of earlier versions lack the last ones."""

    drops: int
    generation: int
    writes: int
    name: int
    settled: int


_NONE = _Numbers(0, 2, 0, 0, 0)  # in the place of those that were cut off: a generation that nobody draws


class Marks:
    """The numbers beside a cache file, and the lock around its writes.

    `drops` is announced inside the transaction that records it, just before its end: whoever sees a number that the
    file does not hold yet knows that one is under way, or that its process died and nothing was dropped. `settled` are
    those that the file did hold. `writes` are counted, so that whoever has looked into the file can tell without another
    look that nothing came in since. `name` is drawn once, and names this file among all others.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        # Closed when nobody has these marks any more, because another thread may be about to read.
        closing = weakref.finalize(self, os.close, self._file)
        closing.atexit = False  # a program that ends closes it by itself, and locks it while it lets go of the file
        with self.locked():
            size = os.fstat(self._file).st_size
            if size < _FORMAT.size:  # new, or of an earlier version, which kept fewer numbers
                os.lseek(self._file, 0, os.SEEK_END)
                os.write(self._file, bytes(_FORMAT.size - size))
            self._words = _Words(self._file)
            if size == 0:  # what bears the first generation may have been void in a file that was here before
                self._words.write(_GENERATION, _draw())
            if not self._numbers().name:
                self._words.write(_NAME, _draw())
        self._own_writes = 0
        self._counting = Lock()

    @property
    def name(self) -> str:
        """What names this file among all others, for as long as it is not replaced."""
        return f"{self._numbers().name:016x}"

    @property
    def foreign_writes(self) -> int:
        """How often the others that share the file have written."""
        with self._counting:
            return self._numbers().writes - self._own_writes

    def count_write(self) -> None:
        """Note a write of this process, under the lock of all processes."""
        with self._counting:
            self._words.write(_WRITES, self._numbers().writes + 1)
            self._own_writes += 1

    def read(self) -> Mark:
        """What was dropped, as it is now."""
        content = self._words.read()
        return Mark._make(_MARK.unpack_from(content) if len(content) == _FORMAT.size else _NONE[:2])

    def announce(self, drops: int) -> None:
        """Let every process know how many drops there were."""
        self._words.write(_DROPS, drops)

    def settle(self, drops: int) -> None:
        """Note that the file holds so many drops."""
        self._words.write(_SETTLED, drops)

    def first_drops(self) -> int:
        """The number that a new cache file goes on from."""
        return min(self._numbers().drops, _MOST_DROPS)

    def follow(self, drops: int) -> bool:
        """Go by the drops that the file holds, under the lock of all processes, and say whether its answers can count.

        They are void if it has forgotten drops, or if these are not its numbers: the last one may have died before its
        end, and no other.
        """
        announced, _, _, _, settled = self._numbers()
        sound = settled <= drops <= announced <= drops + 1
        if not sound:
            self.void()
            self.settle(drops)
        self.announce(drops)
        return sound

    def void(self) -> None:
        """Make every answer kept so far worthless, in all processes, without touching the file or its lock."""
        # Drawn, not counted: two processes may do this at once without a lock.
        self._words.write(_GENERATION, _draw())
        os.fsync(self._file)

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock that processes take turns to write with; raises LockTimeoutError."""
        return locked(self._file, _PATIENCE)

    def stand(self, path: Path) -> bool:
        """Whether these are the numbers that others find now, and all of them."""
        status = os.fstat(self._file)
        return status.st_size >= _FORMAT.size and identity_of(path) == (status.st_dev, status.st_ino)

    def _numbers(self) -> _Numbers:
        content = self._words.read()
        return _Numbers(*_FORMAT.unpack(content)) if len(content) == _FORMAT.size else _NONE


if sys.platform == "win32":
    import mmap

    class _Words:
        """The numbers of an open file, mapped: here nobody can cut a file that is."""

        def __init__(self, file: int) -> None:
            self._map = mmap.mmap(file, _FORMAT.size)

        def read(self) -> bytes:
            return self._map[:]

        def write(self, offset: int, number: int) -> None:
            self._map[offset : offset + _WORD.size] = _WORD.pack(number)

else:

    class _Words:
        """The numbers of an open file."""

        def __init__(self, file: int) -> None:
            self._file = file

        def read(self) -> bytes:
            return os.pread(self._file, _FORMAT.size, 0)

        def write(self, offset: int, number: int) -> None:
            os.pwrite(self._file, _WORD.pack(number), offset)


def _draw() -> int:
    """A number that nobody else will draw, never 0."""
    return int.from_bytes(os.urandom(8), "little") | 1
