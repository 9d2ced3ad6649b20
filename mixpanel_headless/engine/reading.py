"""Single fields out of request JSON, which may hold anything."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from typing import Any

from mixpanel_headless.errors import shown
from mixpanel_headless.query.fields import is_whole

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


def required(parameters: Mapping[str, Any], key: str) -> str:
    """The text of a parameter that must be there."""
    found = text(parameters, key)
    if not found:
        raise BadQuery(f"{key} is a required parameter")
    return found


def choice(parameters: Mapping[str, Any], key: str, allowed: Collection[str], default: str = "") -> str:
    """One of the allowed words; required when there is no default."""
    found = text(parameters, key, default) if default else required(parameters, key)
    if found not in allowed:
        raise BadQuery(f"{key} must be one of {', '.join(allowed)}, not {shown(found)}.")
    return found


def whole_number(parameters: Mapping[str, Any], key: str, default: int, least: int = 1, most: int = 10**9) -> int:
    """A whole number, which may stand as text; the default when the parameter is absent or empty."""
    given = parameters.get(key)
    if given is None or given == "":
        return default
    digits = str(given) if is_whole(given) else given
    usable = isinstance(digits, str) and digits.isascii() and digits.removeprefix("-").isdigit() and len(digits) < 19
    if not usable or not least <= int(digits) <= most:
        raise BadQuery(f"{key} must be a whole number from {least} to {most}, not {shown(given)}.")
    return int(digits)


def truth(parameters: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    """A boolean, which may stand as text; the default when the parameter is absent or empty."""
    given = parameters.get(key)
    if given is None or given == "":
        return default
    word = str(given).lower()
    if word not in {"true", "false", "1", "0"}:
        raise BadQuery(f"{key} must be true or false, not {shown(given)}.")
    return word in {"true", "1"}


def decoded(parameters: Mapping[str, Any], key: str) -> Any:
    """A parameter that holds JSON, as text or already read; None when it is absent or empty."""
    given = parameters.get(key)
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given) if given else None
    except (ValueError, RecursionError) as problem:
        raise BadQuery(f"{key} must be JSON, not {shown(given)}.") from problem


def texts(parameters: Mapping[str, Any], key: str) -> list[str] | None:
    """A parameter that holds a JSON list of texts; None when it is absent or empty."""
    found = decoded(parameters, key)
    if found is not None and (not isinstance(found, list) or not all(isinstance(item, str) for item in found)):
        raise BadQuery(f"{key} must be a JSON list of texts, not {shown(found)}.")
    return found
