"""The segmentation endpoints and the event counts: numbers by date, of one event by segments or of several events."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .discovery import COUNTS
from .errors import BadQuery
from .groups import UNSET, nice_width, plain
from .matching import behavior_condition
from .measures import tidy
from .periods import Periods, read_periods
from .predicates import read_term, where_condition
from .reading import choice, required, text, texts, whole_number
from .scopes import EventScope, Statement
from .terms import LIST, NUMBER, Term, property_term

if TYPE_CHECKING:
    from .tables import Store

DEFAULT_SEGMENTS, MAX_SEGMENTS = 60, 10_000
DEFAULT_VALUES = 255
Parameters = Mapping[str, Any]


def segmentation(store: Store, parameters: Parameters) -> dict[str, Any]:
    """An event's number in each period, split by the values of `on`."""
    question = Question.read(store, parameters)
    kind = choice(parameters, "type", COUNTS, "general")
    limit = whole_number(parameters, "limit", DEFAULT_SEGMENTS, most=MAX_SEGMENTS)
    on = text(parameters, "on")
    found = question.counted(kind, segment_labels(on, question.scope, "on") if on else None)
    return _filled(question.periods, found if on else {question.event: found.get(None, {})}, limit)


def numeric(store: Store, parameters: Parameters) -> dict[str, Any]:
    """An event's number in each period, split into even ranges of the number `on`; periods without any are left out."""
    question = Question.read(store, parameters)
    kind = choice(parameters, "type", COUNTS, "general")
    number = question.number(required(parameters, "on"))
    [(low, high)] = question.rows(f"SELECT min(x), max(x) FROM ({question.matching(number)})")
    if low is None:
        return _answer(question.periods, {})
    width = nice_width(low, high)
    found: dict[float, dict[int, Any]] = {}
    sql = f"SELECT floor(x / {width!r}) * {width!r} AS edge, bucket, {COUNTS[kind]} FROM ({question.matching(number)})"
    for edge, bucket, count in question.rows(f"{sql} WHERE x IS NOT NULL GROUP BY ALL ORDER BY 1, 2"):
        found.setdefault(edge, {})[bucket] = count
    dates = question.periods.dates
    values = {
        f"{_thousands(edge)} - {_thousands(edge + width)}": {dates[bucket]: _number(n) for bucket, n in points.items()}
        for edge, points in found.items()
    }
    return _answer(question.periods, values)


def sums(store: Store, parameters: Parameters) -> dict[str, Any]:
    """The sum of the number `on` in each period; what is no number counts as 0."""
    computed_at = store.project.clock().astimezone(dt.UTC).isoformat(timespec="microseconds")
    return {"status": "ok", "computed_at": computed_at, "results": _of_number(store, parameters, "sum(x)")}


def averages(store: Store, parameters: Parameters) -> dict[str, Any]:
    """The average of the number `on` in each period; what is no number counts as 0 and is counted."""
    return {"status": "ok", "results": _of_number(store, parameters, "sum(x) / count(*)")}


def event_counts(store: Store, parameters: Parameters) -> dict[str, Any]:
    """The numbers of several events in each period."""
    kind, events = choice(parameters, "type", COUNTS), texts(parameters, "event")
    if not events:
        raise BadQuery("event is a required parameter: a JSON list of names")
    found, periods = {}, None
    for event in events:
        question = Question.read(store, {**parameters, "event": event})
        _refuse_short_uniques(question.periods, kind)
        found[event], periods = question.counted(kind).get(None, {}), question.periods
    assert periods is not None
    return _filled(periods, found)


def property_counts(store: Store, parameters: Parameters) -> dict[str, Any]:
    """An event's number in each period, split by the values of the property `name`."""
    kind, name = choice(parameters, "type", COUNTS), required(parameters, "name")
    question = Question.read(store, parameters)
    _refuse_short_uniques(question.periods, kind)
    found = question.counted(kind, _labels(property_term(question.scope.value(name, "events"))))
    values = texts(parameters, "values")
    if values:
        found = {value: found.get(value, {}) for value in values}
    return _filled(question.periods, found, whole_number(parameters, "limit", DEFAULT_VALUES, most=MAX_SEGMENTS))


