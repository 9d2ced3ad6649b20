"""Custom properties: a formula over other properties of the same row, compiled to SQL.

The types of its operands are known only row by row, so every operation takes what fits and is otherwise
not set: `"5" + 1` is not set, and so is a division by zero. Text compares without regard to case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from .errors import BadQuery, Unsupported
from .expressions import NOT_SET, Value
from .reading import mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .scopes import Scope

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|[-+*/%()<>,]))"""
)
ESCAPE = re.compile(r"\\(.)")
MAX_TOKENS = 500
MAX_DEPTH = 30
MAX_SQL = 200_000
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")


def custom_value(definition: Any, scope: Scope) -> Value:
    """The value of a `customProperty` in the current row."""
    definition = mapping(definition, "customProperty")
    formula = text(definition, "displayFormula")
    letters = {
        name: _composed(mapping(part, "composedProperties"), scope)
        for name, part in mapping(definition.get("composedProperties") or {}, "composedProperties").items()
    }
    tokens = list(_tokens(formula))
    if len(tokens) > MAX_TOKENS:
        raise BadQuery("The formula of the custom property is too long.")
    parser = _Parser(formula, tokens, letters, scope.statement.bind)
    found = parser.expression()
    if parser.place < len(tokens):
        raise parser.unreadable()
    return found


def _composed(part: Mapping[str, Any], scope: Scope) -> Value:
    name = part.get("value")
    if not isinstance(name, str):
        raise Unsupported("composedProperties other than plain properties")
    return scope.value(name, part.get("resourceType", "event"))


def _tokens(formula: str) -> Sequence[tuple[str, str]]:
    place, formula, found = 0, formula.rstrip(), []
    while place < len(formula):
        match = TOKEN.match(formula, place)
        if not match or match.lastgroup is None:
            raise BadQuery(f"The formula {formula!r} cannot be read at {formula[place:]!r}.")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


def numeric(sql: str) -> Value:
    """A computed number, or nothing where the SQL is NULL."""
    whole = f"abs({sql}) < 1e15 AND {sql} = trunc({sql})"
    plain = f"(CASE WHEN {whole} THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR) ELSE CAST({sql} AS VARCHAR) END)"
    return Value(f"(CASE WHEN {sql} IS NOT NULL THEN 'DOUBLE' END)", plain, sql, may_be_list=False)


def textual(sql: str) -> Value:
    """A computed text, or nothing where the SQL is NULL."""
    return Value(f"(CASE WHEN {sql} IS NOT NULL THEN 'VARCHAR' END)", sql, NOT_SET.number, may_be_list=False)


def logical(sql: str) -> Value:
    """A computed boolean; the SQL is never NULL."""
    return Value("'BOOLEAN'", f"(CASE WHEN {sql} THEN 'true' ELSE 'false' END)", NOT_SET.number, may_be_list=False)


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


def _unescaped(match: re.Match[str]) -> str:
    return match[1]


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


def _truthy(value: Value) -> str:
    return f"(NOT coalesce({value.text} IN ('false', '0', ''), true))"


def _read_number(value: Value) -> Value:
    read = f"CASE WHEN {value.kind} = 'VARCHAR' THEN TRY_CAST({value.text} AS DOUBLE)"
    return numeric(
        f"({read} WHEN {value.kind} = 'BOOLEAN' THEN CAST({value.text} = 'true' AS DOUBLE) ELSE {value.number} END)"
    )


