"""Computed points as series: rolling means, running sums, truncation, order, and the nested answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .measures import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .formulas import Formula

Path = tuple[str, ...]
Points = list[Any]
Table = dict[Path, Points]
OVERALL = "$overall"


def rolled(points: Points, size: int) -> Points:
    """The mean of each point and the `size` - 1 before it; the first `size` - 1 points fall away."""
    return [_mean(points[place - size + 1 : place + 1]) for place in range(size - 1, len(points))]


def _mean(points: Points) -> Any:
    known = [point for point in points if isinstance(point, int | float)]
    return tidy(sum(known) / len(known)) if known else None


def running(points: Points) -> Points:
    """The sum of each point and all before it; a point that is nothing adds nothing."""
    total, sums = 0.0, []
    for point in points:
        total += point if isinstance(point, int | float) else 0
        sums.append(tidy(total))
    return sums


def each(table: Table, change: Callable[[Points], Points]) -> Table:
    """The table with every path's points changed."""
    return {path: change(points) for path, points in table.items()}


def evaluate(formula: Formula, operands: Mapping[str, Table], empties: Mapping[str, int | None], width: int) -> Table:
    """The formula, point by point, for every path that any operand has."""
    paths = dict.fromkeys(path for table in operands.values() for path in table) or {(): None}
    missing = {name: [empties[name]] * width for name in operands}
    found: Table = {}
    for path in paths:
        columns = {name: table.get(path, missing[name]) for name, table in operands.items()}
        found[path] = [
            formula.value({name: points[place] for name, points in columns.items()}) for place in range(width)
        ]
    return found


def kept(table: Table, depth: int, limit: int, ranks: Callable[[], Mapping[Path, float]]) -> tuple[Table, bool]:
    """The table with at most `limit` full paths, by rank and then by name; and whether any had to go."""
    full = [path for path in table if len(path) == depth]
    if depth == 0 or len(full) <= limit:
        return table, False
    order = ranks()
    full.sort(key=lambda path: (-order.get(path, float("-inf")), path))
    stay = {path[:length] for path in full[:limit] for length in range(1, depth + 1)}
    return {path: points for path, points in table.items() if not path or path in stay}, True


def nested(
    table: Table,
    leaf: Callable[[Points], dict[str, Any]],
    orders: Sequence[Sequence[str]],
    size: Callable[[Points], float],
) -> dict[str, Any]:
    """The answer's form: `$overall` and the segments of each level around the leaves.

    `orders` holds the natural order of each level's labels, or nothing; a level without one begins with the largest.
    """
    depth = len(orders)
    if depth == 0:
        return leaf(table[()])
    root: dict[str, Any] = {OVERALL: leaf(table[()])}
    places = [{name: place for place, name in enumerate(order)} for order in orders]
    sizes = {path: size(points) for path, points in table.items()}
    for path in sorted((path for path in table if path), key=lambda path: _order(path, sizes, places)):
        values = leaf(table[path])
        node = root
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = values if len(path) == depth else {OVERALL: values}
    return root


def _order(path: Path, sizes: Mapping[Path, float], places: Sequence[Mapping[str, int]]) -> list[Any]:
    """Level by level: natural order where there is one, else the largest first, then by name."""
    key: list[Any] = []
    for level, name in enumerate(path):
        natural = places[level]
        size = 0.0 if natural else -sizes.get(path[: level + 1], 0.0)
        key.append((natural.get(name, len(natural)), size, name))
    return key


def weight(points: Points) -> float:
    """The sum of the points that are numbers: how far up a segment stands."""
    return sum(point for point in points if isinstance(point, int | float) and not isinstance(point, bool))
