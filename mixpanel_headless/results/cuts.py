"""Nested answers as flat lists: each part of a funnel or a retention with the date and the segments it belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from .table import OVERALL, WHOLE_RANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
Keys = tuple[str, ...]
BETWEEN_LEVELS = " / "
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T.*)?", re.ASCII)


@attrs.frozen
class Cut(Generic[T]):
    """One part of an answer; without a date it is that of the whole range, without segments that of everybody."""

    name: str
    date: str | None
    segments: Keys
    value: T

    @property
    def is_overall(self) -> bool:
        """Whether it is that of everybody."""
        return not self.label

    @property
    def label(self) -> str:
        """Its segments in one text, empty for everybody."""
        return BETWEEN_LEVELS.join(segment for segment in self.segments if segment != OVERALL)

    def padded(self, depth: int) -> Keys:
        """Its segments on so many levels; those that it does not have are overall."""
        return (*self.segments, *(OVERALL,) * (depth - len(self.segments)))


def find_cuts(
    series: Any, headers: Sequence[Any], read: Callable[[Any], T | None], dates: Callable[[str], bool]
) -> list[Cut[T]]:
    """Every part of a series that `read` knows, in the answer's order; `dates` tells which keys can be dates.

    Levels are the name of the metric, unless the series begins below it, then breakdowns, and dates before or after them.
    """
    parts = list(_parts(series, read))
    named = bool(parts) and all(keys for keys, _ in parts) and OVERALL not in series and not all(map(dates, series))
    paths = [keys[named:] for keys, _ in parts]
    place = _date_place(paths, len(headers) - 1, dates)
    return [
        Cut(keys[0] if named else "", *_placed(path, place), value)
        for (keys, value), path in zip(parts, paths, strict=True)
    ]


def is_date(key: str) -> bool:
    """Whether a key of a series is a day or a moment."""
    return _DATE.fullmatch(key) is not None


def is_trend(series: Any) -> bool:
    """Whether a series is one number a date: its innermost keys are dates, or `all`."""
    innermost = [keys[-1] for keys, _ in _parts(series, _leaf) if keys]
    return bool(innermost) and all(key == WHOLE_RANGE or is_date(key) for key in innermost)


def _parts(series: Any, read: Callable[[Any], T | None]) -> Iterator[tuple[Keys, T]]:
    pending: list[tuple[Keys, Any]] = [((), series)]
    while pending:
        keys, node = pending.pop()
        part = read(node)
        if part is not None:
            yield keys, part
        elif isinstance(node, dict):
            pending.extend(reversed([((*keys, key), child) for key, child in node.items()]))


def _leaf(node: Any) -> tuple[Any] | None:
    return None if isinstance(node, dict) else (node,)


def _date_place(paths: Sequence[Keys], breakdowns: int, dates: Callable[[str], bool]) -> int | None:
    """Where in a path its date stands: last, or first; nowhere if the breakdowns account for every level."""
    if 0 < max(map(len, paths), default=0) <= breakdowns:
        return None
    for place in (-1, 0):
        keys = {path[place] for path in paths if path} - {OVERALL}
        if keys and all(map(dates, keys)):
            return place
    return None


def _placed(path: Keys, place: int | None) -> tuple[str | None, Keys]:
    if place is None or not path or path[place] == OVERALL:
        return None, path
    return path[place], path[1:] if place == 0 else path[:-1]
