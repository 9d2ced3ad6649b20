"""The days and periods that a legacy endpoint's parameters name, cut into windows with the dates it answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .reading import choice, required, text, whole_number
from .times import Range, Window, buckets, read_day, start_of, step, whole_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .project import Project

LEGACY_UNITS = ("minute", "hour", "day", "week", "month")


@attrs.frozen
class Periods:
    """A range cut at a unit; each window's key is its date as legacy answers write it."""

    span: Range
    unit: str
    windows: Sequence[Window]

    @property
    def dates(self) -> list[str]:
        return [window.key for window in self.windows]


def read_periods(
    parameters: Mapping[str, Any], project: Project, units: Sequence[str] = LEGACY_UNITS, default: str = "day"
) -> Periods:
    """The range and unit of `from_date`, `to_date`, `unit` and `interval`.

    Without dates, `interval` counts units back from now; with them, it is the number of days in each period.
    """
    unit = choice(parameters, "unit", units, default)
    interval = whole_number(parameters, "interval", 1, most=10_000)
    if parameters.get("interval") and not text(parameters, "from_date") and not text(parameters, "to_date"):
        now = project.clock()
        first = step(start_of(now, unit, project.week_start), unit, 1 - interval)
        return periods(Range(first, now), unit, project)
    return periods(read_days(parameters, project), unit, project, interval)


def read_days(parameters: Mapping[str, Any], project: Project) -> Range:
    """The whole local days from `from_date` to `to_date`, which must both be there."""
    return whole_days(
        read_day(required(parameters, "from_date")), read_day(required(parameters, "to_date")), project.zone
    )


def periods(span: Range, unit: str, project: Project, width: int = 1) -> Periods:
    """The range cut at `width` units of its own, the first of which begins where the range does."""
    windows = buckets(span, unit, project.week_start)
    if width > 1:
        groups = (windows[place : place + width] for place in range(0, len(windows), width))
        windows = [attrs.evolve(group[0], hi=group[-1].hi) for group in groups]
    return Periods(span, unit, [attrs.evolve(window, key=date_key(window.key, unit)) for window in windows])


def date_key(key: str, unit: str) -> str:
    """An ISO start as a legacy answer writes it: the day, or the time as well below a day."""
    return key[:10] if unit in {"day", "week", "month"} else f"{key[:10]} {key[11:19]}"
