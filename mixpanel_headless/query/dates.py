"""Calendar days and the time section of a report."""

from __future__ import annotations

import datetime as dt
import functools
import re
import time
from typing import Any, TypeAlias

import attrs

from mixpanel_headless.errors import ParamValidationError, ValidationError, shown

from .fields import is_positive_integer
from .rules import Rule, problems

Day: TypeAlias = "str | dt.date"

DEFAULT_LAST = 30
MAX_LAST = 3650
QUARTER = 900
"""Seconds of a quarter of an hour; in every time zone a day begins with one."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def today() -> dt.date:
    """The local calendar day; every default end date is read here."""
    return _day_of(int(time.time() // QUARTER))


@functools.lru_cache(maxsize=1)
def _day_of(quarter: int) -> dt.date:
    """The day of a quarter of an hour since 1970: each call asks twice, and the system's answer takes a microsecond."""
    return dt.date.fromtimestamp(quarter * QUARTER)  # noqa: DTZ012 - the local day is what is meant


def as_text(day: Any) -> Any:
    """A date as YYYY-MM-DD; any other value as it is."""
    if isinstance(day, dt.datetime):
        return day.date().isoformat()
    return day.isoformat() if isinstance(day, dt.date) else day


def day_flaw(text: object) -> tuple[str, str] | None:
    """The code and the complaint about a text that is no day, or None."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        return "V8_DATE_FORMAT", f"{shown(text)} is not a day in the form YYYY-MM-DD"
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return "V8_DATE_INVALID", f"{shown(text)} does not exist in the calendar"
    return None


def checked_day(day: Day, path: str) -> str:
    """The day as YYYY-MM-DD; raises `V8_DATE_FORMAT` or `V8_DATE_INVALID` otherwise."""
    text: str = as_text(day)
    if flaw := day_flaw(text):
        code, complaint = flaw
        raise ParamValidationError(f"{path}: {complaint}.", code, path=path)
    return text


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Each day of a range, both ends included."""
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]


@attrs.frozen
class Range:
    """The days a report covers: from `from_date` to `to_date`, or the `last` days up to now."""

    from_date: str | None = attrs.field(default=None, converter=as_text)
    to_date: str | None = attrs.field(default=None, converter=as_text)
    last: int = DEFAULT_LAST
    today: dt.date = attrs.field(factory=today)

    @property
    def end(self) -> str:
        return self.today.isoformat() if self.to_date is None else self.to_date

    def problems(self) -> list[ValidationError]:
        """Everything that is wrong with the range, as `V7` to `V20`."""
        found = []
        for path, day in (("from_date", self.from_date), ("to_date", self.to_date)):
            if day is not None and (flaw := day_flaw(day)):
                found.append(ValidationError(path=path, message=f"{flaw[1]}.", code=flaw[0]))
        sound = not found
        found += problems(_LAST, self)
        if not self.from_date is self.to_date is None:
            found += problems(_DATES, self)
            if sound:
                found += problems(_ORDER, self)
        return found

    def time_section(self, unit: str) -> list[dict[str, Any]]:
        """The `time` section of a report bookmark."""
        if self.from_date is None:
            window = {"unit": "day", "value": self.last}
            return [{"dateRangeType": "in the last", "unit": unit, "window": window}]
        return [{"dateRangeType": "between", "unit": unit, "value": [self.from_date, self.end]}]

    def flow_range(self) -> dict[str, Any]:
        """The `date_range` of a flow bookmark."""
        if self.from_date is None:
            return {"type": "in the last", "from_date": {"unit": "day", "value": self.last}, "to_date": "$now"}
        return {"type": "between", "from_date": self.from_date, "to_date": self.end}


_LAST: tuple[Rule[Range], ...] = (
    Rule(
        "V7_LAST_POSITIVE",
        "last",
        lambda r: not is_positive_integer(r.last),
        "last is {0.last!r}; it counts whole days, 1 or more.",
    ),
    Rule(
        "V20_LAST_TOO_LARGE",
        "last",
        lambda r: isinstance(r.last, int) and r.last > MAX_LAST,
        f"last is {{0.last}}; at most {MAX_LAST} days can be asked.",
    ),
)
_DATES: tuple[Rule[Range], ...] = (
    Rule(
        "V9_TO_REQUIRES_FROM",
        "to_date",
        lambda r: r.from_date is None,
        "to_date needs a from_date.",
    ),
    Rule(
        "V10_DATE_LAST_EXCLUSIVE",
        "last",
        lambda r: r.last != DEFAULT_LAST,
        "last={0.last!r} and dates both choose the days; give one of them.",
    ),
)
# Two days in their one form compare as text; what has another form has no order.
_ORDER: tuple[Rule[Range], ...] = (
    Rule(
        "V15_DATE_ORDER",
        "from_date",
        lambda r: r.from_date is not None and r.from_date > r.end,
        "from_date {0.from_date} comes after the end, {0.end}.",
    ),
)
