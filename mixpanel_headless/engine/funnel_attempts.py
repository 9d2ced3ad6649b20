"""The attempts of a funnel as rows: one for each step that an attempt has done.

Both ways fill the subquery `done` (attempt, bucket, person, step, seq, moment, before, start, reached). A person's first
attempt along steps in order is found by the database alone, one join for each step. Everything else (re-entry, steps in
any order) takes the matching events out in order and walks through them person by person.
"""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import itertools
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import attrs

from . import filters
from .attempts import GRACE, Track
from .event_keys import EventKey
from .matching import behavior_condition, shares_events
from .properties import property_value
from .scopes import EventScope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .attempts import Attempt, Course
    from .funnel_reading import Funnel
    from .metrics import Question
    from .scopes import Statement
    from .times import Window

DONE = ("attempt", "bucket", "person", "step", "seq", "moment", "before", "start", "reached")


@attrs.define
class Passage:
    """A funnel's way into a statement."""

    question: Question
    funnel: Funnel
    statement: Statement
    windows: Sequence[Window]

    def event_scope(self) -> EventScope:
        """An event `e`, with its session `s` where the window is in sessions."""
        scope = EventScope(self.statement, bucketed=False)
        if self.funnel.by_session:
            sessions = self.question.store.sessions(self.question.tables)
            scope.join(f"JOIN {sessions} s ON s.seq = e.seq")
        return scope

    @property
    def place(self) -> str:
        """SQL: what the conversion window counts."""
        return "s.session" if self.funnel.by_session else "e.t"

    def held(self, scope: EventScope) -> str:
        """SQL: the values that are held constant as one text, NULL where one is not set."""
        values = [property_value(constant, scope) for constant in self.funnel.constants]
        identities = ", ".join(value.identity for value in values)
        every = filters.all_of([value.is_set for value in values])
        return f"(CASE WHEN {every} THEN CAST(to_json([{identities}]) AS VARCHAR) END)"

    def inside(self) -> str:
        """SQL: the event lies where the funnel may look."""
        bind = self.statement.bind
        low = bind(min(window.lo for window in self.windows) - GRACE)
        if self.funnel.by_session:
            return f"e.t >= {low}"
        return f"(e.t >= {low} AND e.t < {bind(max(window.hi for window in self.windows) + self.funnel.course.window)})"

    def entering(self) -> str:
        """SQL: the event lies in the asked range."""
        low, high = min(window.lo for window in self.windows), max(window.hi for window in self.windows)
        return f"(e.t >= {self.statement.bind(low)} AND e.t < {self.statement.bind(high)})"


def add_first_attempts(passage: Passage, *, keyed: bool) -> None:
    """Add `done` with each person's first attempt in each window, found by joins.

    Unless `keyed`, events are known by their time alone and `seq` is empty: cheaper, where nothing more is needed.
    """
    exact = keyed or bool(passage.funnel.exclusions) or shares_events(passage.funnel.steps, passage.statement)
    _Chain(passage, EventKey(exact)).add()


