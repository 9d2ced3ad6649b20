"""The arithmetic of formulas: letters of metrics, numbers, + - * / ^ and parentheses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOKEN = re.compile(r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z]+)|(?P<sign>[-+*/^()]))")
INCOMPLETE = "is no complete formula of letters, numbers, + - * / ^ and parentheses"


class Token(NamedTuple):
    """A `number`, a `name`, a `sign`, or a `stray` character with which nothing begins."""

    kind: str
    text: str


def read_tokens(expression: str) -> list[Token] | None:
    """The tokens of an expression; None if they make no complete one."""
    tokens = list(_tokens(expression))
    return tokens if _is_complete(tokens) else None


def _tokens(expression: str) -> Iterator[Token]:
    place, end = 0, len(expression.rstrip())
    while place < end:
        match = TOKEN.match(expression, place, end)
        if match is None or match.lastgroup is None:
            yield Token("stray", expression[place])
            return
        yield Token(match.lastgroup, match[match.lastgroup])
        place = match.end()


def _is_complete(tokens: Sequence[Token]) -> bool:
    """Operands and operators take turns, and parentheses pair up; signs may come before an operand."""
    wants_operand, depth = True, 0
    for kind, text in tokens:
        if kind in {"number", "name"} or text == "(":
            if not wants_operand:
                return False
            depth += text == "("
            wants_operand = text == "("
        elif wants_operand:
            if text not in {"+", "-"}:
                return False
        elif text == ")":
            depth -= 1
            if depth < 0:
                return False
        elif kind == "sign":
            wants_operand = True
        else:
            return False
    return not wants_operand and depth == 0
