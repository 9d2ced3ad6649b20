"""The memory of a stream: after a cut, what was delivered is not delivered again, and nothing is left out."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import mixpanel_headless as mp
from mixpanel_headless.exports import lines as lines_module
from mixpanel_headless.exports.delivered import IN_MEMORY, Delivered
from mixpanel_headless.exports.lines import Splitter, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def delivered() -> Iterator[Delivered]:
    with Delivered() as memory:
        yield memory


def lines(*numbers: int) -> list[bytes]:
    return [b"line %d" % number for number in numbers]


def read(delivered: Delivered, answer: list[bytes], size: int = 3) -> list[bytes]:
    """What one more request's answer brings, read some lines at a time."""
    delivered.begin()
    pages = (delivered.new(answer[start : start + size]) for start in range(0, len(answer), size))
    return [line for page in pages for line in page]


def test_the_first_answer_is_delivered_as_it_is(delivered: Delivered) -> None:
    assert read(delivered, lines(1, 2, 2, 3)) == lines(1, 2, 2, 3)


@pytest.mark.parametrize("had", range(9))
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_the_same_answer_goes_on_where_the_last_one_ended(delivered: Delivered, had: int, size: int) -> None:
    answer = lines(*range(8))
    assert read(delivered, answer[:had], 3) + read(delivered, answer, size) == answer


def test_equal_lines_are_as_many_as_the_service_has(delivered: Delivered) -> None:
    assert read(delivered, lines(1, 1)) + read(delivered, lines(1, 1, 1, 2)) == lines(1, 1, 1, 2)


def test_an_event_that_came_in_between_is_delivered_once(delivered: Delivered) -> None:
    assert read(delivered, lines(1, 2, 4)) == lines(1, 2, 4)
    assert read(delivered, lines(1, 2, 3, 4, 5)) == lines(3, 5)
    assert read(delivered, lines(1, 2, 3, 4, 5, 6)) == lines(6)


def test_more_marks_than_memory_holds_go_into_a_file(delivered: Delivered) -> None:
    many = lines(*range(IN_MEMORY // 8 + 10))
    assert read(delivered, many, 10_000) == many
    assert read(delivered, [*many, *lines(-1)], 7_777) == lines(-1)


def test_answers_in_any_order_cut_anywhere_deliver_every_line_once() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(200):
        answer = lines(*(chance.randrange(20) for _ in range(chance.randrange(1, 40))))
        with Delivered() as delivered:
            got = []
            for _ in range(chance.randrange(4)):
                again = answer if chance.random() < 0.5 else chance.sample(answer, len(answer))
                got += read(delivered, again[: chance.randrange(len(answer) + 1)], chance.randrange(1, 9))
            got += read(delivered, chance.sample(answer, len(answer)), chance.randrange(1, 9))
        assert Counter(got) == Counter(answer)


@pytest.mark.parametrize("size", range(1, 12))
def test_a_text_gives_the_same_lines_wherever_it_is_cut(size: int) -> None:
    text = b"\nfirst\n\n  \nsecond line\r\n\nlast"
    splitter = Splitter()
    found = [
        line for start in range(0, len(text), size) for line in lines_of(splitter.feed(text[start : start + size]))
    ]
    assert [*found, splitter.end()] == [b"\n", b"first\n", b"\n", b"  \n", b"second line\r\n", b"\n", b"last"]


@pytest.mark.parametrize("size", range(1, 12))
def test_lines_wait_for_others_and_none_is_lost(size: int) -> None:
    text = b"first\n\nsecond line\r\nthird\nlast"
    splitter = Splitter(9)
    found = [splitter.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert b"".join([*found, splitter.end()]) == text
    assert all(len(some) >= 9 - size and some.endswith(b"\n") for some in found if some)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_a_line_that_never_ends_is_no_line(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 9)
    splitter = Splitter()
    assert splitter.feed(b"12345678\n123") == b"12345678\n"
    assert splitter.feed(b"456789") == b""
    with pytest.raises(mp.InvalidResponseError, match="more than 9 bytes"):
        splitter.feed(b"x" * size)
