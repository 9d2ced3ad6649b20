"""Questions that differ in the names of their events alone: built and checked once, then filled in."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from .dates import today
from .fields import as_tuple
from .names import is_no_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Build = TypeVar("Build", bound="Callable[..., dict[str, Any]]")
PLAIN = frozenset({str, int, float, bool, type(None), dt.date})
KNOWN_PATTERNS = 256
"""How many patterns are remembered; each is the JSON of one bookmark."""


def plain_key(args: tuple[object, ...], kwargs: Mapping[str, object]) -> object | None:
    """Arguments as a key that tells 1, 1.0 and True apart; None when one is not a plain value, and so may change."""
    values = (*args, *kwargs.values())
    kinds = tuple(map(type, values))
    return (values, kinds, *kwargs) if PLAIN.issuperset(kinds) else None


def by_pattern(build: Build) -> Build:
    """The same builder of bookmarks, but plain names in place of others are put into what was built and checked before.

    Nothing in a report depends on what its events are called, as long as they have names, so of all arguments only the
    others decide what else the bookmark holds and whether it is sound. They make the pattern if they are plain values.
    """
    patterns: dict[object, bytes] = {}

    @functools.wraps(build)
    def build_or_fill(events: Any, **others: Any) -> dict[str, Any]:
        names = as_tuple(events)
        key = None if any(map(is_no_name, names)) else plain_key((), others)
        if key is None:
            return build(events, **others)
        key = (len(names), today(), key)
        if (pattern := patterns.get(key)) is not None:
            return fill(pattern, names)
        params = build(events, **others)
        if len(patterns) >= KNOWN_PATTERNS:
            patterns.clear()
        patterns[key] = msgspec.json.encode(params)
        return params

    return cast("Build", build_or_fill)


def fill(pattern: bytes, names: tuple[str, ...]) -> dict[str, Any]:
    """The bookmark of a pattern with these names for its events, which are the first that it shows."""
    params: dict[str, Any] = msgspec.json.decode(pattern)
    for clause, name in zip(params["sections"]["show"], names, strict=False):  # formulas come after the events
        clause["behavior"]["name"] = name
    return params
