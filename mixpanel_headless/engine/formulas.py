"""Formulas over metrics: `(B / A) * 100`, evaluated point by point."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import shown
from mixpanel_headless.query.arithmetic import INCOMPLETE, Token, read_tokens

from .errors import BadQuery
from .measures import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Number = int | float | None
NEGATED = "negated"
"""The sign before an operand, which is no subtraction."""
RANKS = {"(": 0, "+": 1, "-": 1, "*": 2, "/": 2, NEGATED: 3, "^": 4}
OPERATIONS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if a else 0.0,  # nothing of nothing is 0, as the service has it
    "^": math.pow,
}


@attrs.frozen
class Formula:
    """A parsed formula: numbers, letters of metrics, and operators, each after its operands."""

    steps: Sequence[float | str]
    names: frozenset[str]

    def value(self, numbers: Mapping[str, Number]) -> Number:
        """The value for numbers in place of the letters; None when one that is needed is, and for what is no finite number."""
        stack: list[float | None] = []
        for step in self.steps:
            if isinstance(step, float):
                stack.append(step)
            elif step in self.names:
                number = numbers[step]
                stack.append(None if number is None else float(number))
            else:
                right = stack.pop()
                left, sign = (0.0, "-") if step == NEGATED else (stack.pop(), step)
                stack.append(None if left is None or right is None else _apply(sign, left, right))
        (found,) = stack
        return None if found is None else tidy(found)


def parse(text: Any) -> Formula:
    """The formula that `text` spells, with the usual precedence; `^` binds from right to left, and before a minus."""
    if not isinstance(text, str):
        raise BadQuery("A formula needs a definition.")
    tokens = read_tokens(text)
    if tokens is None:
        raise BadQuery(f"{shown(text)} {INCOMPLETE}.")
    names = frozenset(token.text.upper() for token in tokens if token.kind == "name")
    return Formula(tuple(_steps(tokens)), names)


def _steps(tokens: Sequence[Token]) -> Iterator[float | str]:
    """Complete tokens as steps: an operator waits for those of higher rank (Dijkstra's shunting yard)."""
    waiting: list[str] = []
    after_operand = False
    for kind, text in tokens:
        if kind == "number":
            yield float(text)
        elif kind == "name":
            yield text.upper()
        elif text == "(":
            waiting.append(text)
        elif text == ")":
            while (sign := waiting.pop()) != "(":
                yield sign
        elif after_operand:
            while waiting and RANKS[waiting[-1]] >= RANKS[text] + (text == "^"):
                yield waiting.pop()
            waiting.append(text)
        elif text == "-":
            waiting.append(NEGATED)
        after_operand = kind != "sign" or text == ")"
    yield from reversed(waiting)


def _apply(sign: str, left: float, right: float) -> float | None:
    """None for what is no number: a division by zero, the root of a negative number, too large a power."""
    try:
        return OPERATIONS[sign](left, right)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