def _refuse_short_uniques(periods: Periods, kind: str) -> None:
    if kind != "general" and periods.unit in {"minute", "hour"}:
        raise BadQuery(f"type={kind} is not available for unit={periods.unit}; use unit=day")


@attrs.define
class Question:
    """The matching events of one event, cut into periods."""

    store: Store
    event: str
    periods: Periods
    scope: EventScope
    tests: Sequence[str]

    @classmethod
    def read(cls, store: Store, parameters: Parameters) -> Question:
        """The question of `event`, `where` and the range."""
        event, periods = required(parameters, "event"), read_periods(parameters, store.project)
        statement = Statement(store.project, store.tables(), store.project.clock())
        statement.bind_windows(periods.windows)
        scope, span = EventScope(statement), periods.windows
        behavior = {"type": "event", "name": event}
        inside = f"e.t >= {statement.bind(span[0].lo)} AND e.t < {statement.bind(span[-1].hi)}"
        tests = [inside, behavior_condition(behavior, scope), where_condition(text(parameters, "where"), scope)]
        return cls(store, event, periods, scope, tests)

    def matching(self, columns: str) -> str:
        """SQL of the matching rows: bucket, person and the columns."""
        where = " AND ".join(self.tests)
        return f"SELECT b.bucket, e.person, {columns} FROM {self.scope.from_clause} WHERE {where}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.store.rows(*self.scope.statement.query(sql))

    def number(self, on: str) -> str:
        """SQL of the column `x`: the number that an expression is, NULL where it is none."""
        term = read_term(on, self.scope, "on")
        return f"{term.forms.get(NUMBER, 'CAST(NULL AS DOUBLE)')} AS x"

    def counted(self, kind: str, labels: str | None = None) -> dict[Any, dict[int, Any]]:
        """Numbers by label (None without labels) and bucket, the label with the most first."""
        column = f"unnest({labels})" if labels else "NULL"
        sql = f"SELECT label, bucket, {COUNTS[kind]} FROM ({self.matching(f'{column} AS label')}) GROUP BY 1, 2"
        found: dict[Any, dict[int, Any]] = {}
        for label, bucket, count in self.rows(sql):
            found.setdefault(label, {})[bucket] = count
        return dict(sorted(found.items(), key=lambda item: (-sum(item[1].values()), str(item[0]))))


def segment_labels(on: str, scope: EventScope, what: str) -> str:
    """SQL of the list of segments that an event falls into: each item of a list, one for anything else."""
    return _labels(read_term(on, scope, what))


def _labels(term: Term) -> str:
    single = f"[coalesce({term.words}, '{UNSET}')]"
    if LIST not in term.forms:
        return single
    items = term.forms[LIST]
    return f"(CASE WHEN {items} IS NOT NULL THEN {_of_items(items)} ELSE {single} END)"


def _of_items(items: str) -> str:
    distinct = f"list_distinct(list_transform({items}, lambda item: item ->> '$'))"
    return f"(CASE WHEN len({distinct}) > 0 THEN {distinct} ELSE ['{UNSET}'] END)"


def _of_number(store: Store, parameters: Parameters, measure: str) -> dict[str, Any]:
    question = Question.read(store, parameters)
    number = question.number(required(parameters, "on"))
    sql = f"SELECT bucket, {measure} FROM ({question.matching(number)}) GROUP BY 1"
    found = dict(question.rows(sql))
    return {date: _number(found.get(bucket) or 0) for bucket, date in enumerate(question.periods.dates)}


def _number(value: Any) -> Any:
    return tidy(value) if isinstance(value, float) else value


def _thousands(edge: float) -> str:
    return f"{int(edge):,}" if edge == int(edge) else plain(edge)


def _filled(periods: Periods, found: Mapping[str, Mapping[int, Any]], limit: int | None = None) -> dict[str, Any]:
    """The answer with a number for each period, of the first `limit` keys."""
    dates = periods.dates
    values = {
        key: {date: _number(points.get(bucket, 0)) for bucket, date in enumerate(dates)}
        for key, points in list(found.items())[:limit]
    }
    return _answer(periods, values)


def _answer(periods: Periods, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": {"series": periods.dates, "values": values}, "legend_size": len(values)}
