"""Tables for notebooks, and cells for every reader: escaped, cut to a readable size, honest about what was cut."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import category

from mixpanel_headless.query.fields import is_whole

from .curves import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .table import Row, Table

MOST_ROWS = 20
WHOLE = 32
"""Rows up to which a table is shown whole: few would be left out of it, and the last 30 days are 31."""
NOTHING = "–"
DATES = ("date", "cohort_date")
"""Columns that say when, by the clocks of the project, where a table has several rows of one thing."""
NAMING = re.compile(r"(?:^|_)(?:id|seq|process|project|workspace)$|[a-z]Id$")
"""Columns whose numbers are names: of things, rows, processes."""
WHEN = re.compile(
    r"(?:^|_)(?:created|modified|updated|edited|checked|fired|queried|verified)(?:_at|_utc)?$|(?:^|_)at$|_utc$"
)
"""Columns that say when something became of a thing; the service has them in UTC, whether it says so or not."""
MIDNIGHT = "T00:00:00"
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def html_table(table: Table, *, title: str = "", note: str = "") -> str:
    """The rows that a view has room for as an HTML table; every text is escaped, the caption says how many rows are left out."""
    head = "".join(f"<th>{_html(name)}</th>" for name in table.columns)
    rows = shown_rows(table)
    body = "".join(f"<tr>{''.join(map(_html_cell, table.columns, row))}</tr>" for row in rows)
    hidden = left_out(table, len(rows))
    foot = "; ".join(filter(None, [hidden and f"{hidden}; .table has all", note]))
    caption = f"<caption>{_html(title)}</caption>" if title else ""
    remark = f"<p><small>{_html(foot)}</small></p>" if foot else ""
    return f"<div><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{remark}</div>"


def shown_rows(table: Table) -> Sequence[Row]:
    """All rows, or some if there are many; whole days are without their midnight."""
    rows = table.rows if len(table) <= WHOLE else chosen_rows(table, MOST_ROWS)
    if table.columns[:1] != ("date",) or not all(str(row[0]).endswith(MIDNIGHT) for row in rows):
        return rows
    return [(row[0].removesuffix(MIDNIGHT), *row[1:]) for row in rows]


def chosen_rows(table: Table, most: int) -> Sequence[Row]:
    """At most so many rows, the first; of a table with dates the latest of each series, so that none is hidden by another."""
    dated = next((place for place, name in enumerate(table.columns) if name in DATES), None)
    if dated is None or len(table) <= most:
        return table.rows[:most]
    names = [
        place
        for place in range(len(table.columns))
        if place != dated and all(isinstance(row[place], str | None) for row in table)
    ]
    dateless: list[int] = []
    series: dict[tuple[Any, ...], list[int]] = {}
    for number, row in enumerate(table.rows):
        same = series.setdefault(tuple(row[place] for place in names), [])
        (dateless if str(row[dated]).startswith("$") else same).append(number)
    each = max((most - len(dateless)) // len(series), 1)
    numbers = dateless + [number for same in series.values() for number in latest(table.rows, same, dated, each)]
    return [table.rows[number] for number in sorted(numbers)[:most]]


def latest(rows: Sequence[Row], numbers: Sequence[int], dated: int, most: int) -> Sequence[int]:
    """The numbers of the rows with the latest dates, whether the dates rise or fall."""
    rising = bool(numbers) and str(rows[numbers[0]][dated]) <= str(rows[numbers[-1]][dated])
    return numbers[-most:] if rising else numbers[:most]


def left_out(table: Table, shown: int) -> str:
    """How many rows a view of `shown` rows hides; empty when it hides none."""
    hidden = len(table) - shown
    return f"{hidden:,} of {len(table):,} rows left out" if hidden > 0 else ""


def format_cell(column: str, value: Any) -> str:
    """A value of a table as people read it; a number that names something is no amount: `12345`, and UTC is said."""
    if isinstance(value, datetime) or (isinstance(value, str) and (column in DATES or WHEN.search(column))):
        moment = read_moment(value)
        if moment is not None:
            return to_the_second(moment) if column in DATES else in_utc(moment)
    named = is_whole(value) and NAMING.search(column)
    return str(value) if named else format_value(value)


def read_moment(value: str | datetime) -> datetime | None:
    """A moment of UTC, or of another zone if it says so; None for what is none, such as a day."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value) if len(value) > len("2026-01-31") else None
    except ValueError:
        return None


def in_utc(moment: datetime) -> str:
    """A moment as people read it, to the second."""
    return f"{to_the_second(moment if moment.tzinfo is None else moment.astimezone(UTC))} UTC"


def to_the_second(moment: datetime) -> str:
    """A moment as the clocks of its own zone have it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def format_value(value: Any) -> str:
    """A value as people read it: `1,255`, `3,010.5`, `0.0012`, `–` for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict | list | tuple):
        return printable(json.dumps(value, ensure_ascii=False, default=str))
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
