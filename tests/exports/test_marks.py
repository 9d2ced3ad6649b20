"""Numbers that come more than once, however many there are."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from mixpanel_headless.exports import marks
from mixpanel_headless.exports.marks import Marks


@pytest.mark.parametrize("looked_at", [1, 10, 300, 5000])
def test_numbers_that_came_again_are_found_in_however_many_shares(
    looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    monkeypatch.setattr(marks, "HELD", 64)
    monkeypatch.setattr(marks, "LOOKED_AT", looked_at)
    monkeypatch.setattr(marks, "READ", 128)
    monkeypatch.setattr(marks, "WRITTEN", 64)
    numbers = [chance.choice([chance.randrange(-50, 50), chance.getrandbits(64) - 2**63]) for _ in range(2000)]
    with Marks() as found:
        for start in range(0, len(numbers), 7):
            found.add(numbers[start : start + 7])
        assert found.repeated() == {number for number, times in Counter(numbers).items() if times > 1}


def test_what_was_forgotten_comes_for_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "HELD", 2)
    with Marks() as found:
        found.add([1, 2, 3])
        found.clear()
        found.add([3, 4])
        assert found.repeated() == set()


@pytest.mark.parametrize("looked_at", [1, 100])
def test_numbers_can_be_looked_at_before_all_have_come(looked_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "HELD", 2)
    monkeypatch.setattr(marks, "LOOKED_AT", looked_at)
    with Marks() as found:
        found.add([1, 2, 1])
        assert found.repeated() == {1}
        found.add([2, 3])
        assert found.repeated() == {1, 2}
