"""Report time: ranges, buckets and trailing windows in the project's zone, as UTC milliseconds for SQL."""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import zoneinfo
from typing import TYPE_CHECKING, Any

import attrs

from . import reading
from .errors import BadQuery, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .project import Project

UNITS = ("minute", "hour", "day", "week", "month", "quarter", "year")
FIXED_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400,
                 "quarter": 90 * 86400, "year": 365 * 86400}  # fmt: skip
MAX_BUCKETS = 20_000
MILLISECOND = dt.timedelta(milliseconds=1)


@attrs.frozen
class Range:
    """A span of project time, both ends included (to the millisecond)."""

    start: dt.datetime
    end: dt.datetime

    def to_dict(self) -> dict[str, str]:
        """The `date_range` of an answer."""
        return {"from_date": self.start.isoformat(), "to_date": self.end.isoformat(timespec="microseconds")}


@attrs.frozen
class Window:
    """The events that one plotted point reads: `lo` ≤ t < `hi`, in UTC milliseconds."""

    key: str
    lo: int
    hi: int


def to_ms(moment: dt.datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return int((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / MILLISECOND)


def read_day(text: Any) -> dt.date:
    """The day that a request names."""
    try:
        return dt.datetime.fromisoformat(text).date()
    except (ValueError, TypeError) as problem:
        raise BadQuery(f"{text!r} is not a date of the form YYYY-MM-DD.") from problem


def midnight(day: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The first moment of a local day."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone)


def day_after(day: dt.date) -> dt.date:
    if day == dt.date.max:
        raise BadQuery(f"{day} is out of range.")
    return day + dt.timedelta(days=1)


def whole_days(first: dt.date, last: dt.date, zone: zoneinfo.ZoneInfo) -> Range:
    """From the start of one local day to the end of another."""
    if last < first:
        raise BadQuery(f"from_date {first} is after to_date {last}.")
    end = midnight(day_after(last), zone).astimezone(dt.UTC) - MILLISECOND
    return Range(midnight(first, zone), end.astimezone(zone))


def shift_months(day: dt.date, months: int) -> dt.date:
    """The same day some months on, or the month's last."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    if not 1 <= year <= 9998:
        raise BadQuery(f"{months} months from {day} is out of range.")
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def shift(day: dt.date, unit: str, count: int) -> dt.date:
    """A day moved by calendar units."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    if months:
        return shift_months(day, months * count)
    if unit not in {"day", "week"}:
        raise BadQuery(f"{unit!r} is not a unit to shift a date by.")
    try:
        return day + dt.timedelta(days=count * (7 if unit == "week" else 1))
    except OverflowError as problem:
        raise BadQuery(f"{count} {unit}s from {day} is out of range.") from problem


def start_of(moment: dt.datetime, unit: str, week_start: str) -> dt.datetime:
    """The local start of the calendar unit that holds `moment`."""
    if unit == "minute":
        return moment.replace(second=0, microsecond=0)
    if unit == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.date()
    if unit == "week":
        day -= dt.timedelta(days=(day.weekday() + (week_start == "sunday")) % 7)
    elif unit == "month":
        day = day.replace(day=1)
    elif unit == "quarter":
        day = day.replace(month=day.month - (day.month - 1) % 3, day=1)
    elif unit == "year":
        day = day.replace(month=1, day=1)
    zone = moment.tzinfo
    assert isinstance(zone, zoneinfo.ZoneInfo)
    return midnight(day, zone)


def step(start: dt.datetime, unit: str, count: int) -> dt.datetime:
    """A unit's start, some units on: real time below a day, calendar days above."""
    zone = start.tzinfo
    assert isinstance(zone, zoneinfo.ZoneInfo)
    if unit in {"minute", "hour"}:
        moved = start.astimezone(dt.UTC) + dt.timedelta(seconds=FIXED_SECONDS[unit] * count)
        return moved.astimezone(zone)
    return midnight(shift(start.date(), unit, count), zone)


def _last_units(window: Any, project: Project, now: dt.datetime) -> Range:
    window = reading.mapping(window, "The window of a range 'in the last'")
    unit, count = reading.text(window, "unit", "day"), int(reading.number(window.get("value")))
    if count < 1:
        raise BadQuery("A range 'in the last' needs a window of at least 1.")
    if unit not in UNITS:
        raise BadQuery(f"{unit!r} is not a unit of time.")
    if project.last_includes_today_as_unit:
        count -= 1
    if unit in {"minute", "hour"}:
        if count * FIXED_SECONDS[unit] > 3650 * 86400:
            raise BadQuery(f"{count} {unit}s is too long a range.")
        return Range(step(start_of(now, unit, project.week_start), unit, -count), now)
    return Range(midnight(shift(now.date(), unit, -count), project.zone), now)


def read_range(clause: Mapping[str, Any], project: Project, now: dt.datetime) -> Range:
    """The range of a report's time clause; relative ranges end now."""
    kind, value = reading.text(clause, "dateRangeType"), clause.get("value")
    if kind == "between":
        value = reading.listing(value, "The value of a range 'between'")
        if len(value) != 2:
            raise BadQuery("A range 'between' needs value: [from, to].")
        return whole_days(read_day(value[0]), read_day(value[1]), project.zone)
    if kind == "on":
        return whole_days(read_day(value), read_day(value), project.zone)
    if kind == "in the last":
        return _last_units(clause.get("window"), project, now)
    if kind == "since":
        unit = str(value).removeprefix("$start_of_current_")
        if unit == str(value) or unit not in UNITS:
            raise BadQuery(f"A range 'since' takes a token such as $start_of_current_day, not {value!r}.")
        return Range(start_of(now, unit, project.week_start), now)
    raise Unsupported(f"sections.time dateRangeType {kind!r}")


def buckets(span: Range, unit: str, week_start: str, before: int = 0) -> list[Window]:
    """The range cut at calendar units, preceded by `before` whole units from outside it.

    The key is the calendar start; a unit that the range cuts holds only what lies inside the range.
    """
    if unit not in UNITS:
        raise Unsupported(f"sections.time unit {unit!r}") if unit in {"second", "session", "hour_of_day",
            "day_of_week"} else BadQuery(f"{unit!r} is not a unit of time.")  # fmt: skip
    lo, hi = to_ms(span.start), to_ms(span.end) + 1
    if (hi - lo) / 1000 / FIXED_SECONDS[unit] > MAX_BUCKETS:
        raise BadQuery(f"The range holds more than {MAX_BUCKETS} buckets of one {unit}.")
    first = start_of(span.start, unit, week_start)
    windows = []
    for start, end in _units(step(first, unit, -before), unit, lambda start: to_ms(start) < hi):
        earliest = lo if start >= first else 0
        windows.append(Window(start.isoformat(), max(to_ms(start), earliest), min(to_ms(end), hi)))
    return windows


def _units(
    start: dt.datetime, unit: str, wanted: Callable[[dt.datetime], bool]
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    while wanted(start):
        end = step(start, unit, 1)
        yield start, end
        start = end


def whole(span: Range) -> list[Window]:
    """One window over the range, under the key of whole-range charts."""
    return [Window("all", to_ms(span.start), to_ms(span.end) + 1)]


def trailing(window: Window, days: int, unit: str, zone: zoneinfo.ZoneInfo) -> Window:
    """The window that ends with `window` and reaches back to `days` local days (24 h each below a day)."""
    if unit in {"minute", "hour"}:
        return attrs.evolve(window, lo=window.hi - days * 86_400_000)
    last = dt.datetime.fromtimestamp((window.hi - 1) / 1000, zone).date()
    return attrs.evolve(window, lo=to_ms(midnight(last - dt.timedelta(days=days - 1), zone)))


def compared(span: Range, comparison: Mapping[str, Any], zone: zoneinfo.ZoneInfo) -> Range:
    """The range to hold against `span`: shifted back by a unit, or of equal length at a given end."""
    kind, value = reading.text(comparison, "type"), comparison.get("value")
    if kind == "relative":
        unit = reading.text(comparison, "value")
        return Range(_moved(span.start, unit, zone), _moved(span.end, unit, zone))
    length = (span.end.date() - span.start.date()).days
    if kind == "absolute-start":
        return whole_days(read_day(value), shift(read_day(value), "day", length), zone)
    if kind == "absolute-end":
        return whole_days(shift(read_day(value), "day", -length), read_day(value), zone)
    raise Unsupported(f"timeComparison type {kind!r}")


def _moved(moment: dt.datetime, unit: str, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(shift(moment.date(), unit, -1), moment.timetz().replace(tzinfo=zone))


def local_ms(instant: str, zone: zoneinfo.ZoneInfo) -> str:
    """SQL: a UTC instant in milliseconds as local wall-clock milliseconds.

    The offsets come from the zone's own table, so no calendar extension of the database is needed.
    """
    spans = _offsets(zone)
    if len(spans) == 1:
        return f"({instant} + {spans[0][1]})"
    branches = " ".join(f"WHEN {instant} < {until} THEN {offset}" for until, offset in spans[:-1])
    return f"({instant} + CASE {branches} ELSE {spans[-1][1]} END)"


def utc_ms(local: str, zone: zoneinfo.ZoneInfo) -> str:
    """SQL: local wall-clock milliseconds as a UTC instant; an hour that happens twice is its first."""
    spans = _offsets(zone)
    if len(spans) == 1:
        return f"({local} - {spans[0][1]})"
    branches = " ".join(f"WHEN {local} < {until + offset} THEN {offset}" for until, offset in spans[:-1])
    return f"({local} - CASE {branches} ELSE {spans[-1][1]} END)"


@functools.cache
def _offsets(zone: zoneinfo.ZoneInfo) -> list[tuple[int, int]]:
    """(until, offset) pairs in milliseconds, from 1995 to 2045, found by looking at every day."""
    hour = dt.timedelta(hours=1)
    moment, last = dt.datetime(1995, 1, 1, tzinfo=dt.UTC), dt.datetime(2045, 1, 1, tzinfo=dt.UTC)
    spans: list[tuple[int, int]] = []
    offset = moment.astimezone(zone).utcoffset() or dt.timedelta()
    while moment < last:
        following = moment + dt.timedelta(days=1)
        changed = following.astimezone(zone).utcoffset() or dt.timedelta()
        if changed != offset:
            while (moment.astimezone(zone).utcoffset() or dt.timedelta()) == offset:
                moment += hour / 4
            spans.append((to_ms(moment), int(offset / MILLISECOND)))
            offset = changed
        moment = following
    spans.append((to_ms(last), int(offset / MILLISECOND)))
    return spans
