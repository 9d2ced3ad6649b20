"""Retention: who did the first event in each interval of the range, and in which units after it they came back."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import attrs

from . import filters
from .errors import Unsupported
from .event_keys import EventKey
from .groups import Grouping, grouping
from .matching import behavior_condition, shares_events
from .measures import tidy
from .properties import property_value
from .scopes import EventScope
from .segments import add_labels, labelled
from .times import FIXED_SECONDS, local_ms, start_of, step, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .metrics import Question
    from .project import Project
    from .retention_reading import Retention
    from .scopes import Statement
    from .series import Path, Points, Table
    from .times import Window

LONGEST_SECONDS = {**FIXED_SECONDS, "month": 31 * 86400, "quarter": 92 * 86400}  # of a calendar unit
AVERAGE = "$average"


@attrs.frozen
class Row:
    """One interval's members: how many were born in it, and how many, or how much, came back in each bucket."""

    first: int
    counts: Sequence[Any]

    @property
    def rates(self) -> list[float]:
        """The counts for each member; 0 where nobody was born."""
        return [count / self.first if self.first else 0.0 for count in self.counts]


@attrs.frozen
class RetentionFound:
    """A retention's rows by segment path, and the breakdown levels they came from."""

    table: Table
    groupings: Sequence[Grouping]


def compute_retention(question: Question, retention: Retention, windows: Sequence[Window]) -> RetentionFound:
    """A row for each window. The report's filters hold for the events of birth and of return alike."""
    build = _Build(question, retention, question.statement(), windows)
    firsts: dict[Path, list[int]] = {(): [0] * len(windows)}
    found: dict[tuple[Path, int], list[Any]] = {}
    for depth, bucket, *segments, place, amount in build.run():
        path = tuple(segments[:depth])
        if place < 0:
            firsts.setdefault(path, [0] * len(windows))[bucket] = amount
        else:
            counts = found.setdefault((path, bucket), [0] * (retention.width + 1))
            counts[place] = amount or 0
    nobody = [0] * (retention.width + 1)
    table = {
        path: [
            Row(first, _counted(found.get((path, bucket), nobody), first, retention))
            for bucket, first in enumerate(row)
        ]
        for path, row in firsts.items()
    }
    return RetentionFound(table, build.groupings)


def _counted(amounts: Sequence[Any], first: int, retention: Retention) -> list[Any]:
    """What is retained in each bucket, from what came in it; the last amount came after all buckets."""
    found = list(amounts)
    if retention.mode == "carry_forward":
        found = list(itertools.accumulate(found))
    elif retention.mode == "carry_back":
        found = list(itertools.accumulate(reversed(found)))[::-1]
    found = [tidy(float(amount)) if isinstance(amount, float) else amount for amount in found[: retention.width]]
    return [amount / first if first else 0.0 for amount in found] if retention.math == "average" else found


