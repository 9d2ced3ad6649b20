"""What single people did, event by event."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import BadQuery, Unsupported
from .matching import event_match
from .reading import listing, mapping, required, text, texts, whole_number
from .scopes import EventScope, Statement
from .terms import property_term
from .times import midnight, read_day, read_range, to_ms, whole_days

if TYPE_CHECKING:
    from .tables import Store
    from .times import Range

PAGE = 1000
Parameters = Mapping[str, Any]


def activity(store: Store, parameters: Parameters) -> dict[str, Any]:
    """The body of `/stream/query`: all events of the people in a range of days, the oldest first."""
    days = read_day(required(parameters, "from_date")), read_day(required(parameters, "to_date"))
    statement = Statement(store.project, store.tables(), store.project.clock())
    tests = [_inside(whole_days(*days, store.project.zone), statement)]
    rows = _events(store, statement, EventScope(statement, bucketed=False), _people(parameters), tests, None)
    return {"status": "ok", "results": {"events": [_event(row) for row in rows]}}


def activity_page(store: Store, parameters: Parameters) -> dict[str, Any]:
    """The body of `/stream/bookmark`: a page of events, and a sentinel that leads to the next one."""
    statement = Statement(store.project, store.tables(), store.project.clock())
    scope = EventScope(statement, bucketed=False)
    include, exclude = texts(parameters, "include_events"), texts(parameters, "exclude_events")
    if include and exclude:
        raise BadQuery("include_events and exclude_events are mutually exclusive")
    tests = [_range(mapping(parameters.get("bookmark"), "bookmark"), statement)]
    if include:
        tests.append(event_match(statement, include))
    if exclude:
        tests.append(f"NOT {event_match(statement, exclude)}")
    if text(parameters, "search"):
        tests.append(_search(parameters, scope))
    if parameters.get("sentinel_event"):
        tests.append(_after(mapping(parameters["sentinel_event"], "sentinel_event"), statement))
    limit = whole_number(parameters, "limit", PAGE, most=PAGE)
    rows = _events(store, statement, scope, _people(parameters), tests, limit)
    results: dict[str, Any] = {"events": [_event(row) for row in rows]}
    if rows:
        name, t, _, seq, _ = rows[-1]
        results["sentinel_event"] = {"event": name, "time": t // 1000, "position": seq}
    return {"status": "ok", "results": results}


def _people(parameters: Parameters) -> list[str]:
    people = texts(parameters, "distinct_ids")
    if not people:
        raise BadQuery("distinct_ids is a required parameter: a JSON list of texts")
    return people


def _events(
    store: Store, statement: Statement, scope: EventScope, people: list[str], tests: list[str], limit: int | None
) -> list[tuple[Any, ...]]:
    where = " AND ".join([f"list_contains({statement.bind(people)}::VARCHAR[], e.distinct_id)", *tests])
    sql = f"SELECT e.event, e.t, e.properties, e.seq, e.distinct_id FROM {scope.from_clause} WHERE {where}"
    page = f" LIMIT {limit}" if limit is not None else ""
    return store.rows(*statement.query(f"{sql} ORDER BY e.t, e.seq{page}"))


def _event(row: tuple[Any, ...]) -> dict[str, Any]:
    name, t, properties, _, user = row
    own = {key: value for key, value in json.loads(properties).items() if key != "distinct_id"}
    return {"event": name, "properties": {**own, "time": t // 1000, "$distinct_id": user}}


def _inside(span: Range, statement: Statement) -> str:
    return f"e.t BETWEEN {statement.bind(to_ms(span.start))} AND {statement.bind(to_ms(span.end))}"


def _range(bookmark: Mapping[str, Any], statement: Statement) -> str:
    if listing(bookmark.get("entries"), "entries"):
        raise Unsupported("entries of an activity feed")
    span = mapping(bookmark.get("dateRange"), "dateRange")
    kind, zone = text(span, "type"), statement.project.zone
    if kind == "between":
        return _inside(whole_days(read_day(span.get("from")), read_day(span.get("to")), zone), statement)
    if kind == "since":
        return f"e.t >= {statement.bind(to_ms(midnight(read_day(span.get('from')), zone)))}"
    if kind != "relative_after":
        raise Unsupported(f"dateRange type {kind!r}")
    clause = {"dateRangeType": "in the last", "window": span.get("window")}
    return _inside(read_range(clause, statement.project, statement.now), statement)


def _search(parameters: Parameters, scope: EventScope) -> str:
    """The words stand in the name of the event or in a property; in those that are named, if any are."""
    needle = scope.statement.bind(text(parameters, "search").lower())
    named = [
        mapping(one, "search_properties") for one in listing(parameters.get("search_properties"), "search_properties")
    ]
    if named:
        places = [property_term(scope.value(required(one, "name"), "events")).words for one in named]
    else:
        values = "json_transform(json_extract(e.properties, '$.*'), '[\"VARCHAR\"]')"
        places = ["e.event", f"array_to_string({values}, chr(10))"]
    return f"({' OR '.join(f'coalesce(contains(lower({place}), {needle}), false)' for place in places)})"


def _after(sentinel: Mapping[str, Any], statement: Statement) -> str:
    """Later than the last event of the page before."""
    time = whole_number(sentinel, "time", 0, least=0, most=2**33)
    place = whole_number(sentinel, "position", -1, least=-1)
    if place < 0:
        return f"e.t >= {statement.bind((time + 1) * 1000)}"
    last = f"SELECT t, seq FROM {statement.name('events')} WHERE seq = {statement.bind(place)}"
    return f"EXISTS (SELECT 1 FROM ({last}) l WHERE e.t > l.t OR (e.t = l.t AND e.seq > l.seq))"
