from __future__ import annotations

import datetime as dt
import inspect
from typing import Any

import attrs
import pytest

from mixpanel_headless.errors import BookmarkValidationError, ParamValidationError
from mixpanel_headless.query.behaviors import BehaviorRef, Exclusion, FunnelBehavior, HoldingConstant
from mixpanel_headless.query.comparisons import TimeComparison
from mixpanel_headless.query.custom_properties import CustomPropertyRef, InlineCustomProperty
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.frequency import FrequencyBreakdown, FrequencyFilter
from mixpanel_headless.query.funnels import build_funnel_params
from mixpanel_headless.query.metrics import FunnelMetric
from mixpanel_headless.query.steps import CustomEventRef, FunnelStep

STEPS = ["Visit", "Cart", "Buy"]


def build(steps: Any = STEPS, **arguments: Any) -> dict[str, Any]:
    return build_funnel_params(steps, today=dt.date(2026, 2, 14), **arguments)


def problems(steps: Any = STEPS, **arguments: Any) -> set[tuple[str, str]]:
    with pytest.raises(BookmarkValidationError) as caught:
        build(steps, **arguments)
    return {(problem.path, problem.code) for problem in caught.value.errors}


def test_a_funnel_is_a_whole_bookmark() -> None:
    assert build(last=7) == {
        "sections": {
            "show": [FunnelMetric(FunnelBehavior(STEPS)).to_dict()],
            "time": [{"dateRangeType": "in the last", "unit": "day", "window": {"unit": "day", "value": 7}}],
            "filter": [],
            "group": [],
            "formula": [],
        },
        "displayOptions": {"chartType": "funnel-steps"},
    }


@pytest.mark.parametrize(("mode", "chart"), [("steps", "funnel-steps"), ("trends", "line"), ("table", "table")])
def test_the_mode_chooses_the_chart(mode: str, chart: str) -> None:
    assert build(mode=mode)["displayOptions"]["chartType"] == chart


def test_every_setting_of_a_funnel_reaches_its_behavior() -> None:
    settings: dict[str, Any] = {
        "conversion_window": 2,
        "conversion_window_unit": "hour",
        "order": "any",
        "exclusions": ["Refund", Exclusion("Help", 1, 2)],
        "holding_constant": HoldingConstant("device", "people"),
        "reentry_mode": "optimized",
    }
    steps: list[Any] = ["Visit", CustomEventRef(7), FunnelStep("Buy", "Paid", Filter.is_set("price"), order="loose")]
    clause = build(steps, math="median", math_property="price", **settings)["sections"]["show"][0]
    assert clause == FunnelMetric(FunnelBehavior(steps, **settings), "median", "price").to_dict()


def test_a_saved_funnel_stands_for_its_steps() -> None:
    clause = build(BehaviorRef(819, "funnel"), math="total", math_property="price")["sections"]["show"][0]
    assert clause["behavior"] == {"type": "funnel", "id": 819}
    assert clause["measurement"]["property"] == {"name": "price", "type": "number", "resourceType": "events"}


def test_what_a_saved_funnel_sets_itself_cannot_be_set_beside_it() -> None:
    given: dict[str, Any] = {
        "conversion_window": 3,
        "conversion_window_unit": "week",
        "order": "any",
        "exclusions": "Refund",
        "holding_constant": "device",
        "reentry_mode": "basic",
    }
    assert problems(BehaviorRef(1, "funnel"), **given) == {(name, "F14_BEHAVIOR_REF_SETTINGS") for name in given}
    assert build(BehaviorRef(1, "funnel"), exclusions=[], holding_constant=())


@pytest.mark.parametrize("source", [CustomPropertyRef(4), InlineCustomProperty.numeric("A", A="price")])
def test_a_condition_on_a_custom_property_says_that_it_has_no_name(source: Any) -> None:
    conditions = build(where=[Filter.greater_than(source, 2), Filter.is_set("plan")])["sections"]["filter"]
    assert [condition["value"] for condition in conditions] == [None, "plan"]


