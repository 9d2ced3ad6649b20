"""What there is to ask about: events, properties and values, as the discovery endpoints answer."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import datetime as dt
from typing import Any

from .errors import BadQuery
from .scopes import EventScope, Statement
from .tables import SYSTEM_EVENTS, Store
from .times import midnight, read_day, shift, to_ms, whole_days

DEFAULT_DAYS = 31
MAX_NAMES = 5000
COUNTS = {"general": "count(*)", "unique": "count(DISTINCT person)", "average": "count(*) / count(DISTINCT person)"}
OWN_KEYS = ("distinct_id", "time", "$insert_id", "mp_processing_time_ms", "$mp_api_timestamp_ms")


def event_names(store: Store, from_date: str | None, to_date: str | None, limit: int, kind: str) -> list[str]:
    """Event names by volume, then by name."""
    last = read_day(to_date) if to_date else store.project.clock().date()
    first = read_day(from_date) if from_date else shift(last, "day", 1 - DEFAULT_DAYS)
    if first < dt.date(2000, 1, 1):
        raise BadQuery("from_date must not be before 2000-01-01.")
    span = whole_days(first, last, store.project.zone)
    events = store.tables().name("events")
    sql = (
        f"SELECT event FROM {events} WHERE t BETWEEN $low AND $high GROUP BY event"
        f" ORDER BY {_count(kind)} DESC, event LIMIT $limit"
    )
    values = {"low": to_ms(span.start), "high": to_ms(span.end), "limit": _size(limit)}
    return [name for (name,) in store.rows(sql, values)]


def top_events(store: Store, kind: str, limit: int) -> dict[str, Any]:
    """Today's events against yesterday's: the change is a fraction; from none to some it is 1."""
    now = store.project.clock()
    today = midnight(now.date(), store.project.zone)
    yesterday = midnight(shift(now.date(), "day", -1), store.project.zone)
    sql = (
        f"SELECT event, {_count(kind)} FROM {store.tables().name('events')}"
        " WHERE t >= $low AND t < $high AND NOT list_contains($hidden, event) GROUP BY event ORDER BY 2 DESC, 1"
    )

    def between(low: dt.datetime, high: int) -> list[tuple[Any, ...]]:
        return store.rows(sql, {"low": to_ms(low), "high": high, "hidden": list(SYSTEM_EVENTS)})

    before = dict(between(yesterday, to_ms(today)))
    return {
        "events": [
            {"amount": amount, "event": event, "percent_change": _change(amount, before.get(event, 0))}
            for event, amount in between(today, to_ms(now) + 1)[: _size(limit)]
        ],
        "type": kind,
    }


def _change(today: float, yesterday: float) -> float:
    if not yesterday:
        return 1 if today else 0
    return (today - yesterday) / yesterday


def top_properties(store: Store, event: str, limit: int) -> dict[str, dict[str, int]]:
    """Property names by the number of events that carry them."""
    keys = store.tables().name("event_keys")
    if not store.rows(f"SELECT 1 FROM {keys} WHERE event = $event LIMIT 1", {"event": event}):
        raise BadQuery("Event not found")
    sql = (
        f"SELECT name, n FROM {keys} WHERE event = $event AND NOT list_contains($own, name)"
        " ORDER BY n DESC, name LIMIT $limit"
    )
    values = {"event": event, "own": list(OWN_KEYS), "limit": _size(limit)}
    return {name: {"count": count} for name, count in store.rows(sql, values)}


def property_values(store: Store, name: str, event: str | None, limit: int) -> list[str]:
    """Distinct values as text by frequency; of lists, the items."""
    tables = store.tables()
    statement = Statement(store.project, tables, store.project.clock())
    value = EventScope(statement, bucketed=False).value(name, "events")
    label = f"unnest(list_transform({value.items}, lambda item: item ->> '$'))" if value.may_be_list else value.text
    where = f"WHERE e.event = {statement.bind(event)}" if event is not None else ""
    sql = (
        f"SELECT label FROM (SELECT {label} AS label FROM {tables.name('events')} e {where}) WHERE label IS NOT NULL"
        f" GROUP BY label ORDER BY count(*) DESC, label LIMIT {statement.bind(_size(limit))}"
    )
    return [label for (label,) in store.rows(sql, statement.parameters.used_in(sql))]


def _count(kind: str) -> str:
    if kind not in COUNTS:
        raise BadQuery(f"type must be one of {', '.join(COUNTS)}, not {kind!r}.")
    return COUNTS[kind]


def _size(limit: int) -> int:
    if limit < 1:
        raise BadQuery(f"limit must be above 0, not {limit}.")
    return min(limit, MAX_NAMES)
