from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.errors import QueryError
from mixpanel_headless.results.funnels import FunnelQueryResult, add_up

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance

NAME = "Visit through Buy"
PLAIN = ["step", "event", "count", "step_conv_ratio", "overall_conv_ratio", "avg_time", "avg_time_from_start"]


def funnel(*counts: int, time: float = 60.0) -> dict[str, Any]:
    """A funnel of Visit, Cart, Buy with these counts, as the service tells it."""
    keys = [f"{place}. {name}" for place, name in enumerate(["Visit", "Cart", "Buy"][: len(counts)], 1)]
    before = (counts[0], *counts)
    return {
        "count": _leaves(keys, counts),
        "step_conv_ratio": _leaves(keys, [here / last for here, last in zip(counts, before, strict=False)]),
        "overall_conv_ratio": _leaves(keys, [here / counts[0] for here in counts]),
        "avg_time": _leaves(keys, [None, *[time] * (len(counts) - 1)]),
        "avg_time_from_start": _leaves(keys, [None, *[time * place for place in range(1, len(counts))]]),
    }


def _leaves(keys: list[str], values: Any) -> dict[str, Any]:
    return {key: {"all": value} for key, value in zip(keys, values, strict=False)}


def result(series: Any, headers: tuple[str, ...] = ("$funnel",), **parts: Any) -> FunnelQueryResult:
    reply = {
        "computed_at": "2026-01-08T12:00:00+00:00",
        "date_range": {"from_date": "2026-01-05T00:00:00-05:00", "to_date": "2026-01-07T23:59:59.999000-05:00"},
        "headers": list(headers),
        "series": series,
        **parts,
    }
    return FunnelQueryResult.from_reply(reply, {"displayOptions": {"chartType": "funnel-steps"}})


def counts(steps: list[dict[str, Any]]) -> list[int]:
    return [step["count"] for step in steps]


def test_the_steps_of_a_funnel_are_read_in_their_order() -> None:
    answer = result({NAME: funnel(900, 300, 180)})
    assert answer.steps_data[1] == {
        "event": "Cart",
        "count": 300,
        "step_conv_ratio": 300 / 900,
        "overall_conv_ratio": 300 / 900,
        "avg_time": 60.0,
        "avg_time_from_start": 60.0,
    }
    assert [step["event"] for step in answer.steps_data] == ["Visit", "Cart", "Buy"]
    assert answer.overall_conversion_rate == 0.2
    assert (answer.segments, answer.dates) == ({}, {})


def test_the_table_has_a_row_a_step() -> None:
    answer = result({NAME: funnel(900, 300)})
    assert list(answer.table.columns) == PLAIN
    assert answer.table.rows == (
        (1, "Visit", 900, 1.0, 1.0, None, None),
        (2, "Cart", 300, 300 / 900, 300 / 900, 60.0, 60.0),
    )
    assert list(answer.df.columns) == PLAIN
    assert answer.to_table_dict()[0] == dict(zip(PLAIN, answer.table.rows[0], strict=True))


def test_steps_are_numbered_by_what_they_say_and_not_by_their_place() -> None:
    numbers = [10, 11, 2, 1, 3]
    series = {"Long": {"count": {**{f"{n}. Step {n}": {"all": n} for n in numbers}, "more": 5, "0. none": 1}}}
    answer = result(series)
    assert [step["event"] for step in answer.steps_data] == [
        "none", "Step 1", "Step 2", "Step 3", "Step 10", "Step 11", "more",
    ]  # fmt: skip


def test_what_the_service_does_not_say_is_zero() -> None:
    answer = result({NAME: {"count": {"1. Visit": 9, "2. Buy": 3}}})
    assert answer.table.rows[1] == (2, "Buy", 3, 0, 0, 0, 0)
    assert answer.overall_conversion_rate == 0.0


@pytest.mark.parametrize(
    "series",
    [
        [{"event": "Visit", "count": 5, "goal": "x"}, {"event": "Buy", "count": 1, "overall_conv_ratio": 0.2}],
        {"steps": [{"event": "Visit", "count": 5}, {"event": "Buy", "count": 1, "overall_conv_ratio": 0.2}]},
        {"$overall": [{"event": "Visit", "count": 5}, {"event": "Buy", "count": 1, "overall_conv_ratio": 0.2}]},
        {
            "$overall": {
                "steps": [{"event": "Visit", "count": 5}, {"event": "Buy", "count": 1, "overall_conv_ratio": 0.2}]
            }
        },
        {"count": {"1. Visit": 5, "2. Buy": 1}, "overall_conv_ratio": {"1. Visit": 1.0, "2. Buy": 0.2}},
        {"2026-01-05": {"count": {"1. Visit": 5, "2. Buy": 1}, "overall_conv_ratio": {"1. Visit": 1.0, "2. Buy": 0.2}}},
    ],
    ids=["list", "steps", "overall list", "overall steps", "bare", "bare date"],
)
def test_every_form_in_which_the_service_tells_steps_is_read(series: Any) -> None:
    answer = result(series)
    assert counts(answer.steps_data) == [5, 1]
    assert answer.overall_conversion_rate == 0.2
    assert len(answer.table) == 2


