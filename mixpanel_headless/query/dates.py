"""Calendar days and the time section of a report."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mixpanel_headless.errors import ParamValidationError, ValidationError

from .rules import Rule, problems

if TYPE_CHECKING:
    from collections.abc import Iterator

Day: TypeAlias = "str | dt.date"

DEFAULT_LAST = 30
MAX_LAST = 3650
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def today() -> dt.date:
    """The local calendar day; every default end date is read here."""
    return dt.datetime.now().astimezone().date()


def as_text(day: Any) -> Any:
    """A date as YYYY-MM-DD; any other value as it is."""
    if isinstance(day, dt.datetime):
        return day.date().isoformat()
    return day.isoformat() if isinstance(day, dt.date) else day


def day_flaw(text: object) -> tuple[str, str] | None:
    """The code and the complaint about a text that is no day, or None."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        return "V8_DATE_FORMAT", f"{text!r} is not a day in the form YYYY-MM-DD"
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return "V8_DATE_INVALID", f"{text!r} does not exist in the calendar"
    return None


def checked_day(day: Day, path: str) -> str:
    """The day as YYYY-MM-DD; raises `V8_DATE_FORMAT` or `V8_DATE_INVALID` otherwise."""
    text: str = as_text(day)
    if flaw := day_flaw(text):
        code, complaint = flaw
        raise ParamValidationError(f"{path}: {complaint}.", code, path=path)
    return text


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

    @property
    def is_reversed(self) -> bool:
        """Both ends are days, and the first comes after the second."""
        days = [self.from_date, self.end]
        return not any(map(day_flaw, days)) and self.from_date is not None and self.from_date > self.end

    def problems(self) -> Iterator[ValidationError]:
        """Everything that is wrong with the range, as `V7` to `V20`."""
        for path, day in (("from_date", self.from_date), ("to_date", self.to_date)):
            if day is not None and (flaw := day_flaw(day)):
                yield ValidationError(path=path, message=f"{flaw[1]}.", code=flaw[0])
        yield from problems(_RANGE, self)

    def time_section(self, unit: str) -> list[dict[str, Any]]:
        """The `time` section of a report bookmark."""
        if self.from_date is None:
            window = {"unit": "day", "value": self.last}
            return [{"dateRangeType": "in the last", "unit": unit, "window": window}]
        return [{"dateRangeType": "between", "unit": unit, "value": [self.from_date, self.end]}]


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_RANGE: tuple[Rule[Range], ...] = (
    Rule(
        "V7_LAST_POSITIVE",
        "last",
        lambda r: not _is_integer(r.last) or r.last < 1,
        "last is {0.last!r}; it counts whole days, 1 or more.",
    ),
    Rule(
        "V20_LAST_TOO_LARGE",
        "last",
        lambda r: _is_integer(r.last) and r.last > MAX_LAST,
        f"last is {{0.last}}; at most {MAX_LAST} days can be asked.",
    ),
    Rule(
        "V9_TO_REQUIRES_FROM",
        "to_date",
        lambda r: r.to_date is not None and r.from_date is None,
        "to_date needs a from_date.",
    ),
    Rule(
        "V10_DATE_LAST_EXCLUSIVE",
        "last",
        lambda r: r.last != DEFAULT_LAST and not (r.from_date is r.to_date is None),
        "last={0.last!r} and dates both choose the days; give one of them.",
    ),
    Rule(
        "V15_DATE_ORDER", "from_date", lambda r: r.is_reversed, "from_date {0.from_date} comes after the end, {0.end}."
    ),
)
