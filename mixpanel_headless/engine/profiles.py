"""Profiles: the list that `/engage` pages through, and the numbers of `/engage/stats`."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.language import Access, Call, Literal, parse, unreadable

from . import cohorts
from .errors import BadQuery, Unsupported
from .expressions import NOT_SET, Value, number_value
from .matching import event_match
from .measures import tidy
from .predicates import read_term, where_condition
from .reading import choice, decoded, listing, mapping, text, texts, truth, whole_number
from .scopes import EventScope, PersonScope, Statement
from .terms import NUMBER, TEXT, property_term
from .times import FIXED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .tables import Store

SEARCHED = ("$distinct_id", "$name", "$first_name", "$last_name", "$email")
WINDOW_UNITS = {"m": "minute", "h": "hour", "d": "day", "w": "week"}
MAX_LIMIT = 1_000_000
ACTIONS: Mapping[str, Sequence[str]] = {
    "extremes": ("min(x)", "max(x)"),
    "percentile": ("quantile_cont(x, {rank})",),
    "numeric_summary": ("count(x)", "avg(x)", "var_pop(x)", "sum(x * x)"),
}
FIELDS = {"extremes": ("min", "max"), "numeric_summary": ("count", "mean", "var", "sum_of_squares")}


@attrs.frozen
class ProfileList:
    """The profiles that matched, in order: a snapshot, whatever is loaded afterwards."""

    rows: Sequence[tuple[str, str | None]]
    properties: frozenset[str] | None

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, first: int, count: int) -> list[dict[str, Any]]:
        """Some of them as the answer holds them; somebody without a profile has no properties."""
        return [
            {"$distinct_id": user, "$properties": self._kept(json.loads(stored) if stored else {})}
            for user, stored in self.rows[first : first + count]
        ]

    def _kept(self, properties: dict[str, Any]) -> dict[str, Any]:
        if self.properties is None:
            return properties
        return {name: value for name, value in properties.items() if name in self.properties}


def profiles(store: Store, parameters: Mapping[str, Any]) -> ProfileList:
    """The profiles that the parameters of `/engage` select."""
    statement, scope, tests = _selection(store, parameters, "where")
    users = texts(parameters, "distinct_ids")
    if text(parameters, "distinct_id"):
        tests.append(f"u.distinct_id = {statement.bind(text(parameters, 'distinct_id'))}")
    if users is not None:
        tests.append(f"list_contains({statement.bind(users)}::VARCHAR[], u.distinct_id)")
    if text(parameters, "search"):
        tests.append(_found(text(parameters, "search"), scope))
    order = _order(parameters, scope)
    limit = whole_number(parameters, "limit", MAX_LIMIT, most=MAX_LIMIT)
    sql = f"SELECT u.distinct_id, p.properties FROM {scope.from_clause} WHERE {' AND '.join(tests)} ORDER BY {order}"
    rows = store.rows(*statement.query(f"{sql} LIMIT {limit}"))
    named = texts(parameters, "output_properties")
    return ProfileList([(user, stored) for user, stored in rows], None if named is None else frozenset(named))


def profile_stats(store: Store, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `/engage/stats`: one number, or one for each cohort of `segment_by_cohorts`."""
    segments = mapping(decoded(parameters, "segment_by_cohorts") or {}, "segment_by_cohorts")
    results: Any = {cohort: _stat(store, parameters, cohort) for cohort, wanted in segments.items() if wanted}
    return {
        "results": results if segments else _stat(store, parameters, None),
        "status": "ok",
        "computed_at": store.project.clock().astimezone(dt.UTC).isoformat(timespec="microseconds"),
    }


def _stat(store: Store, parameters: Mapping[str, Any], cohort: str | None) -> Any:
    statement, scope, tests = _selection(store, parameters, "selector")
    if cohort is not None:
        tests.append(cohorts.membership({"id": cohort}, scope))
    action, name, rank = _action(text(parameters, "action", "count()"))
    where = " AND ".join(tests)
    if action == "count":
        [(count,)] = store.rows(*statement.query(f"SELECT count(*) FROM {scope.from_clause} WHERE {where}"))
        return count
    number = property_term(scope.value(name, "people")).forms.get(NUMBER, NOT_SET.number)
    columns = ", ".join(ACTIONS[action]).format(rank=f"{rank / 100!r}")
    base = f"SELECT {number} AS x FROM {scope.from_clause} WHERE {where}"
    [found] = store.rows(*statement.query(f"SELECT {columns} FROM ({base}) WHERE x IS NOT NULL"))
    numbers = [tidy(value) if isinstance(value, float) else value for value in found]
    if action == "percentile":
        return {"percentile": tidy(rank), "result": numbers[0]}
    return dict(zip(FIELDS[action], numbers, strict=True))


