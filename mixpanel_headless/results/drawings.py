"""What charts are made of, before any package draws them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .table import Table

ChartKind = Literal["line", "bar", "funnel", "heatmap", "sankey"]
CHART_KINDS: tuple[ChartKind, ...] = get_args(ChartKind)

Place = tuple[int, str]
"""An event in a column of a flow, the columns counted from 0."""
Ways = Counter[tuple[Place, Place]]
"""How many flows went from one place to another."""


@attrs.frozen
class Stages:
    """The steps of one funnel in their order: names and counts; a funnel of everybody has no label."""

    label: str
    names: tuple[str, ...]
    counts: tuple[float, ...]


@attrs.frozen
class Grid:
    """Numbers by row and column, None where there is none; `shares` go from 0 to 1."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    shares: bool


def grid_of(table: Table, first: int, *, labels: int, shares: bool) -> Grid | None:
    """The cells of a table from column `first` on; a row is called by its `labels` leading columns. None without cells."""
    columns = table.columns[first:]
    if not columns or not table.rows:
        return None
    names = tuple(" / ".join(map(str, row[:labels])) for row in table.rows)
    return Grid(names, columns, tuple(row[first:] for row in table.rows), shares)


def add_ways(ways: Iterable[tuple[Place, Place, int]]) -> Ways:
    """The ways with those between the same two places as one; a way that nobody went is none."""
    total: Ways = Counter()
    for source, target, count in ways:
        total[source, target] += count
    return +total
