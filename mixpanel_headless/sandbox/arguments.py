"""What a sandbox is made with, checked before anything is opened."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mixpanel_headless.errors import InvalidArgumentError, shown
from mixpanel_headless.query.fields import read_digits

if TYPE_CHECKING:
    import attrs

Check = Callable[[Any, "attrs.Attribute[Any]", Any], None]
MOST = 1e15
"""Beyond every limit that makes sense, and well inside what a float holds exactly."""
PATHS = (str, os.PathLike)


def refuse(field: str, value: object, wanted: str) -> InvalidArgumentError:
    """The error for an argument that cannot be used."""
    return InvalidArgumentError(f"The sandbox's {field} is {shown(value)}.", hint=f"Give {wanted}.")


def number(wanted: str, *, least: float, most: float = MOST, above: bool = False, whole: bool = False) -> Check:
    """A number from `least`, or `above` it, to `most`; a boolean is none."""

    def check(_: object, field: attrs.Attribute[Any], value: Any) -> None:
        kind = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not kind or not least <= value <= most or (above and value == least) or value != value:
            raise refuse(field.name, value, wanted)

    return check


def one_of(*allowed: object) -> Check:
    """One of these values."""

    def check(_: object, field: attrs.Attribute[Any], value: Any) -> None:
        if value not in allowed:
            raise refuse(field.name, value, f"one of: {', '.join(map(str, allowed))}")

    return check


def text(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """A text, whose meaning is somebody else's to judge."""
    if not isinstance(value, str):
        raise refuse(field.name, value, "a text")


def path(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """The path of a file."""
    if not isinstance(value, PATHS) or not isinstance(text := os.fspath(value), str) or not text or "\0" in text:
        raise refuse(field.name, value, "the path of a file")


def callable_one(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Something that can be called."""
    if not callable(value):
        raise refuse(field.name, value, "something that can be called")


def account_part(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """A user name or secret as a header can carry it; a secret is not shown."""
    usable = isinstance(value, str) and value.isprintable() and value == value.strip() != ""
    if not usable or (field.name == "username" and ":" in value):
        hint = "Give one line of text, without spaces around it, and no colon in a user name."
        raise InvalidArgumentError(f"The sandbox's {field.name} cannot stand in a header.", hint=hint)


def read_project(given: object) -> int:
    """The project's number, from a number or its digits."""
    text = given if isinstance(given, str) else shown(given)
    if not (found := read_digits(text)):
        raise refuse("project", given, "the project's number")
    return found


def engine(_: object, __: attrs.Attribute[Any], value: Any) -> None:
    """An engine of the caller's own, or None."""
    if value is not None:
        from mixpanel_headless.engine import Engine

        if not isinstance(value, Engine):
            raise refuse("engine", value, "an Engine")


def rows(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Files and rows in a collection; a text alone would be read letter by letter."""
    if isinstance(value, (*PATHS, bytes, Mapping)) or not isinstance(value, Iterable):
        raise refuse(field.name, value, f"a list of files and rows, such as {field.name}=['export.jsonl']")


def records(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Objects in a list."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise refuse(field.name, value, "a list of objects")


def columns(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Which columns of a CSV or Parquet file hold the user, the event and the time."""
    roles = [f"{role}_column" for role in ("user", "event", "time")]
    if not isinstance(value, Mapping) or not set(value) <= set(roles):
        raise refuse(field.name, value, f"a mapping from {', '.join(roles)} to names of columns")


def moment(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    """A moment with its time zone, or None for the machine's clock; with room for windows before and after it."""
    if value is None:
        return
    if not isinstance(value, datetime) or value.tzinfo is None or not 1980 <= value.year <= 9990:
        raise refuse(field.name, value, "a datetime with a time zone, of the years 1980 to 9990")
