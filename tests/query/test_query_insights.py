from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.errors import BookmarkValidationError, InvalidArgumentError
from mixpanel_headless.query.behaviors import Exclusion, FunnelBehavior, RetentionBehavior
from mixpanel_headless.query.comparisons import TimeComparison
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.formulas import Formula
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.insights import build_insights_params, check_limit
from mixpanel_headless.query.metric_refs import MetricRef
from mixpanel_headless.query.metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
from tests.query.junk import JUNK

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[..., dict[str, Any]]


ARGUMENTS = sorted(set(inspect.signature(build_insights_params).parameters) - {"events", "today"})


def test_a_question_of_one_event_is_a_whole_bookmark(build: Build) -> None:
    assert build("Visit", last=7) == {
        "sections": {
            "show": [Metric("Visit").to_dict()],
            "time": [{"dateRangeType": "in the last", "unit": "day", "window": {"unit": "day", "value": 7}}],
            "filter": [],
            "group": [],
        },
        "displayOptions": {"chartType": "line", "analysis": "linear"},
    }


def test_the_measurement_applies_to_plain_names_only(build: Build) -> None:
    shown = build(["Visit", Metric("Buy")], math="unique")["sections"]["show"]
    assert [clause["measurement"]["math"] for clause in shown] == ["unique", "total"]


@pytest.mark.parametrize(("mode", "chart"), [("timeseries", "line"), ("total", "bar"), ("table", "table")])
def test_the_mode_chooses_the_chart(build: Build, mode: str, chart: str) -> None:
    assert build(mode=mode)["displayOptions"]["chartType"] == chart


def test_numbers_can_be_averaged_added_up_or_compared(build: Build) -> None:
    assert build(rolling=7)["displayOptions"]["rollingWindowSize"] == 7
    assert build(rolling=7)["displayOptions"]["analysis"] == "rolling"
    assert build(cumulative=True)["displayOptions"]["analysis"] == "cumulative"
    compared = build(time_comparison=TimeComparison.absolute_start("2025-01-01"))["displayOptions"]
    assert compared["timeComparison"] == {"type": "absolute-start", "value": "2025-01-01"}


def test_a_formula_hides_the_metrics_it_is_made_of(build: Build) -> None:
    shown = build(["Visit", CohortMetric(9), MetricRef(4)], formula="A / B", formula_label="Share")["sections"]["show"]
    assert [clause.get("isHidden") for clause in shown] == [True, True, True, None]
    assert shown[-1] == Formula("A / B", "Share").to_dict()


def test_a_formula_with_operands_of_its_own_hides_nothing(build: Build) -> None:
    shown = build([Formula("A * 2", metrics=Metric("Buy")), "Visit"])["sections"]["show"]
    assert [clause["type"] for clause in shown] == ["metric", "formula"]
    assert not any("isHidden" in clause for clause in shown)


def test_formulas_come_after_all_metrics(build: Build) -> None:
    shown = build(["Visit", Formula("A / B"), "Buy"])["sections"]["show"]
    assert [clause["type"] for clause in shown] == ["metric", "metric", "formula"]


def test_a_data_group_is_named_in_text(build: Build) -> None:
    assert build(data_group_id=8)["sections"]["globalDataGroupId"] == "8"
    assert "globalDataGroupId" not in build()["sections"]


def test_every_problem_is_said_at_once_with_its_place(build: Build) -> None:
    with pytest.raises(BookmarkValidationError) as caught:
        build(
            ["Visit", " ", 5],
            last=0,
            unit="dai",
            math="average",
            group_by=["plan", GroupBy("price", bucket_min=1)],
            where=[Filter.is_set("plan"), "city == Rome"],
            formula="A + D",
            rolling=0,
            data_group_id=True,
        )
    assert {(problem.path, problem.code) for problem in caught.value.errors} == {
        ("unit", "V30_INVALID_UNIT"),
        ("rolling", "V6_ROLLING_POSITIVE"),
        ("data_group_id", "DG1_INVALID_DATA_GROUP_ID"),
        ("events[1]", "V17_EMPTY_EVENT"),
        ("events[2]", "V21_INVALID_EVENT_TYPE"),
        ("last", "V7_LAST_POSITIVE"),
        ("math_property", "V1_MATH_REQUIRES_PROPERTY"),
        ("group_by[1]", "V11_BUCKET_REQUIRES_SIZE"),
        ("where[1]", "V25_INVALID_FILTER_TYPE"),
        ("formula", "V19_FORMULA_BOUNDS"),
    }


