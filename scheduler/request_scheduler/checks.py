"""Values that cannot be used are refused by name, before anything is reserved or changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from request_scheduler.call import Freshness

if TYPE_CHECKING:
    from collections.abc import Sequence

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
            raise ValueError(f"{name} is {told(value)}; it must be a positive number")
    for name, value in sizes.items():
        if not is_whole(value) or value < 0 or not within_floats(value):
            raise ValueError(f"{name} is {told(value)}; it must be a whole number, 0 or more")


def check_choice(name: str, value: object, allowed: Sequence[str]) -> None:
    """Raise ValueError for a setting that is none of the texts it may be."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {told(value)}; it must be one of {', '.join(allowed)}")


def check_shares(name: str, shares: object) -> None:
    """Raise TypeError or ValueError unless this maps tenants, by their names, to finite numbers above 0."""
    if not isinstance(shares, Mapping):
        raise TypeError(f"{name} is {told(shares)}; it must map tenants to numbers")
    for tenant, share in shares.items():
        if not isinstance(tenant, str):
            raise TypeError(f"{name} names {told(tenant)}, and tenants have texts as names")
        check_settings({f"{name}[{tenant!r}]": share}, {})


def told(value: object) -> str:
    """A value for an error, in one short line: Python refuses to write out a number of thousands of digits."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - as above, also inside others, or a class of the caller's
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else f"{text[:79]}…"
