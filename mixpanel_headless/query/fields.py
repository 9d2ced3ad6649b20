"""What one field of a value class must satisfy, as attrs validators that raise our errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, shown
from mixpanel_headless.suggestions import did_you_mean, listed

from .names import name_flaw

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    import attrs

BEYOND = 2**63
"""The first number that is too long for a service to read as an integer."""

MOST_DIGITS = 18
"""Of which every number stays below `BEYOND`."""

Validator: TypeAlias = "Callable[[Any, attrs.Attribute[Any], Any], None]"


def _where(instance: object, attribute: attrs.Attribute[Any]) -> str:
    return f"{type(instance).__name__}.{attribute.name}"


def non_blank(code: str) -> Validator:
    """Text with something in it."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        path = _where(instance, attribute)
        if not isinstance(value, str):
            raise ParamTypeError(f"{path} is a {type(value).__name__}; it must be text.", code, path=path)
        if not value.strip():
            raise ParamValidationError(f"{path} is blank.", code, path=path, hint="Give a name.")

    return check


def event_name(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Text that can name an event; other kinds of value pass."""
    if isinstance(value, str):
        check_event_name(value, _where(instance, attribute))


def check_event_name(text: str, path: str) -> None:
    """Raises `EV1_EMPTY_EVENT` or `EV2_CONTROL_CHAR_EVENT` when the text cannot name an event."""
    flaw = name_flaw(text)
    if flaw == "empty":
        raise ParamValidationError(f"{path} is blank.", "EV1_EMPTY_EVENT", path=path, hint="Give an event name.")
    if flaw == "control":
        raise ParamValidationError(
            f"{path} holds control characters: {shown(text)}.",
            "EV2_CONTROL_CHAR_EVENT",
            path=path,
            hint="Give the name as it stands in Lexicon.",
        )


def one_of(code: str, known: Collection[str]) -> Validator:
    """One of the known words, or None where the field allows it by its default."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is None and attribute.default is None:
            return
        if not isinstance(value, str) or value not in known:
            path = _where(instance, attribute)
            complaint = f"{path} is {shown(value)}{did_you_mean(value, known) or '.'}"
            raise ParamValidationError(complaint, code, path=path, hint=f"Use one of: {listed(known)}.")

    return check


def positive_id(code: str) -> Validator:
    """An integer above zero (a boolean is none); values that are no numbers pass."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, (int, float)) and not is_positive_integer(value):
            path = _where(instance, attribute)
            raise ParamValidationError(f"{path} is {shown(value)}; an id is an integer above 0.", code, path=path)

    return check


def is_positive_integer(value: object) -> bool:
    """Whether the value is an int above zero that fits into 64 bits, and no boolean."""
    return is_whole(value) and 0 < value < BEYOND


def is_whole(value: object) -> TypeGuard[int]:
    """Whether the value is an int and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def read_digits(text: object) -> int | None:
    """The number that plain digits say; None for anything else, and for more than `MOST_DIGITS` of them."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)
    return None


def plain_text(value: object) -> str:
    """What text or a number itself says, and is sent as, whatever a subclass such as an enumeration's shows of it."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if is_whole(value) else str(value)


def is_whole_text(value: object) -> TypeGuard[str]:
    """Whether the value is text that has a UTF-8 form, as half of a character (a lone surrogate) has not."""
    try:
        return isinstance(value, str) and (value.isascii() or bool(value.encode()))
    except UnicodeEncodeError:
        return False


def is_finite(value: object) -> bool:
    """Whether the value is a number that JSON can carry and others can read."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def instances(code: str, *kinds: type) -> Validator:
    """Items that all are of these kinds."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        check_kinds(value, code, _where(instance, attribute), *kinds)

    return check


def check_kinds(items: Iterable[object], code: str, path: str, *kinds: type) -> None:
    """Raises `ParamTypeError` at the first item that is of none of these kinds."""
    for position, item in enumerate(items):
        if not isinstance(item, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise ParamTypeError(
                f"{path}[{position}] is a {type(item).__name__}; it must be a {wanted}.", code, path=path
            )


def as_tuple(value: Any) -> tuple[Any, ...]:
    """The items of a list or tuple; None gives none, anything else is the one item."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
