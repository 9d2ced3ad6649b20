"""An answer drawn for notebooks: a small picture that needs no package and no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .plot import day_label
from .views import format_value, printable

if TYPE_CHECKING:
    from .curves import Curve, Point
    from .plot import Plot

WIDTH, HEIGHT, LEFT, FOOT, LINE = 640, 180, 70, 22, 16
COLOURS = ("#0b84a5", "#ca472f", "#e69f00", "#3a923a", "#6f4e7c", "#8d5524")


def svg_plot(plot: Plot) -> str:
    """The curves with axis, first and last date and a legend, as one SVG element; every text is escaped."""
    base = HEIGHT + FOOT
    whole = base + LINE * len(plot.curves)
    parts = [
        _text(LEFT - 6, 10, format_value(plot.high), anchor="end"),
        _text(LEFT - 6, HEIGHT, format_value(plot.low), anchor="end"),
        _text(LEFT, base - 6, day_label(plot.dates[0])),
        _text(WIDTH, base - 6, day_label(plot.dates[-1]), anchor="end"),
        f'<path d="M{LEFT} 4V{HEIGHT}H{WIDTH}" stroke="#999" fill="none"/>',
    ]
    for number, curve in enumerate(plot.curves):
        parts.append(_line(plot.points(curve), COLOURS[number]))
        parts.append(_legend(curve, COLOURS[number], base + LINE * number + 10))
    size = f'viewBox="0 0 {WIDTH} {whole}" width="{WIDTH}" height="{whole}"'
    style = 'font-family="sans-serif" font-size="11" fill="currentColor"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def _line(points: list[Point], colour: str) -> str:
    places = " ".join(f"{LEFT + x * (WIDTH - LEFT):.1f},{HEIGHT - y * (HEIGHT - 6):.1f}" for x, y in points)
    return f'<polyline points="{places}" stroke="{colour}" stroke-width="1.5" fill="none"/>'


def _legend(curve: Curve, colour: str, y: int) -> str:
    last = format_value(curve.numbers[-1][1])
    mark = f'<rect x="{LEFT}" y="{y - 8}" width="10" height="8" fill="{colour}"/>'
    return mark + _text(LEFT + 16, y, f"{curve.label[:80]} (last {last})")


def _text(x: int, y: int, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(printable(text))}</text>'
