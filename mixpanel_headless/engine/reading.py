"""Single fields out of request JSON, which may hold anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mixpanel_headless.errors import shown

from .errors import BadQuery, Unsupported


def text(clause: Mapping[str, Any], key: str, default: str = "") -> str:
    """The field's text; the default when it is absent or null."""
    found = clause.get(key)
    if found is None:
        return default
    if not isinstance(found, str):
        raise BadQuery(f"{key} must be a text, not {shown(found)}.")
    return found


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """The value as an object."""
    if not isinstance(value, Mapping):
        raise BadQuery(f"{what} must be an object.")
    return value


def listing(value: Any, what: str) -> list[Any]:
    """The value as a list; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise BadQuery(f"{what} must be a list.")
    return list(value)


def refuse_unknown(clause: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Raise Unsupported for a filled key that would be passed over: it may change the answer."""
    for key, value in clause.items():
        if key not in known and value not in (None, "", False) and value != [] and value != {}:
            raise Unsupported(f"{what} key {key!r}")


def number(value: Any) -> float:
    """The value as a finite float; a boolean is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadQuery(f"{shown(value)} is not a number.")
    try:
        found = float(value)
    except OverflowError as problem:
        raise BadQuery("A number is out of range.") from problem
    if not math.isfinite(found):
        raise BadQuery(f"{shown(value)} is not a finite number.")
    return found
