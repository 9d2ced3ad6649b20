"""The tree of a flow: what users did next, and next after that, each node with its counts."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import attrs

from mixpanel_headless.errors import InvalidResponseError

from .table import Table
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .drawings import Place

DEEPEST: Final = 200
"""Levels that are read; a flow has 100 steps at most."""
COLUMNS: Final = (
    "tree_index",
    "depth",
    "path",
    "event",
    "type",
    "step_number",
    "total_count",
    "drop_off_count",
    "converted_count",
)


def _as_nodes(nodes: Iterable[FlowTreeNode]) -> tuple[FlowTreeNode, ...]:
    return tuple(nodes)


@attrs.frozen
class FlowTreeNode:
    """An event at its place in a tree of flows, with the number of flows that came here, ended here and went on."""

    event: str
    type: str = ""
    step_number: int = 0
    total_count: int = 0
    drop_off_count: int = 0
    converted_count: int = 0
    anchor_type: str = "NORMAL"
    is_computed: bool = False
    children: tuple[FlowTreeNode, ...] = attrs.field(default=(), converter=_as_nodes, repr=False)
    time_percentiles_from_start: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    time_percentiles_from_prev: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @property
    def depth(self) -> int:
        """How many levels lie below."""
        return max((depth for depth, _ in self._walk()), default=0)

    @property
    def node_count(self) -> int:
        """How many nodes there are, this one included."""
        return len(self.flatten())

    @property
    def leaf_count(self) -> int:
        """How many paths end."""
        return sum(not node.children for node in self.flatten())

    @property
    def conversion_rate(self) -> float:
        """The part of the flows here that converted; 0.0 when there is none."""
        return self.converted_count / self.total_count if self.total_count else 0.0

    @property
    def drop_off_rate(self) -> float:
        """The part of the flows here that ended; 0.0 when there is none."""
        return self.drop_off_count / self.total_count if self.total_count else 0.0

    def flatten(self) -> list[FlowTreeNode]:
        """This node and all below it, depth first."""
        return [path[-1] for _, path in self._walk()]

    def find(self, event: str) -> list[FlowTreeNode]:
        """Every node of an event, depth first."""
        return [node for node in self.flatten() if node.event == event]

    def all_paths(self) -> list[list[FlowTreeNode]]:
        """Every way from here to an end."""
        return [list(path) for _, path in self._walk() if not path[-1].children]

    def ways(self) -> Iterator[tuple[Place, Place, int]]:
        """Every way from a node to one below it, as places (level, event), with the number of flows that took it."""
        for depth, path in self._walk():
            if depth:
                yield (depth - 1, path[-2].event), (depth, path[-1].event), path[-1].total_count

    def render(self) -> str:
        """The tree as text, one line a node with its number of flows."""
        lines = [f"{self.event} ({self.total_count})"]
        pending = [(child, "", child is self.children[-1]) for child in reversed(self.children)]
        while pending:
            node, indent, last = pending.pop()
            lines.append(f"{indent}{'└── ' if last else '├── '}{node.event} ({node.total_count})")
            below = indent + ("    " if last else "│   ")
            pending += [(child, below, child is node.children[-1]) for child in reversed(node.children)]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The node and all below it as JSON-ready data."""
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(FlowTreeNode)}
        return copy_tree({**fields, "children": [child.to_dict() for child in self.children]})

    def _walk(self) -> Iterator[tuple[int, tuple[FlowTreeNode, ...]]]:
        """Depth and way from here of every node, depth first."""
        pending: list[tuple[FlowTreeNode, ...]] = [(self,)]
        while pending:
            path = pending.pop()
            yield len(path) - 1, path
            pending += [(*path, child) for child in reversed(path[-1].children)]


def read_trees(trees: object) -> list[FlowTreeNode]:
    """The trees of an answer; a root that stands for no event gives way to what is below it."""
    roots = [tree.get("root") for tree in trees if isinstance(tree, dict)] if isinstance(trees, list) else []
    return [node for root in roots if isinstance(root, dict) for node in _nodes(root, DEEPEST)]


def tree_table(trees: Iterable[FlowTreeNode]) -> Table:
    """One row a node, depth first."""
    rows = []
    for index, tree in enumerate(trees):
        for depth, path in tree._walk():
            node, way = path[-1], " > ".join(step.event for step in path)
            counts = (node.step_number, node.total_count, node.drop_off_count, node.converted_count)
            rows.append((index, depth, way, node.event, node.type, *counts))
    return Table(COLUMNS, rows)


def indented_tree(trees: Iterable[FlowTreeNode]) -> Table:
    """One row a node as people read it: an event stands below and to the right of the one before it."""
    rows = [
        (f"{'  ' * depth}{node.event}", node.type, node.total_count, node.drop_off_count, node.converted_count)
        for tree in trees
        for depth, path in tree._walk()
        for node in path[-1:]
    ]
    return Table(("event", "type", "total_count", "drop_off_count", "converted_count"), rows)


def count_of(value: object) -> int:
    """A count, which the service may write as text; what is no whole number is told of and becomes 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, type(None))):
        return _no_count(value)
    try:
        count = int(value or 0)
    except (ValueError, OverflowError):
        return _no_count(value)
    return _no_count(value) if isinstance(value, float) and count != value else count


def _no_count(value: object) -> int:
    warnings.warn(f"A flow holds {str(value)[:40]!r} in place of a count; it is read as 0.", stacklevel=2)
    return 0


def _nodes(node: Mapping[str, Any], levels: int) -> list[FlowTreeNode]:
    if not levels:
        raise InvalidResponseError(f"The tree of a flow is more than {DEEPEST} levels deep.", sent=True)
    below = node.get("children")
    children = [
        child
        for item in (below if isinstance(below, list) else ())
        if isinstance(item, dict)
        for child in _nodes(item, levels - 1)
    ]
    step = node.get("step")
    if not isinstance(step, dict):
        return children
    return [
        FlowTreeNode(
            event=str(step.get("event") or ""),
            type=str(step.get("type") or ""),
            step_number=count_of(_either(step, "stepNumber", "step_number")),
            total_count=count_of(_either(node, "totalCount", "total_count")),
            drop_off_count=count_of(_either(node, "dropOffTotalCount", "drop_off_total_count")),
            converted_count=count_of(_either(node, "convertedTotalCount", "converted_total_count")),
            anchor_type=str(_either(step, "anchorType", "anchor_type") or "NORMAL"),
            is_computed=bool(_either(step, "isComputed", "is_computed")),
            children=children,
            time_percentiles_from_start=_times(node, "timePercentilesFromStart", "time_percentiles_from_start"),
            time_percentiles_from_prev=_times(node, "timePercentilesFromPrev", "time_percentiles_from_prev"),
        )
    ]


def _either(node: Mapping[str, Any], camel: str, snake: str) -> Any:
    return node.get(camel, node.get(snake))


def _times(node: Mapping[str, Any], camel: str, snake: str) -> dict[str, Any]:
    times = _either(node, camel, snake)
    return copy_tree(times) if isinstance(times, dict) else {}
