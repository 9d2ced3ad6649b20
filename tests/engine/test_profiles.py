"""Profiles: which are selected, in which order, and the numbers about them."""

from __future__ import annotations

import datetime as dt
import statistics
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery, Unsupported
from tests.engine.asking import event, filled, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

GOLD = {"selector": {"property": "user", "value": "tier", "operator": "==", "operand": "gold", "type": "string"}}
BUYERS = {
    "selector": {"property": "behaviors", "value": "b", "operator": ">=", "operand": 1},
    "behaviors": {
        "b": {
            "count": {"event_selector": {"event": "Buy", "selector": None}, "type": "absolute"},
            "window": {"unit": "day", "value": 60},
        }
    },
}


@pytest.fixture(scope="module")
def people() -> Iterator[Engine]:
    profiles = [
        profile("u1", tier="gold", age=30, **{"$email": "ann@example.com"}),
        profile("u2", tier="silver", age=41),
        profile("u3", tier="Gold", age="41", **{"$name": "Ann Lee"}),
        profile("u4", age=35),
    ]
    events = [
        event("Buy", "u1", "2026-02-20T10:00:00", price=5),
        event("Buy", "u1", "2026-02-27T10:00:00", price=50),
        event("Buy", "u2", "2026-02-28T10:00:00", price=50),
        event("Buy", "u9", "2026-02-28T11:00:00", price=50),
    ]
    with filled(*events, profiles=profiles, cohorts={7: GOLD, 8: BUYERS}) as engine:
        yield engine


def users(engine: Engine, **parameters: Any) -> list[str]:
    return [row["$distinct_id"] for row in engine.profiles(parameters).part(0, 100)]


def test_everybody_with_a_profile_comes_in_order(people: Engine) -> None:
    assert users(people) == ["u1", "u2", "u3", "u4"]


def test_expressions_are_about_profile_properties(people: Engine) -> None:
    assert users(people, where='properties["age"] > 30') == ["u2", "u4"]
    assert users(people, where='"gold" in user["tier"] or not defined(properties["tier"])') == ["u1", "u3", "u4"]
    assert users(people, where='properties["$distinct_id"] == "u3"') == ["u3"]


def test_events_have_no_meaning_for_a_profile(people: Engine) -> None:
    with pytest.raises(BadQuery, match="where, character 1: 'event' is none of behaviors, properties, user"):
        users(people, where='event["$time"] > datetime("2026-01-01")')


def test_people_may_be_named(people: Engine) -> None:
    assert users(people, distinct_id="u2") == ["u2"]
    assert users(people, distinct_ids='["u3", "u1", "u8"]') == ["u1", "u3"]
    assert users(people, distinct_ids="[]") == []


def test_only_the_named_properties_come_back(people: Engine) -> None:
    found = people.profiles({"distinct_id": "u1", "output_properties": '["age", "shoe"]'})
    assert found.part(0, 10) == [{"$distinct_id": "u1", "$properties": {"age": 30}}]


def test_people_are_sorted_with_those_last_who_lack_the_property(people: Engine) -> None:
    assert users(people, sort_key='properties["age"]', sort_order="descending") == ["u2", "u4", "u1", "u3"]
    assert users(people, sort_key='properties["tier"]') == ["u3", "u1", "u2", "u4"]
    assert users(people, sort_key='properties["age"]', limit=2) == ["u1", "u4"]


def test_people_are_searched_by_who_they_are(people: Engine) -> None:
    assert users(people, search="ANN") == ["u1", "u3"]
    assert users(people, search="gold") == []


def test_a_cohort_holds_people_without_profiles_unless_told_otherwise(people: Engine) -> None:
    assert users(people, filter_by_cohort='{"id": 8}') == ["u1", "u2", "u9"]
    assert users(people, filter_by_cohort='{"id": "8"}', include_all_users=False) == ["u1", "u2"]
    assert users(people, filter_by_cohort={"raw_cohort": GOLD}) == ["u1", "u3"]
    assert people.profiles({"filter_by_cohort": '{"id": 8}', "distinct_id": "u9"}).part(0, 1) == [
        {"$distinct_id": "u9", "$properties": {}}
    ]