FUNCTIONS: Mapping[str, tuple[int, Callable[..., Value]]] = {
    "if": (3, lambda test, yes, no: _chosen([(_holds(test), yes)], no)),
    "not": (1, lambda value: logical(f"(NOT {_holds(value)})")),
    "defined": (1, lambda value: logical(value.is_set)),
    "boolean": (1, lambda value: logical(_truthy(value))),
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


@attrs.define
class _Parser:
    """Recursive descent: or, and, not, comparison, sum, product, minus, then a value."""

    formula: str
    tokens: Sequence[tuple[str, str]]
    letters: Mapping[str, Value]
    bind: Callable[[Any], str]
    place: int = 0
    depth: int = 0

    def unreadable(self) -> BadQuery:
        at = self.tokens[self.place][1] if self.place < len(self.tokens) else "its end"
        return BadQuery(f"The formula {self.formula!r} cannot be read at {at!r}.")

    def accept(self, *wanted: str) -> str | None:
        if self.place < len(self.tokens):
            kind, found = self.tokens[self.place]
            found = found.lower() if kind == "word" else found
            if kind in {"sign", "word"} and found in wanted:
                self.place += 1
                return found
        return None

    def expression(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadQuery("The formula of the custom property is nested too deeply.")
        found = self.conjunction()
        while self.accept("or"):
            found = logical(f"({_holds(found)} OR {_holds(self.conjunction())})")
        self.depth -= 1
        return found

    def conjunction(self) -> Value:
        found = self.negation()
        while self.accept("and"):
            found = logical(f"({_holds(found)} AND {_holds(self.negation())})")
        return found

    def negation(self) -> Value:
        turns = 0
        while self.accept("not"):
            turns += 1
        found = self.comparison()
        return logical(f"({'NOT ' * (turns % 2)}{_holds(found)})") if turns else found

    def comparison(self) -> Value:
        left = self.chain(("+", "-"), lambda: self.chain(("*", "/", "%"), self.minus))
        sign = self.accept(*COMPARISONS)
        if sign is None:
            return left
        return _compared(sign, left, self.chain(("+", "-"), lambda: self.chain(("*", "/", "%"), self.minus)))

    def chain(self, signs: Sequence[str], operand: Callable[[], Value]) -> Value:
        found = operand()
        while sign := self.accept(*signs):
            found = self.bounded(ARITHMETIC[sign](found, operand()))
        return found

    def bounded(self, value: Value) -> Value:
        """A value whose SQL has not grown out of hand: operands are written once for each form of the result."""
        if len(value.kind) + len(value.text) + len(value.number) > MAX_SQL:
            raise BadQuery("The formula of the custom property is too long.")
        return value

    def minus(self) -> Value:
        turns = 0
        while self.accept("-"):
            turns += 1
        found = self.primary()
        return numeric(f"({'-' if turns % 2 else '+'} {found.number})") if turns else found

    def primary(self) -> Value:
        if self.accept("("):
            found = self.expression()
            if not self.accept(")"):
                raise self.unreadable()
            return found
        if self.place == len(self.tokens) or self.tokens[self.place][0] == "sign":
            raise self.unreadable()
        kind, found_text = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return numeric(f"CAST({self.bind(float(found_text))} AS DOUBLE)")
        if kind == "quoted":
            return textual(f"CAST({self.bind(ESCAPE.sub(_unescaped, found_text[1:-1]))} AS VARCHAR)")
        if self.accept("("):
            return self.call(found_text.lower())
        return self.named(found_text)

    def named(self, name: str) -> Value:
        if name in self.letters:
            return self.letters[name]
        constants = {"true": logical("true"), "false": logical("false"), "null": NOT_SET, "undefined": NOT_SET}
        if name.lower() not in constants:
            raise BadQuery(f"The formula {self.formula!r} names {name!r}, which is no property of it.")
        return constants[name.lower()]

    def call(self, name: str) -> Value:
        arguments: list[Value] = []
        if not self.accept(")"):
            arguments.append(self.expression())
            while self.accept(","):
                arguments.append(self.expression())
            if not self.accept(")"):
                raise self.unreadable()
        if name not in FUNCTIONS:
            raise Unsupported(f"the custom property function {name}()")
        count, function = FUNCTIONS[name]
        if len(arguments) != count:
            raise BadQuery(f"{name}() takes {count} argument(s), not {len(arguments)}.")
        return self.bounded(function(*arguments))