def test_a_funnel_that_nobody_entered_has_a_rate_of_zero() -> None:
    assert result({NAME: {"count": {}, "overall_conv_ratio": {}}}).overall_conversion_rate == 0.0
    assert result({}).overall_conversion_rate == 0.0
    assert result({}).steps_data == []
    assert list(result({}).table.columns) == PLAIN


def test_two_breakdowns_make_two_columns_called_after_them() -> None:
    series = {NAME: {"$overall": funnel(9, 4), "pro": {"DE": funnel(5, 3), "FR": funnel(2, 1)}}}
    answer = result(series, ("$funnel", "plan", "country"))
    assert list(answer.table.columns) == ["plan", "country", *PLAIN]
    assert [row[:2] for row in answer.table.rows[::2]] == [("$overall", "$overall"), ("pro", "DE"), ("pro", "FR")]
    assert list(answer.segments) == ["pro / DE", "pro / FR"]


def test_a_breakdown_called_like_a_column_is_numbered() -> None:
    answer = result({NAME: {"pro": {"DE": funnel(5, 3)}}}, ("$funnel", "plan", "step"))
    assert list(answer.table.columns)[:3] == ["segment_1", "segment_2", "step"]


def test_segments_called_like_parts_of_an_answer_are_segments() -> None:
    series = {NAME: {"$overall": funnel(9, 4), "count": funnel(5, 3), "steps": funnel(4, 1), "undefined": funnel(3, 0)}}
    answer = result(series)
    assert list(answer.segments) == ["count", "steps", "undefined"]
    assert counts(answer.steps_data) == [9, 4]


def test_segments_that_are_dates_are_segments_where_the_headers_say_so() -> None:
    series = {NAME: {"$overall": funnel(9, 4), "2026-01-01": funnel(5, 3)}}
    assert list(result(series, ("$funnel", "signed up on")).segments) == ["2026-01-01"]


@pytest.mark.parametrize("dates_first", [True, False])
def test_dates_with_segments_are_read_whichever_comes_first(dates_first: bool) -> None:
    by_date = {
        "2026-01-05T00:00:00-05:00": {"$overall": funnel(9, 4), "pro": funnel(5, 3)},
        "2026-01-06T00:00:00-05:00": {"$overall": funnel(6, 1), "pro": funnel(4, 1)},
    }
    by_segment = {segment: {date: cells[segment] for date, cells in by_date.items()} for segment in ("$overall", "pro")}
    answer = result({NAME: by_date if dates_first else by_segment}, ("$funnel", "plan"))
    assert list(answer.table.columns) == ["date", "segment", *PLAIN]
    assert {date: counts(steps) for date, steps in answer.dates.items()} == {
        "2026-01-05T00:00:00": [9, 4],
        "2026-01-06T00:00:00": [6, 1],
    }
    assert counts(answer.segments["pro"]) == [9, 4]
    assert counts(answer.steps_data) == [15, 5]


def test_the_funnels_of_several_dates_are_added_up_with_their_times_by_weight() -> None:
    total = add_up(
        [result({NAME: funnel(10, 4, time=60)}).steps_data, result({NAME: funnel(20, 1, time=10)}).steps_data]
    )
    assert total == [
        {"event": "Visit", "count": 30, "step_conv_ratio": 1.0, "overall_conv_ratio": 1.0, "avg_time": None,
         "avg_time_from_start": None},
        {"event": "Cart", "count": 5, "step_conv_ratio": 5 / 30, "overall_conv_ratio": 5 / 30, "avg_time": 50.0,
         "avg_time_from_start": 50.0},
    ]  # fmt: skip


def test_funnels_that_nobody_entered_add_up_to_nothing() -> None:
    empty = [{"event": "Visit", "count": 0, "avg_time": None}, {"event": "Buy", "count": 0, "avg_time": None}]
    assert [step["overall_conv_ratio"] for step in add_up([empty, empty])] == [1.0, 0.0]


def test_an_answer_by_segment_alone_says_whose_steps_it_gives() -> None:
    answer = result({NAME: {"pro": funnel(5, 3), "free": funnel(4, 1)}})
    assert counts(answer.steps_data) == [5, 3]
    assert "by segment alone" in answer.note
    assert "'pro'" in answer.note