def test_behaviors_count_events_in_a_window(people: Engine) -> None:
    selectors = [{"event": "Buy", "selector": 'properties["price"] > 10'}]
    behaviors = [{"window": "7d", "name": "big", "event_selectors": selectors}]
    assert users(people, behaviors=behaviors, where='behaviors["big"] >= 1') == ["u1", "u2"]
    day = int(dt.datetime(2026, 2, 28, tzinfo=dt.UTC).timestamp())
    assert users(people, behaviors=behaviors, where='behaviors["big"] >= 1', as_of_timestamp=day) == ["u1"]
    assert users(people, behaviors=behaviors, where='behaviors["big"] == 0') == ["u3", "u4"]


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"where": 'behaviors["big"] > 1'}, "where names the behavior 'big', and behaviors holds none"),
        ({"behaviors": '[{"name": "b"}]', "filter_by_cohort": '{"id": 7}'}, "are mutually exclusive"),
        ({"filter_by_cohort": '{"id": 99}'}, "Cohort 99 does not exist"),
        ({"distinct_ids": "u1,u2"}, "distinct_ids must be JSON"),
        ({"sort_order": "up"}, "sort_order must be one of ascending, descending"),
        ({"include_all_users": "maybe"}, "include_all_users must be true or false"),
    ],
)
def test_a_wrong_parameter_is_named(people: Engine, parameters: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadQuery) as caught:
        users(people, **parameters)
    assert problem in caught.value.message


def test_group_profiles_are_not_made_up(people: Engine) -> None:
    with pytest.raises(Unsupported, match="group profiles"):
        users(people, data_group_id="1")


def stats(engine: Engine, **parameters: Any) -> Any:
    answer = engine.profile_stats(parameters)
    assert (answer["status"], answer["computed_at"]) == ("ok", "2026-03-01T00:00:00.000000+00:00")
    return answer["results"]


def test_the_numbers_about_profiles(people: Engine) -> None:
    ages = [30, 41, 35]
    assert stats(people) == 4
    assert stats(people, action="count()", selector='properties["age"] >= 35') == 2
    assert stats(people, action='extremes(properties["age"])') == {"min": 30, "max": 41}
    assert stats(people, action='percentile(properties["age"], 50)') == {"percentile": 50, "result": 35}
    assert stats(people, action='numeric_summary(properties["age"])') == pytest.approx(
        {
            "count": 3,
            "mean": sum(ages) / 3,
            "var": statistics.pvariance(ages),
            "sum_of_squares": sum(a * a for a in ages),
        }
    )
    assert stats(people, action='extremes(properties["shoe"])') == {"min": None, "max": None}


def test_numbers_may_be_split_by_cohorts(people: Engine) -> None:
    assert stats(people, action="count()", segment_by_cohorts='{"7": true, "8": true}') == {"7": 2, "8": 2}


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ("sum()", "action, character 1: expected one of count, extremes, percentile, numeric_summary as a function"),
        ("extremes()", 'action, character 1: extremes() takes properties["..."]'),
        ('percentile(properties["age"])', 'action, character 1: percentile() takes properties["..."], 0 to 100'),
        ('percentile(properties["age"], 101)', "action, character 31: a percentile is a number from 0 to 100"),
        ('count(properties["age"])', "action, character 1: count() takes nothing"),
        ("count(", "action, character 7: expected a value, found the end"),
    ],
)
def test_an_action_that_cannot_be_read_is_refused(people: Engine, action: str, problem: str) -> None:
    with pytest.raises(BadQuery) as caught:
        stats(people, action=action)
    assert problem in caught.value.message
