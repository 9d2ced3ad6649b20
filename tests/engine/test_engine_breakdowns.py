"""Breakdowns: which segments an event falls into, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.asking import by, event, filled, metric, only, points, profile, report, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

DAY = "2026-01-05T10:00:00"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [
        event(
            "E", "u1", DAY, n=1, flag=True, when="2026-01-04T23:30:00", lines=[{"sku": "x"}, {"sku": "y"}], mixed="1"
        ),
        event("E", "u1", DAY, n=12.5, flag=False, when="2026-02-01", lines=[{"sku": "x"}, {"sku": "x"}], mixed=1),
        event("E", "u2", "2026-01-06T00:00:00", n=-3, flag=0, lines=[{}], mixed=["1", 2, "1"], empty=""),
        event("E", "u3", "2026-01-07T00:00:00", n="7", when="soon", lines=[], object={"a": 1}),
    ]
    with filled(*events, profiles=[profile("u1", tier="gold"), profile("u2", tier="gold")]) as engine:
        yield engine


def ask(engine: Engine, group: dict[str, Any], math: str = "total") -> dict[str, Any]:
    return segments(engine.insights(report(metric("E", math), groups=[group])))


def test_a_list_counts_once_for_each_distinct_item(engine: Engine) -> None:
    assert ask(engine, by("mixed", "list")) == {"1": 3, "2": 1, "undefined": 1}


def test_empty_text_is_a_segment_of_its_own(engine: Engine) -> None:
    assert ask(engine, by("empty")) == {"": 1, "undefined": 3}


def test_booleans_are_named_true_and_false(engine: Engine) -> None:
    assert ask(engine, by("flag", "boolean")) == {"true": 1, "false": 1, "0": 1, "undefined": 1}


def test_a_cast_to_boolean_makes_what_is_not_set_false(engine: Engine) -> None:
    assert ask(engine, by("flag", "boolean", typeCast="boolean")) == {"true": 1, "false": 3}


def test_an_object_is_named_by_its_json(engine: Engine) -> None:
    assert ask(engine, by("object", "object")) == {'{"a":1}': 1, "undefined": 3}


def test_objects_in_a_list_are_told_apart_by_one_of_their_properties(engine: Engine) -> None:
    group = by("lines", "object", joinPropertyType="list", listItemGroup={"propertyName": "sku"})
    assert ask(engine, group) == {"x": 2, "y": 1, "undefined": 2}


def test_number_buckets_have_an_under_and_an_over(engine: Engine) -> None:
    group = by("n", "number", customBucket={"bucketSize": 5, "min": 0, "max": 10})
    assert ask(engine, group) == {"< 0": 1, "0 - 5": 1, "≥ 10": 1, "$non_numeric_values": 1}


def test_uneven_number_buckets(engine: Engine) -> None:
    assert ask(engine, by("n", "number", groups=[-5, 1, 12.5])) == {
        "-5 - 1": 1, "1 - 12.5": 1, "≥ 12.5": 1, "$non_numeric_values": 1,
    }  # fmt: skip


def test_numbers_one_by_one_when_buckets_are_disabled(engine: Engine) -> None:
    group = by("n", "number", customBucket={"bucketSize": 5, "min": 0, "max": 10, "disabled": True})
    assert ask(engine, group) == {"1": 1, "12.5": 1, "-3": 1, "$non_numeric_values": 1}


def test_a_cast_to_number_reads_text(engine: Engine) -> None:
    group = by("n", "string", typeCast="number", customBucket={"bucketSize": 5, "min": 0, "max": 10})
    assert ask(engine, group) == {"< 0": 1, "0 - 5": 1, "5 - 10": 1, "≥ 10": 1}


def test_automatic_buckets_are_round_and_at_most_twelve() -> None:
    events = [event("E", "u", DAY, n=number) for number in range(3, 98)]
    with filled(*events) as engine:
        found = ask(engine, by("n", "number"))
    assert found == {"0 - 10": 7, **{f"{low} - {low + 10}": 10 for low in range(10, 90, 10)}, "90 - 100": 8}
    assert list(found)[:2] == ["0 - 10", "10 - 20"]


def test_automatic_buckets_of_equal_values() -> None:
    with filled(event("E", "u", DAY, n=4)) as engine:
        assert ask(engine, by("n", "number")) == {"4 - 5": 1}


@pytest.mark.parametrize(
    ("unit", "names"),
    [
        (None, {"2026-01-04T23:30:00": 1, "2026-02-01T00:00:00": 1, "undefined": 2}),
        ("day", {"2026-01-04T00:00:00": 1, "2026-02-01T00:00:00": 1, "undefined": 2}),
        ("week", {"2025-12-29T00:00:00": 1, "2026-01-26T00:00:00": 1, "undefined": 2}),
        ("month", {"2026-01-01T00:00:00": 1, "2026-02-01T00:00:00": 1, "undefined": 2}),
        ("hour_of_day", {"23": 1, "0": 1, "undefined": 2}),
        ("day_of_week", {"Sunday": 2, "undefined": 2}),
    ],
)
def test_dates_by_unit(engine: Engine, unit: str | None, names: dict[str, int]) -> None:
    assert ask(engine, by("when", "datetime", unit=unit)) == names


def test_dates_are_told_in_project_time() -> None:
    with filled(event("E", "u", DAY, when="2026-07-04T02:30:00Z"), timezone="America/New_York") as engine:
        assert ask(engine, by("when", "datetime")) == {"2026-07-03T22:30:00": 1}


def test_groups_of_text_take_the_first_that_fits() -> None:
    groups = [
        {"filterOperator": "starts with", "filterValue": "a", "segmentLabel": "A's"},
        {"filterOperator": "equals", "filterValue": ["ab", "b"], "segmentLabel": "second"},
    ]
    events = [event("E", "u", DAY, p=value) for value in ("ab", "A", "b", "c", None)]
    with filled(*events) as engine:
        assert ask(engine, by("p", customGroups=groups)) == {
            "A's": 2, "second": 1, "$remaining_values": 1, "undefined": 1,
        }  # fmt: skip


def test_a_user_property_uses_the_profile_of_today(engine: Engine) -> None:
    assert ask(engine, by("tier", resourceType="people"), "unique") == {"gold": 2, "undefined": 1}


def test_how_often_each_user_did_something_in_the_interval(engine: Engine) -> None:
    behavior: dict[str, Any] = {"behaviorType": "$frequency", "aggregationOperator": "total", "dateRange": None,
                "event": {"label": "E", "value": "E"}, "filters": [], "filtersOperator": "and"}  # fmt: skip
    bucket = {"bucketSize": 1, "min": 0, "max": 10, "disabled": False}
    group = {"behavior": behavior, "value": "E Frequency", "resourceType": "people", "propertyType": "number",
             "customBucket": bucket}  # fmt: skip
    answer = engine.insights(report(metric("E", "unique"), groups=[group]))
    assert segments(answer) == {"1 - 2": 2, "2 - 3": 1}
    assert answer["headers"] == ["$metric", "E Frequency"]


def test_two_lists_give_every_pair() -> None:
    with filled(event("E", "u", DAY, a=["1", "2"], b=["x", "y"])) as engine:
        series = only(engine.insights(report(metric("E"), groups=[by("a", "list"), by("b", "list")])))
    assert {(a, b) for a in "12" for b in "xy" if series[a][b] == {"all": 1}} == {(a, b) for a in "12" for b in "xy"}
    assert series["$overall"] == {"all": 1}
    assert series["1"]["$overall"] == {"all": 1}


def test_every_segment_has_every_bucket(engine: Engine) -> None:
    series = only(engine.insights(report(metric("E"), chart="line", groups=[by("tier", resourceType="people")])))
    assert list(series["gold"].values()) == [2, 1, 0]
    assert list(series["undefined"].values()) == [0, 0, 1]


def test_a_user_counts_once_in_the_segment_of_the_first_or_last_event() -> None:
    events = [event("E", "u", f"2026-01-05T{hour}:00:00", p=value) for hour, value in (("10", "x"), ("11", "y"))]
    with filled(*events) as engine:
        for method, expected in (("first", {"x": 1}), ("last", {"y": 1}), ("all", {"x": 1, "y": 1})):
            shown = metric("E", "unique", segmentMethod=method)
            assert segments(engine.insights(report(shown, groups=[by("p")]))) == expected


def test_beyond_the_limit_the_largest_segments_stay_and_the_answer_says_so() -> None:
    events = [event("E", f"u{n}", DAY, p=name) for n, name in enumerate("aabbbcd")]
    with filled(*events) as engine:
        answer = engine.insights(report(metric("E"), groups=[by("p")]), limit=2)
        assert segments(answer) == {"b": 3, "a": 2}
        assert only(answer)["$overall"] == {"all": 7}
        assert answer["meta"]["is_segmentation_limit_hit"] is True
        assert (
            engine.insights(report(metric("E"), groups=[by("p")]), limit=4)["meta"]["is_segmentation_limit_hit"]
            is False
        )


def test_the_limit_ranks_users_over_the_whole_range_not_by_the_sum_of_days() -> None:
    same = [event("E", "u1", f"2026-01-0{day}T10:00:00", p="one user thrice") for day in (5, 6, 7)]
    two = [event("E", user, DAY, p="two users") for user in ("u2", "u3")]
    with filled(*same, *two) as engine:
        answer = engine.insights(report(metric("E", "unique"), chart="line", groups=[by("p")]), limit=1)
    assert set(only(answer)) == {"$overall", "two users"}


def test_segments_come_largest_first(engine: Engine) -> None:
    assert list(ask(engine, by("mixed", "list"))) == ["1", "2", "undefined"]


def test_an_answer_without_a_breakdown_has_plain_points(engine: Engine) -> None:
    assert points(engine.insights(report(metric("E"), chart="line"))) == [2, 1, 1]
