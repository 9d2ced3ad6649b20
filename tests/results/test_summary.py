from __future__ import annotations

from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.results.users import UserQueryResult
from tests.results.conftest import Answer, days


def test_a_small_answer_is_told_whole(answer: Answer) -> None:
    assert answer({"Login": {"all": 10}, "Purchase": {"all": 3.5}}).summary().splitlines() == [
        "2 metrics, 2026-01-05 to 2026-01-07",
        "event | count",
        "Login | 10",
        "Purchase | 3.5",
        "(network, 1 request, waited 2.3 s)",
    ]


def test_a_long_time_series_becomes_one_line_a_curve(answer: Answer) -> None:
    result = answer({"Login": {day: place * 10 for place, day in enumerate(days(31))}})
    assert result.summary().splitlines()[1:3] == [
        "Login: 31 points, first 0, last 300, mean 150, min 0 on 2026-01-05, max 300 on 2026-02-04",
        "... all 31 rows are in .table",
    ]


def test_curves_beyond_the_limit_are_counted(answer: Answer) -> None:
    segments = {f"s{number}": dict.fromkeys(days(3), number) for number in range(7)}
    lines = answer({"Login": segments}).summary(rows=2).splitlines()
    assert lines[1].startswith("s0: 3 points")
    assert lines[3] == "... 5 of 7 series left out; all 21 rows are in .table"


def test_rows_beyond_the_limit_are_counted(answer: Answer) -> None:
    lines = answer({"Login": {f"s{number}": {"all": number} for number in range(7)}}).summary(rows=3).splitlines()
    assert lines[-2] == "... 4 of 7 rows left out; see .table"
    assert len(lines) == 7


def test_a_curve_without_numbers_says_so(answer: Answer) -> None:
    assert "Login: no number in 12 points" in answer({"Login": dict.fromkeys(days(12))}).summary()


def test_an_empty_answer_says_that_it_has_no_rows(answer: Answer) -> None:
    assert "No rows." in answer({}).summary()


def test_columns_beyond_the_limit_are_counted_and_long_texts_cut() -> None:
    table = Listing(["x" * 100])
    assert f"{'x' * 59}…" in table.summary().splitlines()
    wide = UserQueryResult(
        mode="profiles",
        total=1,
        profiles=[{"distinct_id": "u1", "last_seen": None, "properties": {f"p{n:02}": n for n in range(20)}}],
    )
    lines = wide.summary().splitlines()
    assert lines[-2] == "... 6 of 22 columns left out; see .table"
    assert lines[1].endswith(" | p13")
