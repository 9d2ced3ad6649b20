"""One metric: from its clause, the report's filters and breakdowns to numbers, in one SQL statement."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from . import cohorts, filters
from .errors import BadQuery, Unsupported
from .expressions import value_of_json
from .groups import Grouping, aligned_edges, bucketed, grouping
from .matching import ANY_EVENT, alternatives, behavior_condition
from .measures import Measure, plain_value
from .properties import property_value
from .reading import text
from .scopes import EventScope, PersonScope, Statement
from .times import Window, trailing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from .series import Path, Table
    from .tables import Store, Tables


@attrs.frozen
class Question:
    """What all metrics of a report share."""

    store: Store
    tables: Tables
    now: dt.datetime
    filters: Sequence[Any]
    groups: Sequence[Any]
    unit: str

    def statement(self) -> Statement:
        return Statement(self.store.project, self.tables, self.now)


@attrs.frozen
class Metric:
    """One metric clause, read: what it counts and how."""

    behavior: Mapping[str, Any]
    measure: Measure
    segment_method: str = "all"

    @property
    def of_people(self) -> bool:
        return self.behavior.get("type") == "people"


@attrs.frozen
class Found:
    """A metric's numbers: points by segment path, and the breakdown levels they came from."""

    table: Table
    groupings: Sequence[Grouping]


def is_known(question: Question, behavior: Mapping[str, Any]) -> bool:
    """Whether the behavior names an event that was ever seen."""
    if text(behavior, "type") in {"people", "cohort"}:
        return True
    names = [part["name"] for part in alternatives(behavior, question.statement())]
    keys = question.tables.name("event_keys")
    any_event = ANY_EVENT in names
    sql = f"SELECT 1 FROM {keys} WHERE $any OR list_contains($names, event) LIMIT 1"
    return bool(question.store.rows(sql, {"any": any_event, "names": names}))


def compute(question: Question, metric: Metric, windows: Sequence[Window], rank: bool = False) -> Found:
    """The metric for each window and segment path; with `rank`, the number by which segments are ranked."""
    if metric.behavior.get("type") == "cohort":
        return _cohort_sizes(question, metric, windows)
    build = _Build(question, metric, question.statement())
    measure = metric.measure
    if measure.days:
        zone = question.store.project.zone
        windows = [trailing(window, measure.days, question.unit, zone) for window in windows]
    elif measure.from_start and windows:
        windows = [attrs.evolve(window, lo=windows[0].lo) for window in windows]
    asked = windows[:1] if metric.of_people else windows
    rows = build.run(asked, measure.rank if rank else measure.outer)
    table: Table = {(): [measure.empty] * len(asked)}
    for depth, bucket, *segments, value in rows:
        points = table.setdefault(tuple(segments[:depth]), [measure.empty] * len(asked))
        points[bucket] = plain_value(value, measure)
    if metric.of_people:
        table = {path: points * len(windows) for path, points in table.items()}
    return Found(table, build.groupings)


def ranks(question: Question, metric: Metric, whole: Sequence[Window]) -> Mapping[Path, float]:
    """How much each segment path weighs over the whole range."""
    table = compute(question, metric, whole, rank=True).table
    return {path: float(points[0]) for path, points in table.items() if isinstance(points[0], int | float)}


