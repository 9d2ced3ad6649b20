from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from mixpanel_headless.errors import QueryError
from mixpanel_headless.results.retention import RetentionQueryResult

NAME = "Join and then Visit"
PLAIN = ["cohort_date", "bucket", "count", "rate"]


def cell(first: int, *counts: int) -> dict[str, Any]:
    return {"first": first, "counts": list(counts), "rates": [count / first for count in counts]}


ROWS = {
    "$average": cell(55, 44, 11),
    "2026-01-12T00:00:00-05:00": cell(60, 45, 15),
    "2026-01-05T00:00:00-05:00": cell(50, 40),
}
PARTED = {
    "$overall": {"$average": cell(8, 4), "2026-01-05": cell(8, 4, 2)},
    "pro": {"$average": cell(4, 3), "2026-01-05": cell(4, 3, 1)},
    "free": {"2026-01-12": cell(2, 1), "2026-01-05": cell(4, 1, 1)},
}


def result(inside: Any, headers: tuple[str, ...] = ("$retention",), **parts: Any) -> RetentionQueryResult:
    return RetentionQueryResult.from_reply({"series": {NAME: inside}, "headers": list(headers), **parts}, {})


def test_each_cohort_has_its_size_counts_and_rates() -> None:
    answer = result(ROWS)
    assert answer.cohorts == {"2026-01-12": cell(60, 45, 15), "2026-01-05": cell(50, 40)}
    assert answer.average == cell(55, 44, 11)
    assert (answer.segments, answer.segment_averages) == ({}, {})


def test_the_table_has_a_row_a_bucket_in_the_order_of_dates() -> None:
    table = result(ROWS).table
    assert list(table.columns) == PLAIN
    assert table.rows == (
        ("2026-01-05", 0, 40, 0.8),
        ("2026-01-12", 0, 45, 0.75),
        ("2026-01-12", 1, 15, 0.25),
    )


def test_a_bucket_without_a_rate_has_a_rate_of_zero() -> None:
    table = result({"2026-01-05": {"first": 50, "counts": [40, 10], "rates": [0.8]}}).table
    assert [row[-1] for row in table.rows] == [0.8, 0.0]


def test_segments_stand_beside_everybody() -> None:
    answer = result(PARTED, ("$retention", "plan"))
    assert answer.cohorts == {"2026-01-05": cell(8, 4, 2)}
    assert answer.average == cell(8, 4)
    assert answer.segments["free"] == {"2026-01-12": cell(2, 1), "2026-01-05": cell(4, 1, 1)}
    assert answer.segment_averages == {"pro": cell(4, 3)}
    assert list(answer.table.columns) == ["segment", *PLAIN]
    assert [row[:4] for row in answer.table.rows] == [
        ("free", "2026-01-05", 0, 1),
        ("free", "2026-01-05", 1, 1),
        ("free", "2026-01-12", 0, 1),
        ("pro", "2026-01-05", 0, 3),
        ("pro", "2026-01-05", 1, 1),
    ]


def test_segments_inside_dates_are_read_as_dates_inside_segments() -> None:
    dates = ("$average", "2026-01-05", "2026-01-12")
    turned = {date: {name: rows[date] for name, rows in PARTED.items() if date in rows} for date in dates}
    turned_answer, answer = result(turned, ("$retention", "plan")), result(PARTED, ("$retention", "plan"))
    assert turned_answer.table == answer.table
    assert (turned_answer.cohorts, turned_answer.segments) == (answer.cohorts, answer.segments)
    assert turned_answer.segment_averages == answer.segment_averages


def test_two_breakdowns_make_two_columns_called_after_them() -> None:
    parted = {"$overall": {"2026-01-05": cell(8, 4)}, "pro": {"DE": {"2026-01-05": cell(4, 3)}}}
    answer = result(parted, ("$retention", "plan", "country"))
    assert list(answer.table.columns) == ["plan", "country", *PLAIN]
    assert answer.table.rows == (("pro", "DE", "2026-01-05", 0, 3, 0.75),)
    assert list(answer.segments) == ["pro / DE"]


