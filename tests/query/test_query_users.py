"""Questions about users as keywords and on the wire."""

from __future__ import annotations

import datetime as dt
import inspect
import json
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.errors import BookmarkValidationError, InvalidArgumentError
from mixpanel_headless.query.cohorts import CohortCriteria, CohortDefinition
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.operators import OPERATORS
from mixpanel_headless.query.users import build_user_params, wire_params
from mixpanel_headless.query.vocabulary import PropertyType
from tests.query.junk import JUNK

CodesOf = Callable[[Callable[[], object]], set[str]]
ARGUMENTS = sorted(inspect.signature(build_user_params).parameters)
SELECTORS = [
    (Filter.equals("plan", "pro"), 'properties["plan"] == "pro"'),
    (Filter.equals("plan", ["pro", "free"]), '(properties["plan"] == "pro" or properties["plan"] == "free")'),
    (Filter.equals("n", [1, 2.5]), '(properties["n"] == 1 or properties["n"] == 2.5)'),
    (Filter.not_equals("plan", ["a", "b"]), 'properties["plan"] != "a" and properties["plan"] != "b"'),
    (Filter.contains("url", "/shop"), '"/shop" in properties["url"]'),
    (Filter.not_contains("url", "/shop"), 'not "/shop" in properties["url"]'),
    (Filter.greater_than("n", 10), 'properties["n"] > 10'),
    (Filter.less_than("n", 10), 'properties["n"] < 10'),
    (Filter.at_least("n", 10), 'properties["n"] >= 10'),
    (Filter.at_most("n", 10), 'properties["n"] <= 10'),
    (Filter.between("n", 1, 2), 'properties["n"] >= 1 and properties["n"] <= 2'),
    (Filter.not_between("n", 1, 2), '(properties["n"] < 1 or properties["n"] > 2)'),
    (Filter.is_set("n"), 'defined(properties["n"])'),
    (Filter.is_not_set("n"), 'not defined(properties["n"])'),
    (Filter.is_true("vip"), 'properties["vip"] == true'),
    (Filter.is_false("vip"), 'properties["vip"] == false'),
    (
        Filter.on("d", "2025-01-15"),
        (
            'datetime(properties["d"]) >= datetime("2025-01-15T00:00:00") and '
            'datetime(properties["d"]) <= datetime("2025-01-15T23:59:59")'
        ),
    ),
    (
        Filter.date_not_between("d", "2025-01-15", "2025-01-20"),
        (
            '(datetime(properties["d"]) < datetime("2025-01-15T00:00:00") or '
            'datetime(properties["d"]) > datetime("2025-01-20T23:59:59"))'
        ),
    ),
    (Filter.before("d", "2025-01-15"), 'datetime(properties["d"]) < datetime("2025-01-15T00:00:00")'),
    (Filter.since("d", "2025-01-15"), 'datetime(properties["d"]) >= datetime("2025-01-15T00:00:00")'),
    (
        Filter.in_the_last("d", 36, "hour"),
        'datetime(properties["d"]) >= datetime(NOW - 129600) and datetime(properties["d"]) < datetime(NOW)',
    ),
    (
        Filter.not_in_the_last("d", 2, "week"),
        '(datetime(properties["d"]) < datetime(NOW - 1209600) or datetime(properties["d"]) >= datetime(NOW))',
    ),
    (
        Filter.in_the_next("d", 1, "month"),
        'datetime(properties["d"]) >= datetime(NOW) and datetime(properties["d"]) < datetime(NOW + 2592000)',
    ),
    (Filter.equals('say "hi"', "a\\b"), 'properties["say \\"hi\\""] == "a\\\\b"'),
]


@pytest.mark.parametrize(("condition", "selector"), SELECTORS, ids=[text for _, text in SELECTORS])
def test_a_condition_becomes_a_selector(condition: Filter, selector: str) -> None:
    assert build_user_params(where=condition)["where"] == selector


def test_conditions_are_joined_by_and() -> None:
    where = build_user_params(where=[Filter.is_set("a"), Filter.is_true("b")])["where"]
    assert where == 'defined(properties["a"]) and properties["b"] == true'


def test_a_selector_is_sent_as_it_is_written() -> None:
    assert build_user_params(where='properties["a"] == "b"')["where"] == 'properties["a"] == "b"'


def test_nothing_asked_counts_all_users() -> None:
    assert build_user_params() == {"action": "count()"}
    assert build_user_params(mode="profiles", limit=10, parallel=True, workers=2) == {}


def test_a_cohort_is_named_by_id_or_defined_and_always_says_whether_it_is_widened() -> None:
    active = CohortDefinition(CohortCriteria.did_event("Login", at_least=3, within_days=30))
    for asked in (build_user_params(cohort=41), build_user_params(where=Filter.in_cohort(41))):
        assert asked == {"filter_by_cohort": '{"id": 41}', "include_all_users": False, "action": "count()"}
    defined = build_user_params(cohort=active, include_all_users=True)
    assert json.loads(defined["filter_by_cohort"]) == {"raw_cohort": active.to_dict()}
    assert defined["include_all_users"] is True


