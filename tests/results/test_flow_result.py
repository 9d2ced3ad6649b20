"""Answers about flows: columns and ways, paths, trees."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from mixpanel_headless.errors import InvalidResponseError, MissingExtraError, QueryError
from mixpanel_headless.results.flow_trees import DEEPEST
from mixpanel_headless.results.flows import FlowQueryResult


def node(event: str, count: int, *edges: tuple[str, int], kind: str = "NORMAL") -> dict[str, Any]:
    ways = [{"event": to, "type": ends(to), "totalCount": str(taken)} for to, taken in edges]
    return {"event": event, "type": kind, "anchorType": "NORMAL", "totalCount": str(count), "edges": ways}


def ends(event: str) -> str:
    return "DROPOFF" if event == "DROPOFF" else "NORMAL"


COLUMNS = [
    {"nodes": [node("Join", 10, ("Visit", 5), ("Help", 2), ("DROPOFF", 3), kind="ANCHOR")]},
    {"nodes": [node("Visit", 5, ("Buy", 4), ("DROPOFF", 1)), node("Help", 2, ("DROPOFF", 2))]},
    {"nodes": [node("Buy", 4)]},
]
PATHS = [
    {"flowSteps": [{"event": "Join", "type": "ANCHOR", "totalCount": "10"}, {"event": "Visit", "totalCount": 5}]},
    {"flowSteps": [{"event": "Join", "type": "ANCHOR"}]},
]


def branch(event: str | None, count: Any, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    step = None if event is None else {"event": event, "type": "NORMAL", "stepNumber": 1, "isComputed": False}
    return {"step": step, "totalCount": count, "children": list(children), **more}


TREE = branch(
    None,
    "10",
    branch(
        "Join",
        "10",
        branch("Visit", "5", branch("Buy", "4"), dropOffTotalCount="1"),
        branch("Help", "2"),
        dropOffTotalCount="3",
        convertedTotalCount="4",
        timePercentilesFromStart={"p50": 0},
    ),
)


def read(mode: str = "sankey", **reply: Any) -> FlowQueryResult:
    params = {"steps": [{"event": "Join"}, {"event": "Buy"}]}
    return FlowQueryResult.from_reply({"computed_at": "2026-01-08T12:00:00", **reply}, params, mode)


@pytest.fixture
def sankey() -> FlowQueryResult:
    return read(steps=COLUMNS, overallConversionRate=0.4, metadata={"sampled": False})


@pytest.fixture
def tree() -> FlowQueryResult:
    return read("tree", trees=[{"root": TREE}])


def test_a_sankey_is_a_table_of_nodes(sankey: FlowQueryResult) -> None:
    assert sankey.table is sankey.nodes
    assert sankey.nodes.columns == (
        "step",
        "event",
        "type",
        "count",
        "anchor_type",
        "is_custom_event",
        "conversion_rate_change",
    )
    assert [row[:4] for row in sankey.nodes] == [
        (0, "Join", "ANCHOR", 10),
        (1, "Visit", "NORMAL", 5),
        (1, "Help", "NORMAL", 2),
        (2, "Buy", "NORMAL", 4),
    ]


def test_a_way_without_a_column_leads_to_the_next_one(sankey: FlowQueryResult) -> None:
    assert sankey.edges.to_dicts()[0] == {
        "source_step": 0,
        "source_event": "Join",
        "target_step": 1,
        "target_event": "Visit",
        "count": 5,
        "target_type": "NORMAL",
    }


def test_a_way_may_name_its_column() -> None:
    far = {"nodes": [{"event": "A", "edges": [{"event": "B", "step": "3", "totalCount": "1"}]}]}
    assert [row[2] for row in read(steps=[far]).edges] == [3]


def test_the_busiest_ways_come_first(sankey: FlowQueryResult) -> None:
    assert sankey.top_transitions(3) == [
        ("Join@0", "Visit@1", 5),
        ("Visit@1", "Buy@2", 4),
        ("Join@0", "DROPOFF@1", 3),
    ]


def test_each_column_tells_how_many_flows_end_in_it(sankey: FlowQueryResult) -> None:
    assert sankey.drop_off_summary() == {
        "step_0": {"total": 10, "dropoff": 3, "rate": 0.3},
        "step_1": {"total": 7, "dropoff": 3, "rate": pytest.approx(3 / 7)},
        "step_2": {"total": 4, "dropoff": 0, "rate": 0.0},
    }


def test_an_event_that_is_called_like_an_end_is_none() -> None:
    steps = [
        {
            "nodes": [
                node("Join", 2, kind="ANCHOR") | {"edges": [{"event": "DROPOFF", "type": "NORMAL", "totalCount": 2}]}
            ]
        }
    ]
    assert read(steps=steps).drop_off_summary()["step_0"]["dropoff"] == 0


def test_paths_are_a_table_of_their_steps() -> None:
    paths = read("paths", flows=PATHS)
    assert list(paths.table) == [
        (0, 0, "Join", "ANCHOR", 10),
        (0, 1, "Visit", "", 5),
        (1, 0, "Join", "ANCHOR", 0),
    ]


def test_a_tree_is_a_table_of_its_nodes_depth_first(tree: FlowQueryResult) -> None:
    assert [(row[1], row[2], row[6]) for row in tree.table] == [
        (0, "Join", 10),
        (1, "Join > Visit", 5),
        (2, "Join > Visit > Buy", 4),
        (1, "Join > Help", 2),
    ]


def test_a_tree_answers_for_its_shape_and_its_rates(tree: FlowQueryResult) -> None:
    (root,) = tree.trees
    assert (root.depth, root.node_count, root.leaf_count) == (2, 4, 2)
    assert (root.conversion_rate, root.drop_off_rate) == (0.4, 0.3)
    assert [[step.event for step in path] for path in root.all_paths()] == [["Join", "Visit", "Buy"], ["Join", "Help"]]
    assert [found.total_count for found in root.find("Buy")] == [4]


def test_a_tree_is_drawn_as_text(tree: FlowQueryResult) -> None:
    assert tree.trees[0].render() == "Join (10)\n├── Visit (5)\n│   └── Buy (4)\n└── Help (2)\n"


def test_a_node_of_a_tree_is_json_ready_with_all_below_it(tree: FlowQueryResult) -> None:
    data = tree.trees[0].to_dict()
    assert data["time_percentiles_from_start"] == {"p50": 0}
    assert [child["event"] for child in data["children"]] == ["Visit", "Help"]


def test_a_tree_may_be_written_in_snake_case() -> None:
    step = {"event": "Join", "step_number": 2, "anchor_type": "RELATIVE_REVERSE", "is_computed": True}
    root = {"step": step, "total_count": 5, "drop_off_total_count": 1, "converted_total_count": 4}
    (found,) = read("tree", trees=[{"root": root}]).trees
    assert (found.step_number, found.anchor_type, found.is_computed) == (2, "RELATIVE_REVERSE", True)
    assert (found.total_count, found.drop_off_count, found.converted_count) == (5, 1, 4)


@pytest.mark.parametrize("count", ["many", "2.5", 2.5, True, [], float("inf"), float("nan")])
def test_a_count_that_is_no_number_is_told_of(count: object) -> None:
    with pytest.warns(UserWarning, match="in place of a count"):
        (found,) = read("tree", trees=[{"root": branch("Join", count)}]).trees
    assert found.total_count == 0


def test_a_tree_that_is_too_deep_is_refused() -> None:
    deep = branch("Join", 1)
    for _ in range(DEEPEST):
        deep = branch("Join", 1, deep)
    with pytest.raises(InvalidResponseError, match="levels deep"):
        read("tree", trees=[{"root": deep}])


@pytest.mark.parametrize("reply", [{"error": "no such event"}, {"status": "ok"}, [], None])
def test_what_is_no_answer_about_flows_is_an_error(reply: object) -> None:
    with pytest.raises(QueryError):
        FlowQueryResult.from_reply(reply, {}, "sankey")


@pytest.mark.parametrize("rate", ["NaN", None, float("nan")])
def test_a_rate_of_no_flows_is_zero(rate: object) -> None:
    assert read(steps=[], overallConversionRate=rate).overall_conversion_rate == 0.0


@pytest.mark.parametrize("odd", [{"nodes": None}, None, {"nodes": ["x", {"edges": {}}]}])
def test_columns_of_another_shape_hold_no_ways(odd: object) -> None:
    assert len(read(steps=[odd]).edges) == 0


def test_changing_one_result_changes_no_other(sankey: FlowQueryResult) -> None:
    again = read(steps=COLUMNS, overallConversionRate=0.4, metadata={"sampled": False})
    sankey.steps.clear()
    assert len(again.steps) == 3
    assert again != sankey


def test_a_result_says_what_was_asked_and_what_is_left_out(sankey: FlowQueryResult) -> None:
    lines = sankey.summary(rows=1).splitlines()
    assert lines[0] == "Flow of Join → Buy (sankey)"
    assert "3 of 4 rows left out" in lines[-2]


def test_nodes_and_edges_are_data_frames(sankey: FlowQueryResult) -> None:
    assert list(sankey.nodes_df["count"]) == list(sankey.df["count"]) == [10, 5, 2, 4]
    assert list(sankey.edges_df["target_event"]) == ["Visit", "Help", "DROPOFF", "Buy", "DROPOFF", "DROPOFF"]


def test_a_flow_is_a_graph_of_networkx(sankey: FlowQueryResult) -> None:
    pytest.importorskip("networkx")
    graph = sankey.graph
    assert graph.edges["Join@0", "Visit@1"]["count"] == 5
    assert graph.nodes["Buy@2"]["event"] == "Buy"
    assert graph.nodes["DROPOFF@1"]["type"] == "DROPOFF"


def test_a_tree_is_a_tree_of_anytree(tree: FlowQueryResult) -> None:
    pytest.importorskip("anytree")
    (root,) = tree.anytree
    assert [child.event for child in root.children] == ["Visit", "Help"]
    assert [leaf.total_count for leaf in root.leaves] == [4, 2]


@pytest.mark.parametrize("package", ["networkx", "anytree"])
def test_without_its_package_a_graph_names_the_extra(
    sankey: FlowQueryResult, tree: FlowQueryResult, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match="graph"):
        _ = sankey.graph if package == "networkx" else tree.anytree
