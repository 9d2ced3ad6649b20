"""Tables for notebooks and terminals: escaped, cut to a readable size, honest about what was cut."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import category

from .curves import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from .table import Row, Table

MOST_ROWS = 20
MOST_COLUMNS = 12
"""Columns that a terminal shows of a wider table, such as one of entities with all their fields."""
EMPTY: tuple[object, ...] = ("", [], {}, "[]", "{}")
NAMING = re.compile(r"(?:^|_)(?:id|seq|process|project|workspace)$|[a-z]Id$")
"""Columns whose numbers are names: of things, rows, processes."""
MIDNIGHT = "T00:00:00"
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def html_table(table: Table, *, title: str = "", note: str = "") -> str:
    """The first 20 rows as an HTML table; every text is escaped, the caption says how many rows are left out."""
    head = "".join(f"<th>{_html(name)}</th>" for name in table.columns)
    body = "".join(f"<tr>{''.join(map(_html_cell, table.columns, row))}</tr>" for row in _head(table))
    foot = "; ".join(filter(None, [left_out(table), note]))
    caption = f"<caption>{_html(title)}</caption>" if title else ""
    remark = f"<p><small>{_html(foot)}</small></p>" if foot else ""
    return f"<div><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{remark}</div>"


def terminal_table(table: Table, *, title: str = "", note: str = "") -> RenderableType:
    """The first 20 rows as a table for rich; texts are shown as they are, never read as markup."""
    from rich import box
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    view = RichTable(box=box.SIMPLE_HEAD)
    shown = telling_columns(table)
    for place in shown:
        numeric = any(is_number(row[place]) for row in table.rows[:MOST_ROWS])
        name = Text(printable(table.columns[place]))
        view.add_column(name, justify="right" if numeric else "left", overflow="ellipsis")
    for row in _head(table):
        view.add_row(*(Text(format_cell(table.columns[place], row[place])) for place in shown))
    hidden = len(table.columns) - len(shown)
    columns = f"{hidden:,} of {len(table.columns):,} columns left out" if hidden else ""
    foot = "; ".join(filter(None, [left_out(table), columns, note]))
    head = [Text(printable(title), style="bold")] if title else []
    return Group(*head, view, *([Text(printable(foot), style="dim")] if foot else []))


def telling_columns(table: Table) -> Sequence[int]:
    """The places of the columns that a terminal has room for: all, or the first that say something in the rows shown."""
    places = range(len(table.columns))
    if len(places) <= MOST_COLUMNS:
        return places
    rows = table.rows[:MOST_ROWS]
    telling = [place for place in places if any(tells(row[place]) for row in rows)]
    return telling[:MOST_COLUMNS] or places[:MOST_COLUMNS]


def tells(value: object) -> bool:
    return value is not None and value is not False and value not in EMPTY


def _head(table: Table) -> Sequence[Row]:
    rows = table.rows[:MOST_ROWS]
    if table.columns[:1] != ("date",) or not all(str(row[0]).endswith(MIDNIGHT) for row in rows):
        return rows
    return [(row[0].removesuffix(MIDNIGHT), *row[1:]) for row in rows]


def left_out(table: Table, shown: int = MOST_ROWS) -> str:
    """How many rows a view of the first `shown` hides; empty when it hides none."""
    hidden = len(table) - shown
    return f"{hidden:,} of {len(table):,} rows left out" if hidden > 0 else ""


def format_cell(column: str, value: Any) -> str:
    """A value of a table as people read it; a number that names something is no amount: `12345`."""
    named = isinstance(value, int) and not isinstance(value, bool) and NAMING.search(column)
    return str(value) if named else format_value(value)


def format_value(value: Any) -> str:
    """A value as people read it: `1,255`, `3,010.5`, `0.0012`, `–` for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return printable(value if isinstance(value, str) else str(value))
    if not is_number(value) or (value and abs(value) < 0.01):
        return f"{value:.2g}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def printable(text: str) -> str:
    """Text for one line of a terminal: what could move its cursor or reverse its direction becomes `�`."""
    return text if text.isprintable() else "".join("\ufffd" if _steers(sign) else sign for sign in text)


def _steers(sign: str) -> bool:
    return category(sign) in {"Cc", "Cs", "Zl", "Zp"} or sign in BIDI_CONTROLS


def _html(text: str) -> str:
    return escape(printable(text))


def _html_cell(column: str, value: Any) -> str:
    align = ' style="text-align:right"' if is_number(value) else ""
    return f"<td{align}>{escape(format_cell(column, value))}</td>"
