"""The nouns of families and calls. It imports nothing, since the list of commands is made of them before anything loads."""

from __future__ import annotations


def singular(noun: str) -> str:
    """One of what a family or a call has a plural for: `entity` of `entities`."""
    return noun.removesuffix("ies") + "y" if noun.endswith("ies") else noun.removesuffix("s")
