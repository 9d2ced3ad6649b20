from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.results.trees import copy_tree

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def branches(node: Any) -> list[int]:
    """The identities of every list and object below a node, the node's own included."""
    if isinstance(node, dict):
        return [id(node), *(found for child in node.values() for found in branches(child))]
    if isinstance(node, list):
        return [id(node), *(found for child in node for found in branches(child))]
    return []


@given(trees)
def test_a_copy_is_equal_and_shares_no_branch(tree: Any) -> None:
    copy = copy_tree(tree)
    assert copy == tree
    assert not set(branches(copy)) & set(branches(tree))


def test_lists_inside_tuples_are_copied_as_well() -> None:
    tree = ([1], {"a": [2]})
    copy = copy_tree(tree)
    copy[0].append(3)
    assert tree == ([1], {"a": [2]})


def test_a_tree_deeper_than_any_stack_is_copied() -> None:
    tree: Any = [1]
    for _ in range(50_000):
        tree = {"a": [tree]}
    depth, copy = 0, copy_tree(tree)
    while isinstance(copy, dict):
        depth, copy = depth + 1, copy["a"][0]
    assert (depth, copy) == (50_000, [1])
