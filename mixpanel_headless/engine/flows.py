"""Flows: a report's bookmark to the whole body of its answer."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import attrs

from . import cohorts, filters
from .errors import BadQuery, Unsupported
from .flow_answers import paths, sankey, tree
from .flow_filters import event_clauses, step_clause
from .flow_ways import Course, Passage, Tail
from .matching import SESSION_EVENTS, behavior_condition, display_name
from .reading import choice, listing, mapping, refuse_unknown, text, truth, whole_number
from .scopes import EventScope, Statement
from .spans import flow_range
from .tables import SYSTEM_EVENTS
from .times import FIXED_SECONDS, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .tables import Store

QUERY_TYPES = {"flows_sankey": "graph", "flows_top_paths": "list", "flows": "tree"}
COUNTS = ("unique", "total", "session")
MAX_STEPS, MAX_TAIL, MAX_CARDINALITY, MAX_WINDOW = 20, 5, 50, 366 * 100
BOOKMARK_KEYS = frozenset({"steps", "date_range", "chartType", "flows_merge_type", "count_type", "cardinality_threshold",
    "version", "conversion_window", "anchor_position", "collapse_repeated", "show_custom_events", "hidden_events",
    "exclusions", "filter_by_cohort", "filter_by_event", "name", "title", "description", "id"})  # fmt: skip
STEP_KEYS = frozenset({"event", "step_label", "forward", "reverse", "bool_op", "property_filter_params_list",
                       "session_event", "id"})  # fmt: skip


@attrs.frozen
class Anchor:
    """One step of a flow: an event, its conditions, and how much is shown around it."""

    behavior: Mapping[str, Any]
    tail: Tail

    @property
    def session_bound(self) -> str | None:
        """`$session_start` or `$session_end`, if the step is one."""
        name = text(self.behavior, "name")
        return name if name in SESSION_EVENTS else None


def flows(store: Store, bookmark: Any, query_type: str | None = None) -> dict[str, Any]:
    """The body that answers a flow query; without `query_type` the bookmark's merge type decides."""
    bookmark = mapping(bookmark, "The bookmark")
    refuse_unknown(bookmark, BOOKMARK_KEYS, "flow")
    merge = _merge(bookmark, query_type)
    now = store.project.clock()
    anchors = [_anchor(step) for step in listing(bookmark.get("steps"), "steps")]
    if not 1 <= len(anchors) <= MAX_STEPS:
        raise BadQuery(f"A flow has 1 to {MAX_STEPS} steps, not {len(anchors)}.")
    labels = [display_name(anchor.behavior, store.project) for anchor in anchors]
    course = _course(bookmark, anchors, labels)
    cardinality = whole_number(bookmark, "cardinality_threshold", 10, most=MAX_CARDINALITY)
    people = _Streams(store, Statement(store.project, store.tables(), now), anchors, bookmark, course).streams()
    ways = [way for stream in people for way in course.ways(stream)]
    if merge == "graph":
        custom = {
            label for label, anchor in zip(labels, anchors, strict=True) if label != text(anchor.behavior, "name")
        }
        body = sankey(ways, cardinality, custom)
    else:
        body = paths(ways) if merge == "list" else tree(ways)
    computed_at = now.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return {"computed_at": computed_at, "metadata": {"min_sampling_factor": 1.0}, **body}


def _merge(bookmark: Mapping[str, Any], query_type: str | None) -> str:
    if query_type is not None:
        return QUERY_TYPES[choice({"query_type": query_type}, "query_type", QUERY_TYPES)]
    return choice(bookmark, "flows_merge_type", [*QUERY_TYPES.values()], "graph")


def _anchor(step: Any) -> Anchor:
    step = mapping(step, "A step")
    refuse_unknown(step, STEP_KEYS, "step")
    if not text(step, "event"):
        raise BadQuery("A step needs an event.")
    clauses = [
        step_clause(one) for one in listing(step.get("property_filter_params_list"), "property_filter_params_list")
    ]
    behavior = {
        "type": "event",
        "name": step["event"],
        "filters": clauses,
        "filtersDeterminer": choice(step, "bool_op", ("and", "or"), "and"),
    }
    shown = {side: whole_number(step, side, 0, least=0, most=MAX_TAIL) for side in ("reverse", "forward")}
    return Anchor(behavior, Tail(**shown))


