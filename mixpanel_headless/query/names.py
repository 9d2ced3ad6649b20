"""Which texts can name an event or a property."""

from __future__ import annotations

import unicodedata
from typing import Literal

Flaw = Literal["empty", "control", "invisible"]


def name_flaw(text: str) -> Flaw | None:
    """Why this text names nothing, or None when it may be a name.

    A lone surrogate counts as a control character: it has no UTF-8 form, so it could not be sent.
    """
    if not text.strip():
        return "empty"
    if text.isascii() and text.isprintable():
        return None
    categories = [unicodedata.category(character) for character in text]
    if any(category in {"Cc", "Cs"} for category in categories):
        return "control"
    if all(category in {"Cf", "Zs", "Zl", "Zp"} for category in categories):
        return "invisible"
    return None


def is_no_name(text: object) -> bool:
    """Whether this cannot name anything: no text, or one with a flaw."""
    return not isinstance(text, str) or name_flaw(text) is not None
