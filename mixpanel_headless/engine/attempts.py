"""One person's way through a funnel: their events in order of time in, the attempts out.

The rules, for steps in order: an attempt begins with an event of the first step and goes on with the earliest unused
event of each next one, down to two seconds before the moment already reached, inside the conversion window. It ends by
conversion, by an exclusion, or with the window; until then other events of the first step are passed over. Each event
serves once. Optimized re-entry tries every event of the first step instead, the most recent one first.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GRACE = 2_000  # milliseconds by which a step may lie before the one it follows


@attrs.frozen
class Course:
    """What an attempt has to go through.

    The steps of one group may be done in any order, the groups only in theirs. An exclusion `(first, last)` ends an
    attempt that has done at least `first` and fewer than `last` steps. `window` counts places from the entry.
    """

    groups: Sequence[Sequence[int]]
    exclusions: Sequence[tuple[int, int]]
    window: int
    optimized: bool = False
    once_a_place: bool = False  # whether no two attempts begin at one place

    @property
    def length(self) -> int:
        """How many steps lead to conversion."""
        return sum(map(len, self.groups))


@attrs.frozen
class Attempt:
    """Where an attempt passed: the positions of its events and the moments reached with them.

    `last` is the place beyond which its window is over; `end` the position of what ended it before that, if anything.
    """

    taken: Sequence[int]
    moments: Sequence[int]
    last: int
    end: int | None
    excluded: bool = False

    @property
    def spent(self) -> Sequence[int]:
        """The positions that serve no other attempt: an exclusion is used up too."""
        return [*self.taken, self.end] if self.excluded and self.end is not None else self.taken


@attrs.define
class Track:
    """A person's events in order; `places` are what the window counts: milliseconds, or sessions."""

    course: Course
    times: Sequence[int]
    places: Sequence[int]
    steps: Sequence[Sequence[int]]  # for each step, the positions of the events that match it
    exclusions: Sequence[Sequence[int]]
    used: set[int] = attrs.field(init=False, factory=set)
    _step_times: list[list[int]] = attrs.field(init=False)
    _exclusion_times: list[list[int]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._step_times = [[self.times[position] for position in positions] for positions in self.steps]
        self._exclusion_times = [[self.times[position] for position in positions] for positions in self.exclusions]

    def attempts(self, low: int, high: int) -> Iterator[Attempt]:
        """The attempts that begin at `low` ≤ t < `high`, as if nothing else had been."""
        self.used.clear()
        first = self.course.groups[0]
        entries = sorted({position for step in first for position in self._between(step, low, high)})
        return self._optimized(entries) if self.course.optimized else self._in_turn(entries)

    def _between(self, step: int, low: int, high: int) -> Sequence[int]:
        times = self._step_times[step]
        return self.steps[step][bisect_left(times, low) : bisect_left(times, high)]

    def _in_turn(self, entries: Sequence[int]) -> Iterator[Attempt]:
        over, closed = -1, None  # the position, and the place, up to which nothing enters
        for entry in entries:
            if entry <= over or entry in self.used or (closed is not None and self.places[entry] <= closed):
                continue
            attempt = self._follow(entry)
            self.used.update(attempt.spent)
            yield attempt
            if attempt.end is None:
                closed = attempt.last
            else:
                over = attempt.end
                closed = self.places[entry] if self.course.once_a_place else None

    def _optimized(self, entries: Sequence[int]) -> Iterator[Attempt]:
        """Every entry is tried; one that a later entry precedes to the second step counts only as dropped.

        It counts if its own window was over when the later one converted.
        """
        over = -1
        replaced: list[Attempt] = []
        for turn, entry in enumerate(entries):
            if entry <= over or entry in self.used:
                continue
            attempt = self._follow(entry)
            if self._is_replaced(attempt, entries, turn + 1):
                replaced.append(attrs.evolve(attempt, taken=attempt.taken[:1], moments=attempt.moments[:1]))
                continue
            self.used.update(attempt.spent)
            if len(attempt.taken) == self.course.length:
                over = max(attempt.taken)
                reached = self.places[over]
                yield from (dropped for dropped in replaced if dropped.last < reached)
            replaced.clear()
            yield attempt

    def _is_replaced(self, attempt: Attempt, entries: Sequence[int], turn: int) -> bool:
        """Whether another entry comes before anything became of the attempt."""
        while turn < len(entries) and entries[turn] in self.used:
            turn += 1
        if turn == len(entries) or self.places[entries[turn]] > attempt.last:
            return False
        second = attempt.taken[1] if len(attempt.taken) > 1 else attempt.end if attempt.excluded else None
        return second is None or entries[turn] < second

    def _follow(self, entry: int) -> Attempt:
        """The attempt that begins with this event, with nothing used up yet."""
        taken, moments = [entry], [self.times[entry]]
        last = self.places[entry] + self.course.window
        for number, group in enumerate(self.course.groups):
            waiting = list(group)
            if number == 0:
                waiting.remove(self._served(waiting, entry))
            while waiting:
                following = self._next(waiting, moments[-1] - GRACE, last, taken)
                barrier = self._barrier(taken, moments[-1], last, following)
                if barrier is not None:
                    return Attempt(taken, moments, last, barrier, excluded=True)
                if following is None:
                    return Attempt(taken, moments, last, None)
                waiting.remove(self._served(waiting, following))
                taken.append(following)
                moments.append(max(moments[-1], self.times[following]))
        return Attempt(taken, moments, last, max(taken))

    def _served(self, waiting: Sequence[int], position: int) -> int:
        """The first of the steps that an event matches."""
        return next(step for step in waiting if self._matches(step, position))

    def _matches(self, step: int, position: int) -> bool:
        positions = self.steps[step]
        place = bisect_left(positions, position)
        return place < len(positions) and positions[place] == position

    def _next(self, waiting: Sequence[int], low: int, last: int, taken: Sequence[int]) -> int | None:
        found = (self._free(self.steps[step], self._step_times[step], low, last, taken) for step in waiting)
        return min((position for position in found if position is not None), default=None)

    def _barrier(self, taken: Sequence[int], moment: int, last: int, following: int | None) -> int | None:
        """The exclusion that comes before the next step's event by more than the grace, or before none."""
        until = None if following is None else self.times[following] - GRACE
        found = []
        for positions, times, (first, beyond) in zip(
            self.exclusions, self._exclusion_times, self.course.exclusions, strict=True
        ):
            if first <= len(taken) < beyond:
                barrier = self._free(positions, times, moment, last, taken)
                if barrier is not None and (until is None or self.times[barrier] < until):
                    found.append(barrier)
        return min(found, default=None)

    def _free(
        self, positions: Sequence[int], times: Sequence[int], low: int, last: int, taken: Sequence[int]
    ) -> int | None:
        """The first unused of these positions at or after a moment and inside the window."""
        place = bisect_left(times, low)
        while place < len(positions) and (positions[place] in self.used or positions[place] in taken):
            place += 1
        if place == len(positions) or self.places[positions[place]] > last:
            return None
        return positions[place]
