"""Flows as keywords and on the wire."""

from __future__ import annotations

import datetime as dt
import inspect
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.errors import BookmarkValidationError, InvalidArgumentError
from mixpanel_headless.query.cohorts import CohortBreakdown
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.flows import build_flow_params, flow_mode
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.operators import OPERATORS
from mixpanel_headless.query.steps import FlowStep
from mixpanel_headless.query.vocabulary import PropertyType
from tests.query.junk import JUNK

DAY = dt.date(2026, 2, 14)
ARGUMENTS = sorted(set(inspect.signature(build_flow_params).parameters) - {"event", "today"})


def build(event: Any = "Visit", **arguments: Any) -> dict[str, Any]:
    return build_flow_params(event, today=DAY, **arguments)


def step_filters(*conditions: Filter) -> list[dict[str, Any]]:
    params = build(FlowStep("Visit", filters=conditions))["steps"][0]["property_filter_params_list"]
    return [item["filter"] for item in params]


def test_a_flow_of_one_event_is_a_whole_bookmark() -> None:
    step = {"event": "Visit", "step_label": "Visit", "forward": 3, "reverse": 0, "bool_op": "and"}
    assert build(last=7) == {
        "steps": [{**step, "property_filter_params_list": []}],
        "date_range": {"type": "in the last", "from_date": {"unit": "day", "value": 7}, "to_date": "$now"},
        "chartType": "sankey",
        "flows_merge_type": "graph",
        "count_type": "unique",
        "cardinality_threshold": 3,
        "version": 2,
        "conversion_window": {"unit": "day", "value": 7},
        "anchor_position": 1,
        "collapse_repeated": False,
        "show_custom_events": True,
        "hidden_events": [],
        "exclusions": [],
    }


def test_dates_that_are_given_bound_the_range_up_to_today() -> None:
    assert build(from_date="2026-02-01")["date_range"] == {
        "type": "between",
        "from_date": "2026-02-01",
        "to_date": "2026-02-14",
    }


@pytest.mark.parametrize("mode", ["sankey", "paths", "tree"])
def test_the_mode_can_be_read_from_the_bookmark_that_was_built_for_it(mode: Any) -> None:
    assert flow_mode(build(mode=mode)) == mode


@pytest.mark.parametrize(
    ("chart", "mode"),
    [("top-paths", "paths"), ("paths", "paths"), ("tree", "tree"), ("sankey", "sankey"), (7, "sankey")],
)
def test_a_bookmark_that_merges_nothing_has_the_mode_of_its_chart(chart: object, mode: str) -> None:
    assert flow_mode({"chartType": chart}) == mode


def test_a_step_keeps_its_own_numbers_and_takes_the_others_from_the_question() -> None:
    steps = build([FlowStep("Visit", forward=0), FlowStep("Buy", reverse=4, label="Buys")], forward=2, reverse=1)[
        "steps"
    ]
    assert [(step["forward"], step["reverse"], step["step_label"]) for step in steps] == [
        (0, 1, "Visit"),
        (2, 4, "Buys"),
    ]


def test_a_step_may_be_a_session_that_starts() -> None:
    assert build(FlowStep("$session_start", session_event="start"))["steps"][0]["session_event"] == "start"


def test_any_of_several_conditions_will_do_when_a_step_says_so() -> None:
    step = FlowStep("Visit", filters=[Filter.is_set("a"), Filter.is_set("b")], filters_combinator="any")
    assert build(step)["steps"][0]["bool_op"] == "or"


def test_a_condition_of_a_step_names_its_property_and_where_it_is_kept() -> None:
    step = FlowStep("Visit", filters=Filter.is_set("plan", resource_type="people"))
    assert build(step)["steps"][0]["property_filter_params_list"] == [
        {
            "property": {"name": "plan", "source": "user", "type": "string"},
            "type": "string",
            "selected_property_type": "string",
            "filter": {"operator": "set", "operand": ""},
        }
    ]


def test_numbers_go_into_a_step_as_text() -> None:
    assert step_filters(
        Filter.greater_than("price", 10),
        Filter.at_most("price", 2.5),
        Filter.not_between("price", 1, 2),
        Filter.equals("price", [1, 2]),
    ) == [
        {"operator": ">", "operand": "10"},
        {"operator": "<=", "operand": "2.5"},
        {"operator": "!><", "operand": ["1", "2"]},
        {"operator": "==", "operand": ["1", "2"]},
    ]


