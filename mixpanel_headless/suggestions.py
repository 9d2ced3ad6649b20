"""What somebody may have meant by a word that does not exist, and how an error asks it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_SIMILAR = 5


def nearest(word: object, known: Iterable[str]) -> list[str] | None:
    """The known words most like this one, best first, or None when none is near.

    A list of suggestions may reach further than a sentence that asks whether a word was meant: half the letters do.
    """
    return _alike(word, known, 0.5) or None


def similar_names(name: str, known: Sequence[str]) -> list[str]:
    """The nearest known names: equal but for case; else those that contain it; else those that share most words."""
    folded = name.casefold()
    if same := [other for other in known if other.casefold() == folded]:
        return same
    if around := sorted((other for other in known if folded in other.casefold()), key=len):
        return around[:MOST_SIMILAR]
    words = split_words(name)
    shared = [(len(words & split_words(other)), other) for other in known]
    ranked = sorted((pair for pair in shared if pair[0]), key=lambda pair: (-pair[0], len(pair[1])))
    return [other for _, other in ranked[:MOST_SIMILAR]]


def split_words(name: str) -> set[str]:
    return {word for word in re.split(r"[\s_-]+", name.casefold()) if word}


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a complaint about this word, `; did you mean 'day'?`; nothing where no known word is near."""
    return ask_for(_alike(word, known, 0.6))


def _alike(word: object, known: Iterable[str], likeness: float) -> list[str]:
    from difflib import get_close_matches  # only a mistake needs it

    return get_close_matches(word, sorted(known), cutoff=likeness) if isinstance(word, str) else []


def ask_for(near: Sequence[str] | None) -> str:
    """The end of a complaint that asks whether one of these words was meant; nothing for no words."""
    if not near:
        return ""
    *others, last = map(repr, near)
    return f"; did you mean {' or '.join([', '.join(others), last] if others else [last])}?"


def listed(known: Iterable[str]) -> str:
    """The known words as a phrase for an error message."""
    return ", ".join(sorted(known))
