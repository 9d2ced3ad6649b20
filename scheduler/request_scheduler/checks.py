"""Values that cannot be used are refused by name, before anything is reserved or changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeGuard

from request_scheduler.call import Freshness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from request_scheduler.call import Call


def check_call(call: Call[Any]) -> None:
    """Raise TypeError or ValueError for a call that would upset the queue; every submit pays for this, so it is terse."""
    if type(call.tenant) is not str:
        raise TypeError(f"a call's tenant is text, not {type(call.tenant).__name__}")
    if type(call.attempts) is not int or call.attempts < 1:
        raise ValueError("a call's attempts are a whole number, 1 or more")
    if call.deadline is not None and not is_real(call.deadline):
        raise ValueError("a call's deadline is a moment on the scheduler's clock, or None")
    if type(call.freshness) is not Freshness:
        raise TypeError(f"a call's freshness is a Freshness, not {type(call.freshness).__name__}")
    for name, units in call.spends:
        if type(name) is not str or type(units) is not int or units < 1:
            raise ValueError("a call spends named budgets, a whole number of units each, 1 or more")


def is_real(value: object) -> TypeGuard[float]:
    """Whether a value is a number that can be compared with moments; infinity can."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value and within_floats(value)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def within_floats(value: float) -> bool:
    """Whether a whole number, however long, has a float beside it."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def check_settings(numbers: Mapping[str, object], sizes: Mapping[str, object]) -> None:
    """Raise ValueError for a scheduler's setting: `numbers` are finite and above 0, `sizes` whole and at least 0."""
    for name, value in numbers.items():
        if not is_real(value) or not 0 < value < math.inf:
            raise ValueError(f"{name} is {_told(value)}; it must be a positive number")
    for name, value in sizes.items():
        if not is_whole(value) or value < 0:
            raise ValueError(f"{name} is {_told(value)}; it must be a whole number, 0 or more")


def _told(value: object) -> str:
    """A value for an error; Python refuses to write out a number of thousands of digits."""
    return repr(value) if not is_whole(value) or within_floats(value) else "too long a number"
