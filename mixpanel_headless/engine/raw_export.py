"""Events as the raw export writes them: one line of JSON each, copies of one event included."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

import msgspec

from .predicates import where_condition
from .scopes import EventScope, Statement
from .tables import RESOLVED
from .times import read_day, to_ms, whole_days

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .tables import Store

SAME = "(r.event, r.distinct_id, r.t, r.insert_id) = (e.event, e.distinct_id, e.t, e.insert_id)"


def event_lines(
    store: Store,
    from_date: str,
    to_date: str,
    events: Sequence[str] = (),
    where: str | None = None,
    limit: int | None = None,
    in_ms: bool = False,
) -> Iterator[bytes]:
    """The events of some days (UTC, both included), the oldest first, with their resolved `distinct_id`."""
    span = whole_days(read_day(from_date), read_day(to_date), zoneinfo.ZoneInfo("UTC"))
    statement = Statement(store.project, store.tables(), store.project.clock())
    statement.withs.append(RESOLVED)
    tests = [f"r.t BETWEEN {statement.bind(to_ms(span.start))} AND {statement.bind(to_ms(span.end))}"]
    if events:
        tests.append(f"list_contains({statement.bind(list(events))}, r.event)")
    if where:
        scope = EventScope(statement, bucketed=False)
        condition = where_condition(where, scope)  # of a copy it says what it says of the event that it is a copy of
        tests.append(f"EXISTS (SELECT 1 FROM {scope.from_clause} WHERE (r.seq = e.seq OR {SAME}) AND {condition})")
    most = "" if limit is None else f" LIMIT {statement.bind(limit)}"
    sql = (
        "SELECT r.event, r.distinct_id, r.t, CAST(r.properties AS VARCHAR) FROM resolved r"
        f" WHERE {' AND '.join(tests)} ORDER BY r.t, r.seq{most}"
    )
    return (write_line(*row, in_ms=in_ms) for row in store.rows(*statement.query(sql)))


def write_line(event: str, distinct_id: str, t: int, properties: str, *, in_ms: bool) -> bytes:
    """One event as its line."""
    own = {"time": t if in_ms else t // 1000, "distinct_id": distinct_id}
    return msgspec.json.encode({"event": event, "properties": {**msgspec.json.decode(properties), **own}})
