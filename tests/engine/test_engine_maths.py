"""Maths: what each measure counts, over buckets and over the whole range, and what its series is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.asking import by, event, filled, formula, metric, only, points, profile, report, segments, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

DATES = ("2026-01-05", "2026-01-07")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [
        event("Buy", "u1", "2026-01-05T09:00:00", amount=10, item="pen", list=[1, 2, "x"]),
        event("Buy", "u2", "2026-01-05T10:00:00", amount=20, item="ink"),
        event("Buy", "u1", "2026-01-05T23:00:00", amount=30, item="ink"),
        event("Buy", "u1", "2026-01-06T09:00:00", amount=5, item="pen"),
        event("Buy", "u3", "2026-01-06T10:00:00", amount="7"),
        event("Buy", "u2", "2026-01-07T10:00:00"),
        event("Visit", "u1", "2026-01-05T08:00:00"),
        event("Visit", "u4", "2026-01-01T08:00:00"),
        event("Old", "u9", "2025-01-01T08:00:00"),
    ]
    with filled(*events, profiles=[profile("u1", age=30, tier="gold"), profile("u2", age=40)]) as engine:
        yield engine


def line(engine: Engine, shown: dict[str, Any], **more: Any) -> list[Any]:
    return points(engine.insights(report(shown, chart="line", dates=DATES, **more)))


@pytest.mark.parametrize(
    ("math", "expected"),
    [
        ("total", [60, 5, 0]),
        ("average", [20, 5, None]),
        ("median", [20, 5, None]),
        ("min", [10, 5, None]),
        ("max", [30, 5, None]),
        ("p25", [15, 5, None]),
        ("p75", [25, 5, None]),
        ("p90", [28, 5, None]),
        ("unique_values", [3, 2, 0]),
        ("first_value", [10, 5, None]),
        ("most_frequent", [10, 5, None]),
    ],
)
def test_maths_over_a_property(engine: Engine, math: str, expected: list[Any]) -> None:
    assert line(engine, metric("Buy", math, of="amount")) == pytest.approx(expected)


def test_any_percentile(engine: Engine) -> None:
    shown = metric("Buy", "custom_percentile", of="amount", percentile=50)
    answer = engine.insights(report(shown, dates=DATES))
    assert answer["series"] == {"Buy [50th Percentile amount]": {"all": 15}}


def test_a_summary_of_numbers(engine: Engine) -> None:
    [[summary]] = [line(engine, metric("Buy", "numeric_summary", of="amount"))[:1]]
    assert summary == {"count": 3, "mean": 20, "var": pytest.approx(200 / 3), "sum_of_squares": 1400}


def test_a_list_gives_each_of_its_numbers(engine: Engine) -> None:
    assert line(engine, metric("Buy", "total", of="list")) == [3, 0, 0]
    assert line(engine, metric("Buy", "unique_values", of="list")) == [3, 0, 0]


def test_the_most_frequent_text_and_the_smallest_among_equals(engine: Engine) -> None:
    assert line(engine, metric("Buy", "most_frequent", of="item")) == ["ink", "pen", None]


def test_a_math_without_its_property_counts_events(engine: Engine) -> None:
    answer = engine.insights(report(metric("Buy", "average"), dates=DATES))
    assert answer["series"] == {"Buy [Total Events]": {"all": 6}}


@pytest.mark.parametrize(
    ("math", "expected"),
    [
        ("unique", [2, 2, 1]),
        ("cumulative_unique", [2, 3, 3]),
        ("dau", [2, 2, 1]),
        ("wau", [2, 3, 3]),
        ("mau", [2, 3, 3]),
    ],
)
def test_maths_over_people(engine: Engine, math: str, expected: list[int]) -> None:
    assert line(engine, metric("Buy", math)) == expected


def test_weekly_actives_read_the_days_before_the_range(engine: Engine) -> None:
    assert line(engine, metric("Visit", "wau")) == [2, 2, 2]
    assert only(engine.insights(report(metric("Visit", "wau"), dates=("2026-01-08", "2026-01-09")))) == 1


@pytest.mark.parametrize(
    ("inner", "expected"),
    [("total", 27.5), ("average", (15 + 20) / 2), ("min", 12.5), ("max", 25), ("unique_values", 5 / 3)],
)
def test_an_average_over_what_each_user_has(engine: Engine, inner: str, expected: float) -> None:
    engine_answer = engine.insights(
        report(metric("Buy", "average", of="amount", perUserAggregation=inner), dates=DATES)
    )
    if inner == "total":
        expected = (45 + 20) / 2  # the user who has only the text "7" is left out
    assert only(engine_answer) == pytest.approx(expected)


def test_sessions_end_after_half_an_hour_and_at_midnight() -> None:
    times = ["05T23:40:00", "05T23:59:00", "06T00:01:00", "06T00:31:00", "06T01:01:01"]
    events = [event("View", "u", f"2026-01-{time}") for time in times]
    with filled(*events) as engine:
        assert line(engine, metric("View", "sessions")) == [1, 2, 0]


def test_sessions_are_counted_over_all_events_and_kept_by_the_matching_ones() -> None:
    times = [("View", "10:00:00"), ("Click", "10:20:00"), ("View", "10:40:00")]
    with filled(*(event(name, "u", f"2026-01-05T{time}") for name, time in times)) as engine:
        assert only(engine.insights(report(metric("View", "sessions")))) == 1


def test_a_rolling_mean_reads_the_buckets_before_the_range(engine: Engine) -> None:
    shown = metric("Visit")
    bookmark = report(shown, chart="line", dates=DATES, analysis="rolling", rollingWindowSize=5)
    assert points(engine.insights(bookmark)) == pytest.approx([0.4, 0.2, 0.2])


def test_a_cumulative_report_adds_up(engine: Engine) -> None:
    assert points(engine.insights(report(metric("Buy"), chart="line", analysis="cumulative"))) == [3, 5, 6]


def test_a_rolling_mean_of_the_worked_example(engine: Engine) -> None:
    bookmark = report(metric("Buy"), chart="line", analysis="rolling", rollingWindowSize=3)
    assert points(engine.insights(bookmark)) == pytest.approx([1, 5 / 3, 2])


def test_an_event_that_was_never_seen_has_no_series(engine: Engine) -> None:
    assert engine.insights(report(metric("Nothing")))["series"] == {}


def test_a_known_event_without_rows_in_the_range_has_zeros(engine: Engine) -> None:
    assert line(engine, metric("Old")) == [0, 0, 0]
    grouped = engine.insights(report(metric("Old"), groups=[by("item")]))
    assert only(grouped) == {"$overall": {"all": 0}}


def test_equal_copies_of_an_event_are_one_and_the_newest_wins() -> None:
    copies = [
        event("Buy", "u1", "2026-01-05T09:00:00", **{"$insert_id": "a", "amount": amount, "mp_processing_time_ms": at})
        for amount, at in ((1, 1000), (9, 2000), (5, 1500))
    ]
    others = [event("Buy", "u1", "2026-01-05T09:00:01", **{"$insert_id": "a", "amount": 10}),
              event("Buy", "u2", "2026-01-05T09:00:00", **{"$insert_id": "a", "amount": 100}),
              event("Buy", "u3", "2026-01-05T09:00:00", amount=1000),
              event("Buy", "u3", "2026-01-05T09:00:00", amount=1000)]  # fmt: skip
    with filled(*copies, *others) as engine:
        assert only(engine.insights(report(metric("Buy", "total", of="amount")))) == 2119


def test_profiles_can_be_counted(engine: Engine) -> None:
    people = metric("All Users", "unique", behavior={"type": "people", "resourceType": "people"})
    assert line(engine, people) == [2, 2, 2]
    ages = metric("All Users", "average", of="age", resource="people", behavior={"type": "people"})
    group = by("tier", resourceType="people")
    assert segments(engine.insights(report(ages, groups=[group]))) == {"gold": 30, "undefined": 40}


def test_several_events_in_one_block_are_one_series_and_each_row_counts_once(engine: Engine) -> None:
    cheap = [where("amount", "is less than", 15, "number")]
    parts = [{"type": "event", "name": "Buy", "filters": cheap}, {"type": "event", "name": "Buy", "filters": []},
             {"type": "event", "name": "Visit", "filters": []}]  # fmt: skip
    shown = metric("Buy or Visit", behavior={"type": "simple", "behaviors": parts})
    assert engine.insights(report(shown, dates=DATES))["series"] == {"Buy or Visit [Total Events]": {"all": 7}}


def test_a_block_without_a_name_gives_one_series_for_each_event(engine: Engine) -> None:
    parts: list[dict[str, Any]] = [{"type": "event", "name": name, "filters": []} for name in ("Buy", "Visit")]
    shown = metric("", behavior={"type": "simple", "behaviors": parts})
    found = engine.insights(report(shown, dates=DATES))["series"]
    assert found == {"Buy [Total Events]": {"all": 6}, "Visit [Total Events]": {"all": 1}}


def test_a_custom_event_is_the_union_of_its_alternatives() -> None:
    big = [where("amount", "is at least", 10, "number")]
    alternatives = [{"event": "Buy", "filters": big}, {"event": "Visit", "filters": []}]
    events = [event("Buy", "u", "2026-01-05T01:00:00", amount=amount) for amount in (5, 10)]
    saved = {7: {"name": "Active", "alternatives": alternatives}}
    with filled(*events, event("Visit", "v", "2026-01-05T01:00:00"), custom_events=saved) as engine:
        shown = metric("$custom_event:7", behavior={"type": "custom-event", "id": 7})
        assert engine.insights(report(shown))["series"] == {"Active [Total Events]": {"all": 2}}
        assert engine.insights(report(metric("Active")))["series"] == {}


def test_any_event_leaves_out_the_system_events() -> None:
    events = [event(name, "u", "2026-01-05T01:00:00") for name in ("Buy", "$identify", "$merge")]
    with filled(*events) as engine:
        assert engine.insights(report(metric("$all_events")))["series"] == {"All Events [Total Events]": {"all": 1}}


@pytest.mark.parametrize(
    ("shown", "label"),
    [
        (metric("Buy"), "Buy [Total Events]"),
        (metric("Buy", "general"), "Buy [Total Events]"),
        (metric("Buy", "unique"), "Buy [Unique Users]"),
        (metric("Buy", "sessions"), "Buy [Total Sessions]"),
        (metric("Buy", "total", of="amount"), "Buy [Sum of amount]"),
        (metric("Buy", "min", of="amount"), "Buy [Minimum amount]"),
        (metric("Buy", "p99", of="amount"), "Buy [99th Percentile amount]"),
        (metric("Buy", "custom_percentile", of="amount", percentile=97.5), "Buy [97.5th Percentile amount]"),
        (metric("Buy", "custom_percentile", of="amount", percentile=1), "Buy [1st Percentile amount]"),
        (metric("Buy", "custom_percentile", of="amount", percentile=12), "Buy [12th Percentile amount]"),
        (metric("Buy", "average", perUserAggregation="total"), "Buy [Average Total per User]"),
        (metric("Buy", "median", of="amount", perUserAggregation="max"), "Buy [Median Maximum amount per User]"),
        (metric("Buy", label="Orders"), "Orders"),
    ],
)
def test_a_series_is_named_after_event_and_math(engine: Engine, shown: dict[str, Any], label: str) -> None:
    answer = engine.insights(report(shown, dates=DATES))
    assert list(answer["series"]) == [label]
    assert answer["meta"]["report_sections"]["show"] == [{"metric_key": label}]


def test_equal_names_get_letters(engine: Engine) -> None:
    shows = [metric("Buy"), metric("Visit"), metric("Buy", behavior={"filters": [where("item", "equals", ["pen"])]})]
    found = engine.insights(report(*shows, dates=DATES))["series"]
    assert found == {
        "A. Buy [Total Events]": {"all": 6},
        "Visit [Total Events]": {"all": 1},
        "C. Buy [Total Events]": {"all": 2},
    }


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("A + B", [4, 2, 1]),
        ("A-B*2", [1, 2, 1]),
        ("(A - B) * 2", [4, 4, 2]),
        ("-A + 10", [7, 8, 9]),
        ("A / B", [3, None, None]),
        ("B / A", [pytest.approx(1 / 3), 0, 0]),
        ("B / B", [1, 0, 0]),
        ("a * .5", [1.5, 1, 0.5]),
        ("2 - -3", [5, 5, 5]),
        ("8 / 4 / 2", [1, 1, 1]),
        ("A ^ 2", [9, 4, 1]),
        ("-A ^ 2", [-9, -4, -1]),
        ("2 ^ 3 ^ A", [2**27, 2**9, 2**3]),
        ("2 ^ -A * 8", [1, 2, 4]),
        ("(B - A) ^ .5", [None, None, None]),
        ("B ^ -1", [1, None, None]),
        ("10 ^ (A * 200)", [None, None, pytest.approx(1e200)]),
        ("A * 1e3 + 1.5e-2", [3000.015, 2000.015, 1000.015]),
    ],
)
def test_formulas_are_arithmetic_point_by_point(engine: Engine, definition: str, expected: list[Any]) -> None:
    shows = [metric("Buy", hidden=True), metric("Visit", hidden=True), formula(definition)]
    answer = engine.insights(report(*shows, chart="line", dates=DATES))
    assert list(answer["series"]) == [definition]
    assert points(answer) == expected


def test_a_formula_runs_on_every_segment_that_any_of_its_metrics_has(engine: Engine) -> None:
    shows = [metric("Buy", hidden=True), metric("Visit", hidden=True), formula("A + B")]
    answer = engine.insights(report(*shows, dates=DATES, groups=[by("item")]))
    assert segments(answer) == {"pen": 2, "ink": 2, "undefined": 3}


def test_a_formula_may_bring_its_own_metrics(engine: Engine) -> None:
    own = [metric("Visit", "unique"), metric("Buy", "unique")]
    shows = [metric("Buy", hidden=True), formula("A / B", "share", referenced=own)]
    assert engine.insights(report(*shows, dates=DATES))["series"] == {"share": {"all": pytest.approx(1 / 3)}}


def test_a_formula_over_an_unknown_and_a_known_event_counts_the_unknown_as_zero(engine: Engine) -> None:
    shows = [metric("Nothing", hidden=True), metric("Buy", hidden=True), formula("A + B")]
    assert only(engine.insights(report(*shows, dates=DATES))) == 6


def test_a_rolling_formula_is_made_of_rolling_metrics(engine: Engine) -> None:
    shows = [metric("Buy", hidden=True), metric("Visit", hidden=True), formula("A / B")]
    bookmark = report(*shows, chart="line", dates=DATES, analysis="rolling", rollingWindowSize=3)
    assert points(engine.insights(bookmark)) == pytest.approx([3, 5, 6])


def test_a_histogram_tells_values_apart_by_bucket(engine: Engine) -> None:
    answer = engine.insights(report(metric("Buy", "histogram", of="amount"), dates=DATES))
    assert answer["series"] == {
        "Buy [Distribution of amount]": {
            "$overall": {"all": 4},
            "5 - 10": {"all": 1},
            "10 - 15": {"all": 1},
            "20 - 25": {"all": 1},
            "30 - 35": {"all": 1},
        }
    }


def test_a_histogram_of_what_each_user_has(engine: Engine) -> None:
    shown = metric("Buy", "histogram", perUserAggregation="total")
    answer = engine.insights(report(shown, dates=DATES))
    assert list(answer["series"]) == ["Buy [Distribution of Total per User]"]
    assert segments(answer) == {"1 - 2": 1, "2 - 3": 1, "3 - 4": 1}
    sums = metric("Buy", "histogram", of="amount", perUserAggregation="total")
    nested = only(engine.insights(report(sums, dates=DATES, groups=[by("item")])))
    assert nested["ink"] == {"$overall": {"all": 2}, "20 - 25": {"all": 1}, "30 - 35": {"all": 1}}
    assert nested["$overall"] == {"all": 2}


def test_a_histogram_of_no_values_is_empty(engine: Engine) -> None:
    answer = engine.insights(report(metric("Visit", "histogram", of="amount"), dates=DATES))
    assert only(answer) == {"$overall": {"all": 0}}


def test_the_time_of_events_is_measured_in_seconds_since_1970(engine: Engine) -> None:
    found = [segments(engine.insights(report(metric("Buy", math, of="$time"), dates=DATES, groups=[by("item")])))
             for math in ("min", "max")]  # fmt: skip
    assert [one["pen"] for one in found] == [1767603600, 1767690000]
