"""The answer to a flow question."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import attrs

from .drawings import add_ways
from .flow_trees import FlowTreeNode, count_of, indented_tree, read_trees, tree_table
from .provenance import Provenance, given
from .report import Report, check_answer
from .table import Table
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    import networkx as nx
    import pandas as pd

    from .drawings import ChartKind, Ways

NODES: Final = ("step", "event", "type", "count", "anchor_type", "is_custom_event", "conversion_rate_change")
EDGES: Final = ("source_step", "source_event", "target_step", "target_event", "count", "target_type")
PATHS: Final = ("path_index", "step", "event", "type", "count")
DROPOFF: Final = "DROPOFF"
_PARTS: Final = ("steps", "flows", "trees", "computed_at", "metadata")


@attrs.frozen(kw_only=True, slots=False, eq=False, repr=False)
class FlowQueryResult(Report):
    """A flow answer as it was asked for: columns of events and the ways between them, the commonest paths, or trees.

    `steps` hold the columns (mode `sankey`), `flows` the paths, `trees` the trees. `table` and `df` show the one that the
    mode is about. The parts become this result's own on first access, so changing them is seen by nobody else.
    """

    report_type: ClassVar[str] = "flows"
    charts: ClassVar[tuple[ChartKind, ...]] = ("sankey",)
    computed_at: str = ""
    overall_conversion_rate: float = 0.0
    mode: str = "sankey"
    trees: list[FlowTreeNode] = attrs.field(factory=list)
    _steps: Sequence[Any] = attrs.field(factory=list)
    _flows: Sequence[Any] = attrs.field(factory=list)
    _breakdowns: Sequence[Any] = attrs.field(factory=list)
    _params: Mapping[str, Any] | None = attrs.field(factory=dict)  # None: the bookmark that provenance tells
    _meta: Mapping[str, Any] = attrs.field(factory=dict)
    provenance: Provenance = attrs.field(factory=given)

    @classmethod
    def from_reply(
        cls, reply: Any, params: Mapping[str, Any] | None, mode: str, provenance: Provenance | None = None
    ) -> Self:
        """The result of a decoded answer; raises QueryError when it reports an error or is no answer about flows.

        `params` None stands for the bookmark in the provenance's request. A count that is no number becomes 0, with a
        warning.
        """
        check_flow_reply(reply)
        rate = reply.get("overallConversionRate")
        return cls(
            computed_at=str(reply.get("computed_at") or ""),
            overall_conversion_rate=float(rate) if isinstance(rate, (int, float)) and math.isfinite(rate) else 0.0,
            mode=mode,
            trees=read_trees(reply.get("trees")) if mode == "tree" else [],
            steps=_list(reply, "steps"),
            flows=_list(reply, "flows"),
            breakdowns=_list(reply, "breakdowns"),
            params=params,
            meta=meta if isinstance(meta := reply.get("metadata"), dict) else {},
            provenance=provenance or given(),
        )

    @cached_property
    def steps(self) -> list[Any]:
        """The columns, each with its nodes, each of those with its edges to later columns."""
        return copy_tree(list(self._steps))

    @cached_property
    def flows(self) -> list[Any]:
        """The commonest paths, each with its `flowSteps`."""
        return copy_tree(list(self._flows))

    @cached_property
    def breakdowns(self) -> list[Any]:
        """The segments of the answer, as the service sends them."""
        return copy_tree(list(self._breakdowns))

    @cached_property
    def params(self) -> dict[str, Any]:
        """The question as it was sent."""
        return copy_tree(dict(self._asked()))

    @cached_property
    def meta(self) -> dict[str, Any]:
        """The service's remarks."""
        return copy_tree(dict(self._meta))

    @cached_property
    def table(self) -> Table:
        """The nodes of a sankey, the steps of the paths, or the nodes of the trees, one a row."""
        if self.mode == "tree":
            return tree_table(self.trees)
        return self.paths if self.mode == "paths" else self.nodes

    @property
    def shown(self) -> Table:
        """The table; the nodes of trees indented, in place of the whole way to each."""
        return indented_tree(self.trees) if self.mode == "tree" else self.table

    def render(self) -> str:
        """The trees as text, one line a node with its number of flows; empty in other modes than `tree`."""
        return "\n".join(tree.render() for tree in self.trees)

    @cached_property
    def nodes(self) -> Table:
        """Every event of every column, with the number of flows through it."""
        return Table(NODES, [_node(step, node) for step, node in self._nodes()])

    @cached_property
    def edges(self) -> Table:
        """Every way from an event to one of a later column, with the number of flows that took it."""
        return Table(EDGES, [_edge(step, node, edge) for step, node in self._nodes() for edge in _dicts(node, "edges")])

    @cached_property
    def paths(self) -> Table:
        """Every step of the commonest paths."""
        flows = [flow for flow in self._flows if isinstance(flow, dict)]
        return Table(
            PATHS,
            [
                (index, place, _text(step, "event"), _text(step, "type"), count_of(step.get("totalCount")))
                for index, flow in enumerate(flows)
                for place, step in enumerate(_dicts(flow, "flowSteps"))
            ],
        )

    def ways(self) -> Ways:
        """The ways between columns: the edges, or the steps of the paths or the trees, those of one event as one."""
        if self.mode == "tree":
            return add_ways(step for tree in self.trees for step in tree.ways())
        if self.mode == "paths":
            return add_ways(
                ((before[1], before[2]), (after[1], after[2]), after[4])
                for before, after in pairwise(self.paths)
                if before[0] == after[0]
            )
        return add_ways(((row[0], row[1]), (row[2], row[3]), row[4]) for row in self.edges)

    @cached_property
    def nodes_df(self) -> pd.DataFrame:
        """`nodes` as a pandas data frame (extra `pandas`)."""
        return self.nodes.to_pandas()

    @cached_property
    def edges_df(self) -> pd.DataFrame:
        """`edges` as a pandas data frame (extra `pandas`)."""
        return self.edges.to_pandas()

    @cached_property
    def graph(self) -> nx.DiGraph:
        """Nodes and edges as a networkx graph (extra `graph`); a node is named like `Sign Up@0`, with its column."""
        from .graphs import flow_graph

        return flow_graph(self.nodes, self.edges)

    @cached_property
    def anytree(self) -> list[Any]:
        """The trees as anytree nodes (extra `graph`), each with the fields of its FlowTreeNode."""
        from .graphs import any_tree

        return [any_tree(tree) for tree in self.trees]

    def top_transitions(self, n: int = 10) -> list[tuple[str, str, int]]:
        """The `n` busiest ways between two columns: from, to, number of flows; names are like `Sign Up@0`.

        Ends of flows are in it, as ways to `DROPOFF`. Read from `steps`, so empty in other modes than `sankey`.
        """
        ways = [(node_name(row[0], row[1]), node_name(row[2], row[3]), row[4]) for row in self.edges]
        return sorted(ways, key=lambda way: -way[2])[:n]

    def drop_off_summary(self) -> dict[str, dict[str, Any]]:
        """For each column, `step_0` onwards: flows in it (`total`), those that end there (`dropoff`), and their `rate`.

        Read from `steps`, so empty in other modes than `sankey`.
        """
        totals: dict[int, list[int]] = {step: [0, 0] for step in range(len(self._steps))}
        for step, node in self._nodes():
            event, kind, count = _node(step, node)[1:4]
            if _is_end(event, kind):
                continue
            ends = [_edge(step, node, edge) for edge in _dicts(node, "edges")]
            totals[step][0] += count
            totals[step][1] += sum(end[4] for end in ends if _is_end(end[3], end[5]))
        return {
            f"step_{step}": {"total": total, "dropoff": ended, "rate": ended / total if total else 0.0}
            for step, (total, ended) in totals.items()
        }

    @property
    def title(self) -> str:
        """The events that the flows pass, and the mode."""
        events = [_text(step, "event") for step in _dicts(self._asked(), "steps")]
        return f"Flow of {' → '.join(events)} ({self.mode})" if events else f"Flow ({self.mode})"

    def _nodes(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for step, column in enumerate(self._steps):
            for node in _dicts(column, "nodes"):
                yield step, node

    def _asked(self) -> Mapping[str, Any]:
        return self._params if self._params is not None else self.provenance.parameter("bookmark") or {}

    def _values(self) -> dict[str, Any]:
        return {
            "computed_at": self.computed_at,
            "steps": self.steps,
            "flows": self.flows,
            "breakdowns": self.breakdowns,
            "overall_conversion_rate": self.overall_conversion_rate,
            "params": self.params,
            "meta": self.meta,
            "mode": self.mode,
            "trees": [tree.to_dict() for tree in self.trees],
        }


def check_flow_reply(reply: Any) -> None:
    """Raises QueryError unless the decoded answer is about flows; call it before an answer goes into a cache."""
    check_answer(reply, _is_about_flows, "flows")


def _is_about_flows(answer: Mapping[str, Any]) -> bool:
    lists = all(isinstance(answer.get(part) or [], list) for part in ("steps", "flows", "trees"))
    return lists and any(part in answer for part in _PARTS)


def node_name(step: int, event: str) -> str:
    """The name of an event in one column."""
    return f"{event}@{step}"


def _is_end(event: str, kind: str) -> bool:
    """Whether a node stands for flows that ended; an event of a project may carry the same name."""
    return (kind or event) == DROPOFF


def _list(reply: Mapping[str, Any], name: str) -> list[Any]:
    part = reply.get(name)
    return part if isinstance(part, list) else []


def _dicts(owner: Any, name: str) -> list[dict[str, Any]]:
    return [item for item in _list(owner, name) if isinstance(item, dict)] if isinstance(owner, Mapping) else []


def _text(owner: Mapping[str, Any], name: str) -> str:
    return str(owner.get(name) or "")


def _node(step: int, node: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        step,
        _text(node, "event"),
        _text(node, "type"),
        count_of(node.get("totalCount")),
        _text(node, "anchorType"),
        bool(node.get("isCustomEvent")),
        node.get("conversionRateChange", 0.0),
    )


def _edge(step: int, node: Mapping[str, Any], edge: Mapping[str, Any]) -> tuple[Any, ...]:
    target = edge.get("step")
    return (
        step,
        _text(node, "event"),
        step + 1 if target is None else count_of(target),
        _text(edge, "event"),
        count_of(edge.get("totalCount")),
        _text(edge, "type"),
    )