@attrs.define
class _Chain:
    """One subquery for each step; `s1` holds the entries, `s2` what is left of them after the second step, ..."""

    passage: Passage
    key: EventKey

    def add(self) -> None:
        funnel, withs = self.passage.funnel, self.passage.statement.withs
        withs.append(f"s1 AS ({self._entries()})")
        for number in range(2, len(funnel.steps) + 1):
            withs.append(f"c{number} AS ({self._candidates(number)})")
            withs.append(f"s{number} AS ({self._reached(number)})")
        parts = [self._rows(number) for number in range(1, len(funnel.steps) + 1)]
        withs.append(f"done AS ({' UNION ALL '.join(parts)})")

    def _entries(self) -> str:
        passage, scope = self.passage, self.passage.event_scope()
        tests = [passage.entering(), behavior_condition(passage.funnel.steps[0], scope)]
        columns = [f"min({self.key.sql}) AS p"]
        if passage.funnel.constants:
            held = passage.held(scope)
            tests.append(f"{held} IS NOT NULL")
            columns.append(f"arg_min({held}, {self.key.sql}) AS held")
        if passage.funnel.by_session:
            columns.append(f"arg_min(s.session, {self.key.sql}) AS session")
        found = (
            f"SELECT {self._bucket()} AS bucket, e.person, {', '.join(columns)} FROM {self._events(scope)}"
            f" WHERE {filters.all_of(tests)} GROUP BY ALL"
        )
        window = passage.funnel.course.window
        last = f"session + {window}" if passage.funnel.by_session else f"{self.key.moment('p')} + {window}"
        moment = self.key.moment("p")
        used = ", [p] AS used" if self.key.exact else ""
        return f"SELECT *, {moment} AS moment, NULL AS before, {moment} AS start, {last} AS last{used} FROM ({found})"

    def _bucket(self) -> str:
        return "b.bucket" if len(self.passage.windows) > 1 else "0"

    def _events(self, scope: EventScope) -> str:
        if len(self.passage.windows) == 1:
            return scope.from_clause
        return f"{scope.from_clause} JOIN buckets b ON {self.passage.statement.placing}"

    def _candidates(self, number: int) -> str:
        """The next step's event for each attempt that got as far as the step before."""
        passage, scope = self.passage, self.passage.event_scope()
        tests = [
            passage.inside(),
            behavior_condition(passage.funnel.steps[number - 1], scope),
            f"e.t >= a.moment - {GRACE}",
            f"{passage.place} <= a.last",
        ]
        kept = ["start", "last"]
        if passage.funnel.constants:
            tests.append(f"{passage.held(scope)} = a.held")
            kept.append("held")
        if self.key.exact:
            tests.append(f"NOT list_contains(a.used, {self.key.sql})")
            kept.append("used")
        carried = ", ".join(f"any_value(a.{name}) AS {name}" for name in kept)
        return (
            f"SELECT a.bucket, a.person, min({self.key.sql}) AS p, any_value(a.moment) AS before, {carried}"
            f" FROM {scope.from_clause} JOIN s{number - 1} a ON a.person = e.person"
            f" WHERE {filters.all_of(tests)} GROUP BY a.bucket, a.person"
        )

    def _reached(self, number: int) -> str:
        """The candidates that no exclusion comes before."""
        moment = f"greatest(before, {self.key.moment('p')}) AS moment"
        used = "* REPLACE (list_append(used, p) AS used)" if self.key.exact else "*"
        active = [one.event for one in self.passage.funnel.exclusions if one.first <= number - 1 < one.beyond]
        if not active:
            return f"SELECT {used}, {moment} FROM c{number}"
        scope = self.passage.event_scope()
        barrier = filters.all_of([behavior_condition(event, scope) for event in active], "any")
        barred = (
            f"SELECT DISTINCT c.bucket, c.person FROM {scope.from_clause} JOIN c{number} c ON c.person = e.person"
            f" WHERE {barrier} AND e.t >= c.before AND e.t < {self.key.moment('c.p')} - {GRACE}"
            f" AND NOT list_contains(c.used, {self.key.sql})"
        )
        return f"SELECT {used}, {moment} FROM c{number} ANTI JOIN ({barred}) USING (bucket, person)"

    def _rows(self, number: int) -> str:
        attempt = f"CAST(person AS BIGINT) * {len(self.passage.windows)} + bucket"
        return (
            f"SELECT {attempt} AS attempt, bucket, person, {number} AS step, {self.key.seq('p')} AS seq, moment, before, start,"
            f" 0 AS reached FROM s{number}"
        )


def add_all_attempts(passage: Passage) -> None:
    """Add `done` with every attempt of every person, walked through in order."""
    statement = passage.statement
    columns = _walked(passage.question.store.stream(*_ordered(passage)), passage.funnel.course, passage.windows)
    listed = [f"unnest({statement.bind(columns[name])}::BIGINT[]) AS {name}" for name in DONE]
    statement.withs.append(f"done AS MATERIALIZED (SELECT {', '.join(listed)})")