def test_profiles_are_described_in_the_words_of_the_endpoint() -> None:
    asked = build_user_params(
        mode="profiles",
        properties=["$email", "plan"],
        sort_by="$last_seen",
        sort_order="ascending",
        search="ann",
        distinct_ids=["u-1", "ü"],
        group_id=9,
        as_of=dt.date(2025, 1, 31),
    )
    assert asked == {
        "output_properties": '["$email", "plan"]',
        "sort_key": 'properties["$last_seen"]',
        "sort_order": "ascending",
        "search": "ann",
        "distinct_ids": '["u-1", "\\u00fc"]',
        "data_group_id": "9",
        "as_of_timestamp": 1738281600,
    }


@pytest.mark.parametrize(
    ("aggregate", "percentile", "action"),
    [
        ("extremes", None, 'extremes(properties["a \\"b\\""])'),
        ("numeric_summary", None, 'numeric_summary(properties["a \\"b\\""])'),
        ("percentile", 95, 'percentile(properties["a \\"b\\""], 95)'),
    ],
)
def test_an_aggregate_names_its_property(aggregate: object, percentile: float | None, action: str) -> None:
    asked = build_user_params(aggregate=aggregate, aggregate_property='a "b"', percentile=percentile)  # type: ignore[arg-type]
    assert asked == {"action": action}


def test_an_aggregate_may_be_cut_by_cohorts() -> None:
    assert build_user_params(segment_by=[41, 42])["segment_by_cohorts"] == '{"41": true, "42": true}'


def test_every_problem_is_said_at_once_with_its_place() -> None:
    with pytest.raises(BookmarkValidationError) as caught:
        build_user_params(
            where=[Filter.is_set("a"), Filter.starts_with("a", "b")], limit=-1, workers=9, percentile=0, sort_by="x"
        )
    assert {(problem.path, problem.code) for problem in caught.value.errors} == {
        ("where[1]", "U_FILTER"),
        ("limit", "U3"),
        ("percentile", "U27"),
        ("percentile", "U28"),
        ("sort_by", "U19"),
        ("workers", "U23"),
    }


def test_lists_and_objects_go_out_as_json_text_and_the_where_of_an_aggregate_as_selector() -> None:
    assert wire_params({"output_properties": ["a"], "where": "x"}) == {"output_properties": '["a"]', "where": "x"}
    assert wire_params({"action": "count()", "where": "x"}) == {"action": "count()", "selector": "x"}


def test_a_parameter_that_the_endpoint_lacks_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InvalidArgumentError, match="output_property") as caught:
        wire_params({"output_property": ["a"]})
    assert "output_properties" in str(caught.value.hint)


@given(st.dictionaries(st.sampled_from(ARGUMENTS), JUNK))
def test_whatever_is_given_becomes_parameters_or_an_error_of_ours(arguments: dict[str, Any]) -> None:
    try:
        params = build_user_params(**arguments)
    except InvalidArgumentError:
        return
    assert msgspec.json.decode(msgspec.json.encode(params)) == params


@given(st.sampled_from(sorted(OPERATORS)), JUNK, st.sampled_from(get_args(PropertyType)), JUNK)
def test_any_condition_is_a_selector_or_is_refused_in_words(operator: str, value: Any, kind: Any, unit: Any) -> None:
    try:
        params = build_user_params(where=Filter("p", operator, value, kind, "events", unit))
    except InvalidArgumentError:
        return
    assert "properties" in params["where"]


def raw(operator: str, value: Any, *more: Any) -> Filter:
    return Filter("a", operator, value, *more)


@pytest.mark.parametrize(
    "condition",
    [
        raw("equals", 3, "number"),
        raw("equals", [], "string"),
        raw("equals", [float("nan")], "number"),
        raw("does not equal", [None], "string"),
        raw("contains", 3),
        raw("is at least", "3", "number"),
        raw("is at most", True, "number"),
        raw("is at most", 10**400, "number"),
        raw("is between", [3], "number"),
        raw("is between", ["x", 3], "number"),
        raw("not between", [3, True], "number"),
        raw("was on", 3, "datetime"),
        raw("was between", ["2025-01-02", "2025-01-01"], "datetime"),
        raw("was in the", -3, "datetime", "events", "day"),
        raw("was in the", 3, "datetime"),
        Filter.in_the_last("a", 609, "month"),
        Filter.ends_with("a", "x"),
        Filter.list_contains("a", b="c"),
    ],
    ids=repr,
)
def test_a_condition_that_a_selector_cannot_express_is_refused(codes_of: CodesOf, condition: Filter) -> None:
    assert codes_of(lambda: build_user_params(where=condition)) == {"U_FILTER"}


def test_fifty_years_are_not_too_long(codes_of: CodesOf) -> None:
    assert codes_of(lambda: build_user_params(where=Filter.in_the_last("a", 18_250, "day"))) == set()
