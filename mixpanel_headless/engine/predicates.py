"""Expressions as SQL over the current row: a condition for `where`, a value for `on`.

The types of properties are known only row by row, so a term has one piece of SQL for each type that it may take, NULL
in rows where it has another; null, missing and undefined are all "not set". Nothing is converted on its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.language import (
    Access,
    Call,
    Chain,
    Compare,
    Items,
    Literal,
    Name,
    Node,
    Prefix,
    parse,
    unreadable,
)

from .expressions import ISO_TIME, MILLISECONDS_FROM, Value, moment_value, number_text, value_of_json
from .times import to_ms, utc_ms

if TYPE_CHECKING:
    from .scopes import EventScope, PersonScope, Scope

    RowScope = EventScope | PersonScope

NUMBER, TEXT, TRUTH, MOMENT, LIST = "number", "string", "boolean", "datetime", "list"
DECIMAL = r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*"
Forms = Mapping[str, str]
Source = Callable[[str], Value]


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


def where_condition(text: str, scope: RowScope, what: str = "where", **sources: Source) -> str:
    """SQL that is true where the expression is true, else false; an empty text holds everywhere."""
    return read_term(text, scope, what, **sources).truth if text.strip() else "true"


def read_term(text: str, scope: RowScope, what: str, **sources: Source) -> Term:
    """The value of an expression in the current row; BadQuery names the parameter `what` and the place.

    `sources` are accessors beside those that the scope knows.
    """
    return Reader(scope, what, {**scope.accessors, **sources}).term(parse(text, what))


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


@attrs.frozen
class Reader:
    """Compiles a tree; `sources` say what `properties[...]` and the other accessors mean."""

    scope: Scope
    what: str
    sources: Mapping[str, Source]

    def term(self, node: Node) -> Term:
        match node:
            case Literal():
                return self.literal(node.value)
            case Name():
                return self.constant(node)
            case Access():
                return self.access(node)
            case Items():
                return Term({LIST: self.json_list(node)})
            case Call():
                return self.call(node)
            case Prefix(sign="not"):
                return negated(self.term(node.operand))
            case Prefix():
                return arithmetic("-", Term({NUMBER: "0"}), self.term(node.operand))
            case Compare():
                return self.compared(node)
            case Chain():
                return self.chained(node)

    def literal(self, value: str | float) -> Term:
        bound = self.scope.statement.bind(value)
        kind, sql = (TEXT, "VARCHAR") if isinstance(value, str) else (NUMBER, "DOUBLE")
        return Term({kind: f"CAST({bound} AS {sql})"}, "true")

    def constant(self, node: Name) -> Term:
        constants = {"true": Term({TRUTH: "true"}, "true"), "false": Term({TRUTH: "false"}, "true"),
                     "null": Term({}), "undefined": Term({})}  # fmt: skip
        if node.name == "NOW":
            return self.literal(self.scope.statement.now_ms / 1000)
        if node.name.lower() not in constants:
            raise self.refused(node, f'{node.name!r} means nothing; a property is properties["{node.name}"]')
        return constants[node.name.lower()]

    def access(self, node: Access) -> Term:
        if node.source not in self.sources:
            raise self.refused(node, f"{node.source!r} is none of {', '.join(sorted(self.sources))}")
        return property_term(self.sources[node.source](node.name))

    def refused(self, node: Node, problem: str) -> Exception:
        return unreadable(self.what, node.place, problem)

    def json_list(self, node: Items) -> str:
        items = [f"to_json({sql})" for item in node.items for sql in self.plain(item).forms.values()]
        return f"[{', '.join(items)}]::JSON[]"

    def plain(self, node: Node) -> Term:
        """A member of a list: a literal, or a literal with a minus."""
        inner = node.operand if isinstance(node, Prefix) and node.sign == "-" else node
        if not isinstance(inner, Literal | Name):
            raise self.refused(node, "a list holds plain values")
        return self.term(node)

    def call(self, node: Call) -> Term:
        if node.name not in FUNCTIONS:
            raise self.refused(node, f"{node.name}() is none of {', '.join(sorted(FUNCTIONS))}")
        if len(node.arguments) != 1:
            raise self.refused(node, f"{node.name}() takes one argument, not {len(node.arguments)}")
        argument = node.arguments[0]
        if node.name == "datetime" and isinstance(argument, Literal) and isinstance(argument.value, str):
            return self.moment(argument)
        return FUNCTIONS[node.name](self.term(argument), self.scope)

    def moment(self, node: Literal) -> Term:
        """A date that stands in the text: a wrong one is refused, not undefined."""
        zone = self.scope.statement.project.zone
        try:
            found = dt.datetime.fromisoformat(str(node.value))
        except ValueError:
            raise self.refused(node, f"{node.value!r} is not a date such as 2026-01-31T12:00:00") from None
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        return Term({MOMENT: f"CAST({self.scope.statement.bind(to_ms(found))} AS BIGINT)"})

    def compared(self, node: Compare) -> Term:
        left = self.term(node.left)
        if node.sign == "in" and isinstance(node.right, Items):
            tests = [equal(left, self.plain(item), self.fold) for item in node.right.items]
            return Term({TRUTH: f"({' OR '.join(tests)})" if tests else "false"})
        right = self.term(node.right)
        if node.sign == "in":
            return contained(left, right, self.fold)
        if node.sign in {"==", "!="}:
            test = equal(left, right, self.fold)
            return Term({TRUTH: test if node.sign == "==" else f"(NOT {test})"})
        return ordered(node.sign, left, right, self.fold)

    def fold(self, sql: str) -> str:
        """Text as it is compared."""
        return sql if self.scope.statement.project.case_sensitive_filters else f"lower({sql})"

    def chained(self, node: Chain) -> Term:
        signs = {sign for sign, _ in node.rest}
        operands = [node.first, *(operand for _, operand in node.rest)]
        if signs & {"and", "or"}:
            tests = [self.operand(operand, *signs) for operand in operands]
            return Term({TRUTH: f"({f' {signs.pop().upper()} '.join(tests)})"})
        return reduce(
            lambda left, part: arithmetic(part[0], left, self.term(part[1])), node.rest, self.term(node.first)
        )

    def operand(self, node: Node, word: str) -> str:
        """What stands beside `and` or `or`: not set counts as false, and so does a property that is no boolean."""
        found = self.term(node)
        if found.forms and TRUTH not in found.forms:
            raise self.refused(node, f"{word!r} joins conditions, and this is a {' or a '.join(found.forms)}")
        return found.truth


Fold = Callable[[str], str]


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
