"""Conditions on profiles as a selector: the expression language that the profile endpoints read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import shown

from .filter_operands import operand_flaw
from .operators import EQUALITY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .filters import Filter

MAX_DAYS: Final = 18_250
"""The longest stretch before or after now; the service reads no more than 50 years."""
_SECONDS: Final = {"hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000}
_COMPARED: Final = {"is greater than": ">", "is less than": "<", "is at least": ">=", "is at most": "<="}


def selector_of(conditions: Iterable[Filter]) -> str:
    """The selector of the profiles that meet all conditions, which must have no flaw."""
    return " and ".join(_TERMS[condition.operator](condition) for condition in conditions)


def selector_flaw(condition: Filter) -> str | None:
    """Why a selector cannot express the condition; None when it can."""
    if condition.operator in ("starts with", "ends with"):
        way_out = "narrow by Filter.contains, then keep the rows of .df whose value fits"
        return f"a selector has no test for how a text {condition.operator[:-5]}; {way_out}"
    if condition.operator not in _TERMS:
        return f"a selector has no {shown(condition.operator)}"
    if condition.operator in EQUALITY and not isinstance(condition.value, tuple):
        return f"{shown(condition.operator)} compares with a list here; give [{shown(condition.value)}]"
    if flaw := operand_flaw(condition):
        return flaw
    if condition.date_unit and condition.value * _SECONDS[condition.date_unit] > MAX_DAYS * _SECONDS["day"]:
        way_out = "bound it by Filter.since, Filter.before or Filter.date_between"
        return f"{condition.value} {condition.date_unit}s are more than {MAX_DAYS} days; {way_out}"
    return None


def property_term(name: str) -> str:
    """A property in a selector."""
    return f"properties[{_quoted(name)}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _literal(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _source(condition: Filter) -> str:
    return property_term(str(condition.property))


def _any_of(condition: Filter) -> str:
    terms = [f"{_source(condition)} == {_literal(value)}" for value in condition.value]
    return terms[0] if len(terms) == 1 else f"({' or '.join(terms)})"


def _none_of(condition: Filter) -> str:
    return " and ".join(f"{_source(condition)} != {_literal(value)}" for value in condition.value)


def _inside(condition: Filter) -> str:
    return f"{_quoted(condition.value)} in {_source(condition)}"


def _compared(condition: Filter) -> str:
    return f"{_source(condition)} {_COMPARED[condition.operator]} {condition.value}"


def _defined(condition: Filter) -> str:
    return f"defined({_source(condition)})"


def _boolean(condition: Filter) -> str:
    return f"{_source(condition)} == {condition.operator}"


def _within(source: str, low: str, high: str, upper: str = "<=") -> str:
    return f"{source} >= {low} and {source} {upper} {high}"


def _outside(source: str, low: str, high: str, upper: str = ">") -> str:
    return f"({source} < {low} or {source} {upper} {high})"


def _numbers(shape: Callable[[str, str, str], str]) -> Callable[[Filter], str]:
    return lambda condition: shape(_source(condition), *map(str, condition.value))


def _moment(condition: Filter) -> str:
    return f"datetime({_source(condition)})"


def _start(day: str) -> str:
    return f'datetime("{day}T00:00:00")'


def _days(shape: Callable[[str, str, str], str]) -> Callable[[Filter], str]:
    def term(condition: Filter) -> str:
        first, last = condition.value if isinstance(condition.value, tuple) else (condition.value,) * 2
        return shape(_moment(condition), _start(first), f'datetime("{last}T23:59:59")')

    return term


def _stretch(shape: Callable[[str, str, str, str], str], upper: str, *, ahead: bool = False) -> Callable[[Filter], str]:
    def term(condition: Filter) -> str:
        seconds = condition.value * _SECONDS[str(condition.date_unit)]
        ends = (
            ("datetime(NOW)", f"datetime(NOW + {seconds})")
            if ahead
            else (f"datetime(NOW - {seconds})", "datetime(NOW)")
        )
        return shape(_moment(condition), *ends, upper)

    return term


_TERMS: Final[dict[str, Callable[[Filter], Any]]] = {
    "equals": _any_of,
    "does not equal": _none_of,
    "contains": _inside,
    "does not contain": lambda condition: f"not {_inside(condition)}",
    **dict.fromkeys(_COMPARED, _compared),
    "is between": _numbers(_within),
    "not between": _numbers(_outside),
    "is set": _defined,
    "is not set": lambda condition: f"not {_defined(condition)}",
    "true": _boolean,
    "false": _boolean,
    **dict.fromkeys(("was on", "was between"), _days(_within)),
    **dict.fromkeys(("was not on", "was not between"), _days(_outside)),
    "was before": lambda condition: f"{_moment(condition)} < {_start(condition.value)}",
    "was since": lambda condition: f"{_moment(condition)} >= {_start(condition.value)}",
    "was in the": _stretch(_within, "<"),
    "was not in the": _stretch(_outside, ">="),
    "was in the next": _stretch(_within, "<", ahead=True),
}
