from __future__ import annotations

import datetime as dt
import inspect
from typing import Any

import attrs
import pytest

from mixpanel_headless.errors import BookmarkValidationError, ParamTypeError, ParamValidationError
from mixpanel_headless.query.behaviors import BehaviorRef, RetentionBehavior
from mixpanel_headless.query.comparisons import TimeComparison
from mixpanel_headless.query.custom_properties import CustomPropertyRef, InlineCustomProperty
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.frequency import FrequencyBreakdown, FrequencyFilter
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.metrics import RetentionMetric
from mixpanel_headless.query.retention import build_retention_params
from mixpanel_headless.query.steps import CustomEventRef, RetentionEvent


def build(born: Any = "Join", back: Any = "Visit", **arguments: Any) -> dict[str, Any]:
    return build_retention_params(born, back, today=dt.date(2026, 2, 14), **arguments)


def problems(born: Any = "Join", back: Any = "Visit", **arguments: Any) -> set[tuple[str, str]]:
    with pytest.raises(BookmarkValidationError) as caught:
        build(born, back, **arguments)
    return {(problem.path, problem.code) for problem in caught.value.errors}


def test_a_retention_is_a_whole_bookmark_with_its_sorting() -> None:
    params = build(from_date="2026-01-01", to_date="2026-01-31")
    assert params["sections"] == {
        "show": [RetentionMetric(RetentionBehavior("Join", "Visit")).to_dict()],
        "time": [{"dateRangeType": "between", "unit": "day", "value": ["2026-01-01", "2026-01-31"]}],
        "filter": [],
        "group": [],
        "formula": [],
    }
    assert params["displayOptions"] == {"chartType": "retention-curve"}
    assert set(params["sorting"]) == {"bar", "line", "table"}
    assert params["columnWidths"] == {"bar": {}}


@pytest.mark.parametrize(("mode", "chart"), [("curve", "retention-curve"), ("trends", "line"), ("table", "table")])
def test_the_mode_chooses_the_chart(mode: str, chart: str) -> None:
    assert build(mode=mode)["displayOptions"]["chartType"] == chart


def test_every_setting_of_a_retention_reaches_its_behavior() -> None:
    settings: dict[str, Any] = {
        "retention_unit": "day",
        "alignment": "interval_start",
        "bucket_sizes": [1, 2, 4],
        "unbounded_mode": "carry_back",
    }
    sides = (CustomEventRef(7), RetentionEvent("Visit", Filter.is_set("plan")))
    clause = build(*sides, math="total", math_property="price", retention_cumulative=True, **settings)
    behavior = RetentionBehavior(*sides, **settings)
    metric = RetentionMetric(behavior, "total", "price", retention_cumulative=True)
    assert clause["sections"]["show"] == [metric.to_dict()]


def test_a_saved_retention_stands_for_both_events() -> None:
    clause = build(BehaviorRef(820, "retention"), None, math="unique")["sections"]["show"][0]
    assert clause["behavior"] == {"type": "retention", "id": 820}
    assert clause["measurement"] == {"math": "unique"}


def test_what_a_saved_retention_sets_itself_cannot_be_set_beside_it() -> None:
    given: dict[str, Any] = {
        "retention_unit": "day",
        "alignment": "interval_start",
        "bucket_sizes": [1],
        "unbounded_mode": "none",
    }
    assert problems(BehaviorRef(1, "retention"), "Visit", **given) == {
        (name, "R15_BEHAVIOR_REF_SETTINGS") for name in ("return_event", *given)
    }


@pytest.mark.parametrize("source", [CustomPropertyRef(4), InlineCustomProperty.numeric("A", A="price")])
def test_a_condition_on_a_custom_property_says_that_it_has_no_name(source: Any) -> None:
    conditions = build(where=[Filter.greater_than(source, 2), Filter.is_set("plan")])["sections"]["filter"]
    assert [condition["value"] for condition in conditions] == [None, "plan"]


