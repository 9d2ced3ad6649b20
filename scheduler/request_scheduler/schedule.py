"""Things in the order of their time, any of which may be withdrawn."""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

_TOLERATED_DEAD = 32


@define(eq=False, repr=False, weakref_slot=False)
class Entry(Generic[T]):
    """A place in a schedule; its item is None once it was taken or withdrawn."""

    item: T | None
    when: float

    def __lt__(self, other: Entry[T]) -> bool:
        return False  # one of two with the same time and turn was withdrawn, so it does not matter which goes first


@define(eq=False, repr=False)
class Schedule(Generic[T]):
    """A heap by time, then by turn, whose entries can be discarded at the price of a flag.

    Discarded entries are swept out when they outnumber the living, so a thousand withdrawals leave nothing behind.
    """

    _heap: list[tuple[float, int, Entry[T]]] = field(factory=list, init=False)
    _dead: int = field(default=0, init=False)
    _added: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def __iter__(self) -> Iterator[T]:
        """Everything in it, in no particular order."""
        for _, _, entry in self._heap:
            if entry.item is not None:
                yield entry.item

    def add(self, when: float, item: T, turn: int | None = None) -> Entry[T]:
        """Put an item in; among equal times the lower turn goes first, by default the one added first."""
        entry = Entry(item, when)
        if turn is None:
            self._added += 1
            turn = self._added
        heappush(self._heap, (when, turn, entry))
        return entry

    def discard(self, entry: Entry[T]) -> None:
        """Withdraw an entry; one that was taken already is left alone."""
        if entry.item is None:
            return
        entry.item = None
        if self._heap[0][-1] is entry:
            heappop(self._heap)
            return
        self._dead += 1
        if self._dead > _TOLERATED_DEAD and self._dead * 2 > len(self._heap):
            self._heap = [place for place in self._heap if place[-1].item is not None]
            heapify(self._heap)
            self._dead = 0

    def first(self) -> T | None:
        """The earliest item, left in place."""
        heap = self._heap
        while heap:
            item = heap[0][-1].item
            if item is not None:
                return item
            heappop(heap)
            self._dead -= 1
        return None

    def next_time(self) -> float:
        """The time of the earliest item, infinity when there is none."""
        return math.inf if self.first() is None else self._heap[0][0]

    def pop(self) -> T | None:
        """Take the earliest item out."""
        item = self.first()
        if item is not None:
            heappop(self._heap)[-1].item = None
        return item

    def pop_due(self, now: float) -> list[T]:
        """Take out every item whose time has come."""
        due: list[T] = []
        while self.next_time() <= now:
            item = self.pop()
            assert item is not None
            due.append(item)
        return due