@attrs.frozen
class Averages:
    """Which buckets of which rows are complete, so that they count in the average of all rows."""

    complete: Sequence[Sequence[bool]]

    @classmethod
    def at(cls, now: dt.datetime, retention: Retention, windows: Sequence[Window], project: Project) -> Averages:
        """A bucket is complete when it is over for whoever was born last in the row."""
        moment = to_ms(now)
        ends = [[_end(window.hi, edge, retention, project) <= moment for edge in retention.edges[1:]]
                for window in windows]  # fmt: skip
        return cls(ends)

    def row(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The rows' average, each weighted by its members."""
        members = sum(row.first for row in rows)
        squares = sum(row.first**2 for row in rows)
        places = range(len(rows[0].counts)) if rows else range(0)
        pairs = [self._bucket(rows, place) for place in places]
        return {
            "first": squares / members if members else 0.0,
            "counts": [count for count, _ in pairs],
            "rates": [rate for _, rate in pairs],
        }

    def _bucket(self, rows: Sequence[Row], place: int) -> tuple[float | None, float | None]:
        """One bucket's average of counts and of rates; None while it is complete for nobody, and so not known yet."""
        over = [row for row, complete in zip(rows, self.complete, strict=True) if complete[place]]
        weighted = sum(row.first * row.counts[place] for row in over)
        members, squares = sum(row.first for row in over), sum(row.first**2 for row in over)
        if members:
            return weighted / members, weighted / squares
        return (None, None) if any(row.first for row in rows) else (0.0, 0.0)


def _end(hi: int, edge: int, retention: Retention, project: Project) -> int:
    """When the bucket that ends at `edge` units is over for the last possible member of a row that ends at `hi`."""
    if not retention.by_calendar:
        return hi + edge * FIXED_SECONDS[retention.unit] * 1000
    last = dt.datetime.fromtimestamp((hi - 1) / 1000, project.zone)
    return to_ms(step(start_of(last, retention.unit, project.week_start), retention.unit, edge))


def rows_leaf(averages: Averages, keys: Sequence[str], rows: Points) -> dict[str, Any]:
    """The answer's form of a whole retention: each row, and their average."""
    leaf: dict[str, Any] = {
        key: {"first": row.first, "counts": row.counts, "rates": row.rates} for key, row in zip(keys, rows, strict=True)
    }
    return {**leaf, AVERAGE: averages.row(rows)}


def born(rows: Points) -> float:
    """How many members there were: by that number segments are ranked."""
    return float(sum(row.first for row in rows))


def plotted(retention: Retention, rows: Points) -> list[Any]:
    """The number of each row in a chart that plots numbers: the asked bucket's rate, or its count."""
    place = retention.bucket
    return [row.rates[place] if retention.math == "retention_rate" else row.counts[place] for row in rows]


def averaged(retention: Retention, averages: Averages, rows: Points) -> Any:
    """The one number of a chart over the whole range."""
    row = averages.row(rows)
    return row["rates" if retention.math == "retention_rate" else "counts"][retention.bucket]


@attrs.define
class _Build:
    question: Question
    retention: Retention
    statement: Statement
    windows: Sequence[Window]
    groupings: list[Grouping] = attrs.field(init=False, factory=list)

    @property
    def streak(self) -> bool:
        return self.retention.mode == "consecutive_forward"

    def run(self) -> list[tuple[Any, ...]]:
        """Rows of (depth, window, segments, bucket, amount); bucket -1 tells how many were born."""
        self.statement.bind_windows(self.windows)
        sides = [self.retention.birth, self.retention.comeback]
        exact = bool(self.question.groups) or shares_events(sides, self.statement)
        self._add_births(EventKey(exact))
        self._add_hits(exact=exact)
        self.statement.withs.append(f"marks AS ({self._marks()})")
        if self.question.groups:
            self._add_segments()
        levels = [part for depth in range(len(self.groupings) + 1) for part in self._level(depth)]
        return self.question.store.rows(*self.statement.query(" UNION ALL ".join(levels)))

    def _add_births(self, key: EventKey) -> None:
        """Add `births` (member, bucket, person, moment, seq): a person's earliest birth in each window."""
        scope = EventScope(self.statement)
        tests = [behavior_condition(self.retention.birth, scope), *filters.conditions(self.question.filters, scope)]
        found = (
            f"SELECT b.bucket, e.person, min({key.sql}) AS p FROM {scope.from_clause}"
            f" WHERE {filters.all_of(tests)} GROUP BY ALL"
        )
        self.statement.withs.append(
            f"births AS (SELECT CAST(person AS BIGINT) * {len(self.windows)} + bucket AS member, bucket, person,"
            f" {key.moment('p')} AS moment, {key.seq('p')} AS seq FROM ({found}))"
        )

    def _add_hits(self, *, exact: bool) -> None:
        """Add `hits` (member, k, v): the buckets that a member returned in, the last one standing for all later."""
        scope = EventScope(self.statement, bucketed=False)
        tests = [
            behavior_condition(self.retention.comeback, scope),
            *filters.conditions(self.question.filters, scope),
            "e.t >= a.moment",
            f"e.t <= {self.statement.bind(self.statement.now_ms)}",
        ]
        if exact:
            tests.append("e.seq <> a.seq")
        if self.retention.mode != "carry_back":
            tests.append(f"e.t < a.moment + {self.statement.bind(self._horizon())}")
        found = (
            f"SELECT a.member, {self._bucket()} AS k, {self._amount(scope)} AS v FROM {scope.from_clause}"
            f" JOIN births a ON a.person = e.person WHERE {filters.all_of(tests)} GROUP BY ALL"
        )
        if self.streak and exact:
            found = f"SELECT member, k, sum(v) AS v FROM ({found} UNION ALL {self._first_days()}) GROUP BY member, k"
        self.statement.withs.append(f"hits AS ({found})")

    def _horizon(self) -> int:
        """Milliseconds after a birth beyond which no bucket reaches."""
        return (self.retention.edges[-1] * LONGEST_SECONDS[self.retention.unit] + 86_400) * 1000

    def _first_days(self) -> str:
        """In a streak a birth that is a return as well fills the first bucket."""
        scope = EventScope(self.statement, bucketed=False)
        condition = behavior_condition(self.retention.comeback, scope)
        return f"SELECT a.member, 0, 0 FROM {scope.from_clause} JOIN births a ON a.seq = e.seq WHERE {condition}"

    def _bucket(self) -> str:
        edges, offset = self.retention.edges, self._offset()
        if list(edges) == list(range(len(edges))):
            return f"least({offset}, {self.retention.width})"
        return f"len(list_filter({self.statement.bind(list(edges[1:]))}::BIGINT[], lambda edge: edge <= {offset}))"

    def _offset(self) -> str:
        """SQL: whole units between the birth and the return."""
        unit = self.retention.unit
        if not self.retention.by_calendar:
            return f"((e.t - a.moment) // {FIXED_SECONDS[unit] * 1000})"
        return f"({self._interval('e.t')} - {self._interval('a.moment')})"

    def _interval(self, instant: str) -> str:
        """SQL: the number of the calendar unit that holds an instant."""
        unit, project = self.retention.unit, self.statement.project
        local = local_ms(instant, project.zone)
        if unit in {"month", "quarter"}:
            stamp, each = f"make_timestamp({local} * 1000)", 12 if unit == "month" else 4
            return f"(year({stamp}) * {each} + {unit}({stamp}))"
        if unit == "week":
            since_week_start = 4 if project.week_start == "sunday" else 3  # 1970 began on a Thursday
            return f"(({local} // 86400000 + {since_week_start}) // 7)"
        return f"({local} // {FIXED_SECONDS[unit] * 1000})"

    def _amount(self, scope: EventScope) -> str:
        if self.retention.target is None:
            return "count(*)"
        value = property_value(self.retention.target, scope)
        if value.may_be_list:
            raise Unsupported("a retention's math over a property that holds lists")
        return f"fsum({value.number})"

    def _marks(self) -> str:
        """The buckets that each member counts in; where buckets carry on, the one that they carry on from."""
        width, mode = self.retention.width, self.retention.mode
        if self.streak:
            in_row = "row_number() OVER (PARTITION BY member ORDER BY k) - 1"
            return f"SELECT member, k, v FROM hits WHERE k < {width} QUALIFY k = {in_row}"
        if self.retention.sums or mode == "none":
            return "SELECT member, k, v FROM hits"
        ends = {"carry_back": "max", "carry_forward": "min"}
        return f"SELECT member, {ends[mode]}(k) AS k, NULL AS v FROM hits GROUP BY member"

    def _add_segments(self) -> None:
        """Add `attributes` and its labels: a member's segments are those of the birth."""
        scope = EventScope(self.statement, bucketed=False)
        source = "JOIN births a ON a.seq = e.seq"

        def extent(number: str) -> tuple[float, float] | None:
            sql = f"SELECT min({number}), max({number}) FROM {scope.from_clause} {source}"
            [(low, high)] = self.question.store.rows(*self.statement.query(sql))
            return None if low is None else (low, high)

        self.groupings = [grouping(clause, scope, extent) for clause in self.question.groups]
        columns = "".join(f", {one.sql} AS s{level}" for level, one in enumerate(self.groupings, 1))
        self.statement.withs.append(
            f"attributes AS (SELECT a.member, true AS kept{columns} FROM {scope.from_clause} {source})"
        )
        add_labels(self.statement, self.groupings, "member")

    def _level(self, depth: int) -> list[str]:
        """The members and the returns of all segment paths of one length."""
        keys = ["bucket", *(f"l{level}.label" for level in range(1, depth + 1))]
        padding = ["NULL"] * (len(self.groupings) - depth)
        start, joins = ", ".join([str(depth), *keys, *padding]), labelled(depth, "member")
        amount = "fsum(v)" if self.retention.sums else "count(*)"
        group = ", ".join(keys)
        return [
            f"SELECT {start}, -1, count(*) FROM births{joins} GROUP BY {group}",
            f"SELECT {start}, k, {amount} FROM births JOIN marks USING (member){joins} GROUP BY {group}, k",
        ]
