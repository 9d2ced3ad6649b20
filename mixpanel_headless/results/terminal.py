"""Tables for terminals: whole cells of the columns that fit, and what was left out by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from .curves import is_number
from .views import NAMING, format_cell, left_out, printable, shown_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table as RichTable

    from .table import Row, Table

EMPTY: tuple[object, ...] = ("", [], {}, "[]", "{}")
LONGEST_NAME = 40
"""Letters of a text without spaces, such as a key or an id, beyond which it is no name that must be seen."""
NARROWEST = 20
"""Letters that a column of texts is given at least; what is longer is broken into lines."""
LONGEST_HEADING = 9
BREAKS = re.compile(r"(?<=_)")
MOST_NAMED = 6
CODE = re.compile(r"[A-Za-z_]*[._][A-Za-z_.]*")
"""Names of calls and the like, which may be broken into lines as well; ids may not."""
BETWEEN = 3
"""Letters between two columns."""


@attrs.frozen
class Column:
    """A column as a terminal could show it; `rank` says what goes first where there is no room for all, 0 last."""

    place: int
    name: str
    cells: tuple[str, ...]
    full: int
    need: int
    rank: int
    numeric: bool


@attrs.frozen
class TerminalTable:
    """The rows of a table that there is room for, for rich; `whole` says where a reader finds what is left out."""

    table: Table
    title: str = ""
    note: str = ""
    whole: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        rows = shown_rows(self.table)
        columns = [read_column(self.table.columns[place], place, rows) for place in range(len(self.table.columns))]
        chosen = fitting(columns, rows, options.max_width)
        if self.title:
            yield Text(printable(self.title), style="bold")
        yield draw(chosen, options.max_width) if rows else Text("Empty.")
        if foot := self._foot(left_out(self.table, len(rows)), columns_left_out(columns, chosen)):
            yield Text(printable(foot), style="dim")

    def _foot(self, *told: str) -> str:
        hidden = [*filter(None, told)] if len(self.table) else []
        hint = [f"{self.whole} has all"] if hidden and self.whole else []
        return "; ".join(filter(None, [*hidden, *hint, self.note]))


def terminal_table(table: Table, *, title: str = "", note: str = "", whole: str = "") -> TerminalTable:
    """The rows that there is room for as a table for rich; texts are shown as they are, never read as markup."""
    return TerminalTable(table, title, note, whole)


def read_column(name: str, place: int, rows: Sequence[Row]) -> Column:
    """A column with its cells as text; names, numbers and dates need all their letters, longer texts some."""
    from rich.cells import cell_len

    values = [row[place] for row in rows]
    cells = tuple(format_cell(name, value) for value in values)
    widest = max(map(cell_len, cells), default=0)
    head = max(map(cell_len, heading(name)))
    full, need, rank = max(widest, head), max(widest, head), 0
    if any(isinstance(value, dict | list | tuple) for value in values):
        rank = 2
    elif widest > NARROWEST and any(isinstance(value, str) for value in values) and not NAMING.search(name):
        spaced = any(" " in cell for cell in cells)
        rank = 1 if spaced else 2 if widest > LONGEST_NAME else 0
        broken = spaced or all(map(CODE.fullmatch, cells))
        need = max(NARROWEST, head) if broken else need
    return Column(place, name, cells, full, need, rank, any(map(is_number, values)))


def fitting(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[Column]:
    """All columns if there is room; else those that say something, names and numbers before long texts and structures."""
    if taken(columns, "full") <= width:
        return list(columns)
    telling = [column for column in columns if any(tells(row[column.place]) for row in rows)] or list(columns)
    if len(telling) <= 2:
        return telling
    chosen: list[Column] = []
    for column in sorted(telling, key=lambda one: one.rank):
        if not chosen or taken([*chosen, column], "need") <= width:
            chosen.append(column)
        elif column.rank == 0 and column.numeric:
            break  # numbers in a row, such as those of buckets, have no gaps
    return sorted(chosen, key=lambda one: one.place)


def taken(columns: Iterable[Column], what: str) -> int:
    """How many letters a line of these columns takes."""
    widths: list[int] = [getattr(column, what) for column in columns]
    return sum(widths) + BETWEEN * len(widths) + 1


def draw(columns: Sequence[Column], width: int) -> RichTable:
    """The columns, what room there is left given to texts that can use it."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    view, free = RichTable(box=box.SIMPLE_HEAD), width - taken(columns, "need")
    for column in columns:
        more = min(free, column.full - column.need) if free > 0 else 0
        room = column.need + more if free >= 0 else None  # otherwise they have to share what there is
        free -= more
        name = Text("\n".join(heading(column.name)))
        view.add_column(name, justify="right" if column.numeric else "left", overflow="fold", width=room)
    for cells in lines(columns):
        view.add_row(*map(Text, cells))
    return view


def lines(columns: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    """The cells by row."""
    return zip(*(column.cells for column in columns), strict=True)


def heading(name: str) -> list[str]:
    """The name of a column in lines; a long one is broken behind its underscores, so that it takes less room."""
    found: list[str] = []
    for part in BREAKS.split(printable(name)):
        if found and len(found[-1]) + len(part) <= LONGEST_HEADING:
            found[-1] += part
        else:
            found.append(part)
    return found


def columns_left_out(columns: Sequence[Column], chosen: Sequence[Column]) -> str:
    """How many columns are not shown, and the first of them by name; empty when all are."""
    hidden = [column.name for column in columns if column not in chosen]
    if not hidden:
        return ""
    more = ", …" if len(hidden) > MOST_NAMED else ""
    names = ", ".join(hidden[:MOST_NAMED])
    return f"{len(hidden):,} of {len(columns):,} columns left out ({names}{more})"


def tells(value: object) -> bool:
    """Whether a cell says something."""
    return value is not None and value is not False and value not in EMPTY
