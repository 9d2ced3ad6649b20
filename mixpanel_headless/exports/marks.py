"""Which of many numbers come more than once."""

from __future__ import annotations

import itertools
import tempfile
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

HELD = 1 << 16
"""Numbers that are held in memory, 8 bytes each, before they go into the file."""
LOOKED_AT = 1 << 19
"""Numbers that are looked at together, some 80 bytes each."""
PAGE = 1 << 16


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
        shares = 1 + (self._written + len(self._waiting)) // LOOKED_AT
        found: set[int] = set()
        for share in range(shares):
            seen: set[int] = set()
            count = 0
            for some in self._share(share, shares):
                seen.update(some)
                count += len(some)
            if len(seen) < count:
                times = Counter(itertools.chain.from_iterable(self._share(share, shares)))
                found.update(mark for mark, number in times.items() if number > 1)
        return found

    def _share(self, share: int, shares: int) -> Iterator[Sequence[int]]:
        """The numbers of one of several shares, page by page; equal ones belong to the same."""
        for page in self._pages():
            yield page if shares == 1 else [mark for mark in page if mark % shares == share]

    def _pages(self) -> Iterator[array[int]]:
        self._file.seek(0)
        while written := self._file.read(PAGE):
            page = array("q")
            page.frombytes(written)
            yield page
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
