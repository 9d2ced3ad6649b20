"""Flows as graphs and trees of other packages; the one place that imports networkx and anytree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .flows import node_name
from .frames import import_extra

if TYPE_CHECKING:
    import networkx as nx

    from .flow_trees import FlowTreeNode
    from .table import Table


def flow_graph(nodes: Table, edges: Table) -> nx.DiGraph:
    """A directed graph of columns and the ways between them; raises MissingExtraError without networkx."""
    import_extra("networkx", "A graph of flows", "graph")
    import networkx as nx

    graph = nx.DiGraph()
    for node in nodes.to_dicts():
        graph.add_node(node_name(node["step"], node["event"]), **node)
    for edge in edges.to_dicts():
        source = node_name(edge["source_step"], edge["source_event"])
        target = node_name(edge["target_step"], edge["target_event"])
        if target not in graph:  # an end of flows need not stand in a column of its own
            graph.add_node(target, step=edge["target_step"], event=edge["target_event"], type=edge["target_type"])
        graph.add_edge(source, target, count=edge["count"], type=edge["target_type"])
    return graph


def any_tree(tree: FlowTreeNode) -> Any:
    """The root of the same tree in anytree's nodes; raises MissingExtraError without anytree."""
    import_extra("anytree", "A tree of anytree", "graph")
    from anytree import AnyNode

    root = AnyNode(**_fields(tree))
    pending = [(root, tree)]
    while pending:
        parent, node = pending.pop()
        pending += [(AnyNode(parent=parent, **_fields(child)), child) for child in node.children]
    return root


def _fields(node: FlowTreeNode) -> dict[str, Any]:
    return {field.name: getattr(node, field.name) for field in attrs.fields(type(node)) if field.name != "children"}