def test_every_problem_is_said_at_once_with_its_place() -> None:
    assert problems(
        ["Visit", ["Cart", "Basket"], 5, FunnelStep("Buy", filters=Filter.is_set(CustomPropertyRef(0)))],
        last=0,
        unit="dai",
        math="p90",
        conversion_window=0,
        order="strict",
        group_by=["plan", FrequencyBreakdown("Visit")],
        where=FrequencyFilter("Visit", 2),
        exclusions=Exclusion("Help", 3),
        holding_constant=["a", "b", "c", "d"],
        mode="pie",
        reentry_mode="often",
        time_comparison="week",
        data_group_id=-2,
    ) == {
        ("steps[1]", "F2_EMPTY_STEP_EVENT"),
        ("steps[2]", "F2_EMPTY_STEP_EVENT"),
        ("steps[3].filters[0]", "CP1_INVALID_ID"),
        ("last", "V7_LAST_POSITIVE"),
        ("unit", "V30_INVALID_UNIT"),
        ("math_property", "F10_MATH_MISSING_PROPERTY"),
        ("conversion_window", "F3_CONVERSION_WINDOW_POSITIVE"),
        ("order", "F6_INVALID_ORDER"),
        ("group_by[1]", "BB1_GROUP_BY_ELEMENT_TYPE"),
        ("where", "V25_INVALID_FILTER_TYPE"),
        ("exclusions[0]", "F4_EXCLUSION_STEP_ORDER"),
        ("holding_constant", "F8_MAX_HOLDING_CONSTANT"),
        ("mode", "F15_INVALID_MODE"),
        ("reentry_mode", "F12_INVALID_REENTRY_MODE"),
        ("time_comparison", "V31_INVALID_TIME_COMPARISON"),
        ("data_group_id", "DG1_INVALID_DATA_GROUP_ID"),
    }


def test_a_math_that_funnels_do_not_know_is_placed_in_the_bookmark() -> None:
    assert problems(math="dau") == {("sections.show[0].measurement.math", "B9_INVALID_MATH")}


@pytest.mark.parametrize(("step", "code"), [(" ", "EV1_EMPTY_EVENT"), ("b\x02", "EV2_CONTROL_CHAR_EVENT")])
def test_a_step_that_cannot_be_named_so_is_no_step(step: str, code: str) -> None:
    with pytest.raises(ParamValidationError) as caught:
        build(["Visit", step])
    assert caught.value.code == code


@pytest.mark.parametrize("steps", [None, [], "Visit", 5, {"Visit": 1}, BehaviorRef])
def test_what_holds_no_two_steps_is_too_short(steps: Any) -> None:
    assert ("steps", "F1_MIN_STEPS") in problems(steps)


def test_a_comparison_is_part_of_the_display() -> None:
    compared = build(time_comparison=TimeComparison.relative("month"))["displayOptions"]
    assert compared["timeComparison"] == {"type": "relative", "value": "month"}


def test_a_data_group_is_named_in_text() -> None:
    assert build(data_group_id=8)["sections"]["globalDataGroupId"] == "8"


# What is wanted where the recorded client is wrong.


def test_loose_where_text_is_dropped() -> None:
    assert problems(where="country == DE") == {("where", "V25_INVALID_FILTER_TYPE")}
    assert problems(where=["country == DE"]) == {("where[0]", "V25_INVALID_FILTER_TYPE")}


@pytest.mark.parametrize("math", ["average", "total"])
def test_loose_empty_math_property(math: str) -> None:
    assert problems(math=math, math_property="") == {("math_property", "V1B_EMPTY_PROPERTY")}


def test_loose_exclusion_after_last_step() -> None:
    assert problems(["Visit", "Buy"], exclusions=[Exclusion("Help", 1)]) == {
        ("exclusions[0]", "F4_EXCLUSION_STEP_ORDER")
    }


def test_loose_frequency_filter_and_group() -> None:
    assert problems(where=FrequencyFilter("Login", 2), group_by=FrequencyBreakdown("Login")) == {
        ("where", "V25_INVALID_FILTER_TYPE"),
        ("group_by", "BB1_GROUP_BY_ELEMENT_TYPE"),
    }


def test_loose_mode_order_unknown() -> None:
    assert problems(mode="pie", order="strict") == {("mode", "F15_INVALID_MODE"), ("order", "F6_INVALID_ORDER")}


def test_the_builder_has_the_arguments_of_a_funnel() -> None:
    own = {field.name for field in attrs.fields(FunnelBehavior)}
    assert own <= set(inspect.signature(build_funnel_params).parameters)
