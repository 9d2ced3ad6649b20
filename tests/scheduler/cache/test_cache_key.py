from __future__ import annotations

import itertools
import subprocess
import sys
from enum import IntEnum
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler.cache.key import digest_of

if TYPE_CHECKING:
    from collections.abc import Hashable

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
KEYS = st.recursive(SCALARS, lambda keys: st.lists(keys, max_size=4).map(tuple) | st.frozensets(keys, max_size=4))


def spelled(key: object) -> object:
    """A key with its types, so that Python compares what digests must tell apart."""
    if isinstance(key, tuple):
        return "tuple", [spelled(part) for part in key]
    if isinstance(key, frozenset):
        return "frozenset", sorted(repr(spelled(part)) for part in key)
    return type(key).__name__, repr(key)


def test_equal_text_of_different_types_makes_different_keys() -> None:
    keys: list[Hashable] = [1, 1.0, True, "1", b"1", (1,), ((1,),), frozenset({1}), None, "None", "", b"", ()]
    assert len({digest_of(key) for key in keys}) == len(keys)


def test_parts_cannot_be_moved_across_their_borders() -> None:
    keys: list[Hashable] = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), (("a", "b"), "c"), ("a", ("b", "c"))]
    keys += [("s1:a", "b"), ("s", "1:ab"), (b"a", "bc"), ("t2:", ""), ("\x00", ""), ("", "\x00")]
    assert len({digest_of(key) for key in keys}) == len(keys)


@given(KEYS, KEYS)
def test_digests_are_equal_exactly_for_keys_that_are_spelled_alike(one: Hashable, other: Hashable) -> None:
    assert (digest_of(one) == digest_of(other)) == (spelled(one) == spelled(other))


def test_the_order_of_a_set_does_not_matter() -> None:
    orders = [frozenset(order) for order in itertools.permutations(["a", "b", "c", "d"])]
    assert len({digest_of(order) for order in orders}) == 1


def test_trap_14_credentials_in_the_key_keep_answers_apart() -> None:
    question = ("GET", "https://mixpanel.com/api/query/events", (("project_id", "1"),), None)
    assert digest_of((*question, "0123456789abcdef")) != digest_of((*question, "0123456789abcdee"))


def test_every_process_computes_the_same_digest() -> None:
    key = ("GET", 1, 2.5, None, b"x", frozenset({"a", "b"}))
    code = f"from request_scheduler.cache.key import digest_of; print(digest_of({key!r}).hex())"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    digest = digest_of(key)
    assert digest is not None
    assert printed.stdout.strip() == digest.hex()


def environment() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"}


class Level(IntEnum):
    ONE = 1


@pytest.mark.parametrize("key", [object(), Level.ONE, ("a", Level.ONE), ("a", len)])
def test_a_key_of_other_types_has_no_digest(key: Hashable) -> None:
    assert digest_of(key) is None


def test_lone_surrogates_have_a_digest() -> None:
    assert digest_of("\ud800") != digest_of("\ud801")
