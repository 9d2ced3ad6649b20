"""Conditions for questions, each in equal spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.filters import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.cli.demo.survey import EventFacts


@attrs.frozen
class Condition:
    """What a question is narrowed to, in words and as equal values of `where`."""

    text: str = ""
    spellings: tuple[Any, ...] = ()


NOWHERE = Condition()


def conditions_of(event: EventFacts) -> Iterator[Condition]:
    """Conditions that an event's properties allow: one value, one of two, above the middle, and both."""
    for text in event.texts:
        first, second = text.values[:2]
        one = Filter.equals(text.name, first)
        yield Condition(f" where {text.name} is {first}", (one, [one], Filter.equals(text.name, [first, first])))
        two = Filter.equals(text.name, [first, second])
        other = Filter.equals(text.name, [second, first, second])
        yield Condition(f" where {text.name} is {first} or {second}", (two, [two], other))
    for number in event.numbers:
        above = Filter.greater_than(number.name, number.middle)
        yield Condition(
            f" where {number.name} > {number.middle:g}", (above, [above], greater_as_float(number.name, number.middle))
        )
    for text, number in zip(event.texts, event.numbers, strict=False):
        one, above = Filter.equals(text.name, text.values[0]), Filter.greater_than(number.name, number.middle)
        words = f" where {text.name} is {text.values[0]} and {number.name} > {number.middle:g}"
        yield Condition(words, ([one, above], (one, above), [above, one]))


def greater_as_float(name: str, middle: float) -> Filter:
    """The same bound as a whole number if it is one, since 1 and 1.0 are equal."""
    return Filter.greater_than(name, int(middle) if middle.is_integer() else middle)
