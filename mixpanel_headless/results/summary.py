"""An answer as a few lines of text, for readers who pay by the word."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from .views import chosen_rows, format_cell, format_value, left_out, printable

if TYPE_CHECKING:
    from .curves import Curve
    from .table import Table
    from .tabular import Tabular

MOST_COLUMNS = 16
LONGEST = 60
"""Letters of a cell."""


def summarize(result: Tabular, rows: int = 10) -> str:
    """A title, at most `rows` lines of data, and what was left out.

    A table that fits is given whole. A longer time series becomes one line a curve; any other table its first rows, or those of the
    latest dates.
    """
    lines = [printable(result.title), *_data(result, max(rows, 1))]
    if result.note:
        lines.append(f"({printable(result.note)})")
    return "\n".join(lines)


def _data(result: Tabular, rows: int) -> list[str]:
    table = result.shown
    if not table.rows:
        return ["No rows."]
    curves = result.curves() if len(table) > rows and "date" in table.columns else []
    if not curves:
        return _rows(table, rows)
    lines = [_curve(curve) for curve in curves[:rows]]
    hidden = len(curves) - len(lines)
    rest = f"{hidden:,} of {len(curves):,} series left out; " if hidden else ""
    return [*lines, f"... {rest}all {len(table):,} rows are in .table"]


def _rows(table: Table, rows: int) -> list[str]:
    chosen = chosen_rows(table, rows)
    cells = [table.columns, *(tuple(map(format_cell, table.columns, row)) for row in chosen)]
    lines = [" | ".join(map(_cell, line[:MOST_COLUMNS])) for line in cells]
    beyond = len(table.columns) - MOST_COLUMNS
    columns = f"{beyond:,} of {len(table.columns):,} columns left out" if beyond > 0 else ""
    hidden = ", ".join(filter(None, [left_out(table, len(chosen)), columns]))
    return [*lines, f"... {hidden}; see .table"] if hidden else lines


def _cell(text: str) -> str:
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _curve(curve: Curve) -> str:
    points = curve.numbers
    label = _cell(curve.label)
    if not points:
        return f"{label}: no number in {len(curve.values)} points"
    numbers = [value for _, value in points]
    low, high = min(points, key=lambda point: point[1]), max(points, key=lambda point: point[1])
    facts = {
        "first": format_value(numbers[0]),
        "last": format_value(numbers[-1]),
        "mean": format_value(fmean(numbers)),
        "min": f"{format_value(low[1])} on {_day(curve, low[0])}",
        "max": f"{format_value(high[1])} on {_day(curve, high[0])}",
    }
    return f"{label}: {len(curve.values)} points, " + ", ".join(f"{name} {fact}" for name, fact in facts.items())


def _day(curve: Curve, place: int) -> str:
    return printable(curve.dates[place].removesuffix("T00:00:00"))
