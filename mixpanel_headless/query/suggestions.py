"""What somebody may have meant by a word that does not exist."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: object, known: Iterable[str]) -> list[str] | None:
    """The known words most like this one, best first, or None when none is near."""
    return get_close_matches(word, sorted(known), n=3, cutoff=0.5) or None if isinstance(word, str) else None


def listed(known: Iterable[str]) -> str:
    """The known words as a phrase for an error message."""
    return ", ".join(sorted(known))