def _ordered(passage: Passage) -> tuple[str, Mapping[str, Any]]:
    """The matching events of those who enter: person, time, number, place, steps and exclusions as bits, held values."""
    scope, funnel = passage.event_scope(), passage.funnel
    steps = [behavior_condition(step, scope) for step in funnel.steps]
    barriers = [behavior_condition(one.event, scope) for one in funnel.exclusions]
    held = passage.held(scope) if funnel.constants else "''"
    first = filters.all_of([steps[step] for step in funnel.course.groups[0]], "any")
    entered = f"SELECT DISTINCT e.person FROM {scope.from_clause} WHERE {passage.entering()} AND {first}"
    sql = (
        f"SELECT e.person, e.t, e.seq, {passage.place}, {_bits(steps)}, {_bits(barriers)}, {held}"
        f" FROM {scope.from_clause} WHERE {passage.inside()} AND {filters.all_of([*steps, *barriers], 'any')}"
        f" AND e.person IN ({entered}) ORDER BY e.person, e.t, e.seq"
    )
    return passage.statement.query(sql)


def _bits(tests: Sequence[str]) -> str:
    terms = [f"CAST({test} AS HUGEINT) * {1 << place}" for place, test in enumerate(tests)]
    return f"({' + '.join(terms)})" if terms else "0"


def _walked(rows: Iterable[Any], course: Course, windows: Sequence[Window]) -> dict[str, list[Any]]:
    """The columns of `done`, from events ordered by person and time."""
    columns: dict[str, list[Any]] = {name: [] for name in DONE}
    lows, attempt = [window.lo for window in windows], 0
    for person, events in itertools.groupby(rows, key=lambda row: row[0]):
        for lane in _lanes(list(events)):
            track = _track(lane, course)
            for bucket in _entered(track, lows):
                window = windows[bucket]
                for found in track.attempts(window.lo, window.hi):
                    _append(columns, found, (attempt, bucket, person), lane)
                    attempt += 1
    return columns


def _entered(track: Track, lows: Sequence[int]) -> Iterator[int]:
    """The windows in which someone may enter."""
    times = {track.times[position] for step in track.course.groups[0] for position in track.steps[step]}
    places = {bisect_right(lows, time) - 1 for time in times}
    return iter(sorted(place for place in places if place >= 0))


def _append(columns: dict[str, list[Any]], found: Attempt, keys: tuple[int, int, int], lane: Sequence[Any]) -> None:
    attempt, bucket, person = keys
    reached, start = len(found.taken), found.moments[0]
    before = None
    for step, (position, moment) in enumerate(zip(found.taken, found.moments, strict=True), 1):
        row = (attempt, bucket, person, step, lane[position][2], moment, before, start, reached)
        for name, value in zip(DONE, row, strict=True):
            columns[name].append(value)
        before = moment


def _lanes(events: list[Any]) -> Iterator[list[Any]]:
    """The events for each combination of held values; an exclusion counts in all of them."""
    held = {event[6] for event in events}
    if len(held) == 1 and None not in held:
        yield events
        return
    for value in sorted(value for value in held if value is not None):
        yield [
            event if event[6] == value else (*event[:4], 0, *event[5:])
            for event in events
            if event[6] == value or event[5]
        ]


def _track(lane: Sequence[Any], course: Course) -> Track:
    steps: list[list[int]] = [[] for _ in range(course.length)]
    exclusions: list[list[int]] = [[] for _ in course.exclusions]
    for position, event in enumerate(lane):
        for bits, found in ((event[4], steps), (event[5], exclusions)):
            while bits:
                low = bits & -bits
                found[low.bit_length() - 1].append(position)
                bits ^= low
    return Track(course, [event[1] for event in lane], [event[3] for event in lane], steps, exclusions)
