"""What the ways of a flow report add up to: columns with edges, the commonest paths, or a tree."""

from __future__ import annotations

import functools
import itertools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import attrs

from .flow_ways import ANCHOR, FORWARD, Cell, Way

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

DROPOFF, PRUNED, NORMAL = "DROPOFF", "PRUNED", "NORMAL"
MAX_PATHS = 50


@attrs.frozen
class Node:
    """A place that ways lead through."""

    column: int
    event: str
    kind: str
    side: str

    @property
    def rank(self) -> tuple[bool, bool, str]:
        """Among nodes with one count: by name, what was pruned and what was dropped last."""
        return self.kind == DROPOFF, self.kind == PRUNED, self.event


def sankey(ways: Sequence[Way], cardinality: int, custom: Collection[str]) -> dict[str, Any]:
    """The columns, each with its `cardinality` commonest events and the edges that leave them."""
    if not ways:
        return {"breakdowns": [], "overallConversionRate": "NaN", "steps": []}
    kept = _kept(ways, cardinality)
    nodes: dict[int, Counter[Node]] = defaultdict(Counter)
    edges: dict[Node, Counter[Node]] = defaultdict(Counter)
    for way in ways:
        passed = _nodes(way, kept)
        for node in passed:
            nodes[node.column][node] += 1
        for left, right in itertools.pairwise(passed):
            edges[left][right] += 1
    steps = [
        {"nodes": [_node(node, count, edges[node], custom) for node, count in _ordered(nodes[column])]}
        for column in range(max(nodes) + 1)
    ]
    rate = sum(way.arrived for way in ways) / len(ways)
    return {"breakdowns": [], "overallConversionRate": rate, "steps": steps}


def _kept(ways: Sequence[Way], cardinality: int) -> set[tuple[int, str]]:
    """The (column, event) pairs that are shown by name, anchors aside."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for way in ways:
        for cell in way.cells:
            if cell.role != ANCHOR:
                counts[cell.column][cell.name] += 1
    return {
        (column, name)
        for column, names in counts.items()
        for name in sorted(names, key=lambda name: (-names[name], name))[:cardinality]
    }


def _nodes(way: Way, kept: Collection[tuple[int, str]]) -> list[Node]:
    passed = [_placed(cell, kept) for cell in way.cells]
    if way.dropped:
        passed.append(Node(passed[-1].column + 1, DROPOFF, DROPOFF, FORWARD))
    return passed


def _placed(cell: Cell, kept: Collection[tuple[int, str]]) -> Node:
    if cell.role == ANCHOR:
        return Node(cell.column, cell.name, ANCHOR, NORMAL)
    if (cell.column, cell.name) in kept:
        return Node(cell.column, cell.name, NORMAL, cell.role)
    return Node(cell.column, PRUNED, PRUNED, cell.role)


def _ordered(counted: Mapping[Node, int]) -> list[tuple[Node, int]]:
    def rank(item: tuple[Node, int]) -> tuple[bool, bool, int, str]:
        dropped, pruned, name = item[0].rank
        return dropped, pruned, -item[1], name

    return sorted(counted.items(), key=rank)


def _node(node: Node, count: int, edges: Mapping[Node, int], custom: Collection[str]) -> dict[str, Any]:
    return {
        "event": node.event,
        "type": node.kind,
        "anchorType": node.side,
        "totalCount": str(count),
        "isComputed": False,
        "isCustomEvent": node.kind == ANCHOR and node.event in custom,
        "segments": [],
        "breakdowns": [],
        "conversionRateChange": 0.0,
        "edges": [_edge(target, passed) for target, passed in _ordered(edges)],
    }


def _edge(target: Node, count: int) -> dict[str, Any]:
    return {
        "event": target.event,
        "type": target.kind,
        "anchorType": target.side,
        "step": target.column,
        "totalCount": str(count),
        "isComputed": False,
        "segments": [],
        "breakdowns": [],
    }


def paths(ways: Sequence[Way]) -> dict[str, Any]:
    """The commonest whole ways, each step with the number of ways that begin alike."""
    whole = Counter(tuple(way.cells) for way in ways)
    prefixes: Counter[tuple[Cell, ...]] = Counter()
    for cells, count in whole.items():
        for length in range(1, len(cells) + 1):
            prefixes[cells[:length]] += count
    commonest = sorted(whole, key=lambda cells: (-whole[cells], [cell.name for cell in cells]))[:MAX_PATHS]
    return {
        "flows": [
            {
                "flowSteps": [
                    {
                        "event": cell.name,
                        "type": ANCHOR if cell.role == ANCHOR else NORMAL,
                        "isComputed": False,
                        "totalCount": str(prefixes[cells[:length]]),
                    }
                    for length, cell in enumerate(cells, 1)
                ],
                "segments": [],
            }
            for cells in commonest
        ]
    }


@attrs.define
class _Branch:
    """All ways that begin alike, up to one cell."""

    total: int = 0
    ended: int = 0
    branches: dict[Cell, _Branch] = attrs.field(factory=dict)

    def add(self, way: Way) -> None:
        branch = functools.reduce(_Branch.through, way.cells, self)
        branch.ended += way.dropped

    def through(self, cell: Cell) -> _Branch:
        branch = self.branches.setdefault(cell, _Branch())
        branch.total += 1
        return branch

    def children(self) -> list[dict[str, Any]]:
        ordered = sorted(self.branches.items(), key=lambda item: (-item[1].total, item[0].name))
        return [branch.to_dict(cell) for cell, branch in ordered]

    def to_dict(self, cell: Cell) -> dict[str, Any]:
        return {
            "step": {
                "event": cell.name,
                "type": ANCHOR if cell.role == ANCHOR else NORMAL,
                "stepNumber": cell.column,
                "anchorType": NORMAL if cell.role == ANCHOR else cell.role,
                "isComputed": False,
            },
            "totalCount": str(self.total),
            "dropOffTotalCount": str(self.ended),
            "convertedTotalCount": str(self.total - self.ended),
            "timePercentilesFromStart": None,
            "timePercentilesFromPrev": None,
            "children": self.children(),
        }


def tree(ways: Sequence[Way]) -> dict[str, Any]:
    """The ways as a tree of their beginnings, with all events by name."""
    root = _Branch()
    for way in ways:
        root.add(way)
    return {"trees": [{"root": {"step": None, "children": root.children()}}] if ways else []}
