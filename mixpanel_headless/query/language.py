"""The expression language of `where`, `on`, selectors and custom properties: text to a tree that knows its places.

    or      := and ("or" and)*          and     := not ("and" not)*         not := "not" not | compare
    compare := sum (("==" | "!=" | ">" | ">=" | "<" | "<=" | "in") sum)?
    sum     := term (("+" | "-") term)*  term    := unary (("*" | "/" | "%") unary)*
    unary   := "-" unary | primary
    primary := string | number | name | name "[" string "]" | name "(" or ("," or)* ")"
             | "[" (or ("," or)*)? "]" | "(" or ")"

Words may be written in any case; a string stands in double or single quotes, with `\\` before a quote or itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from mixpanel_headless.errors import BadQuery, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|<=|>=|[-+*/%()<>,\[\]])""",
    re.DOTALL,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
COMPARISONS = ("==", "!=", ">=", "<=", ">", "<", "in")
KEYWORDS = frozenset({"and", "or", "not", "in"})
MAX_LENGTH = 200_000
MAX_DEPTH = 40
MAX_SIGNS = 200
"""Arithmetic and prefixes of one expression: in SQL each stands inside the next, however flat the tree is."""


@attrs.frozen
class Token:
    """A piece of the text and the character at which it begins, from 1."""

    kind: str
    text: str
    place: int

    @property
    def shown(self) -> str:
        return "the end" if self.kind == "end" else shown(self.text)


@attrs.frozen
class Literal:
    """A string or a number."""

    value: str | float
    place: int


MEANT = {"=": "==", "&": "and", "|": "or", "!": "not"}
"""What signs of other languages are here."""


@attrs.frozen
class Name:
    """A word that stands alone: `true`, `NOW`, the letter of a property."""

    name: str
    place: int


@attrs.frozen
class Access:
    """A property: `properties["plan"]`."""

    source: str
    name: str
    place: int


@attrs.frozen
class Items:
    """A list in brackets."""

    items: Sequence[Node]
    place: int


@attrs.frozen
class Call:
    """A function of its arguments; the name in small letters."""

    name: str
    arguments: Sequence[Node]
    place: int


@attrs.frozen
class Prefix:
    """`not` or `-` before an operand."""

    sign: str
    operand: Node
    place: int


@attrs.frozen
class Compare:
    """Two operands and what is asked about them."""

    sign: str
    left: Node
    right: Node
    place: int


@attrs.frozen
class Chain:
    """Operands joined from left to right by operators of one rank: flat, however long it is."""

    first: Node
    rest: Sequence[tuple[str, Node]]
    place: int


Node = Literal | Name | Access | Items | Call | Prefix | Compare | Chain


def unreadable(what: str, place: int, problem: str) -> BadQuery:
    """The error for an expression, with the place in it, from 1, where it stops making sense."""
    return BadQuery(f"{what}, character {place}: {problem}.", details={"parameter": what, "position": place})


def parse(text: str, what: str) -> Node:
    """The tree of an expression; BadQuery names the parameter `what` and the place that cannot be read."""
    if len(text) > MAX_LENGTH:
        raise BadQuery(f"{what} is longer than {MAX_LENGTH} characters.")
    parser = _Parser(what, list(_tokens(text, what)))
    found = parser.any_of()
    if parser.token.kind != "end":
        known = f" ({', '.join((*COMPARISONS, 'and', 'or'))})" if parser.token.kind == "word" else ""
        raise parser.expected(f"an operator{known} or the end")
    return found


