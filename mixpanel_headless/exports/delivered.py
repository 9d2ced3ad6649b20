"""What of a stream its reader has had, so that after a cut a new request goes on where the last one ended."""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

IN_MEMORY = 1 << 20
"""Bytes of marks from which they go into a temporary file: 8 a line, so that memory does not grow with the stream."""


class Delivered:
    """A log of marks, one for each line that was delivered; equal lines are as many as the service has of them.

    An answer that repeats the last one in its order is compared mark by mark. From the first line that differs, because
    an event came in between or the service chose another order, the marks that are left are taken as a bag: a line is
    new unless it is in the bag, which it then leaves.
    """

    def __init__(self) -> None:
        self._log = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - it lives as long as this
        self._at = self.count = 0
        self._bag: Counter[int] | None = None

    def begin(self) -> None:
        """A new request is answered from its beginning."""
        self._at, self._bag = 0, None

    def new(self, lines: list[bytes]) -> list[bytes]:
        """Those of the next lines of the answer that have not been delivered; from now on they have been."""
        marks = array("q", list(map(hash, lines)))  # a list, as it tells how many they are
        if self._bag is None and self._at < self.count:
            known = self._read(self._at, min(len(marks), self.count - self._at))
            same = matching(known, marks)
            self._at += same
            lines, marks = lines[same:], marks[same:]
            if lines and self._at < self.count:
                self._bag = Counter(self._read(self._at, self.count - self._at))
        if self._bag is not None:
            fresh = [place for place, mark in enumerate(marks) if not take(self._bag, mark)]
            lines, marks = [lines[place] for place in fresh], array("q", [marks[place] for place in fresh])
        self._keep(marks)
        return lines

    def _keep(self, marks: array[int]) -> None:
        self._log.seek(0, 2)
        self._log.write(marks.tobytes())
        self.count += len(marks)
        if self._bag is None:
            self._at += len(marks)

    def _read(self, start: int, count: int) -> array[int]:
        marks = array("q")
        self._log.seek(start * marks.itemsize)
        marks.frombytes(self._log.read(count * marks.itemsize))
        return marks

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()


def matching(known: Sequence[int], marks: Sequence[int]) -> int:
    """How many marks at the beginning are equal."""
    if known == marks[: len(known)]:
        return len(known)
    return next(place for place, (one, other) in enumerate(zip(known, marks, strict=False)) if one != other)


def take(bag: Counter[int], mark: int) -> bool:
    """Take a mark out of the bag, if it is there."""
    if bag[mark] <= 0:
        return False
    bag[mark] -= 1
    return True
