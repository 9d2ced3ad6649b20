"""Filter clauses as SQL conditions; every condition is true or false, never NULL.

A property that is not set passes only `does not equal` and `does not contain`; numbers, booleans and text
are never converted into each other; text ignores case unless the project says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import cohorts, frequency
from .errors import BadQuery, Unsupported
from .expressions import Value, value_of_json
from .properties import property_value
from .reading import listing, mapping, number, text
from .scopes import ItemScope, Scope
from .times import FIXED_SECONDS, day_after, midnight, read_day, to_ms

NEGATIVE = {
    "does not equal": "equals",
    "is not equal to": "equals",
    "does not contain": "contains",
}
COMPARISONS = {
    "is greater than": ">",
    "is less than": "<",
    "is at least": ">=",
    "is greater than or equal to": ">=",
    "is at most": "<=",
    "is less than or equal to": "<=",
}
FAR = 4e14  # milliseconds; beyond any event
DATE_ALIASES = {
    "on": "was on",
    "not on": "was not on",
    "before": "was before",
    "was less than": "was before",
    "since": "was since",
    "between": "was between",
    "not between": "was not between",
    "in the last": "was in the",
    "was in the last": "was in the",
    "was not in the last": "was not in the",
    "in the next": "was in the next",
}


def all_of(conditions: Sequence[str], determiner: Any = "all") -> str:
    """The conditions joined: every one, or any one, must hold; none at all always holds."""
    if determiner not in ("all", "any", "and", "or", None):
        raise BadQuery(f"filtersDeterminer must be 'all' or 'any', not {determiner!r}.")
    word = " OR " if determiner in {"any", "or"} else " AND "
    return f"({word.join(conditions)})" if conditions else "true"


def conditions(clauses: Any, scope: Scope) -> list[str]:
    """One condition for each clause of a list."""
    return [condition(clause, scope) for clause in listing(clauses, "Filters")]


def condition(clause: Any, scope: Scope) -> str:
    """The SQL condition of one filter clause."""
    clause = mapping(clause, "A filter")
    operator = text(clause, "filterOperator")
    if clause.get("behavior") is not None:
        return _number(operator, clause.get("filterValue"), frequency.value(clause["behavior"], scope), scope)
    if clause.get("value") == "$cohorts":
        return cohorts.filter_condition(operator, clause.get("filterValue"), scope)
    value = property_value(clause, scope)
    if clause.get("filterJoinType") == "list" or clause.get("listItemFilters") is not None:
        return _objects(clause, value, scope)
    if value.may_be_list or clause.get("filterType") == "list":
        return _list(clause, operator, value, scope)
    return value_condition(clause, value, scope)


def value_condition(clause: Mapping[str, Any], value: Value, scope: Scope) -> str:
    """The clause's test of one value, whatever property the clause names."""
    operator = text(clause, "filterOperator")
    if operator in {"is set", "is not set"}:
        return value.is_set if operator == "is set" else f"(NOT {value.is_set})"
    kind, operand = text(clause, "filterType", "string"), clause.get("filterValue")
    if kind == "boolean" or operator in {"true", "false"}:
        return _boolean(operator, operand, value)
    if kind == "number":
        return _number(operator, operand, value, scope)
    if kind == "datetime":
        return _datetime(operator, operand, text(clause, "filterDateUnit", "day"), value, scope)
    if kind in {"string", "list"}:
        return _string(operator, operand, value, scope)
    raise Unsupported(f"filterType {kind!r} with filterOperator {operator!r}")


def _string(operator: str, operand: Any, value: Value, scope: Scope) -> str:
    if operator in NEGATIVE:
        return f"(NOT {_string(NEGATIVE[operator], operand, value, scope)})"
    fold = (lambda sql: sql) if scope.statement.project.case_sensitive_filters else "lower({})".format
    if operator in {"equals", "is equal to"}:
        wanted = list(operand) if isinstance(operand, Sequence) and not isinstance(operand, str) else [operand]
        texts = [item for item in wanted if isinstance(item, str)]
        numbers = [number(item) for item in wanted if not isinstance(item, str)]
        tests = [(f"({value.is_text} AND list_contains(list_transform({scope.statement.bind(texts)}::VARCHAR[],"
                 f" lambda s: {fold('s')}), {fold(value.text)}))")]  # fmt: skip
        if numbers:
            tests.append(f"coalesce(list_contains({scope.statement.bind(numbers)}::DOUBLE[], {value.number}), false)")
        return all_of(tests, "any")
    functions = {"contains": "contains", "starts with": "starts_with", "ends with": "ends_with"}
    if operator not in functions:
        raise Unsupported(f"filterOperator {operator!r} on text")
    if not isinstance(operand, str):
        raise BadQuery(f"filterOperator {operator!r} takes a text, not {operand!r}.")
    needle = fold(scope.statement.bind(operand))
    return f"({value.is_text} AND {functions[operator]}({fold(value.text)}, {needle}))"