def _tokens(text: str, what: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise unreadable(what, place + 1, misplaced(text[place]))
        if match.lastgroup != "space":
            yield Token(match.lastgroup, match[0], place + 1)
        place = match.end()
    yield Token("end", "", len(text) + 1)


def misplaced(sign: str) -> str:
    """What is wrong with a sign that begins nothing, and what may have been meant."""
    if sign in "\"'":
        return "a string without its end"
    return f"{sign!r} means nothing here" + (f"; write {MEANT[sign]!r}" if sign in MEANT else "")


@attrs.define
class _Parser:
    """Recursive descent, one method a rank; `token` is the next one."""

    what: str
    tokens: Sequence[Token]
    at: int = 0
    depth: int = 0
    signs: int = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def expected(self, wanted: str) -> BadQuery:
        return unreadable(self.what, self.token.place, f"expected {wanted}, found {self.token.shown}")

    def accept(self, *wanted: str) -> str | None:
        text = self.token.text.lower() if self.token.kind == "word" else self.token.text
        if self.token.kind not in {"sign", "word"} or text not in wanted:
            return None
        self.at += 1
        return text

    def require(self, sign: str) -> None:
        if not self.accept(sign):
            raise self.expected(f"{sign!r}")

    def chain(self, operand: Callable[[], Node], *signs: str) -> Node:
        place, first, rest = self.token.place, operand(), []
        while sign := self.accept(*signs):
            rest.append((sign, operand()))
        return Chain(first, rest, place) if rest else first

    def arithmetic(self, operand: Callable[[], Node], *signs: str) -> Node:
        found = self.chain(operand, *signs)
        if isinstance(found, Chain):
            self.count_signs(len(found.rest), found.place)
        return found

    def count_signs(self, number: int, place: int) -> None:
        self.signs += number
        if self.signs > MAX_SIGNS:
            raise unreadable(self.what, place, f"more than {MAX_SIGNS} signs of arithmetic, or times 'not'")

    def any_of(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise unreadable(self.what, self.token.place, f"nested deeper than {MAX_DEPTH} levels")
        found = self.chain(self.all_of, "or")
        self.depth -= 1
        return found

    def all_of(self) -> Node:
        return self.chain(self.negation, "and")

    def prefixed(self, sign: str, operand: Callable[[], Node]) -> Node:
        """An operand under any number of equal prefixes; two of them are kept apart, as types may matter."""
        places = []
        while self.token.text.lower() == sign:
            places.append(self.token.place)
            self.count_signs(1, self.token.place)
            self.at += 1
        found = operand()
        for place in reversed(places):
            found = Prefix(sign, found, place)
        return found

    def negation(self) -> Node:
        return self.prefixed("not", self.comparison)

    def comparison(self) -> Node:
        left, place = self.sum(), self.token.place
        sign = self.accept(*COMPARISONS)
        return Compare(sign, left, self.sum(), place) if sign else left

    def sum(self) -> Node:
        return self.arithmetic(self.term, "+", "-")

    def term(self) -> Node:
        return self.arithmetic(lambda: self.prefixed("-", self.primary), "*", "/", "%")

    def primary(self) -> Node:
        token = self.token
        if self.accept("("):
            found = self.any_of()
            if self.token.text == ",":
                raise unreadable(self.what, self.token.place, 'a list stands in square brackets, such as ["DE", "US"]')
            self.require(")")
            return found
        if self.accept("["):
            return Items(self.listed("]"), token.place)
        if token.kind in {"sign", "end"} or (token.kind == "word" and token.text.lower() in KEYWORDS):
            raise self.expected("a value")
        self.at += 1
        if token.kind == "number":
            return Literal(float(token.text), token.place)
        return Literal(_unquoted(token.text), token.place) if token.kind == "quoted" else self.named(token)

    def named(self, word: Token) -> Node:
        if self.accept("("):
            return Call(word.text.lower(), self.listed(")"), word.place)
        if not self.accept("["):
            return Name(word.text, word.place)
        name = self.token
        if name.kind != "quoted":
            raise self.expected("the name of a property in quotes")
        self.at += 1
        self.require("]")
        return Access(word.text, _unquoted(name.text), word.place)

    def listed(self, end: str) -> Sequence[Node]:
        """What stands between commas, up to the closing sign."""
        found: list[Node] = []
        if not self.accept(end):
            found.append(self.any_of())
            while self.accept(","):
                found.append(self.any_of())
            self.require(end)
        return found


def _unquoted(quoted: str) -> str:
    return ESCAPE.sub(lambda match: match[1], quoted[1:-1])
