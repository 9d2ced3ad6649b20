"""When the answer to a question can change no more."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Final

from .vocabulary import among

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAYS: Final = {"second": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24, "day": 1, "week": 7, "month": 31}


def last_day(params: Mapping[str, Any]) -> str | None:
    """The last day whose events can change what a bookmark shows; None when it moves with the clock or is not known.

    Funnels and flows go on for their conversion window after the range, a retention until now.
    """
    match params:
        case {"sections": {"time": [{"dateRangeType": "between", "value": [_, str(day)]}], "show": list(show)}}:
            reach = _farthest(show)
        case {"date_range": {"type": "between", "to_date": str(day)}, "conversion_window": dict(window)}:  # of a flow
            reach = _window(window.get("value"), window.get("unit"))
        case _:
            return None
    if not reach:
        return day if reach == 0 else None
    try:
        return str(dt.date.fromisoformat(day[:10]) + dt.timedelta(days=reach))
    except (ValueError, OverflowError):
        return None


def _farthest(clauses: list[Any]) -> int | None:
    """The most days after a range that any of these clauses reads; None when one has no end that we know."""
    most = 0
    for clause in clauses:
        reach = _reach(clause)
        if reach is None:
            return None
        most = max(most, reach)
    return most


def _reach(clause: Any) -> int | None:
    match clause:
        case {"type": "formula", "referencedMetrics": list(operands)}:
            return _farthest(operands)
        case {"type": "formula", "definition": _}:
            return 0
        case {"behavior": {"type": "funnel", "conversionWindowDuration": size, "conversionWindowUnit": unit}}:
            return _window(size, unit)
        case {"behavior": {"type": "funnel" | "retention"}}:
            return None
        case {"behavior": dict()}:
            return 0
        case _:  # a saved metric may be anything
            return None


def _window(size: Any, unit: Any) -> int | None:
    """A conversion window in whole days; a session ends with its day, but the next one may come at any time."""
    if unit == "session":
        return 0 if size == 1 else None
    return math.ceil(size * _DAYS[unit]) if among(unit, _DAYS) and isinstance(size, int) else None
