from __future__ import annotations

import gc
import math
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler.cache.codec import JSON, PIECE, Codec, DamagedAnswerError, pack, unpack, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(LEAVES, lambda trees: st.lists(trees) | st.dictionaries(st.text(), trees), max_leaves=30)


def large_tree(leaves: int) -> dict[str, Any]:
    return {
        "meta": {"computed": "now", "text": "long " * 60_000},
        "series": {f"event {n}": {f"2026-01-{day:02}": n * day for day in range(1, 29)} for n in range(leaves)},
        "rows": [[n, str(n), {"n": n}] for n in range(leaves)],
        "deep": [[[[{"x": ["y" * 50] * leaves}]]]],
        "empty": {},
        "none": None,
    }


class Counting:
    """A codec that notes the sizes of what it encoded."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def encode(self, value: object) -> bytes:
        encoded = JSON.encode(value)
        self.sizes.append(len(encoded))
        return encoded


@given(TREES)
def test_a_tree_comes_back_equal_in_value_and_type(tree: object) -> None:
    assert repr(unpack(pack(tree))) == repr(tree)


def test_a_large_tree_comes_back_equal_and_in_order() -> None:
    tree = large_tree(3000)
    assert repr(unpack(pack(tree))) == repr(tree)


@pytest.mark.parametrize(
    "tree", [[], {}, "x" * 10**6, [[]], [{}, []], [["a" * 200_000], ["b" * 200_000]], {"a" * 200_000: 1}]
)
def test_trees_at_the_edges_come_back(tree: object) -> None:
    assert unpack(pack(tree)) == tree


def test_no_piece_of_a_large_tree_is_long_in_the_codecs_hands() -> None:
    counting = Counting()
    tree = {"rows": [{"n": n, "s": "text"} for n in range(100_000)]}
    pack(tree, Codec(counting.encode, JSON.decode))
    assert len(counting.sizes) > 10
    assert max(counting.sizes) < 8 * PIECE


def test_a_long_list_of_short_numbers_is_cut_too() -> None:
    counting = Counting()
    pack(list(range(500_000)), Codec(counting.encode, JSON.decode))
    assert max(counting.sizes) < 2 * PIECE


def test_a_small_tree_is_encoded_in_one_piece() -> None:
    counting = Counting()
    pack({"a": [1, 2, {"b": None}]}, Codec(counting.encode, JSON.decode))
    assert len(counting.sizes) == 1


def test_infinities_and_surrogates_come_back() -> None:
    assert unpack(pack([math.inf, -math.inf, "\ud800"])) == [math.inf, -math.inf, "\ud800"]


def test_answers_are_compressed() -> None:
    tree = large_tree(3000)
    assert len(pack(tree)) < len(JSON.encode(tree)) / 3


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 20, 1000])
def test_an_answer_that_was_cut_short_is_known_as_damaged(cut: int) -> None:
    packed = pack(large_tree(2000))
    with pytest.raises(DamagedAnswerError):
        unpack(packed[:cut])
    with pytest.raises(DamagedAnswerError):
        unpack(packed[: len(packed) - 1 - cut])


def test_an_answer_with_a_changed_byte_is_known_as_damaged() -> None:
    packed = bytearray(pack({"a": "some text", "b": [1, 2, 3]}))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(DamagedAnswerError):
        unpack(bytes(packed))


def test_weighing_stops_when_it_is_enough() -> None:
    endless: list[object] = ["x" * 100]
    endless.append(endless)
    assert weigh(endless, 10_000) == 10_000


def test_what_a_codec_refuses_is_refused() -> None:
    with pytest.raises(TypeError):
        pack({"a": object()})


def test_whatever_a_decoder_raises_is_damage() -> None:
    def refuse(content: bytes) -> object:
        raise RuntimeError(len(content))

    with pytest.raises(DamagedAnswerError):
        unpack(pack({"a": 1}), Codec(JSON.encode, refuse))


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations that were collected, as they are."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


@pytest.fixture(scope="module")
def large() -> bytes:
    chance = random.Random(5)
    packed = pack([[[chance.randbytes(16).hex()], {"n": []}] for _ in range(20_000)])
    assert len(packed) > PIECE
    return packed


def test_no_collection_walks_over_a_large_tree_that_grows_nor_over_it_as_young_objects(
    large: bytes, collections: list[int]
) -> None:
    decoded: list[int] = []

    def decode(content: bytes) -> object:
        decoded.append(len(collections))
        return JSON.decode(content)

    tree = unpack(large, Codec(JSON.encode, decode))
    assert set(decoded) == {decoded[0]}
    assert isinstance(tree, list)
    young = {id(thing) for generation in (0, 1) for thing in gc.get_objects(generation)}
    assert young.isdisjoint(map(id, tree))
    assert gc.isenabled()


def test_collections_go_on_after_a_large_answer_that_was_damaged(large: bytes) -> None:
    with pytest.raises(DamagedAnswerError):
        unpack(large[:-1])
    assert gc.isenabled()


def test_a_program_that_collects_by_hand_goes_on_doing_so(large: bytes, collections: list[int]) -> None:
    gc.disable()
    try:
        unpack(large)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert collections == []


def test_what_a_program_has_frozen_stays_frozen(large: bytes) -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        unpack(large)
        assert gc.get_freeze_count() > frozen / 2  # some are let go meanwhile
    finally:
        gc.unfreeze()
