"""Cohorts: who belongs, by selector tree and behaviors, at a given moment."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import filters, matching
from .errors import BadQuery, Unsupported
from .reading import listing, mapping, number, text
from .scopes import EventScope, PersonScope, Scope, Statement
from .times import FIXED_SECONDS, read_day, to_ms, whole_days

if TYPE_CHECKING:
    from .expressions import Value
    from .tables import Store

MAX_DEPTH = 20
COMPARISONS = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "==": "=", "!=": "<>"}
AGGREGATES = {
    "total": "fsum({number})",
    "sum": "fsum({number})",
    "average": "favg({number})",
    "min": "min({number})",
    "max": "max({number})",
    "median": "quantile_cont({number}, 0.5)",
    "unique": "count(DISTINCT {identity})",
}
USER_OPERATORS = {
    "==": "equals",
    "!=": "does not equal",
    "in": "contains",
    "not in": "does not contain",
    ">": "is greater than",
    "<": "is less than",
    ">=": "is at least",
    "<=": "is at most",
    "defined": "is set",
    "not defined": "is not set",
}
DATE_OPERATORS = {
    "==": "was on",
    "!=": "was not on",
    "<": "was before",
    ">": "was since",
    ">=": "was since",
    "defined": "is set",
    "not defined": "is not set",
}


def filter_condition(operator: str, operand: Any, scope: Scope) -> str:
    """The condition of a `$cohorts` filter: in any of the cohorts, or in none."""
    if operator not in {"contains", "does not contain"}:
        raise Unsupported(f"filterOperator {operator!r} on $cohorts")
    entries = [mapping(entry, "A cohort") for entry in listing(operand, "A $cohorts filter's value")]
    found = [mapping(entry.get("cohort", entry), "A cohort") for entry in entries]
    if not found:
        raise BadQuery("A $cohorts filter needs a cohort.")
    inside = filters.all_of([membership(cohort, scope) for cohort in found], "any")
    return inside if operator == "contains" else f"(NOT {inside})"


def membership(cohort: Mapping[str, Any], scope: Scope) -> str:
    """SQL: the row's person is a member, or is not when the cohort is marked as negated."""
    if cohort.get("data_group_id") is not None or cohort.get("groups"):
        raise Unsupported("a cohort of groups")
    statement = scope.statement
    members = statement.add_with(members_sql(definition(cohort, statement), statement, statement.now_ms))
    inside = f"({scope.person} IN (SELECT person FROM {members}))"
    return f"(NOT {inside})" if cohort.get("negated") else inside


def definition(cohort: Mapping[str, Any], statement: Statement) -> Mapping[str, Any]:
    """The cohort's selector and behaviors: inline, or those saved in the project under its id."""
    raw = cohort.get("raw_cohort")
    if raw is None:
        try:
            raw = statement.project.cohorts[int(cohort["id"])]
        except (KeyError, TypeError, ValueError) as problem:
            raise BadQuery(f"Cohort {cohort.get('id')} does not exist.") from problem
    mapping(mapping(raw, "raw_cohort").get("selector"), "A cohort's selector")
    return raw


def members_sql(raw: Mapping[str, Any], statement: Statement, as_of: int, depth: int = 0) -> str:
    """A query of the members' numbers, with windows that end at `as_of` (UTC milliseconds)."""
    scope = PersonScope(statement)
    behaviors = mapping(raw.get("behaviors") or {}, "A cohort's behaviors")

    def count(name: str) -> str:
        if name not in behaviors:
            raise BadQuery(f"The cohort has no behavior {name!r}.")
        sql, unseen = _behavior(mapping(behaviors[name], "A cohort behavior"), statement, as_of)
        counted = statement.add_with(sql)
        scope.join(f"LEFT JOIN {counted} ON {counted}.person = u.person")
        return f"coalesce({counted}.n, {unseen})"

    test = _node(raw["selector"], scope, count, as_of, depth)
    return f"SELECT u.person FROM {scope.from_clause} WHERE {test}"


def _node(node: Any, scope: PersonScope, count: Callable[[str], str], as_of: int, depth: int) -> str:
    node = mapping(node, "A cohort selector")
    if depth > MAX_DEPTH:
        raise BadQuery("The cohort refers to itself, or is nested too deeply.")
    if isinstance(node.get("children"), list):
        children = [_node(child, scope, count, as_of, depth + 1) for child in node["children"]]
        return filters.all_of(children, text(node, "operator", "and"))
    kind, operator, operand = text(node, "property"), text(node, "operator"), node.get("operand")
    if kind == "behaviors":
        if operator not in COMPARISONS:
            raise Unsupported(f"cohort behavior operator {operator!r}")
        threshold = scope.statement.bind(number(operand))
        return f"coalesce({count(text(node, 'value'))} {COMPARISONS[operator]} {threshold}, false)"
    if kind == "user":
        return _user(node, scope)
    if kind == "cohort":
        raw = definition({"id": node.get("value")}, scope.statement)
        inner = scope.statement.add_with(members_sql(raw, scope.statement, as_of, depth + 1))
        return f"(u.person {'NOT IN' if operator == 'not in' else 'IN'} (SELECT person FROM {inner}))"
    raise Unsupported(f"cohort selector property {kind!r}")


