"""Nested series as rows and columns, without any data-frame package."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, TextIO

import attrs

from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import pandas as pd
    import polars as pl
    import pyarrow as pa

OVERALL = "$overall"
PERIOD, CURRENT, PREVIOUS = "period", "current", "previous"
"""The column that tells the rows of two times apart, and what is in it."""
WHOLE_RANGE = "all"
TIME_CHARTS = frozenset({"line", "column", "stacked-line", "stacked-column"})

Row = tuple[Any, ...]
Path = tuple[str, ...]


def _names(columns: Iterable[str]) -> tuple[str, ...]:
    """The names, a later one of two alike with a number, because rows as dicts and most data frames hold each once."""
    names = tuple(columns)
    if len(set(names)) == len(names):
        return names
    taken: dict[str, None] = {}
    for name in names:
        free = (name, *(f"{name}_{number}" for number in range(2, len(names) + 2)))
        taken[next(choice for choice in free if choice not in taken and (choice == name or choice not in names))] = None
    return tuple(taken)


def _rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(rows)


@attrs.frozen
class Table:
    """Columns, each with a name of its own, and their rows, in the order of the answer."""

    columns: tuple[str, ...] = attrs.field(converter=_names)
    rows: tuple[Row, ...] = attrs.field(converter=_rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dict a row, keyed by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """A new data frame (extra `pandas`); raises MissingExtraError without it."""
        from .frames import to_pandas

        return to_pandas(self)

    def to_polars(self) -> pl.DataFrame:
        """A new polars frame (extra `polars`); columns are typed as `arrow` types them."""
        from .frames import to_polars

        return to_polars(self)

    def to_arrow(self) -> pa.Table:
        """A new arrow table (extra `arrow`).

        A column of one kind of value keeps it; whole numbers among others become floats where that loses nothing. Any
        other column becomes text: lists, objects and values of several kinds as JSON, what was text as it is.
        """
        from .frames import to_arrow

        return to_arrow(self)

    def to_csv(self, file: TextIO) -> None:
        """Writes a header line and one line a row to an open text file; what is no number or text is JSON."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(map(csv_cells, self.rows))


def csv_cells(row: Iterable[Any]) -> list[Any]:
    """A row for CSV: truth values, lists and objects as JSON writes them."""
    return [
        json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
        if isinstance(value, bool | dict | list | tuple)
        else value
        for value in row
    ]


def flatten_series(
    series: Mapping[str, Any], headers: Sequence[Any] = (), chart_type: object = None, number: str = "count"
) -> Table:
    """The table of an insights `series`: metric → nested segments → `{date or "all": value}`.

    Columns are `date` (unless every key is `all`), `event`, the segments, `count`. A branch that ends before the
    deepest one is padded with `$overall`. `number` is what the last column is called. What is not an object at the metric's level carries no value and is skipped.
    """
    leaves = [
        (metric, path, key, value)
        for metric, node in series.items()
        if isinstance(node, dict)
        for path, key, value in _leaves(node)
    ]
    if leaves:
        dated = any(key != WHOLE_RANGE for _, _, key, _ in leaves)
        depth = max(_depth(node) for node in series.values())
    else:
        dated = not isinstance(chart_type, str) or chart_type in TIME_CHARTS
        depth = _depth_by_headers(headers)
    columns = (
        *(["date"] if dated else []),
        "event",
        *segment_columns(headers, depth, {"date", "event", number}),
        number,
    )
    return Table(columns, [_row(leaf, depth, dated=dated) for leaf in leaves])


def in_periods(current: Table, previous: Table) -> Table:
    """The rows of two times below each other; a column `period`, after a leading `date`, says whose they are."""
    first = 1 if current.columns[:1] == previous.columns[:1] == ("date",) else 0
    wide, narrow = sorted((current.columns, previous.columns), key=len, reverse=True)
    columns = tuple(dict.fromkeys((*wide, *narrow)))  # they differ where one time has segments that the other has not
    rows = [
        (*row[:first], period, *row[first:])
        for period, table in ((CURRENT, current), (PREVIOUS, previous))
        for row in (tuple(map(one.get, columns)) for one in table.to_dicts())
    ]
    return Table((*columns[:first], PERIOD, *columns[first:]), rows)


def segment_columns(
    headers: Sequence[Any], depth: int, taken: AbstractSet[str] = frozenset({"date", "event", "count"})
) -> tuple[str, ...]:
    """Names for `depth` segment columns: the answer's own headers when they can serve, numbers when they cannot.

    They cannot when one of them is `taken` by another column.
    """
    if depth <= 1:
        return ("segment",) * depth
    named = tuple(headers[1:])
    usable = all(isinstance(name, str) and name for name in named) and not taken & set(named)
    if usable and len(named) == len(set(named)) == depth:
        return named
    return tuple(f"segment_{level}" for level in range(1, depth + 1))


def _leaves(node: Mapping[str, Any]) -> Iterator[tuple[Path, str, Any]]:
    # An object may hold values beside its branches; they belong to the branch itself, so nothing gets lost.
    path: Path = ()
    branches = [iter(node.items())]
    while branches:
        for key, value in branches[-1]:
            if isinstance(value, dict):
                path = (*path, key)
                branches.append(iter(value.items()))
                break
            yield path, key, value
        else:
            branches.pop()
            path = path[:-1]


def _depth(node: object) -> int:
    depth, level = 0, [node] if isinstance(node, dict) else []
    while level := [child for branch in level for child in branch.values() if isinstance(child, dict)]:
        depth += 1
    return depth


def _depth_by_headers(headers: Sequence[Any]) -> int:
    return len(headers) - 1 if headers and headers[0] in ("$metric", "$event") else 0


def _row(leaf: tuple[str, Path, str, Any], depth: int, *, dated: bool) -> Row:
    metric, path, key, value = leaf
    padding = (OVERALL,) * (depth - len(path))
    date = (clip_date(key),) if dated else ()
    return (*date, metric, *path, *padding, copy_tree(value))


def clip_date(key: str) -> str:
    """A moment without fraction and offset: buckets are local to the project, so the offset tells nothing."""
    return key[:19] if len(key) > 19 and "T" in key else key
