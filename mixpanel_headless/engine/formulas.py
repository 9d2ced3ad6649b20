"""Formulas over metrics: `(B / A) * 100` as a tree, evaluated point by point."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from .errors import BadQuery
from .measures import tidy

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z]+)|(?P<sign>[-+*/()]))")
MAX_DEPTH = 100
Number = int | float | None


@attrs.frozen
class Formula:
    """A parsed formula: the metrics it names, and its value for numbers in their place."""

    names: frozenset[str]
    value: Callable[[Mapping[str, Number]], Number]


def parse(text: Any) -> Formula:
    """The formula that `text` spells: + - * / with the usual precedence, parentheses, numbers and letters."""
    if not isinstance(text, str):
        raise BadQuery("A formula needs a definition.")
    parser = _Parser(list(_tokens(text)))
    value = parser.sum()
    if parser.place < len(parser.tokens):
        raise BadQuery(f"The formula {text!r} cannot be read at {parser.tokens[parser.place][1]!r}.")
    return Formula(frozenset(parser.names), lambda numbers: _tidied(value(numbers)))


def _tidied(number: Number) -> Number:
    return tidy(number) if isinstance(number, float) else number


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place, text = 0, text.rstrip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found or found.lastgroup is None:
            raise BadQuery(f"The formula {text!r} cannot be read at {text[place:]!r}.")
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()


Evaluator = Callable[[Mapping[str, Number]], Number]


@attrs.define
class _Parser:
    tokens: list[tuple[str, str]]
    place: int = 0
    depth: int = 0
    names: set[str] = attrs.field(factory=set)

    def sign(self, wanted: str) -> str | None:
        if self.place < len(self.tokens):
            kind, text = self.tokens[self.place]
            if kind == "sign" and text in wanted:
                self.place += 1
                return text
        return None

    def sum(self) -> Evaluator:
        left = self.product()
        while sign := self.sign("+-"):
            left = _binary(sign, left, self.product())
        return left

    def product(self) -> Evaluator:
        left = self.unary()
        while sign := self.sign("*/"):
            left = _binary(sign, left, self.unary())
        return left

    def unary(self) -> Evaluator:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadQuery("The formula is nested too deeply.")
        sign = self.sign("+-")
        found = self.unary() if sign else self.primary()
        self.depth -= 1
        return _binary("-", _constant(0), found) if sign == "-" else found

    def primary(self) -> Evaluator:
        if self.sign("("):
            inner = self.sum()
            if not self.sign(")"):
                raise BadQuery("The formula lacks a closing parenthesis.")
            return inner
        if self.place == len(self.tokens):
            raise BadQuery("The formula ends too early.")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return _constant(float(text))
        if kind != "name":
            raise BadQuery(f"The formula has {text!r} where a metric or a number belongs.")
        name = text.upper()
        self.names.add(name)
        return lambda numbers: numbers[name]


def _constant(number: float) -> Evaluator:
    return lambda _: number


def _binary(sign: str, left: Evaluator, right: Evaluator) -> Evaluator:
    def value(numbers: Mapping[str, Number]) -> Number:
        a, b = left(numbers), right(numbers)
        return None if a is None or b is None else _apply(sign, a, b)

    return value


def _apply(sign: str, a: float, b: float) -> Number:
    """Division by zero is 0 for a numerator of 0, else nothing."""
    try:
        if sign == "+":
            return a + b
        if sign == "-":
            return a - b
        if sign == "*":
            return a * b
        return a / b if b else (0 if a == 0 else None)
    except OverflowError:
        return None
