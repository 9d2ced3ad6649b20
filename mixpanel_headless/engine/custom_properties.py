"""Custom properties: a formula over other properties of the same row, compiled to SQL.

The types of its operands are known only row by row, so every operation takes what fits and is otherwise
not set: `"5" + 1` is not set, and so is a division by zero. Text compares without regard to case.
"""

from __future__ import annotations

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

from .errors import BadQuery, Unsupported
from .expressions import NOT_SET, Value, number_text
from .reading import mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .scopes import Scope

FORMULA = "displayFormula"
MAX_SQL = 200_000
TRUTH = "'BOOLEAN'"
"""The kind of what is computed as a boolean, in SQL."""


def custom_value(definition: Any, scope: Scope) -> Value:
    """The value of a `customProperty` in the current row."""
    definition = mapping(definition, "customProperty")
    letters = {
        name: _composed(mapping(part, "composedProperties"), scope)
        for name, part in mapping(definition.get("composedProperties") or {}, "composedProperties").items()
    }
    return _Formula(letters, scope.statement.bind).value(parse(text(definition, FORMULA), FORMULA))


def _composed(part: Mapping[str, Any], scope: Scope) -> Value:
    name = part.get("value")
    if not isinstance(name, str):
        raise Unsupported("composedProperties other than plain properties")
    return scope.value(name, part.get("resourceType", "event"))


def numeric(sql: str) -> Value:
    """A computed number, or nothing where the SQL is NULL."""
    return Value(f"(CASE WHEN {sql} IS NOT NULL THEN 'DOUBLE' END)", number_text(sql), sql, may_be_list=False)


def textual(sql: str) -> Value:
    """A computed text, or nothing where the SQL is NULL."""
    return Value(f"(CASE WHEN {sql} IS NOT NULL THEN 'VARCHAR' END)", sql, NOT_SET.number, may_be_list=False)


def logical(sql: str) -> Value:
    """A computed boolean; the SQL is never NULL."""
    return Value(TRUTH, f"(CASE WHEN {sql} THEN 'true' ELSE 'false' END)", NOT_SET.number, may_be_list=False)


def _words(value: Value) -> str:
    return f"(CASE WHEN {value.kind} = 'VARCHAR' THEN {value.text} END)"


def _holds(value: Value) -> str:
    return f"coalesce({value.kind} = 'BOOLEAN' AND {value.text} = 'true', false)"


def _chosen(cases: Sequence[tuple[str, Value]], otherwise: Value) -> Value:
    def form(pick: Callable[[Value], str]) -> str:
        branches = " ".join(f"WHEN {test} THEN {pick(value)}" for test, value in cases)
        return f"(CASE {branches} ELSE {pick(otherwise)} END)"

    kinds, texts = form(lambda value: value.kind), form(lambda value: value.text)
    return Value(kinds, texts, form(lambda value: value.number), may_be_list=False)


def _joined(left: Value, right: Value) -> Value:
    """Numbers add up, texts join."""
    added, joined = numeric(f"({left.number} + {right.number})"), textual(f"({_words(left)} || {_words(right)})")
    kind, found = f"coalesce({added.kind}, {joined.kind})", f"coalesce({added.text}, {joined.text})"
    return Value(kind, found, added.number, may_be_list=False)


def _equal(left: Value, right: Value) -> str:
    return (
        f"coalesce(CASE WHEN {left.kind} IS NULL OR {right.kind} IS NULL THEN {left.kind} IS NULL AND {right.kind}"
        f" IS NULL WHEN {left.number} IS NOT NULL THEN {left.number} = {right.number}"
        f" WHEN {left.kind} = {right.kind} THEN lower({left.text}) = lower({right.text}) END, false)"
    )


def _compared(sign: str, left: Value, right: Value) -> Value:
    if sign in {"==", "!="}:
        equal = _equal(left, right)
        return logical(equal if sign == "==" else f"(NOT {equal})")
    texts = f"{_words(left)} {sign} {_words(right)}"
    return logical(f"coalesce({left.number} {sign} {right.number}, {texts}, false)")


def _as_truth(value: Value) -> Value:
    if value.kind == TRUTH:  # DuckDB takes twice as long for each such test inside another
        return value
    return logical(f"(NOT coalesce({value.text} IN ('false', '0', ''), true))")


def _read_number(value: Value) -> Value:
    read = f"CASE WHEN {value.kind} = 'VARCHAR' THEN TRY_CAST({value.text} AS DOUBLE)"
    return numeric(
        f"({read} WHEN {value.kind} = 'BOOLEAN' THEN CAST({value.text} = 'true' AS DOUBLE) ELSE {value.number} END)"
    )