def test_segments_called_like_parts_of_a_cohort_are_segments() -> None:
    parted = {name: {"2026-01-05": cell(4, 3)} for name in ("$overall", "first", "counts", "rates")}
    assert list(result(parted).segments) == ["first", "counts", "rates"]


def test_cohorts_of_one_day_keep_their_hours() -> None:
    hours = {f"2026-01-05T{hour:02}:00:00-05:00": cell(4, 3) for hour in (8, 9)}
    assert list(result(hours).cohorts) == ["2026-01-05T08:00:00", "2026-01-05T09:00:00"]


def test_what_is_no_cohort_is_passed_over() -> None:
    answer = result({**PARTED, "note": "x"})
    assert list(answer.segments) == ["pro", "free"]
    assert answer.series[NAME]["note"] == "x"


def test_a_trend_of_one_number_a_date_is_a_table_as_of_insights() -> None:
    answer = result({"2026-01-05T00:00:00-05:00": 0.4, "2026-01-12T00:00:00-05:00": 0.25})
    assert list(answer.table.columns) == ["date", "event", "count"]
    assert [row[2] for row in answer.table.rows] == [0.4, 0.25]
    assert answer.cohorts == {}


def test_an_answer_without_cohorts_is_empty() -> None:
    empty = RetentionQueryResult.from_reply({"series": {}}, {})
    assert (empty.cohorts, empty.average, len(empty.table)) == ({}, {}, 0)
    assert list(empty.table.columns) == PLAIN
    assert list(empty.df.columns) == PLAIN


def test_a_series_without_cohorts_is_told_in_the_note() -> None:
    assert "no cohorts were found" in result({"x": {"y": 5}}).summary()


@pytest.mark.parametrize(
    "body",
    [
        {"error": "too long"},
        {"headers": ["$retention"]},
        {"series": [1]},
        {"series": {"a": {}, "b": {}}},
        {"series": {"a": 5}},
    ],
)
def test_an_answer_that_is_not_one_retention_is_a_query_error(body: Any) -> None:
    with pytest.raises(QueryError) as caught:
        RetentionQueryResult.check_reply(body)
    assert caught.value.status_code == 200


def test_people_read_a_row_a_cohort() -> None:
    shown = result(PARTED, ("$retention", "plan")).shown
    assert list(shown.columns) == ["segment", "cohort_date", "first", "0", "1"]
    assert shown.rows[:3] == (
        ("$overall", "$average", 8, 0.5, None),
        ("$overall", "2026-01-05", 8, 0.5, 0.25),
        ("pro", "$average", 4, 0.75, None),
    )


def test_a_summary_tells_each_cohort_in_a_line() -> None:
    assert result(ROWS).summary().splitlines() == [
        f"{NAME}, no dates",
        "cohort_date | first | 0 | 1",
        "$average | 55 | 0.8 | 0.2",
        "2026-01-12 | 60 | 0.75 | 0.25",
        "2026-01-05 | 50 | 0.8 | –",
        "(given)",
    ]


def test_changing_one_result_is_seen_by_no_other() -> None:
    shared = {"series": {NAME: copy.deepcopy(PARTED)}}
    mine, yours = (RetentionQueryResult.from_reply(shared, {}) for _ in range(2))
    mine.cohorts["2026-01-05"]["counts"].clear()
    mine.segments["pro"].clear()
    mine.average.clear()
    mine.segment_averages.clear()
    mine.series.clear()
    assert shared == {"series": {NAME: PARTED}}
    assert yours.cohorts == {"2026-01-05": cell(8, 4, 2)}


def test_a_result_survives_pickling_and_compares_by_value() -> None:
    answer = result(PARTED)
    again = pickle.loads(pickle.dumps(answer))
    assert again == answer
    assert again.to_dict()["segments"] == answer.segments
