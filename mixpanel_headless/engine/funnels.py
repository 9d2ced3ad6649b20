"""Funnels: from the attempts to how many got how far, and how long it took, for each window and segment."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from . import filters
from .errors import Unsupported
from .funnel_attempts import Passage, add_all_attempts, add_first_attempts
from .groups import Grouping, grouping
from .measures import tidy
from .properties import property_value
from .scopes import PEOPLE_RESOURCES
from .segments import add_labels, labelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .funnel_reading import Funnel
    from .metrics import Question
    from .scopes import EventScope, Statement
    from .series import Points, Table
    from .times import Window


@attrs.frozen
class Progress:
    """What became of the attempts of one window and segment: for each step, how many did it and how long it took.

    Times are mean seconds from the step before, and from the first. `values` are those of the property, if one is
    measured.
    """

    counts: Sequence[int]
    times: Sequence[float | None]
    times_from_start: Sequence[float | None]
    values: Sequence[Any]

    def rate(self, step: int, base: int) -> float:
        """How many of those who did the one step did the other; 0 when nobody did."""
        return self.counts[step] / self.counts[base] if self.counts[base] else 0.0


@attrs.frozen
class FunnelFound:
    """A funnel's progress by segment path and window, and the breakdown levels it came from."""

    table: Table
    groupings: Sequence[Grouping]


def compute_funnel(question: Question, funnel: Funnel, windows: Sequence[Window]) -> FunnelFound:
    """The funnel's progress in each window: a funnel of its own, entered inside the window."""
    statement = question.statement()
    statement.bind_windows(windows)
    passage = Passage(question, funnel, statement, windows)
    split = _Split(passage)
    if funnel.takes_first_attempt and all(map(_is_of_person, question.groups)):
        add_first_attempts(passage, keyed=split.looks_back)
    else:
        add_all_attempts(passage)
        split.chosen = funnel.counting == "unique"
    rows = split.run()
    width = len(funnel.steps)
    found: dict[tuple[str, ...], list[list[Any]]] = {(): [[] for _ in windows]}
    for depth, bucket, *segments, step, count, time, from_start, value in rows:
        points = found.setdefault(tuple(segments[:depth]), [[] for _ in windows])
        points[bucket].append((step, count, time, from_start, value))
    table = {path: [_progress(cells, width, funnel) for cells in points] for path, points in found.items()}
    return FunnelFound(table, split.groupings)


def _progress(cells: Sequence[Any], width: int, funnel: Funnel) -> Progress:
    by_step = {step: rest for step, *rest in cells}
    columns = [by_step.get(step, (0, None, None, None)) for step in range(1, width + 1)]
    values = [funnel.empty if value is None else tidy(float(value)) for *_, value in columns]
    counts, times, starts = ([column[place] for column in columns] for place in range(3))
    return Progress(counts, times, starts, values)


def _is_of_person(clause: Any) -> bool:
    """Whether a breakdown gives all events of a person the same segment."""
    if not isinstance(clause, dict) or clause.get("customProperty") is not None:
        return False
    resource = clause.get("resourceType")
    return clause.get("cohorts") is not None or (isinstance(resource, str) and resource in PEOPLE_RESOURCES)


def scalar(funnel: Funnel, progress: Progress) -> Any:
    """The one number of a chart that plots numbers: the rate, count or value at the asked step."""
    if funnel.value is not None:
        return progress.values[funnel.step]
    return progress.rate(funnel.step, 0) if funnel.as_rate else progress.counts[funnel.step]


def steps_leaf(funnel: Funnel, points: Points) -> dict[str, Any]:
    """The answer's form of a whole funnel: measure, then step."""
    [progress] = points
    places = range(len(funnel.steps))
    measures = {
        "count": progress.counts,
        "step_conv_ratio": [progress.rate(place, max(place - 1, 0)) for place in places],
        "overall_conv_ratio": [progress.rate(place, 0) for place in places],
        "avg_time": progress.times,
        "avg_time_from_start": progress.times_from_start,
    }
    if funnel.value is not None:
        measures["value"] = progress.values
    return {
        measure: {label: {"all": values[place]} for place, label in enumerate(funnel.labels)}
        for measure, values in measures.items()
    }


def entered(points: Points) -> float:
    """How many attempts there were: by that number segments are ranked."""
    return float(sum(progress.counts[0] for progress in points))