@attrs.define
class _Build:
    question: Question
    metric: Metric
    statement: Statement
    groupings: list[Grouping] = attrs.field(factory=list)

    def run(self, windows: Sequence[Window], outer: str) -> list[tuple[Any, ...]]:
        self.statement.bind_windows(windows)
        scope = self._scope()
        where = filters.all_of(self._tests(scope, windows))
        self.groupings = [grouping(clause, scope, lambda sql: self._extent(scope, where, sql))
                          for clause in self.question.groups]  # fmt: skip
        base = self._base(scope, where)
        self.statement.withs.append(f"base AS ({base})")
        real = len(self.groupings)
        if self.metric.measure.histogram:
            self.groupings.append(self._values())
        levels = [self._level(depth, outer, real) for depth in range(len(self.groupings) + 1)]
        sql = f"{self._with()} {' UNION ALL '.join(levels)}"
        return self.question.store.rows(sql, self.statement.parameters.used_in(sql))

    def _with(self) -> str:
        return f"WITH {', '.join(self.statement.withs)}"

    def _scope(self) -> EventScope | PersonScope:
        if not self.metric.of_people:
            return EventScope(self.statement)
        scope = PersonScope(self.statement)
        scope.join("CROSS JOIN buckets b")
        return scope

    def _tests(self, scope: EventScope | PersonScope, windows: Sequence[Window]) -> list[str]:
        behavior = self.metric.behavior
        if isinstance(scope, PersonScope):
            own = filters.conditions(behavior.get("filters"), scope)
            tests = ["p.distinct_id IS NOT NULL", filters.all_of(own, behavior.get("filtersDeterminer"))]
        else:
            low = self.statement.bind(min(window.lo for window in windows))
            high = self.statement.bind(max(window.hi for window in windows))
            tests = [f"e.t >= {low} AND e.t < {high}", behavior_condition(behavior, scope)]
        return [*tests, *filters.conditions(self.question.filters, scope)]

    def _extent(self, scope: EventScope | PersonScope, where: str, number: str) -> tuple[float, float] | None:
        sql = f"{self._with()} SELECT min({number}), max({number}) FROM {scope.from_clause} WHERE {where}"
        [(low, high)] = self.question.store.rows(sql, self.statement.parameters.used_in(sql))
        return None if low is None else (low, high)

    def _base(self, scope: EventScope | PersonScope, where: str) -> str:
        """The matching rows with their bucket, their segments and what the measure needs."""
        columns = ["b.bucket", f"{scope.person} AS person"]
        events = isinstance(scope, EventScope)
        columns += ["e.t", "e.seq"] if events else ["0 AS t", "0 AS seq"]
        if self.metric.measure.sessions:
            scope.join(f"LEFT JOIN {self.question.store.sessions(self.question.tables)} s ON s.seq = e.seq")
            columns.append("s.session")
        columns += [f"{self._segment(one)} AS s{level}" for level, one in enumerate(self.groupings, 1)]
        target = self.metric.measure.property
        if target is None:
            return f"SELECT {', '.join(columns)} FROM {scope.from_clause} WHERE {where}"
        default = "events" if events else "people"
        value = property_value(target, scope, default)
        if not value.may_be_list:
            columns += [f"{value.measured} AS x", f"{value.identity} AS k"]
            return f"SELECT {', '.join(columns)} FROM {scope.from_clause} WHERE {where}"
        item = value_of_json("item")
        items = f"CASE WHEN len({value.items}) > 0 THEN {value.items} ELSE [CAST(NULL AS JSON)] END"  # keeps every row
        listed = f"SELECT {', '.join(columns)}, unnest({items}) AS item FROM {scope.from_clause} WHERE {where}"
        return f"SELECT * EXCLUDE (item), {item.number} AS x, {item.identity} AS k FROM ({listed})"

    def _segment(self, one: Grouping) -> str:
        """The level's labels; of the person's first or last event in the bucket when the metric asks for it."""
        if self.metric.segment_method == "all" or self.metric.of_people:
            return one.sql
        way = "ASC" if self.metric.segment_method == "first" else "DESC"
        return f"first_value({one.sql}) OVER (PARTITION BY b.bucket, e.person ORDER BY e.t {way}, e.seq {way})"

    def _values(self) -> Grouping:
        """The last level of a histogram: the bucket of `v`, chosen by the data."""
        sql = f"{self._with()} SELECT min(v), max(v) FROM {self._rows(0)}"
        [(low, high)] = self.question.store.rows(sql, self.statement.parameters.used_in(sql))
        if low is None:
            return Grouping("", "CAST(v AS VARCHAR)")
        label, names = bucketed(aligned_edges(low, high), "v", self.statement.bind)
        return Grouping("", label, order=names)

    def _rows(self, depth: int) -> str:
        """What the numbers of paths of one length read; rows with several labels stand for each."""
        rows = "base"
        for level, one in enumerate(self.groupings[:depth], 1):
            if one.many:
                rows = f"(SELECT * REPLACE (unnest(s{level}) AS s{level}) FROM {rows})"
        measure = self.metric.measure
        if measure.inner is None:
            return rows
        keys = ", ".join(["bucket", *(f"s{level}" for level in range(1, depth + 1)), measure.per])
        return f"(SELECT {keys}, {measure.inner} AS v FROM {rows} GROUP BY {keys}) WHERE v IS NOT NULL"

    def _level(self, depth: int, outer: str, real: int) -> str:
        """The numbers of all segment paths of one length; beyond the `real` levels stands that of a histogram."""
        keys = ["bucket", *(f"s{level}" for level in range(1, min(depth, real) + 1))]
        keys += [one.sql for one in self.groupings[real:depth]]
        padding = ["NULL"] * (len(self.groupings) - depth)
        columns = ", ".join([str(depth), *keys, *padding, outer])
        return f"SELECT {columns} FROM {self._rows(min(depth, real))} GROUP BY {', '.join(keys)}"


def _cohort_sizes(question: Question, metric: Metric, windows: Sequence[Window]) -> Found:
    """The number of members as of the end of each window."""
    if question.groups:
        raise Unsupported("a breakdown of a cohort metric")
    if question.filters or metric.behavior.get("filters"):
        raise Unsupported("a filter on a cohort metric")
    points = []
    for window in windows:
        statement = question.statement()
        raw = cohorts.definition(metric.behavior, statement)
        members = statement.add_with(cohorts.members_sql(raw, statement, window.hi))
        sql = f"WITH {', '.join(statement.withs)} SELECT count(*) FROM {members}"
        points.append(question.store.rows(sql, statement.parameters.used_in(sql))[0][0])
    return Found({(): points}, [])


def read_segment_method(measurement: Mapping[str, Any]) -> str:
    """Which of a person's events decides the segment: all of them, the first or the last."""
    method = text(measurement, "segmentMethod", "all")
    if method not in {"all", "first", "last"}:
        raise BadQuery(f"{method!r} is not a segmentMethod.")
    return method