def test_a_boolean_goes_into_a_step_as_a_word() -> None:
    assert step_filters(Filter.is_false("trial")) == [{"operand": "false"}]


def test_step_filters_datetime() -> None:
    """The row of that name in the list of what the reference gets wrong: negation is kept in step filters."""
    assert step_filters(
        Filter.on("signup", "2025-01-15"),
        Filter.not_on("signup", "2025-01-15"),
        Filter.before("signup", "2025-01-15"),
        Filter.since("signup", "2025-01-15"),
        Filter.in_the_last("signup", 10, "day"),
        Filter.not_in_the_last("signup", 2, "week"),
        Filter.date_between("signup", "2025-01-01", "2025-01-31"),
        Filter.date_not_between("signup", "2025-01-01", "2025-01-31"),
    ) == [
        {"operator": "==", "operand": "01/15/2025"},
        {"operator": "!=", "operand": "01/15/2025"},
        {"operator": ">", "operand": "01/15/2025"},
        {"operator": "<", "operand": "01/15/2025"},
        {"operator": ">", "operand": 10, "unit": "days"},
        {"operator": "<", "operand": 2, "unit": "weeks"},
        {"operator": "><", "operand": ["01/01/2025", "01/31/2025"]},
        {"operator": "!><", "operand": ["01/01/2025", "01/31/2025"]},
    ]


def test_a_whole_flow_is_filtered_by_a_cohort_and_by_properties() -> None:
    params = build(where=[Filter.is_true("trial"), Filter.not_in_cohort(41, "Staff")])
    assert params["filter_by_cohort"] == {"name": "Staff", "negated": True, "id": 41}
    assert params["filter_by_event"] == {
        "operator": "and",
        "children": [
            {
                "resourceType": "events",
                "filterType": "boolean",
                "filterValue": None,
                "filterOperator": "true",
                "propertyName": "trial",
            }
        ],
    }


def test_segments_are_breakdowns_without_a_data_group() -> None:
    segments = build(segments=["plan", CohortBreakdown(41, "Staff")], data_group_id=9)["segments"]
    assert segments == [GroupBy("plan").to_dict(), CohortBreakdown(41, "Staff").to_dict()]


def test_bad_no_steps() -> None:
    with pytest.raises(BookmarkValidationError) as caught:
        build([])
    assert [problem.code for problem in caught.value.errors] == ["FL1_NO_STEPS"]


def test_every_problem_is_said_at_once_with_its_place() -> None:
    with pytest.raises(BookmarkValidationError) as caught:
        build(
            ["Visit", FlowStep("Buy", forward=1.5, filters=Filter.is_set(" "))],  # type: ignore[arg-type]
            mode="pats",
            cardinality=0,
            hidden_events=["Ping", 3],
            where="country == DE",
            last=0,
        )
    problems = caught.value.errors
    assert [(problem.path, problem.code) for problem in problems] == [
        ("steps[1].forward", "FL_TYPE_FORWARD"),
        ("steps[1].filters[0]", "FL_FILTER_CONTROL_CHAR"),
        ("last", "V7_LAST_POSITIVE"),
        ("mode", "FL_INVALID_MODE"),
        ("cardinality", "FL6_CARDINALITY_RANGE"),
        ("hidden_events[1]", "FL_INVALID_HIDDEN_EVENT_TYPE"),
        ("where", "V25_INVALID_FILTER_TYPE"),
    ]
    assert problems[3].suggestion == ["paths"]


@given(st.dictionaries(st.sampled_from(ARGUMENTS), JUNK), JUNK)
def test_whatever_is_given_becomes_a_bookmark_or_an_error_of_ours(arguments: dict[str, Any], event: Any) -> None:
    try:
        params = build(event, **arguments)
    except InvalidArgumentError:
        return
    assert msgspec.json.decode(msgspec.json.encode(params)) == params


@given(st.sampled_from(sorted(OPERATORS)), JUNK, st.sampled_from(get_args(PropertyType)), JUNK)
def test_a_step_is_filtered_by_any_condition_or_it_is_refused_in_words(
    operator: str, value: Any, kind: Any, unit: Any
) -> None:
    try:
        params = build(FlowStep("Visit", filters=Filter("p", operator, value, kind, "events", unit)))
    except InvalidArgumentError:
        return
    assert msgspec.json.decode(msgspec.json.encode(params)) == params
