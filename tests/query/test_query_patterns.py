from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import msgspec

from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.insights import ask_insights, build_insights_params
from mixpanel_headless.query.patterns import GAP, Recurring, question_of

Codes = Callable[[Callable[[], object]], set[str]]
NAMES = ["Sign Up", "Épicerie", '"quoted" \\ name', "$session_start", "日本", "a/b?c=d", "50 %s", "total"]
CHOICES: dict[str, list[Any]] = {
    "from_date": ["2025-03-01", dt.date(2025, 3, 1)],
    "to_date": [None, "2025-03-31"],
    "unit": ["day", "week"],
    "math": ["total", "unique", "dau"],
    "rolling": [None, 7],
    "mode": ["timeseries", "total", "table"],
    "group_by": [None, "country", "100 % %b", ["plan", "country"]],
    "where": [None, Filter.equals("plan", "pro"), [Filter.greater_than("age", 20)]],
    "data_group_id": [None, 4],
    "today": [dt.date(2025, 4, 1), dt.date(2025, 4, 2)],
}


def test_a_question_filled_in_is_the_one_that_would_be_built() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    for _ in range(300):
        events = draw.choices(NAMES, k=draw.randint(1, 3))
        asked = {name: draw.choice(choices) for name, choices in CHOICES.items()}
        if len(events) > 1:
            asked["formula"] = draw.choice([None, "A / B"])
        given = events[0] if len(events) == 1 and draw.random() < 0.5 else events
        assert ask_insights(given, **asked) == question_of(build_insights_params(given, **asked))


def test_a_name_with_a_flaw_is_refused_where_others_have_passed(codes_of: Codes) -> None:
    ask_insights("Login", last=11)
    assert codes_of(lambda: ask_insights(" ", last=11)) == {"V17_EMPTY_EVENT"}
    assert codes_of(lambda: ask_insights(5, last=11)) == {"V21_INVALID_EVENT_TYPE"}  # type: ignore[arg-type]


def test_arguments_of_another_type_are_another_question(codes_of: Codes) -> None:
    ask_insights("Login", last=1)
    assert codes_of(lambda: ask_insights("Sign Up", last=True)) == {"V7_LAST_POSITIVE"}


def test_an_open_range_ends_on_the_day_that_it_is_asked() -> None:
    days = [dt.date(2025, 4, 1), dt.date(2025, 4, 2)]
    asked = [ask_insights("Login", from_date="2025-03-01", today=day).last_day for day in days]
    assert asked == ["2025-04-01", "2025-04-02"]


def test_a_property_may_be_called_what_marks_a_gap() -> None:
    asked = [ask_insights("Login", group_by=GAP).bookmark for _ in range(2)]
    assert asked == [msgspec.json.encode(build_insights_params("Login", group_by=GAP))] * 2


def test_what_comes_again_is_kept_and_what_comes_once_is_not() -> None:
    memory = Recurring[str](10)
    for _ in range(2):
        assert memory.find("A") is None
        memory.note("A", "made")
    assert memory.find("A") == "made"
    assert memory.find("B") is None


def test_the_memory_of_what_comes_again_is_bounded() -> None:
    memory = Recurring[int](3)
    for number in (*range(8), *range(8)):
        memory.note(number, number)
        memory.note(number, number)
    assert len([number for number in range(8) if memory.find(number) is not None]) <= 3
