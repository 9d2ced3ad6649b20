"""Questions that differ in the names of their events alone: built and checked once, then filled in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, TypeVar

import attrs
import msgspec

from mixpanel_headless.errors import InvalidArgumentError
from request_scheduler.value import value

from .canonical import canonical_params
from .closing import last_day
from .dates import today
from .fields import as_tuple
from .names import is_no_name

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
E = TypeVar("E")
V = TypeVar("V")
PLAIN = frozenset({str, int, float, bool, type(None), dt.date})
KNOWN_PATTERNS = 256
"""How many patterns are remembered; each is the JSON of one bookmark, twice."""
PARAMS_HINT: Final = "Give what build_params, or its like for other reports, returns."
GAP: Final = "\0event\0"
"""Stands for a name in a pattern; control characters are in no name, so nothing else is written like it."""


def plain_key(args: tuple[object, ...], kwargs: Mapping[str, object]) -> object | None:
    """Arguments as a key that tells 1, 1.0 and True apart; None when one is not a plain value, and so may change."""
    values = (*args, *kwargs.values())
    kinds = tuple(map(type, values))
    return (values, kinds, *kwargs) if PLAIN.issuperset(kinds) else None


class Recurring(Generic[V]):
    """A bounded memory of what comes again: a value is kept when its key comes for the second time.

    Most questions of a batch never come again, and to keep those would cost more than to make the others twice: all that
    is kept is walked over by the garbage collector.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._met: set[int] = set()
        self._kept: dict[object, V] = {}

    def find(self, key: object) -> V | None:
        """What is kept."""
        return self._kept.get(key)

    def note(self, key: object, value: V) -> None:
        """Take in that a value was made for a key."""
        mark = hash(key)
        if mark in self._met:
            if len(self._kept) >= self.most:
                self._kept.clear()
            self._kept[key] = value
        else:
            if len(self._met) >= self.most:
                self._met.clear()
            self._met.add(mark)


@value
class Question:
    """A bookmark on its way to the service: its JSON, what all of its spellings share, and the day it closes on.

    `last_day` is the last day whose events can change the answer, None when it moves with the clock or is not known.
    """

    bookmark: bytes
    canonical: bytes
    last_day: str | None


def question_of(params: Mapping[str, Any]) -> Question:
    """The question that a bookmark asks, as it is now; later changes of the original change nothing."""
    return Question(msgspec.json.encode(params), canonical_params(params), last_day(params))


def read_question(params: object) -> Question:
    """The question of a bookmark that a caller gives; raises InvalidArgumentError for what is none."""
    if not isinstance(params, Mapping):
        raise InvalidArgumentError(f"params is a {type(params).__name__}, not a mapping.", hint=PARAMS_HINT)
    try:
        return question_of(params)
    except RecursionError:
        raise InvalidArgumentError("params is nested too deep, or holds itself.", hint=PARAMS_HINT) from None
    except (ValueError, TypeError) as error:
        raise InvalidArgumentError(f"params cannot be written as JSON: {error}.", hint=PARAMS_HINT) from None


def by_pattern(build: Callable[Concatenate[E, P], dict[str, Any]]) -> Callable[Concatenate[E, P], Question]:
    """From a builder of bookmarks, a maker of questions that puts plain names into what was built and checked before.

    Nothing in a report depends on what its events are called, as long as they have names, so of all arguments only the
    others decide what else the bookmark holds and whether it is sound. They make the pattern if they are plain values.
    """
    patterns: dict[object, Pattern] = {}

    def ask(events: E, /, *args: P.args, **others: P.kwargs) -> Question:
        names = as_tuple(events)
        key = None if any(map(is_no_name, names)) else plain_key(args, others)
        if key is None or GAP in others.values():
            return question_of(build(events, *args, **others))
        key = (len(names), today(), key)
        pattern = patterns.get(key)
        if pattern is None:
            pattern = pattern_of(build(events, *args, **others), len(names))
            if len(patterns) >= KNOWN_PATTERNS:
                patterns.clear()
            patterns[key] = pattern
        return pattern.fill(names)

    return ask


@attrs.frozen
class Pattern:
    """A question with gaps for the names of its events: both forms of its JSON, as formats."""

    bookmark: bytes
    canonical: bytes
    last_day: str | None

    def fill(self, names: tuple[str, ...]) -> Question:
        """The question about these events."""
        texts = tuple(map(msgspec.json.encode, names))
        return Question(self.bookmark % texts, self.canonical % texts, self.last_day)


def pattern_of(params: dict[str, Any], events: int) -> Pattern:
    """The pattern of a bookmark whose first `events` metrics are plain names; this changes the bookmark."""
    for clause in params["sections"]["show"][:events]:
        clause["behavior"]["name"] = GAP
    question = question_of(params)
    return Pattern(as_format(question.bookmark), as_format(question.canonical), question.last_day)


def as_format(text: bytes) -> bytes:
    """JSON with a place for each gap, ready for `%`."""
    return text.replace(b"%", b"%%").replace(msgspec.json.encode(GAP), b"%b")