FUNCTIONS: Mapping[str, tuple[int, Callable[..., Value]]] = {
    "if": (3, lambda test, yes, no: _chosen([(_holds(test), yes)], no)),
    "not": (1, lambda value: logical(f"(NOT {_holds(value)})")),
    "defined": (1, lambda value: logical(value.is_set)),
    "boolean": (1, _as_truth),
    "number": (1, _read_number),
    "string": (1, lambda value: textual(value.text)),
    "upper": (1, lambda value: textual(f"upper({_words(value)})")),
    "lower": (1, lambda value: textual(f"lower({_words(value)})")),
    "len": (1, lambda value: numeric(f"CAST(length({_words(value)}) AS DOUBLE)")),
    "floor": (1, lambda value: numeric(f"floor({value.number})")),
    "ceil": (1, lambda value: numeric(f"ceil({value.number})")),
    "round": (1, lambda value: numeric(f"round({value.number})")),
    "min": (2, lambda a, b: numeric(f"(CASE WHEN {a.number} <= {b.number} THEN {a.number} ELSE {b.number} END)")),
    "max": (2, lambda a, b: numeric(f"(CASE WHEN {a.number} >= {b.number} THEN {a.number} ELSE {b.number} END)")),
    "has_prefix": (2, lambda a, b: logical(f"coalesce(starts_with(lower({_words(a)}), lower({_words(b)})), false)")),
    "has_suffix": (2, lambda a, b: logical(f"coalesce(ends_with(lower({_words(a)}), lower({_words(b)})), false)")),
    "left": (2, lambda a, n: textual(f"left({_words(a)}, TRY_CAST(greatest({n.number}, 0) AS INTEGER))")),
    "right": (2, lambda a, n: textual(f"right({_words(a)}, TRY_CAST(greatest({n.number}, 0) AS INTEGER))")),
}
ARITHMETIC: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": _joined,
    "-": lambda a, b: numeric(f"({a.number} - {b.number})"),
    "*": lambda a, b: numeric(f"({a.number} * {b.number})"),
    "/": lambda a, b: numeric(f"({a.number} / nullif({b.number}, 0))"),
    "%": lambda a, b: numeric(f"({a.number} % nullif({b.number}, 0))"),
}


CONSTANTS = {"true": logical("true"), "false": logical("false"), "null": NOT_SET, "undefined": NOT_SET}


@attrs.frozen
class _Formula:
    """Compiles a tree; `letters` are the properties that it may name."""

    letters: Mapping[str, Value]
    bind: Callable[[Any], str]

    def value(self, node: Node) -> Value:
        """The value of a part of the formula."""
        return self.bounded(node, self.compiled(node))

    def bounded(self, node: Node, found: Value) -> Value:
        """The value, unless its SQL has grown out of hand: operands are written once for each form of the result."""
        if len(found.kind) + len(found.text) + len(found.number) > MAX_SQL:
            raise self.refused(node, "the formula is too long")
        return found

    def compiled(self, node: Node) -> Value:
        match node:
            case Literal(value=str()):
                return textual(f"CAST({self.bind(node.value)} AS VARCHAR)")
            case Literal():
                return numeric(f"CAST({self.bind(node.value)} AS DOUBLE)")
            case Name():
                return self.named(node)
            case Call():
                return self.called(node)
            case Prefix(sign="not"):
                return logical(f"(NOT {_holds(self.value(node.operand))})")
            case Prefix():
                return numeric(f"(- {self.value(node.operand).number})")
            case Compare(sign="in") | Access() | Items():
                raise Unsupported("lists and objects in the formula of a custom property")
            case Compare():
                return _compared(node.sign, self.value(node.left), self.value(node.right))
            case Chain():
                return self.chained(node)

    def refused(self, node: Node, problem: str) -> BadQuery:
        return unreadable(FORMULA, node.place, problem)

    def named(self, node: Name) -> Value:
        found = self.letters.get(node.name) or CONSTANTS.get(node.name.lower())
        if found is None:
            raise self.refused(node, f"{node.name!r} is no property of the formula")
        return found

    def called(self, node: Call) -> Value:
        if node.name not in FUNCTIONS:
            raise Unsupported(f"the custom property function {node.name}()")
        count, function = FUNCTIONS[node.name]
        if len(node.arguments) != count:
            raise self.refused(node, f"{node.name}() takes {count} argument(s), not {len(node.arguments)}")
        return function(*map(self.value, node.arguments))

    def chained(self, node: Chain) -> Value:
        (word, _), *_ = node.rest
        found = self.value(node.first)
        if word in {"and", "or"}:
            tests = [found, *(self.value(operand) for _, operand in node.rest)]
            return logical(f"({f' {word.upper()} '.join(map(_holds, tests))})")
        for sign, operand in node.rest:
            found = self.bounded(node, ARITHMETIC[sign](found, self.value(operand)))
        return found
