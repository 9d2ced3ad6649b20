"""Names that a caller may have meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 5


def similar_names(name: str, known: Sequence[str]) -> list[str]:
    """The nearest known names: equal but for case; else those that contain it; else those that share most words."""
    folded = name.casefold()
    if same := [other for other in known if other.casefold() == folded]:
        return same
    if around := sorted((other for other in known if folded in other.casefold()), key=len):
        return around[:MOST]
    words = split_words(name)
    shared = [(len(words & split_words(other)), other) for other in known]
    ranked = sorted((pair for pair in shared if pair[0]), key=lambda pair: (-pair[0], len(pair[1])))
    return [other for _, other in ranked[:MOST]]


def split_words(name: str) -> set[str]:
    return {word for word in re.split(r"[\s_-]+", name.casefold()) if word}