def _boolean(operator: str, operand: Any, value: Value) -> str:
    if operator in {"equals", "is equal to", "does not equal"}:
        wanted = operand[0] if isinstance(operand, list) and len(operand) == 1 else operand
        if not isinstance(wanted, bool):
            raise BadQuery(f"A boolean filter takes true or false, not {operand!r}.")
        test = _boolean("true" if wanted else "false", None, value)
        return test if operator != "does not equal" else f"(NOT {test})"
    if operator not in {"true", "false"}:
        raise Unsupported(f"filterOperator {operator!r} on a boolean")
    return f"coalesce({value.kind} = 'BOOLEAN' AND {value.text} = '{operator}', false)"


def _pair(operator: str, operand: Any) -> tuple[Any, Any]:
    if not isinstance(operand, Sequence) or isinstance(operand, str) or len(operand) != 2:
        raise BadQuery(f"filterOperator {operator!r} takes [from, to].")
    return operand[0], operand[1]


def _number(operator: str, operand: Any, value: Value, scope: Scope) -> str:
    bind = scope.statement.bind
    if operator in {"equals", "is equal to", "does not equal", "is not equal to"}:
        wanted = operand if isinstance(operand, list) else [operand]
        test = f"coalesce(list_contains({bind([number(item) for item in wanted])}::DOUBLE[], {value.number}), false)"
        return test if operator in {"equals", "is equal to"} else f"(NOT {test})"
    if operator in {"is between", "between", "not between", "is not between"}:
        low, high = (bind(number(item)) for item in _pair(operator, operand))
        inside = f"{value.number} BETWEEN {low} AND {high}"
        return f"coalesce({inside if operator in {'is between', 'between'} else f'NOT ({inside})'}, false)"
    if operator not in COMPARISONS:
        raise Unsupported(f"filterOperator {operator!r} on a number")
    return f"coalesce({value.number} {COMPARISONS[operator]} {bind(number(operand))}, false)"


def _datetime(operator: str, operand: Any, unit: str, value: Value, scope: Scope) -> str:
    operator = DATE_ALIASES.get(operator, operator)
    now = scope.statement.now_ms
    if operator in {"was in the", "was not in the", "was in the next"}:
        seconds = FIXED_SECONDS.get(unit.removesuffix("s"))
        if seconds is None:
            raise BadQuery(f"{unit!r} is not a filterDateUnit.")
        length = int(min(number(operand) * seconds * 1000, FAR))
        low, high = (now, now + length) if operator == "was in the next" else (now - length, now)
    elif operator in {"was between", "was not between"}:
        low, high = _days(*_pair(operator, operand), scope)
    elif operator in {"was on", "was not on", "was before", "was since"}:
        low, high = _days(operand, operand, scope)
    else:
        raise Unsupported(f"filterOperator {operator!r} on a date")
    instant, low_sql, high_sql = value.instant, scope.statement.bind(low), scope.statement.bind(high)
    if operator == "was before":
        return f"coalesce({instant} < {low_sql}, false)"
    if operator == "was since":
        return f"coalesce({instant} >= {low_sql}, false)"
    inside = f"{instant} >= {low_sql} AND {instant} < {high_sql}"
    return f"coalesce({f'NOT ({inside})' if ' not ' in operator else inside}, false)"


def _days(first: Any, last: Any, scope: Scope) -> tuple[int, int]:
    zone = scope.statement.project.zone
    return to_ms(midnight(read_day(first), zone)), to_ms(midnight(day_after(read_day(last)), zone))


def _quantified(clause: Mapping[str, Any], items: str, test: str) -> str:
    quantifier = text(clause, "listQuantifier", "any")
    if quantifier not in {"any", "all"}:
        raise BadQuery(f"listQuantifier must be 'any' or 'all', not {quantifier!r}.")
    if quantifier == "any":
        return f"(len(list_filter({items}, lambda item: {test})) > 0)"
    return f"(len(list_filter({items}, lambda item: NOT {test})) = 0)"


def _list(clause: Mapping[str, Any], operator: str, value: Value, scope: Scope) -> str:
    if operator in {"is set", "is not set"}:
        return value_condition(clause, value, scope)
    test = value_condition(clause, value_of_json("item"), scope)
    when_missing = "true" if operator in NEGATIVE else "false"
    return f"coalesce({_quantified(clause, value.items, test)}, {when_missing})"


def _objects(clause: Mapping[str, Any], value: Value, scope: Scope) -> str:
    operator = text(clause, "filterOperator")
    if operator not in {"true", "false"}:
        raise Unsupported(f"filterOperator {operator!r} on a list of objects")
    if isinstance(scope, ItemScope):
        raise Unsupported("listItemFilters inside listItemFilters")
    inner = all_of(conditions(clause.get("listItemFilters"), ItemScope(scope.statement, "item")))
    found = f"coalesce({_quantified(clause, value.items, inner)}, false)"
    return found if operator == "true" else f"(NOT {found})"
