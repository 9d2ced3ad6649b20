"""The ways that people took: which of their events make a flow, and in which column of the report each stands."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ANCHOR, FORWARD, REVERSE = "ANCHOR", "RELATIVE_FORWARD", "RELATIVE_REVERSE"


@attrs.frozen
class Passage:
    """One event of one person: `anchors` has a bit for each anchor that it can be."""

    name: str
    time: int
    anchors: int = 0
    excluded: bool = False
    session: int | None = None


@attrs.frozen
class Tail:
    """How many events a report shows before and after an anchor."""

    reverse: int
    forward: int


@attrs.frozen
class Cell:
    """An event of a way; `role` is ANCHOR, or on which side of its anchor it stands."""

    column: int
    name: str
    role: str


@attrs.frozen
class Way:
    """One flow: its cells from left to right, whether it passed the last anchor, and whether more could have followed."""

    cells: Sequence[Cell]
    arrived: bool
    dropped: bool


@attrs.frozen
class Course:
    """The rules by which events become ways.

    `count` is unique (a person's first way), total (each that begins after the one before it ended) or session (one for
    each session). Anchors follow within `window` milliseconds, or within the session when it is None; what stands before
    and after an anchor stays within the same distance of it.
    """

    labels: Sequence[str]
    tails: Sequence[Tail]
    count: str
    window: int | None
    collapse: bool

    @property
    def columns(self) -> list[tuple[int, int]]:
        """For each anchor the first column of what is shown before it, and its own column."""
        found, place = [], 0
        for tail in self.tails:
            found.append((place, place + tail.reverse))
            place += tail.reverse + 1 + tail.forward
        return found

    @property
    def last_column(self) -> int:
        return sum(tail.reverse + 1 + tail.forward for tail in self.tails) - 1

    def ways(self, stream: Iterable[Passage]) -> Iterator[Way]:
        """The ways of one person, whose events come in order of time."""
        passages = list(_collapsed(stream) if self.collapse else stream)
        if self.count != "session":
            yield from self._ways(passages, first=self.count == "unique")
            return
        for session, part in itertools.groupby(passages, lambda passage: passage.session):
            if session is not None:
                yield from self._ways(list(part), first=True)

    def _ways(self, stream: Sequence[Passage], *, first: bool) -> Iterator[Way]:
        place = 0
        while place < len(stream):
            if not stream[place].anchors & 1:
                place += 1
                continue
            way, place = self._way(stream, place)
            yield way
            if first:
                return

    def _way(self, stream: Sequence[Passage], start: int) -> tuple[Way, int]:
        """The way that begins at `start`, and where the next one may begin."""
        anchors, end = self._anchors(stream, start)
        before = anchors[0] - self._near(stream, anchors[0], range(anchors[0] - 1, -1, -1))
        cells = self._before(stream, 0, range(before, anchors[0]))
        for number, anchor in enumerate(anchors):
            own = self.columns[number][1]
            cells.append(Cell(own, self.labels[number], ANCHOR))
            following = anchors[number + 1] if number + 1 < len(anchors) else end
            near = self._near(stream, anchor, range(anchor + 1, following))
            shown = range(anchor + 1, anchor + 1 + min(near, self.tails[number].forward))
            cells += [Cell(own + step, stream[place].name, FORWARD) for step, place in enumerate(shown, 1)]
            if number + 1 < len(anchors):
                cells += self._before(stream, number + 1, range(shown.stop, following))
        arrived = len(anchors) == len(self.tails)
        return Way(cells, arrived, cells[-1].column < self.last_column), shown.stop

    def _before(self, stream: Sequence[Passage], number: int, free: range) -> list[Cell]:
        """The last of the free events as what is shown before an anchor."""
        shown = free[max(0, len(free) - self.tails[number].reverse) :]
        own = self.columns[number][1]
        return [Cell(own - len(shown) + step, stream[place].name, REVERSE) for step, place in enumerate(shown)]

    def _anchors(self, stream: Sequence[Passage], start: int) -> tuple[list[int], int]:
        """Where the anchors stand, in order, and where an excluded event ends the way before its last anchor."""
        found, reach = [start], self._near(stream, start, range(start + 1, len(stream)))
        for place in range(start + 1, start + 1 + reach):
            if len(found) == len(self.tails):
                break
            if stream[place].excluded:
                return found, place
            if stream[place].anchors >> len(found) & 1:
                found.append(place)
        return found, len(stream)

    def _near(self, stream: Sequence[Passage], anchor: int, places: range) -> int:
        """How many of the places, which lead away from an anchor, lie within its reach."""
        middle = stream[anchor]
        for count, place in enumerate(places):
            passage = stream[place]
            if self.window is None:
                inside = passage.session == middle.session
            else:
                inside = abs(passage.time - middle.time) <= self.window
            if not inside:
                return count
        return len(places)


def _collapsed(stream: Iterable[Passage]) -> Iterator[Passage]:
    """The events without those that repeat the one before and are no anchor that it is not."""
    last: Passage | None = None
    for passage in stream:
        if last is None or passage.name != last.name or passage.anchors & ~last.anchors:
            yield passage
            last = passage
