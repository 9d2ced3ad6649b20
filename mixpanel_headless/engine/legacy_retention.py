"""The legacy retention and frequency endpoints: how many come back, and how often people act."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .errors import BadQuery
from .matching import ANY_EVENT, behavior_condition
from .periods import Periods, periods, read_days
from .predicates import where_condition
from .reading import choice, text, truth, whole_number
from .scopes import EventScope, Statement
from .segmentation import MAX_SEGMENTS, segment_labels
from .times import FIXED_SECONDS, local_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .tables import Store

    Parameters = Mapping[str, Any]

OVERALL = "$overall"
UNITS = ("day", "week", "month")
SLOTS = {("day", "hour"): 24, ("week", "hour"): 168, ("month", "hour"): 744, ("week", "day"): 7, ("month", "day"): 31}
DEFAULT_SEGMENTS = 60


def retention(store: Store, parameters: Parameters) -> dict[str, Any]:
    """For each period those who were born in it, and how many of them returned 0, 1, 2, ... intervals later."""
    question = _Retention.read(store, parameters)
    firsts: dict[int, int] = dict(question.rows(f"SELECT bucket, count(*) FROM {question.births} GROUP BY 1"))
    counts = {OVERALL: _by_bucket(question.returned(None))}
    if text(parameters, "on"):
        limit = whole_number(parameters, "limit", DEFAULT_SEGMENTS, most=MAX_SEGMENTS)
        for label, rows in _largest(
            question.returned(segment_labels(text(parameters, "on"), question.scope, "on")), limit
        ):
            counts[label] = _by_bucket(rows)
    answer: dict[str, Any] = {}
    for bucket, date in enumerate(question.periods.dates):
        first = firsts.get(bucket, 0)
        cells = {label: question.cell(found.get(bucket, []), first) for label, found in counts.items()}
        answer[date] = cells if text(parameters, "on") else cells[OVERALL]
    return answer


def addiction(store: Store, parameters: Parameters) -> dict[str, Any]:
    """For each period how many people were active in at least 1, 2, 3, ... of its hours or days."""
    unit, slot = choice(parameters, "unit", UNITS), choice(parameters, "addiction_unit", ("hour", "day"))
    if (unit, slot) not in SLOTS:
        raise BadQuery(f"addiction_unit {slot} must be shorter than unit {unit}")
    found = periods(read_days(parameters, store.project), unit, store.project)
    statement = Statement(store.project, store.tables(), store.project.clock())
    statement.bind_windows(found.windows)
    scope = EventScope(statement)
    tests = _tests(parameters, "event", "where", scope)
    on = text(parameters, "on")
    labels = segment_labels(on, scope, "on") if on else None
    place = f"({local_ms('e.t', store.project.zone)} // {FIXED_SECONDS[slot] * 1000})"

    def counted(label: str) -> list[tuple[Any, ...]]:
        base = f"SELECT b.bucket, e.person, {place} AS slot, {label} AS label FROM {scope.from_clause} WHERE {tests}"
        each = f"SELECT label, bucket, person, count(DISTINCT slot) AS n FROM ({base}) GROUP BY 1, 2, 3"
        return store.rows(*statement.query(f"SELECT label, bucket, n, count(*) FROM ({each}) GROUP BY 1, 2, 3"))

    size = SLOTS[unit, slot]
    overall = _by_bucket(counted("NULL"))
    split = {}
    if labels:
        limit = whole_number(parameters, "limit", DEFAULT_SEGMENTS, most=MAX_SEGMENTS)
        split = {label: _by_bucket(rows) for label, rows in _largest(counted(f"unnest({labels})"), limit)}
    data: dict[str, Any] = {}
    for bucket, date in enumerate(found.dates):
        mine = _at_least(overall.get(bucket, []), size)
        cells = {label: _at_least(rows.get(bucket, []), size) for label, rows in split.items()}
        data[date] = {OVERALL: mine, **cells} if on else mine
    return {"data": data}


@attrs.frozen
class _Retention:
    """Births by period and person, and the events that count as a return."""

    store: Store
    statement: Statement
    periods: Periods
    births: str
    scope: EventScope
    tests: str
    length: int  # milliseconds of an interval
    intervals: int
    unbounded: bool

    @classmethod
    def read(cls, store: Store, parameters: Parameters) -> _Retention:
        unit, interval = choice(parameters, "unit", UNITS, "day"), whole_number(parameters, "interval", 1, most=90)
        kind = choice(parameters, "retention_type", ("birth", "compounded"), "birth")
        found = periods(read_days(parameters, store.project), unit, store.project, interval)
        statement = Statement(store.project, store.tables(), store.project.clock())
        statement.bind_windows(found.windows)
        births = statement.add_with(_births(parameters, statement, found.windows[-1].hi, again=kind == "compounded"))
        scope = EventScope(statement, bucketed=False)
        scope.join(f"JOIN {births} n ON n.person = e.person AND e.t >= n.t AND e.seq != n.seq")
        tests = f"{_tests(parameters, 'event', 'where', scope)} AND e.t <= {statement.bind(statement.now_ms)}"
        count = whole_number(parameters, "interval_count", 1, most=1000)
        unbounded = truth(parameters, "unbounded_retention")
        return cls(
            store, statement, found, births, scope, tests, FIXED_SECONDS[unit] * 1000 * interval, count, unbounded
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.store.rows(*self.statement.query(sql))

    def returned(self, labels: str | None) -> list[tuple[Any, ...]]:
        """(label, bucket, interval, people); unbounded, each person only in the last interval of a return."""
        label = f"unnest({labels})" if labels else "NULL"
        offset = f"(e.t - n.t) // {self.length}"
        base = f"SELECT {label} AS label, n.bucket, n.person, {offset} AS k FROM {self.scope.from_clause} WHERE {self.tests}"
        if self.unbounded:
            base = f"SELECT label, bucket, person, max(k) AS k FROM ({base}) GROUP BY 1, 2, 3"
        return self.rows(f"SELECT label, bucket, k, count(DISTINCT person) FROM ({base}) GROUP BY 1, 2, 3")

    def cell(self, found: Sequence[tuple[int, int]], first: int) -> dict[str, Any]:
        people = dict(found)
        if self.unbounded:
            counts = [sum(n for k, n in people.items() if k >= place) for place in range(self.intervals + 1)]
        else:
            counts = [people.get(place, 0) for place in range(self.intervals + 1)]
        return {"counts": counts, "first": first}


def _births(parameters: Parameters, statement: Statement, end: int, *, again: bool) -> str:
    """One row a person at the first birth in the range; `again`: one in each period, by the event itself."""
    scope = EventScope(statement)
    names = ("event", "where") if again else ("born_event", "born_where")
    tests = f"{_tests(parameters, *names, scope)} AND e.t < {statement.bind(end)}"
    row = f"SELECT b.bucket, e.person, e.t, e.seq FROM {scope.from_clause} WHERE {tests}"
    keys = "b.bucket, e.person" if again else "e.person"
    return f"{row} QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY e.t, e.seq) = 1"


def _tests(parameters: Parameters, event: str, where: str, scope: EventScope) -> str:
    behavior = {"type": "event", "name": text(parameters, event) or ANY_EVENT}
    return f"{behavior_condition(behavior, scope)} AND {where_condition(text(parameters, where), scope, where)}"


def _by_bucket(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for _, bucket, place, people in rows:
        found.setdefault(bucket, []).append((place, people))
    return found


def _largest(rows: Sequence[tuple[Any, ...]], limit: int) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """The rows of each label, those with the most people first."""
    labels: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        labels.setdefault(row[0], []).append(row)
    return sorted(labels.items(), key=lambda item: (-sum(row[3] for row in item[1]), item[0]))[:limit]


def _at_least(found: Sequence[tuple[int, int]], size: int) -> list[int]:
    return [sum(people for active, people in found if active > place) for place in range(size)]