def _course(bookmark: Mapping[str, Any], anchors: Sequence[Anchor], labels: Sequence[str]) -> Course:
    window = mapping(bookmark.get("conversion_window") or {"unit": "day", "value": 7}, "conversion_window")
    unit = choice(window, "unit", ("session", *FIXED_SECONDS))
    value, count = whole_number(window, "value", 1, most=MAX_WINDOW), choice(bookmark, "count_type", COUNTS, "unique")
    length = None if "session" in {unit, count} else value * FIXED_SECONDS.get(unit, 0) * 1000
    collapse = truth(bookmark, "collapse_repeated")
    return Course(labels, [anchor.tail for anchor in anchors], count, length, collapse)


@attrs.define
class _Streams:
    """The events of everybody who passes the first anchor."""

    store: Store
    statement: Statement
    anchors: Sequence[Anchor]
    bookmark: Mapping[str, Any]
    course: Course

    def streams(self) -> Iterator[Iterator[Passage]]:
        """Each person's events in order of time."""
        sql, values = self.statement.query(self._sql())
        rows = self.store.rows(sql, values)
        for _, own in itertools.groupby(rows, lambda row: row[0]):
            passages = (Passage(name, t, anchors, excluded, session) for _, name, t, anchors, excluded, session in own)
            yield self._with_session_bounds(passages)

    def _sql(self) -> str:
        bind, scope = self.statement.bind, EventScope(self.statement, bucketed=False)
        span = flow_range(self.bookmark, self.statement.project, self.statement.now)
        inside = f"e.t BETWEEN {bind(to_ms(span.start))} AND {bind(to_ms(span.end))}"
        anchors = self._anchor_bits(scope)
        hidden = self._names("hidden_events")
        tests = [
            inside,
            f"(a > 0 OR NOT list_contains({bind([*SYSTEM_EVENTS, *hidden])}, e.event))",
            *self._filters(scope),
        ]
        session = "NULL"
        if self.course.window is None or any(anchor.session_bound for anchor in self.anchors):
            scope.join(f"LEFT JOIN {self.store.sessions(self.statement.tables)} s ON s.seq = e.seq")
            session = "s.session"
        excluded = f"list_contains({bind(self._names('exclusions'))}, e.event)"
        row = f"e.person, e.event, e.t, {anchors} AS a, {excluded} AS x, {session} AS session, e.seq"
        passed = self.statement.add_with(f"SELECT {row} FROM {scope.from_clause} WHERE {' AND '.join(tests)}")
        columns = f"SELECT person, event, t, a, x, session FROM {passed}"
        starters = (
            "" if self.anchors[0].session_bound else f"WHERE person IN (SELECT person FROM {passed} WHERE a & 1 = 1)"
        )
        return f"{columns} {starters} ORDER BY person, t, seq"

    def _anchor_bits(self, scope: EventScope) -> str:
        bits = [
            f"CASE WHEN {behavior_condition(anchor.behavior, scope)} THEN {1 << number} ELSE 0 END"
            for number, anchor in enumerate(self.anchors)
            if anchor.session_bound is None
        ]
        return f"({' + '.join(bits)})" if bits else "0"

    def _filters(self, scope: EventScope) -> list[str]:
        tests = []
        if self.bookmark.get("filter_by_event"):
            clauses, joined = event_clauses(self.bookmark["filter_by_event"])
            tests.append(filters.all_of(filters.conditions(clauses, scope), joined))
        if self.bookmark.get("filter_by_cohort"):
            tests.append(cohorts.membership(mapping(self.bookmark["filter_by_cohort"], "filter_by_cohort"), scope))
        return tests

    def _names(self, key: str) -> list[str]:
        names = listing(self.bookmark.get(key), key)
        if not all(isinstance(name, str) for name in names):
            raise Unsupported(f"{key} other than names of events")
        return names

    def _with_session_bounds(self, passages: Iterator[Passage]) -> Iterator[Passage]:
        """The events, with the beginning and the end of each session where they are anchors."""
        bits = {
            name: sum(1 << n for n, one in enumerate(self.anchors) if one.session_bound == name)
            for name in SESSION_EVENTS
        }
        if not any(bits.values()):
            yield from passages
            return
        for session, own in itertools.groupby(passages, lambda passage: passage.session):
            part = list(own)
            edges = [Passage(name, part[place].time, bits[name], session=session)
                     for name, place in zip(SESSION_EVENTS, (0, -1), strict=True)]  # fmt: skip
            yield from [*edges[:1], *part, *edges[1:]] if session is not None else part