def test_users_can_be_chosen_and_parted_by_how_often_they_did_something() -> None:
    sections = build(where=FrequencyFilter("Visit", 2), group_by=FrequencyBreakdown("Visit"))["sections"]
    assert sections["filter"][0]["behavior"]["behaviorType"] == "$frequency"
    assert sections["group"][0]["behavior"]["behaviorType"] == "$frequency"


def test_every_problem_is_said_at_once_with_its_place() -> None:
    assert problems(
        ["Join", "Return"],
        RetentionEvent("Visit", [Filter.is_set("plan"), Filter.is_set(CustomPropertyRef(0))]),
        last=0,
        unit="hour",
        math="unique",
        math_property="price",
        retention_unit="year",
        alignment="start",
        bucket_sizes=[3, 2, 1.5],
        group_by=["plan", " ", GroupBy("price", bucket_min=1)],
        where="country == DE",
        mode="line",
        unbounded_mode="carry",
        time_comparison="week",
        data_group_id="4",
    ) == {
        ("born_event", "R1_EMPTY_BORN_EVENT"),
        ("return_event.filters[1]", "CP1_INVALID_ID"),
        ("last", "V7_LAST_POSITIVE"),
        ("unit", "R11_INVALID_UNIT"),
        ("math_property", "BH3_PROPERTY_MATH"),
        ("retention_unit", "R7_INVALID_RETENTION_UNIT"),
        ("alignment", "R8_INVALID_ALIGNMENT"),
        ("bucket_sizes[2]", "R5_BUCKET_SIZES_INTEGER"),
        ("bucket_sizes", "R6_BUCKET_SIZES_ASCENDING"),
        ("group_by", "R12_EMPTY_GROUP_BY"),
        ("group_by[1]", "V11_BUCKET_REQUIRES_SIZE"),
        ("where", "V25_INVALID_FILTER_TYPE"),
        ("mode", "R10_INVALID_MODE"),
        ("unbounded_mode", "R13_INVALID_UNBOUNDED_MODE"),
        ("time_comparison", "V31_INVALID_TIME_COMPARISON"),
        ("data_group_id", "DG1_INVALID_DATA_GROUP_ID"),
    }


@pytest.mark.parametrize(("event", "code"), [(" ", "EV1_EMPTY_EVENT"), ("a\x03", "EV2_CONTROL_CHAR_EVENT")])
def test_an_event_that_cannot_be_named_so_is_no_event(event: str, code: str) -> None:
    for sides in ((event, "Visit"), ("Join", event)):
        with pytest.raises(ParamValidationError) as caught:
            build(*sides)
        assert caught.value.code == code


def test_a_breakdown_of_another_kind_is_refused() -> None:
    with pytest.raises(ParamTypeError) as caught:
        build(group_by=[3])
    assert caught.value.code == "BB1_GROUP_BY_ELEMENT_TYPE"


def test_a_comparison_is_part_of_the_display() -> None:
    compared = build(time_comparison=TimeComparison.relative("week"))["displayOptions"]
    assert compared["timeComparison"] == {"type": "relative", "value": "week"}


# What is wanted where the recorded client is wrong.


def test_loose_where_text_is_dropped() -> None:
    assert problems(where="country == DE") == {("where", "V25_INVALID_FILTER_TYPE")}


def test_loose_average_without_property() -> None:
    assert problems(math="average") == {("math_property", "BH3_PROPERTY_MATH")}
    assert build(math="average", math_property="price")["sections"]["show"][0]["measurement"]["property"] == {
        "name": "price",
        "resourceType": "events",
    }


def test_loose_empty_buckets() -> None:
    assert problems(bucket_sizes=[]) == {("bucket_sizes", "R6B_BUCKET_SIZES_COUNT")}


def test_the_builder_has_the_arguments_of_a_retention() -> None:
    own = {field.name for field in attrs.fields(RetentionBehavior)}
    assert own <= set(inspect.signature(build_retention_params).parameters)