def _user(node: Mapping[str, Any], scope: PersonScope) -> str:
    """A test of a profile property, by way of the filter that means the same."""
    operator, operand, kind = text(node, "operator"), node.get("operand"), text(node, "type", "string")
    if operator not in USER_OPERATORS:
        raise Unsupported(f"cohort user operator {operator!r}")
    if operator in {">", "<", ">=", "<="} and kind != "datetime":
        kind = "number"
    table = DATE_OPERATORS if kind == "datetime" else USER_OPERATORS
    if operator not in table:
        raise Unsupported(f"cohort user operator {operator!r} on a date")
    clause = {
        "resourceType": "people",
        "value": node.get("value"),
        "filterType": "string" if kind == "list" else kind,
        "filterOperator": table[operator],
        "filterValue": operand,
    }
    return filters.condition(clause, scope)


def _behavior(behavior: Mapping[str, Any], statement: Statement, as_of: int) -> tuple[str, str]:
    """A query of (person, n), and the n of a person without events: a count is 0, an aggregate unknown."""
    count = mapping(behavior.get("count"), "A cohort behavior's count")
    selector = mapping(count.get("event_selector"), "event_selector")
    if text(count, "type", "absolute") != "absolute":
        raise Unsupported(f"cohort behavior type {count['type']!r}")
    scope = EventScope(statement, bucketed=False)
    tests = [matching.event_match(statement, [text(selector, "event")]), _window(behavior, statement, as_of)]
    own = mapping(selector.get("selector") or {}, "selector")
    tests.append(filters.all_of(filters.conditions(own.get("children"), scope), own.get("operator")))
    measured, unseen = "count(*)", "0"
    if count.get("aggregationOperator"):
        measured, unseen = _aggregate(count, scope), "NULL"
    where = filters.all_of(tests)
    return f"SELECT e.person, {measured} AS n FROM {scope.from_clause} WHERE {where} GROUP BY e.person", unseen


def _aggregate(count: Mapping[str, Any], scope: EventScope) -> str:
    operator, name = text(count, "aggregationOperator"), count.get("property")
    if operator not in AGGREGATES:
        raise Unsupported(f"cohort aggregationOperator {operator!r}")
    if isinstance(name, Mapping):
        name = name.get("name") or name.get("value")
    if not isinstance(name, str):
        raise BadQuery("A cohort aggregation needs a property.")
    value: Value = scope.value(name, "events")
    return AGGREGATES[operator].format(number=value.number, identity=value.identity)


def _window(behavior: Mapping[str, Any], statement: Statement, as_of: int) -> str:
    if "from_date" in behavior:
        zone = statement.project.zone
        span = whole_days(read_day(behavior["from_date"]), read_day(behavior.get("to_date")), zone)
        low, high = to_ms(span.start), min(to_ms(span.end) + 1, as_of)
    else:
        window = mapping(behavior.get("window"), "A cohort behavior's window")
        unit, size = text(window, "unit"), number(window.get("value"))
        if unit not in FIXED_SECONDS or not 0 < size < 100_000:
            raise BadQuery("A cohort behavior needs window: {unit, value}, or from_date and to_date.")
        low, high = as_of - int(size) * FIXED_SECONDS[unit] * 1000, as_of
    return f"(e.t >= {statement.bind(low)} AND e.t < {statement.bind(high)})"


def cohort_list(store: Store) -> list[dict[str, Any]]:
    """The project's saved cohorts, each with the number of its members now."""
    now, found = store.project.clock(), []
    for cohort, raw in store.project.cohorts.items():
        statement = Statement(store.project, store.tables(), now)
        members = statement.add_with(members_sql(definition({"id": cohort}, statement), statement, statement.now_ms))
        [(count,)] = store.rows(*statement.query(f"SELECT count(*) FROM {members}"))
        found.append(
            {
                "id": cohort,
                "name": str(raw.get("name") or f"Cohort {cohort}"),
                "count": count,
                "description": str(raw.get("description") or ""),
                "created": str(raw.get("created") or f"{now:%Y-%m-%d %H:%M:%S}"),
                "is_visible": 1,
                "project_id": store.project.id,
            }
        )
    return found
