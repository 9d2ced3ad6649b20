"""Conditions as people type them: expressions of the service's language, as far as reports can ask for the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mixpanel_headless.errors import BadQuery, ParamValidationError
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.language import Access, Call, Chain, Compare, Items, Literal, Name, Prefix, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_headless.query.language import Node

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CONSTANTS = {"true": True, "false": False}
NOTHING = frozenset({"null", "undefined"})
MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
OPPOSITES = {"==": "!=", "!=": "=="}
NUMBERS: dict[str, Callable[..., Filter]] = {
    ">": Filter.greater_than,
    "<": Filter.less_than,
    ">=": Filter.at_least,
    "<=": Filter.at_most,
}
DAYS: dict[str, Callable[..., Filter]] = {"<": Filter.before, ">=": Filter.since}
EXAMPLE = 'country == "DE" and amount >= 10'


def read_conditions(text: str, what: str) -> list[Filter]:
    """The filters that an expression stands for, all of which must hold.

    Raises ParamValidationError for a part that no filter of a report says, with the way out; BadQuery for what is no
    expression.
    """
    return list(Reader(what).conditions(parse(text, what)))


def read_conditions_or_selector(text: str, what: str) -> list[Filter] | str:
    """The filters of an expression that names a property by its name alone, which no selector of the service does; else the text."""
    reader = Reader(what)
    try:
        found = list(reader.conditions(parse(text, what)))
    except (ParamValidationError, BadQuery):
        if reader.names_alone:
            raise
        return text
    return found if reader.names_alone else text


class Reader:
    """Expressions to filters; `what` names the argument in errors."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.names_alone = False
        """Whether a property was called by its name, not as one of the event or the user."""

    def refuse(self, node: Node, problem: str, hint: str) -> ParamValidationError:
        """The error for a part of an expression."""
        return ParamValidationError(
            f"{self.what}, character {node.place}: {problem}.", "CONDITION_NOT_POSSIBLE", path=self.what, hint=hint
        )

    def conditions(self, node: Node) -> Iterator[Filter]:
        """The filters for a tree."""
        if isinstance(node, Chain) and all(sign == "and" for sign, _ in node.rest):
            for part in (node.first, *(part for _, part in node.rest)):
                yield from self.conditions(part)
        elif isinstance(node, Chain) and all(sign == "or" for sign, _ in node.rest):
            yield self.any_of(node)
        elif isinstance(node, Compare):
            yield self.comparison(node, node.sign, negated=False)
        elif isinstance(node, Prefix) and node.sign == "not":
            yield self.negation(node)
        elif isinstance(node, Call) and node.name == "defined":
            yield self.presence(node, Filter.is_set)
        else:
            raise self.refuse(node, "that is no condition of a report", f"Compare a property, such as {EXAMPLE}.")

    def any_of(self, node: Chain) -> Filter:
        """Several values of one property, which is the only `or` that a condition of a report has."""
        parts = (node.first, *(part for _, part in node.rest))
        equal = [part for part in parts if isinstance(part, Compare) and part.sign == "=="]
        sources = [self.source(part.left) for part in equal if self.names(part.left)]
        if len(sources) == len(parts) and len({str(one) for one in sources}) == 1:
            values = [self.value(part.right) for part in equal]
            return Filter.equals(sources[0][0], values, resource_type=sources[0][1])
        hint = (
            'Ask for values of one property as country in ["DE", "US"], for a metric or step with'
            ' {"filters": [...], "filters_combinator": "any"}, or for a cohort of those users.'
        )
        raise self.refuse(node, "`or` between different properties is no condition of a report", hint)

    def negation(self, node: Prefix) -> Filter:
        """What `not` stands before, if a filter says the opposite."""
        inner = node.operand
        if isinstance(inner, Call) and inner.name == "defined":
            return self.presence(inner, Filter.is_not_set)
        if isinstance(inner, Compare) and inner.sign in OPPOSITES:
            return self.comparison(inner, OPPOSITES[inner.sign], negated=False)
        if isinstance(inner, Compare) and inner.sign == "in":
            return self.comparison(inner, "in", negated=True)
        hint = "Write the opposite out, such as amount < 10; `not` goes before defined(...), in and ==."
        raise self.refuse(node, "this cannot be negated in a report", hint)

    def presence(self, node: Call, make: Callable[..., Filter]) -> Filter:
        """`defined(...)` of one property."""
        if len(node.arguments) != 1:
            raise self.refuse(node, "defined takes one property", "Write defined(country).")
        name, resource = self.source(node.arguments[0])
        return make(name, resource_type=resource)

    def comparison(self, node: Compare, sign: str, *, negated: bool) -> Filter:
        """A property beside a value, whichever stands first."""
        left, right = node.left, node.right
        if sign == "in":
            return self.membership(left, right, negated=negated)
        if not self.names(left) and self.names(right):
            left, right, sign = right, left, MIRRORED[sign]
        name, resource = self.source(left)
        value = self.value(right)
        if sign in OPPOSITES:
            make: Callable[..., Filter] = Filter.equals if sign == "==" else Filter.not_equals
            return make(name, value, resource_type=resource)
        if isinstance(value, str):
            return self.moment(node, sign, name, value, resource)
        if isinstance(value, bool):
            raise self.refuse(node, "true and false have no order", f"Write {name} == true.")
        return NUMBERS[sign](name, value, resource_type=resource)

    def moment(self, node: Compare, sign: str, name: str, value: str, resource: Any) -> Filter:
        """A time beside a day."""
        if not DAY.fullmatch(value):
            raise self.refuse(node, f"{value!r} is neither a number nor a day", "Write a number, or YYYY-MM-DD.")
        if sign not in DAYS:
            raise self.refuse(node, f"days are compared with < and >=, not with {sign}", "Write it with the day after.")
        return DAYS[sign](name, value, resource_type=resource)

    def membership(self, left: Node, right: Node, *, negated: bool) -> Filter:
        """A property that is one of several values, or a text inside a property."""
        if isinstance(right, Items):
            name, resource = self.source(left)
            values = [self.value(item) for item in right.items]
            make: Callable[..., Filter] = Filter.not_equals if negated else Filter.equals
            return make(name, values, resource_type=resource)
        name, resource = self.source(right)
        make = Filter.not_contains if negated else Filter.contains
        return make(name, self.value(left), resource_type=resource)

    def names(self, node: Node) -> bool:
        """Whether this is a property."""
        return isinstance(node, Access) or (
            isinstance(node, Name) and node.name.lower() not in CONSTANTS and node.name.lower() not in NOTHING
        )

    def source(self, node: Node) -> tuple[str, Any]:
        """The name of a property, and whose it is."""
        if isinstance(node, Access) and node.source in {"properties", "event"}:
            return node.name, "events"
        if isinstance(node, Access) and node.source == "user":
            return node.name, "people"
        if isinstance(node, Name) and self.names(node):
            self.names_alone = True
            return node.name, "events"
        hint = 'Name it as country, properties["Plan Type"] or user["plan"]; a formula over properties is JSON: '
        hint += '{"equals": [{"formula": ..., "inputs": ...}, 5]}.'
        raise self.refuse(node, "this is no property", hint)

    def value(self, node: Node) -> Any:
        """A text, a number, true or false."""
        if isinstance(node, Literal):
            return int(node.value) if isinstance(node.value, float) and node.value.is_integer() else node.value
        if isinstance(node, Prefix) and node.sign == "-" and isinstance(node.operand, Literal):
            value = self.value(node.operand)
            if not isinstance(value, str):
                return -value
        if isinstance(node, Name) and node.name.lower() in CONSTANTS:
            return CONSTANTS[node.name.lower()]
        if isinstance(node, Name) and node.name.lower() in NOTHING:
            raise self.refuse(node, "nothing equals nothing", "Write defined(country) or not defined(country).")
        raise self.refuse(node, "this is no value", 'Put text in quotes, such as country == "DE".')
