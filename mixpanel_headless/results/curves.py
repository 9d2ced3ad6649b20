"""A table seen as curves: one value a date, for every metric and segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .table import OVERALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .table import Table

Point = tuple[float, float]
BLOCKS = "▁▂▃▄▅▆▇█"


@attrs.frozen
class Curve:
    """The values of one metric and segment along the dates (or under their one date, `all`)."""

    label: str
    dates: tuple[str, ...]
    values: tuple[Any, ...]

    @property
    def numbers(self) -> list[tuple[int, float]]:
        """Index and value of every point that holds a number."""
        return [(place, value) for place, value in enumerate(self.values) if is_number(value)]


def curves_of(table: Table) -> list[Curve]:
    """The table's rows by metric and segment, in the table's order; the metric is named when there are several."""
    first = 1 if "date" in table.columns else 0
    points: dict[tuple[Any, ...], list[tuple[str, Any]]] = {}
    for row in table.rows:
        points.setdefault(row[first:-1], []).append((row[0] if first else "all", row[-1]))
    one_metric = len({key[:1] for key in points}) == 1
    return [
        Curve(
            _label(key or table.columns[-1:], one_metric=one_metric),
            tuple(d for d, _ in pairs),
            tuple(v for _, v in pairs),
        )
        for key, pairs in points.items()
    ]


def sparkline(values: Sequence[Any], width: int | None = None) -> str:
    """The values as one line of blocks from 0 (or the lowest below it) to the highest; a gap where there is no number.

    More values than `width` are thinned to evenly spaced ones, the last always among them.
    """
    if width is not None and len(values) > width:
        values = [values[(place + 1) * len(values) // width - 1] for place in range(width)]
    numbers = [value for value in values if is_number(value)]
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    step = (high - low) / (len(BLOCKS) - 1) or 1.0
    return "".join(BLOCKS[round((value - low) / step)] if is_number(value) else " " for value in values)


def is_number(value: object) -> bool:
    """Whether a value can be drawn: a finite number, not a boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value - value == 0  # false for infinities and NaN, without rounding a large integer


def _label(key: tuple[Any, ...], *, one_metric: bool) -> str:
    metric, *segments = key
    while segments and segments[-1] == OVERALL:
        segments.pop()
    parts = segments if one_metric and segments else [metric, *segments]
    if one_metric and not segments and len(key) > 1:
        return "overall"
    return " / ".join(map(str, parts))
