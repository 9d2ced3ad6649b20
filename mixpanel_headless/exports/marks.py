"""Which of many numbers come more than once."""

from __future__ import annotations

import itertools
import tempfile
from array import array
from collections import Counter
from functools import partial
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

HELD = 1 << 16
"""Numbers that are held in memory, 8 bytes each, before they go into the file."""
LOOKED_AT = 1 << 14
"""Numbers that are looked at together: few enough to stay in the processor's cache, some 80 bytes each."""
MOST_SHARES = 256
"""As a byte of a number tells its share."""
READ = 1 << 16
WRITTEN = 1 << 13
"""Bytes that are read at a time, and written of one share."""


class Marks:
    """Finds numbers that come more than once, in memory that does not grow: most of them wait in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self._waiting = array("q")
        self._written = 0

    def add(self, marks: list[int]) -> None:
        """Some more numbers."""
        self._waiting += array("q", marks)
        if len(self._waiting) >= HELD:
            self._file.seek(0, 2)
            self._file.write(self._waiting.tobytes())
            self._written += len(self._waiting)
            self._waiting = array("q")

    def repeated(self) -> set[int]:
        """The numbers that came more than once."""
        shares = min(1 + (self._written + len(self._waiting)) // LOOKED_AT, MOST_SHARES)
        if shares == 1:
            return repeated_in(self._pages)
        with tempfile.TemporaryFile() as file:
            places = scatter(self._pages(), shares, file)
            return set().union(*(repeated_in(partial(read_pages, file, some)) for some in places))

    def _pages(self) -> Iterator[array[int]]:
        size = self._written * self._waiting.itemsize
        yield from read_pages(self._file, [(start, min(READ, size - start)) for start in range(0, size, READ)])
        yield self._waiting

    def clear(self) -> None:
        """Forget all of them."""
        self._file.seek(0)
        self._file.truncate()
        self._waiting, self._written = array("q"), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def repeated_in(pages: Callable[[], Iterable[Sequence[int]]]) -> set[int]:
    """The numbers that come more than once in pages that can be had twice."""
    seen: set[int] = set()
    count = 0
    for page in pages():
        seen.update(page)
        count += len(page)
    if len(seen) == count:
        return set()
    seen.clear()  # before as much again is taken
    times = Counter(itertools.chain.from_iterable(pages()))
    return {number for number, found in times.items() if found > 1}


def scatter(pages: Iterable[array[int]], shares: int, file: IO[bytes]) -> list[list[tuple[int, int]]]:
    """Write numbers into a file so that equal ones are of one share; the places and sizes of each share's pages."""
    waiting = [array("q") for _ in range(shares)]
    places: list[list[tuple[int, int]]] = [[] for _ in range(shares)]

    def write(share: int) -> None:
        places[share].append((file.tell(), file.write(waiting[share].tobytes())))
        del waiting[share][:]

    takes = [waiting[byte % shares].append for byte in range(MOST_SHARES)]
    for page in pages:
        for byte, number in zip(page.tobytes()[:: page.itemsize], page, strict=True):  # quicker than arithmetic
            takes[byte](number)
        for share, some in enumerate(waiting):
            if len(some) * some.itemsize >= WRITTEN:
                write(share)
    for share in range(shares):
        write(share)
    return places


def read_pages(file: IO[bytes], places: Iterable[tuple[int, int]]) -> Iterator[array[int]]:
    """The numbers at some places of a file."""
    for start, size in places:
        file.seek(start)
        page = array("q")
        page.frombytes(file.read(size))
        yield page
