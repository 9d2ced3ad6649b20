"""Values of any type in the current row, and what the operators and functions of expressions make of them.

The types of properties are known only row by row, so a term has one piece of SQL for each type that it may take, NULL
in rows where it has another; null, missing and undefined are all "not set". Nothing is converted on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from .expressions import ISO_TIME, MILLISECONDS_FROM, Value, moment_value, number_text, value_of_json
from .times import utc_ms

if TYPE_CHECKING:
    from .scopes import Scope

NUMBER, TEXT, TRUTH, MOMENT, LIST = "number", "string", "boolean", "datetime", "list"
DECIMAL = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*"
Forms = Mapping[str, str]
Fold = Callable[[str], str]


@attrs.frozen
class Term:
    """A value in the current row: its SQL by type. `known` tells when it is set, `shown` its text, where forms do not."""

    forms: Forms
    known: str | None = None
    shown: str | None = None

    @property
    def is_set(self) -> str:
        tests = [f"{sql} IS NOT NULL" for sql in self.forms.values()]
        return self.known or (f"({' OR '.join(tests)})" if tests else "false")

    @property
    def truth(self) -> str:
        """SQL: the value is true; anything else is not."""
        return f"coalesce({self.forms[TRUTH]}, false)" if TRUTH in self.forms else "false"

    @property
    def words(self) -> str:
        """SQL of the value as text, NULL when it is not set."""
        if self.shown is not None:
            return self.shown
        parts = [TEXT_OF[kind](sql) for kind, sql in self.forms.items() if kind in TEXT_OF]
        return f"coalesce({', '.join(parts)})" if parts else "CAST(NULL AS VARCHAR)"


TEXT_OF: Mapping[str, Callable[[str], str]] = {
    TEXT: lambda sql: sql,
    NUMBER: number_text,
    TRUTH: lambda sql: f"CASE WHEN {sql} THEN 'true' WHEN NOT {sql} THEN 'false' END",
    MOMENT: lambda sql: moment_value(sql).text,
}


def property_term(value: Value) -> Term:
    """A stored value, which may have any type."""
    if value.moment is not None:
        return Term({MOMENT: value.moment})
    forms = {
        NUMBER: value.number,
        TEXT: f"(CASE WHEN {value.kind} = 'VARCHAR' THEN {value.text} END)",
        TRUTH: f"(CASE WHEN {value.kind} = 'BOOLEAN' THEN {value.text} = 'true' END)",
    }
    if value.may_be_list:
        forms[LIST] = f"(CASE WHEN {value.kind} = 'ARRAY' THEN {value.items} END)"
    return Term(forms, value.is_set, value.text)


def equal(left: Term, right: Term, fold: Fold) -> str:
    """SQL: both have one type and are equal, or neither is set; never NULL."""
    form = {TEXT: fold, LIST: "list_sort({})".format}
    same = [
        f"coalesce({form.get(kind, str)(left.forms[kind])} = {form.get(kind, str)(right.forms[kind])}, false)"
        for kind in left.forms
        if kind in right.forms
    ]
    if "true" not in {left.known, right.known}:
        same.append(f"(NOT {left.is_set} AND NOT {right.is_set})")
    return f"({' OR '.join(same)})" if same else "false"


def ordered(sign: str, left: Term, right: Term, fold: Fold) -> Term:
    """Which comes first; undefined between types, and for those that have no order."""
    tests = [f"{left.forms[kind]} {sign} {right.forms[kind]}" for kind in (NUMBER, MOMENT)
             if kind in left.forms and kind in right.forms]  # fmt: skip
    if TEXT in left.forms and TEXT in right.forms:
        tests.append(f"{fold(left.forms[TEXT])} {sign} {fold(right.forms[TEXT])}")
    return Term({TRUTH: f"coalesce({', '.join(tests)})" if tests else "CAST(NULL AS BOOLEAN)"})


def contained(left: Term, right: Term, fold: Fold) -> Term:
    """A text inside a text, or a value among the items of a list."""
    tests = []
    if TEXT in left.forms and TEXT in right.forms:
        tests.append(f"contains({fold(right.forms[TEXT])}, {fold(left.forms[TEXT])})")
    if LIST in right.forms:
        same = equal(left, property_term(value_of_json("item", may_be_list=False)), fold)
        tests.append(f"len(list_filter({right.forms[LIST]}, lambda item: {same})) > 0")
    return Term({TRUTH: f"coalesce({', '.join(tests)})" if tests else "CAST(NULL AS BOOLEAN)"})


def negated(value: Term) -> Term:
    """`not`: of what is not set true, of what is no boolean undefined."""
    if TRUTH not in value.forms:
        return Term({TRUTH: f"(CASE WHEN NOT {value.is_set} THEN true END)"})
    if len(value.forms) == 1 and value.known is None:
        return Term({TRUTH: f"(NOT coalesce({value.forms[TRUTH]}, false))"})
    return Term({TRUTH: f"(CASE WHEN {value.is_set} THEN NOT {value.forms[TRUTH]} ELSE true END)"})


def arithmetic(sign: str, left: Term, right: Term) -> Term:
    """Numbers by the rules of arithmetic, `+` also joins texts; everything else is undefined."""
    forms = {}
    if NUMBER in left.forms and NUMBER in right.forms:
        divisor = f"nullif({right.forms[NUMBER]}, 0)" if sign in {"/", "%"} else right.forms[NUMBER]
        forms[NUMBER] = f"({left.forms[NUMBER]} {sign} {divisor})"
    if sign == "+" and TEXT in left.forms and TEXT in right.forms:
        forms[TEXT] = f"({left.forms[TEXT]} || {right.forms[TEXT]})"
    return Term(forms)


def as_number(value: Term, _: Scope) -> Term:
    parts = [value.forms[NUMBER]] if NUMBER in value.forms else []
    if TEXT in value.forms:
        text = value.forms[TEXT]
        parts.append(f"CASE WHEN regexp_full_match({text}, '{DECIMAL}') THEN TRY_CAST({text} AS DOUBLE) END")
    if TRUTH in value.forms:
        parts.append(f"CAST({value.forms[TRUTH]} AS DOUBLE)")
    return Term({NUMBER: f"coalesce({', '.join(parts)})"} if parts else {})


def as_text(value: Term, _: Scope) -> Term:
    return Term({TEXT: value.words})


def as_truth(value: Term, _: Scope) -> Term:
    """What is not set, 0, the empty text and `"false"` are false, all else is true."""
    parts = []
    if TEXT in value.forms:
        parts.append(f"{value.forms[TEXT]} NOT IN ('', 'false')")
    if NUMBER in value.forms:
        parts.append(f"{value.forms[NUMBER]} != 0")
    if TRUTH in value.forms:
        parts.append(value.forms[TRUTH])
    return Term({TRUTH: f"coalesce({', '.join([*parts, value.is_set])})"})


def as_list(value: Term, _: Scope) -> Term:
    parts = [value.forms[LIST]] if LIST in value.forms else []
    parts += [
        f"CASE WHEN {sql} IS NOT NULL THEN [to_json({sql})] END" for kind, sql in value.forms.items() if kind != LIST
    ]
    return Term({LIST: f"coalesce({', '.join(parts)})"} if parts else {})


def as_moment(value: Term, scope: Scope) -> Term:
    """ISO text in the project's zone, or seconds since 1970 (milliseconds when they are many)."""
    parts = [value.forms[MOMENT]] if MOMENT in value.forms else []
    if TEXT in value.forms:
        text = value.forms[TEXT]
        wall = f"epoch_ms(TRY_CAST({text} AS TIMESTAMP))"
        local = utc_ms(wall, scope.statement.project.zone)
        parts.append(
            f"CASE WHEN regexp_full_match({text}, '{ISO_TIME}')"
            f" THEN CASE WHEN ends_with({text}, 'Z') THEN {wall} ELSE {local} END END"
        )
    if NUMBER in value.forms:
        number = value.forms[NUMBER]
        parts.append(
            f"CASE WHEN {number} > {MILLISECONDS_FROM} THEN TRY_CAST({number} AS BIGINT)"
            f" WHEN {number} > 0 THEN TRY_CAST({number} * 1000 AS BIGINT) END"
        )
    return Term({MOMENT: f"coalesce({', '.join(parts)})"} if parts else {})


def _of_number(function: str) -> Callable[[Term, Scope], Term]:
    return lambda value, _: Term({NUMBER: f"{function}({value.forms[NUMBER]})"} if NUMBER in value.forms else {})


FUNCTIONS: Mapping[str, Callable[[Term, Any], Term]] = {
    "floor": _of_number("floor"),
    "ceil": _of_number("ceil"),
    "round": _of_number("round"),  # half away from zero
    "boolean": as_truth,
    "number": as_number,
    "string": as_text,
    "list": as_list,
    "datetime": as_moment,
    "defined": lambda value, _: Term({TRUTH: value.is_set}),
}
