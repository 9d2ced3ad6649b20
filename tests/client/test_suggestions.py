"""How an error asks what was meant."""

from __future__ import annotations

import pytest

import mixpanel_headless as mp
from mixpanel_headless.suggestions import ask_for, did_you_mean


@pytest.mark.parametrize(
    ("near", "asked"),
    [
        ([], ""),
        (["day"], "; did you mean 'day'?"),
        (["day", "date"], "; did you mean 'day' or 'date'?"),
        (["day", "date", "days"], "; did you mean 'day', 'date' or 'days'?"),
    ],
)
def test_words_that_may_be_meant_are_asked_for_in_one_sentence(near: list[str], asked: str) -> None:
    assert ask_for(near) == asked


@pytest.mark.parametrize("word", ["xyzzy", "", 7, None])
def test_nothing_is_asked_where_no_word_is_near(word: object) -> None:
    assert did_you_mean(word, ["day", "week", "month"]) == ""


def test_a_problem_asks_after_its_message() -> None:
    problem = mp.ValidationError("unit", "unit is 'dayy'.", suggestion=["day"])
    assert str(problem) == "[ERROR] unit: unit is 'dayy'; did you mean 'day'?"


def test_a_problem_without_a_suggestion_keeps_its_full_stop() -> None:
    assert str(mp.ValidationError("unit", "unit is 7.")) == "[ERROR] unit: unit is 7."
