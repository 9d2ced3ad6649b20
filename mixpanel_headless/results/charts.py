"""An answer drawn in the terminal: curves over dates, bars where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .canvas import Canvas
from .curves import Curve, sparkline
from .plot import day_label, plot_of
from .views import format_value, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions
    from rich.text import Text

    from .plot import Plot
    from .tabular import Tabular

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
HEIGHT = 10
MOST_BARS = 20
NARROWEST = 40


def draw(result: Tabular, width: int | None = None) -> Chart:
    """A rich renderable of the answer: its six highest curves, or its first 20 bars, with axes, dates and a legend."""
    return Chart(result.title, result.note, tuple(result.curves()), width)


@attrs.frozen
class Chart:
    """Curves with a title and a note; rich draws it as wide as `width` or the terminal allows."""

    title: str
    note: str
    curves: tuple[Curve, ...]
    width: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        width = max(NARROWEST, min(self.width or options.max_width, options.max_width))
        for line in self._lines(width, plain=options.ascii_only):
            if options.ascii_only:
                line.plain = line.plain.encode("ascii", "replace").decode()
            yield line

    def _lines(self, width: int, *, plain: bool) -> Iterator[Text]:
        from rich.text import Text

        yield Text(printable(self.title), style="bold")
        drawable = [curve for curve in self.curves if curve.numbers]
        if not drawable:
            yield Text("No numbers to draw.")
        elif plot := plot_of(drawable):
            yield from _curves(plot, width, plain=plain)
        else:
            yield from _bars(drawable, width, plain=plain)
        if self.note:
            yield Text(printable(self.note), style="dim")


def _curves(plot: Plot, width: int, *, plain: bool) -> Iterator[Text]:
    labels = _axis_labels(plot.low, plot.high)
    margin = max(map(len, labels.values()))
    canvas = Canvas(width - margin - 2, HEIGHT)
    for number, curve in reversed(list(enumerate(plot.curves))):  # the first curve lies on top
        canvas.line(plot.points(curve), number)
    yield from _plot(canvas, labels, margin, plain=plain)
    yield _dates_line(plot.dates, margin, canvas.columns)
    yield from _legend(plot.curves, width, plain=plain)
    if plot.left_out:
        yield _dim(plot.left_out)


def _axis_labels(low: float, high: float) -> dict[int, str]:
    return {0: format_value(high), HEIGHT // 2: format_value((low + high) / 2), HEIGHT - 1: format_value(low)}


def _plot(canvas: Canvas, labels: dict[int, str], margin: int, *, plain: bool) -> Iterator[Text]:
    from rich.text import Text

    for place, cells in enumerate(canvas.rows()):
        label = labels.get(place, "")
        line = Text(f"{label:>{margin}} ", style="")
        line.append(("+" if plain else "┤") if label else ("|" if plain else "│"), style="dim")
        for bits, owner in cells:
            sign = "*" if plain else chr(0x2800 + bits)
            line.append(" " if owner is None else sign, style="" if owner is None else COLOURS[owner])
        line.rstrip()
        yield line


def _dates_line(dates: Sequence[str], margin: int, columns: int) -> Text:
    first, middle, last = (printable(day_label(dates[place])) for place in (0, (len(dates) - 1) // 2, -1))
    line = f"{first:<{columns}}"[: columns - len(last)] + last
    start = round((columns - 1) * ((len(dates) - 1) // 2) / (len(dates) - 1)) - len(middle) // 2
    if len(dates) > 2 and start > len(first) + 1 and start + len(middle) < columns - len(last) - 1:
        line = line[:start] + middle + line[start + len(middle) :]
    return _dim(" " * (margin + 2) + line)


def _legend(curves: Sequence[Curve], width: int, *, plain: bool) -> Iterator[Text]:
    from rich.text import Text

    label_width = _label_width(curves, width // 2)
    for number, curve in enumerate(curves):
        line = Text("-- " if plain else "━━ ", style=COLOURS[number])
        line.append(_fit(curve.label, label_width), style="")
        last = f"  last {format_value(curve.numbers[-1][1])}"
        room = width - line.cell_len - len(last) - 2
        if not plain and room >= 8:
            line.append(f"  {sparkline(curve.values, room)}", style=COLOURS[number])
        line.append(last)
        yield line


def _bars(curves: Sequence[Curve], width: int, *, plain: bool) -> Iterator[Text]:
    from rich.text import Text

    shown = curves[:MOST_BARS]
    amounts = [curve.numbers[-1][1] for curve in shown]
    label_width = _label_width(shown, width // 3)
    value_width = max(len(format_value(amount)) for amount in amounts)
    room, most = width - label_width - value_width - 2, max(map(abs, amounts)) or 1.0
    for curve, amount in zip(shown, amounts, strict=True):
        bar = _bar(abs(amount) / most * room, plain=plain)
        line = Text(_fit(curve.label, label_width) + " ")
        line.append(f"{bar:<{room}} ", style="red" if amount < 0 else COLOURS[0])
        line.append(f"{format_value(amount):>{value_width}}")
        yield line
    if len(shown) < len(curves):
        yield _dim(f"{len(curves) - len(shown)} of {len(curves)} bars left out")


def _bar(length: float, *, plain: bool) -> str:
    if plain:
        return "#" * round(length)
    whole, eighths = divmod(round(length * 8), 8)
    return "█" * whole + "▏▎▍▌▋▊▉"[eighths - 1 : eighths]


def _label_width(curves: Sequence[Curve], most: int) -> int:
    from rich.cells import cell_len

    return min(max(cell_len(printable(curve.label)) for curve in curves), most)


def _fit(label: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    label = printable(label)
    return set_cell_size(label, width) if cell_len(label) <= width else f"{set_cell_size(label, width - 1)}…"


def _dim(text: str) -> Text:
    from rich.text import Text

    return Text(text, style="dim")