@attrs.define
class _Split:
    """From `done` to numbers: the segment of each attempt, the report's filters, then counts for each path."""

    passage: Passage
    chosen: bool = False  # whether one attempt of each person has to be chosen in each segment
    groupings: list[Grouping] = attrs.field(init=False, factory=list)

    @property
    def statement(self) -> Statement:
        return self.passage.statement

    @property
    def question(self) -> Question:
        return self.passage.question

    @property
    def looks_back(self) -> bool:
        """Whether the attempts' events are needed again."""
        return bool(self.question.filters or self.question.groups or self.passage.funnel.target)

    def run(self) -> list[tuple[Any, ...]]:
        if self.question.filters or self.question.groups:
            self._add_attributes()
        if self.passage.funnel.target is not None:
            self._add_values(self.passage.funnel.target)
        levels = [self._level(depth) for depth in range(len(self.groupings) + 1)]
        return self._rows(" UNION ALL ".join(levels))

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.question.store.rows(*self.statement.query(sql))

    def _passed(self, scope: EventScope) -> str:
        """The events that attempts passed."""
        return f"{scope.from_clause} JOIN done d ON d.seq = e.seq"

    def _add_attributes(self) -> None:
        """Add `attributes` (attempt, s1, ..., kept): what the first event that has the property says of the attempt."""
        scope = self.passage.event_scope()
        self.groupings = [grouping(clause, scope, lambda sql: self._extent(scope, sql))
                          for clause in self.question.groups]  # fmt: skip
        columns = [
            f"{_first(one.sql, _defined(clause, scope))} AS s{level}"
            for level, (one, clause) in enumerate(zip(self.groupings, self.question.groups, strict=True), 1)
        ]
        tests = [_first(filters.condition(clause, scope), _defined(clause, scope)) for clause in self.question.filters]
        columns.append(f"{filters.all_of(tests)} AS kept")
        self.statement.withs.append(
            f"attributes AS (SELECT d.attempt, {', '.join(columns)} FROM {self._passed(scope)} GROUP BY d.attempt)"
        )
        add_labels(self.statement, self.groupings, "attempt")

    def _extent(self, scope: EventScope, number: str) -> tuple[float, float] | None:
        [(low, high)] = self._rows(f"SELECT min({number}), max({number}) FROM {self._passed(scope)}")
        return None if low is None else (low, high)

    def _add_values(self, target: Mapping[str, Any]) -> None:
        scope = self.passage.event_scope()
        value = property_value(target, scope)
        if value.may_be_list:
            raise Unsupported("a funnel's math over a property that holds lists")
        self.statement.withs.append(
            f"measured AS (SELECT d.attempt, d.step, {value.number} AS x FROM {self._passed(scope)})"
        )

    def _level(self, depth: int) -> str:
        """The numbers of all segment paths of one length."""
        keys = [f"s{level}" for level in range(1, depth + 1)]
        padding = ["NULL"] * (len(self.groupings) - depth)
        value = self.passage.funnel.value
        columns = [str(depth), "bucket", *keys, *padding, "step", "count(*)", "avg(moment - before) / 1000"]
        columns += ["CASE WHEN step > 1 THEN avg(moment - start) / 1000 END", value or "NULL"]
        source = "done" if value is None else "done LEFT JOIN measured USING (attempt, step)"
        if depth or self.chosen or self.question.filters:
            source += f" JOIN ({self._counted(depth, keys)}) USING (attempt)"
        return f"SELECT {', '.join(columns)} FROM {source} GROUP BY {', '.join(['bucket', *keys, 'step'])}"

    def _counted(self, depth: int, keys: Sequence[str]) -> str:
        """The attempts that count on each path; filters drop whole attempts, after one of each person was chosen."""
        labels = labelled(depth, "attempt")
        tested = " JOIN attributes USING (attempt)" if self.question.filters else ""
        names = [f"l{level}.label AS {key}" for level, key in enumerate(keys, 1)]
        kept = ["kept"] if self.question.filters else []
        order = "reached DESC, start, seq" if self.passage.funnel.course.optimized else "start, seq"
        only = (
            f" QUALIFY row_number() OVER (PARTITION BY {', '.join(['bucket', 'person', *keys])} ORDER BY {order}) = 1"
        )
        columns = ", ".join(["attempt", *names, *kept])
        sql = f"SELECT {columns} FROM done{labels}{tested} WHERE step = 1{only if self.chosen else ''}"
        return f"SELECT * FROM ({sql}) WHERE kept" if kept else sql


def _first(value: str, defined: str) -> str:
    """SQL: the value at the first step whose event has the property, else at the first step."""
    if defined == "true":
        return f"arg_min({value}, d.step)"
    return f"coalesce(arg_min({value}, d.step) FILTER ({defined}), arg_min({value}, d.step))"


def _defined(clause: Mapping[str, Any], scope: EventScope) -> str:
    """SQL: the event has the property of a filter or breakdown; what concerns the person always is."""
    of_person = clause.get("cohorts") is not None or clause.get("behavior") is not None
    if of_person or clause.get("value") == "$cohorts":
        return "true"
    return property_value(clause, scope).is_set
