"""How often a person did something: the `$frequency` behaviors of filters and breakdowns."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import filters, matching
from .errors import BadQuery, Unsupported
from .expressions import Value, number_value
from .reading import mapping, text
from .scopes import EventScope, Scope
from .times import read_range, to_ms


def value(behavior: Any, scope: Scope) -> Value:
    """The row's person's number of matching events, in the behavior's own range or else in the row's bucket."""
    behavior = mapping(behavior, "behavior")
    if behavior.get("behaviorType") != "$frequency":
        raise Unsupported("a behavior other than $frequency")
    if text(behavior, "aggregationOperator", "total") != "total":
        raise Unsupported(f"$frequency aggregationOperator {behavior['aggregationOperator']!r}")
    event = behavior.get("event")
    name = event.get("value") if isinstance(event, Mapping) else None
    if not isinstance(name, str):
        raise BadQuery("A $frequency behavior needs event: {value}.")
    if not isinstance(scope, EventScope):
        raise Unsupported("$frequency outside of event metrics")
    counted = _counted(behavior, name, scope)
    return number_value(f"coalesce({counted}.n, 0)")


def _counted(behavior: Mapping[str, Any], name: str, scope: EventScope) -> str:
    statement, span = scope.statement, behavior.get("dateRange")
    inner = EventScope(statement, bucketed=span is None)
    if span is None and not scope.bucketed:
        raise Unsupported("$frequency without dateRange in a cohort")
    tests = [matching.event_match(statement, [name])]
    tests.append(filters.all_of(filters.conditions(behavior.get("filters"), inner), behavior.get("filtersOperator")))
    keys = "b.bucket, e.person" if span is None else "e.person"
    if span is not None:
        tests.append(_inside(span, scope))
    sql = f"SELECT {keys}, count(*) AS n FROM {inner.from_clause} WHERE {filters.all_of(tests)} GROUP BY {keys}"
    counted = statement.add_with(sql)
    same_bucket = f" AND {counted}.bucket = b.bucket" if span is None else ""
    scope.join(f"LEFT JOIN {counted} ON {counted}.person = e.person{same_bucket}")
    return counted


def _inside(span: Any, scope: EventScope) -> str:
    statement = scope.statement
    clause = {"dateRangeType": mapping(span, "dateRange").get("type"), **span}
    moments = read_range(clause, statement.project, statement.now)
    return f"e.t BETWEEN {statement.bind(to_ms(moments.start))} AND {statement.bind(to_ms(moments.end))}"