def test_several_funnels_in_one_answer_are_all_in_the_table() -> None:
    answer = result({"A through B": funnel(9, 4), "C through D": funnel(5, 3)})
    assert list(answer.table.columns) == ["funnel", *PLAIN]
    assert [row[0] for row in answer.table.rows] == ["A through B"] * 2 + ["C through D"] * 2
    assert counts(answer.steps_data) == [9, 4]


def test_a_trend_of_one_number_a_date_is_a_table_as_of_insights() -> None:
    answer = result({NAME: {"2026-01-05T00:00:00-05:00": 0.4, "2026-01-06T00:00:00-05:00": 0.25}})
    assert list(answer.table.columns) == ["date", "event", "count"]
    assert answer.table.rows == (("2026-01-05T00:00:00", NAME, 0.4), ("2026-01-06T00:00:00", NAME, 0.25))
    assert answer.steps_data == []
    assert "no steps" not in answer.note


def test_a_series_without_steps_is_told_in_the_note() -> None:
    answer = result({"Something": {"x": 1}})
    assert answer.steps_data == []
    assert list(answer.table.columns) == PLAIN
    assert "no steps were found" in answer.note
    assert "no steps were found" in answer.summary()
    assert answer.series == {"Something": {"x": 1}}


@pytest.mark.parametrize("body", [{"error": "too many steps"}, {"headers": []}, {"series": 5}, {"series": None}, []])
def test_an_answer_without_a_series_is_a_query_error(body: Any) -> None:
    with pytest.raises(QueryError) as caught:
        FunnelQueryResult.check_reply(body)
    assert caught.value.status_code == 200


def test_changing_one_result_is_seen_by_no_other() -> None:
    shared = {"series": {NAME: {"$overall": funnel(9, 4), "2026-01-05": funnel(9, 4)}}}
    before = copy.deepcopy(shared)
    mine, yours = (FunnelQueryResult.from_reply(shared, {}) for _ in range(2))
    mine.steps_data[0].clear()
    mine.dates["2026-01-05"][0].clear()
    mine.series.clear()
    mine.to_table_dict()[0].clear()
    assert shared == before
    assert mine != yours
    assert counts(yours.steps_data) == [9, 4]


def test_a_result_survives_pickling_and_compares_by_value() -> None:
    answer = result({NAME: funnel(9, 4)})
    again = pickle.loads(pickle.dumps(answer))
    assert again == answer
    assert again.steps_data == answer.steps_data


def test_a_result_shows_itself_in_lines_cells_and_one_line(provenance: Provenance) -> None:
    answer = FunnelQueryResult.from_reply(
        {"series": {NAME: funnel(900, 180)}, "meta": {"min_sampling_factor": 0.1}}, {}
    )
    assert repr(answer) == f"<FunnelQueryResult '{NAME}', no dates, given>"
    assert "2 | Cart | 180 | 0.2 | 0.2 | 1 min | 1 min" in answer.summary()
    assert "sampled: 0.1 of the events" in answer.summary()
    assert "<td>Cart</td>" in answer._repr_html_()


def test_a_whole_answer_is_in_its_dict() -> None:
    answer = result({NAME: {"$overall": funnel(9, 4), "pro": funnel(5, 3)}})
    whole = answer.to_dict()
    assert counts(whole["steps_data"]) == [9, 4]
    assert counts(whole["segments"]["pro"]) == [5, 3]
    assert whole["series"] == answer.series


# What is wanted where the recorded client is wrong.


def test_segmented_uses_overall() -> None:
    """Every segment is kept, the overall as well."""
    series = {
        NAME: {"$overall": funnel(900, 180), "pro": {"count": {"1. Visit": {"all": 100}, "2. Cart": {"all": 60}}}}
    }
    answer = result(series)
    assert list(answer.table.columns) == ["segment", *PLAIN]
    assert [(row[0], row[3]) for row in answer.table.rows] == [
        ("$overall", 900),
        ("$overall", 180),
        ("pro", 100),
        ("pro", 60),
    ]
    assert counts(answer.steps_data) == [900, 180]
    assert counts(answer.segments["pro"]) == [100, 60]
    assert answer.overall_conversion_rate == 0.2


def test_trends_uses_first_date() -> None:
    """Every date is kept."""
    answer = result({NAME: {"2026-01-05": funnel(10, 4), "2026-01-06": {"count": {"1. Visit": 20, "2. Cart": 1}}}})
    assert list(answer.table.columns) == ["date", *PLAIN]
    assert [(row[0], row[3]) for row in answer.table.rows] == [
        ("2026-01-05", 10),
        ("2026-01-05", 4),
        ("2026-01-06", 20),
        ("2026-01-06", 1),
    ]
    assert {date: counts(steps) for date, steps in answer.dates.items()} == {
        "2026-01-05": [10, 4],
        "2026-01-06": [20, 1],
    }
    assert counts(answer.steps_data) == [30, 5]
    assert answer.overall_conversion_rate == 5 / 30
