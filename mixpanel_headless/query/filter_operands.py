"""Whether the value of a condition is of the kind that its operator compares with.

A report takes a filter as it is; a flow and a selector are written in languages of their own, which need this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import shown

from .dates import day_flaw
from .fields import as_tuple, is_finite, is_positive_integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .filters import Filter


def operand_flaw(condition: Filter) -> str | None:
    """What to say of a value that its operator cannot be compared with; None when there is nothing to say."""
    fits, wanted = _KINDS.get(condition.operator, (_anything, ""))
    if fits(condition):
        return None
    unit = f" {condition.date_unit}" if condition.date_unit else ""
    return f"{shown(condition.operator)} compares with {wanted}, not with {shown(condition.value)}{unit}"


def _anything(condition: Filter) -> bool:
    return True


def _is_values(condition: Filter) -> bool:
    values = as_tuple(condition.value)
    return bool(values) and all(isinstance(value, str) or is_finite(value) for value in values)


def _is_text(condition: Filter) -> bool:
    return isinstance(condition.value, str)


def _is_number(condition: Filter) -> bool:
    return is_finite(condition.value)


def _is_numbers(condition: Filter) -> bool:
    return _is_pair(condition.value) and all(map(is_finite, condition.value))


def _is_day(condition: Filter) -> bool:
    return day_flaw(condition.value) is None


def _is_days(condition: Filter) -> bool:
    value = condition.value
    return _is_pair(value) and not any(map(day_flaw, value)) and value[0] <= value[1]


def _is_stretch(condition: Filter) -> bool:
    return is_positive_integer(condition.value) and condition.date_unit is not None


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2


_VALUES: Final = (_is_values, "one or more texts or numbers")
_TEXT: Final = (_is_text, "a text")
_NUMBER: Final = (_is_number, "a number")
_NUMBERS: Final = (_is_numbers, "two numbers")
_DAY: Final = (_is_day, "a day in the form YYYY-MM-DD")
_DAYS: Final = (_is_days, "two days in their order, in the form YYYY-MM-DD")
_STRETCH: Final = (_is_stretch, "a whole number above 0 of hours, days, weeks or months (date_unit)")
_KINDS: Final[dict[str, tuple[Callable[[Filter], bool], str]]] = {
    **dict.fromkeys(("equals", "does not equal"), _VALUES),
    **dict.fromkeys(("contains", "does not contain", "starts with", "ends with"), _TEXT),
    **dict.fromkeys(("is greater than", "is less than", "is at least", "is at most"), _NUMBER),
    **dict.fromkeys(("is between", "not between"), _NUMBERS),
    **dict.fromkeys(("was on", "was not on", "was before", "was since"), _DAY),
    **dict.fromkeys(("was between", "was not between"), _DAYS),
    **dict.fromkeys(("was in the", "was not in the", "was in the next"), _STRETCH),
}
