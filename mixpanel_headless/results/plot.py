"""Which curves of an answer are drawn, and where their points lie: what terminal and notebook drawings share."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

import attrs

from .table import WHOLE_RANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .curves import Curve, Point

MOST_CURVES = 6


@attrs.frozen
class Plot:
    """The curves to draw over their dates, from `low` to `high`; `hidden` curves were left out."""

    curves: tuple[Curve, ...]
    dates: tuple[str, ...]
    low: float
    high: float
    hidden: int

    def points(self, curve: Curve) -> list[Point]:
        """The curve's numbers as fractions of the width and the height, from the bottom left."""
        places = {date: place / (len(self.dates) - 1) for place, date in enumerate(self.dates)}
        dated = ((curve.dates[place], value) for place, value in curve.numbers)
        return [(places[date], (value - self.low) / (self.high - self.low)) for date, value in dated if date in places]

    @property
    def left_out(self) -> str:
        """How many curves are not drawn; empty when all are."""
        return f"{self.hidden} of {len(self.curves) + self.hidden} series left out" if self.hidden else ""


def plot_of(curves: Sequence[Curve], most: int = MOST_CURVES) -> Plot | None:
    """The plot of the curves with the highest means, in the given order; None with fewer than two dates."""
    drawable = [curve for curve in curves if curve.numbers]
    dates = sorted({date for curve in drawable for date in curve.dates} - {WHOLE_RANGE})
    if len(dates) < 2:
        return None
    highest = sorted(range(len(drawable)), key=lambda place: -fmean(value for _, value in drawable[place].numbers))
    shown = [drawable[place] for place in sorted(highest[:most])]
    low, high = axis_ends([value for curve in shown for _, value in curve.numbers])
    return Plot(tuple(shown), tuple(dates), low, high, len(drawable) - len(shown))


def axis_ends(values: Sequence[float]) -> tuple[float, float]:
    """A low and a high end in round numbers that hold all values and zero."""
    low, high = min([0.0, *values]), max([0.0, *values])
    return 0.0 - _round_up(-low), _round_up(high) or (0.0 if low else 1.0)


def day_label(date: str) -> str:
    """A date as an axis shows it: the day, or day and time for anything finer."""
    whole_day = len(date) <= 10 or date.endswith("T00:00:00")
    return date[:10] if whole_day else date[5:16].replace("T", " ")


def _round_up(value: float) -> float:
    if value <= 0:
        return 0.0
    unit: float = 10.0 ** math.floor(math.log10(value))
    return next((step * unit for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= value), value)