def _action(action: str) -> tuple[str, str, float]:
    """What an action computes, over which property, and the rank of a percentile."""
    call = parse(action, "action")
    if not isinstance(call, Call) or (call.name != "count" and call.name not in ACTIONS):
        known = ", ".join(["count", *ACTIONS])
        raise unreadable("action", call.place, f"expected one of {known} as a function")
    if call.name == "count" and not call.arguments:
        return "count", "", 0.0
    shapes = (Access, Literal) if call.name == "percentile" else (Access,)
    if call.name == "count" or [type(argument) for argument in call.arguments] != [*shapes]:
        wanted = "nothing" if call.name == "count" else 'properties["..."]' + ", 0 to 100" * (len(shapes) - 1)
        raise unreadable("action", call.place, f"{call.name}() takes {wanted}")
    of, rank = call.arguments[0], call.arguments[-1]
    value = rank.value if isinstance(rank, Literal) else 0.0
    if isinstance(value, str) or not 0 <= value <= 100:
        raise unreadable("action", rank.place, "a percentile is a number from 0 to 100")
    assert isinstance(of, Access)
    return call.name, of.name, value


def _selection(store: Store, parameters: Mapping[str, Any], where: str) -> tuple[Statement, PersonScope, list[str]]:
    """The people whom the expression, the cohort and the behaviors leave."""
    if parameters.get("data_group_id"):
        raise Unsupported("group profiles (data_group_id)")
    statement = Statement(store.project, store.tables(), _asked_at(store, parameters))
    scope = PersonScope(statement)
    cohort, behaviors = decoded(parameters, "filter_by_cohort"), decoded(parameters, "behaviors")
    if cohort and behaviors:
        raise BadQuery("behaviors and filter_by_cohort are mutually exclusive")
    tests = [where_condition(text(parameters, where), scope, where, **_behaviors(behaviors, scope))]
    if cohort:
        tests.append(cohorts.membership(mapping(cohort, "filter_by_cohort"), scope))
    everybody = truth(parameters, "include_all_users", default=True)
    if not (cohort and everybody):
        tests.append("p.distinct_id IS NOT NULL")
    return statement, scope, tests


def _asked_at(store: Store, parameters: Mapping[str, Any]) -> dt.datetime:
    seconds = whole_number(parameters, "as_of_timestamp", 0, least=0, most=2**33)
    return dt.datetime.fromtimestamp(seconds, store.project.zone) if seconds else store.project.clock()


def _behaviors(given: Any, scope: PersonScope) -> Mapping[str, Callable[[str], Value]]:
    """The accessor `behaviors[...]`: how many events of each named selector a person has in its window."""
    named = {text(mapping(one, "A behavior"), "name"): one for one in listing(given, "behaviors")}

    def count(name: str) -> Value:
        if name not in named:
            raise BadQuery(
                f"where names the behavior {name!r}, and behaviors holds {', '.join(sorted(named)) or 'none'}."
            )
        counted = scope.statement.add_with(_behavior_counts(named[name], scope.statement))
        scope.join(f"LEFT JOIN {counted} ON {counted}.person = u.person")
        return number_value(f"coalesce({counted}.n, 0)")

    return {"behaviors": count}


def _behavior_counts(behavior: Mapping[str, Any], statement: Statement) -> str:
    inner = EventScope(statement, bucketed=False)
    window = text(behavior, "window")
    unit = FIXED_SECONDS.get(WINDOW_UNITS.get(window[-1:], ""))
    if unit is None or not window[:-1].isdigit() or len(window) > 6:
        raise BadQuery(f"The window of a behavior is a number and one of m, h, d, w, not {window!r}.")
    choices = []
    for selector in listing(behavior.get("event_selectors"), "event_selectors"):
        selector = mapping(selector, "An event selector")
        test = where_condition(text(selector, "selector"), inner, "selector")
        choices.append(f"({event_match(statement, [text(selector, 'event')])} AND {test})")
    if not choices:
        raise BadQuery("A behavior needs event_selectors.")
    low = statement.bind(statement.now_ms - int(window[:-1]) * unit * 1000)
    inside = f"e.t >= {low} AND e.t < {statement.bind(statement.now_ms)}"
    return f"SELECT e.person, count(*) AS n FROM {inner.from_clause} WHERE {inside} AND ({' OR '.join(choices)}) GROUP BY 1"


def _found(words: str, scope: PersonScope) -> str:
    needle = scope.statement.bind(words.lower())
    texts_of = [property_term(scope.value(name, "people")).forms[TEXT] for name in SEARCHED]
    return f"({' OR '.join(f'coalesce(contains(lower({sql}), {needle}), false)' for sql in texts_of)})"


def _order(parameters: Mapping[str, Any], scope: PersonScope) -> str:
    """By the sort key, what lacks it last; then by distinct_id."""
    direction = choice(parameters, "sort_order", ("ascending", "descending"), "ascending")
    way = "DESC" if direction == "descending" else "ASC"
    key = text(parameters, "sort_key")
    if not key:
        return f"u.distinct_id {way}"
    term = read_term(key, scope, "sort_key")
    forms = [sql for kind, sql in term.forms.items() if kind != "list"]
    return ", ".join([*(f"{sql} {way} NULLS LAST" for sql in forms), "u.distinct_id"])
