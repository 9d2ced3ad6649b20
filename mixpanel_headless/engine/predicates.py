"""Expressions as SQL over the current row: a condition for `where`, a value for `on`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING

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

from .terms import (
    FUNCTIONS,
    LIST,
    MOMENT,
    NUMBER,
    TEXT,
    TRUTH,
    Term,
    arithmetic,
    contained,
    equal,
    negated,
    ordered,
    property_term,
)
from .times import to_ms

if TYPE_CHECKING:
    from .expressions import Value
    from .scopes import EventScope, PersonScope, Scope

    RowScope = EventScope | PersonScope

Source = Callable[[str], "Value"]


def where_condition(text: str, scope: RowScope, what: str = "where", **sources: Source) -> str:
    """SQL that is true where the expression is true, else false; an empty text holds everywhere."""
    return read_term(text, scope, what, **sources).truth if text.strip() else "true"


def read_term(text: str, scope: RowScope, what: str, **sources: Source) -> Term:
    """The value of an expression in the current row; BadQuery names the parameter `what` and the place.

    `sources` are accessors beside those that the scope knows.
    """
    return Reader(scope, what, {**scope.accessors, **sources}).term(parse(text, what))


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