def test_a_problem_inside_a_behavior_is_placed_inside_its_event(build: Build) -> None:
    funnel = FunnelBehavior(["Visit", "Buy"], 368, "dai", "strict", Exclusion("Help", 1, 1), ["a"] * 4, "often")  # type: ignore[arg-type]
    retention = RetentionBehavior("Join", "Visit", "dai", "start", [2, 1, 1.5], "carry")  # type: ignore[arg-type, list-item]
    with pytest.raises(BookmarkValidationError) as caught:
        build([FunnelMetric(funnel, "conversion_rate_session"), RetentionMetric(retention)])
    assert [problem.path for problem in caught.value.errors] == [
        "events[0].conversion_window_unit",
        "events[0].order",
        "events[0].holding_constant",
        "events[0].reentry_mode",
        "events[0].math",
        "events[0].exclusions[0]",
        "events[1].bucket_sizes[2]",
        "events[1].bucket_sizes",
        "events[1].retention_unit",
        "events[1].alignment",
        "events[1].unbounded_mode",
    ]


@pytest.mark.parametrize(
    ("unit", "longest"),
    [
        ("second", 31_708_800),
        ("minute", 528_480),
        ("hour", 8_808),
        ("day", 367),
        ("week", 52),
        ("month", 12),
        ("session", 12),
    ],
)
def test_each_unit_has_its_longest_conversion_window(build: Build, unit: Any, longest: int) -> None:
    math: Any = "conversion_rate_session" if unit == "session" else "conversion_rate_unique"
    build(FunnelMetric(FunnelBehavior(["Visit", "Buy"], longest, unit), math))
    with pytest.raises(BookmarkValidationError, match="conversion_window"):
        build(FunnelMetric(FunnelBehavior(["Visit", "Buy"], longest + 1, unit), math))


def test_a_word_that_is_nearly_right_is_answered_with_the_right_one(build: Build) -> None:
    for arguments, meant in (({"unit": "weeks"}, "week"), ({"math": "averge", "math_property": "p"}, "average")):
        with pytest.raises(BookmarkValidationError) as caught:
            build(**arguments)
        assert meant in (caught.value.errors[0].suggestion or [])


def test_an_error_reads_as_data(build: Build) -> None:
    with pytest.raises(BookmarkValidationError) as caught:
        build(unit="weeks")
    assert caught.value.to_dict()["details"]["errors"][0]["suggestion"][0] == "week"


def test_loose_where_list_of_text_is_refused_not_dropped(build: Build) -> None:
    with pytest.raises(BookmarkValidationError, match="no condition"):
        build(where=["country == DE"])


def test_loose_formula_lowercase_and_multi_letter_names_are_refused(build: Build) -> None:
    with pytest.raises(BookmarkValidationError, match="names AB, b"):
        build(["Visit", "Buy"], formula="A + b * AB")


@pytest.mark.parametrize("unit", ["year", "second", "session", "day_of_week", "minute"])
def test_loose_unit_year_and_second_are_refused(build: Build, unit: str) -> None:
    with pytest.raises(BookmarkValidationError, match="unit"):
        build(unit=unit)


def test_loose_empty_math_property_is_refused(build: Build) -> None:
    with pytest.raises(BookmarkValidationError, match="math_property"):
        build(math="average", math_property="")


@pytest.mark.parametrize("limit", [1, 3000, 50_000])
def test_a_limit_within_bounds_is_taken(limit: int) -> None:
    assert check_limit(limit) == limit


@pytest.mark.parametrize("limit", [0, -1, 50_001, True, "9", 2.5, None])
def test_any_other_limit_is_a_value_error(limit: Any) -> None:
    with pytest.raises(ValueError, match="limit") as caught:
        check_limit(limit)
    assert isinstance(caught.value, InvalidArgumentError)


@given(st.dictionaries(st.sampled_from(ARGUMENTS), JUNK), JUNK)
def test_whatever_is_given_becomes_a_bookmark_or_an_error_of_ours(arguments: dict[str, Any], events: Any) -> None:
    try:
        params = build_insights_params(events, **arguments)
    except InvalidArgumentError:
        return
    assert msgspec.json.decode(msgspec.json.encode(params)) == params


def test_an_unknown_keyword_is_a_type_error(build: Build) -> None:
    with pytest.raises(TypeError):
        build(segment="plan")


def test_everything_after_the_events_is_given_by_name() -> None:
    first, *rest = inspect.signature(build_insights_params).parameters.values()
    assert first.name == "events"
    assert {parameter.kind for parameter in rest} == {inspect.Parameter.KEYWORD_ONLY}
