from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.errors import ParamTypeError, ParamValidationError
from mixpanel_headless.query.custom_properties import CustomPropertyRef, InlineCustomProperty
from mixpanel_headless.query.filter_clauses import filter_clause
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.frequency import FrequencyFilter
from mixpanel_headless.query.operators import ALIASES

TABLE: list[tuple[Filter, str, str, Any]] = [
    (Filter.equals("city", "Rome"), "equals", "string", ["Rome"]),
    (Filter.equals("city", ["Rome", "Oslo"]), "equals", "string", ["Rome", "Oslo"]),
    (Filter.not_equals("city", "Rome"), "does not equal", "string", ["Rome"]),
    (Filter.contains("city", "om"), "contains", "string", "om"),
    (Filter.not_contains("city", "om"), "does not contain", "string", "om"),
    (Filter.starts_with("city", "R"), "starts with", "string", "R"),
    (Filter.ends_with("city", "e"), "ends with", "string", "e"),
    (Filter.greater_than("price", 3), "is greater than", "number", 3),
    (Filter.less_than("price", 3.5), "is less than", "number", 3.5),
    (Filter.at_least("price", 3), "is at least", "number", 3),
    (Filter.at_most("price", 3), "is at most", "number", 3),
    (Filter.between("price", 1, 2), "is between", "number", [1, 2]),
    (Filter.not_between("price", 1, 2), "not between", "number", [1, 2]),
    (Filter.is_set("plan"), "is set", "string", None),
    (Filter.is_not_set("plan"), "is not set", "string", None),
    (Filter.is_true("vip"), "true", "boolean", None),
    (Filter.is_false("vip"), "false", "boolean", None),
    (Filter.on("joined", "2026-01-31"), "was on", "datetime", "2026-01-31"),
    (Filter.not_on("joined", "2026-01-31"), "was not on", "datetime", "2026-01-31"),
    (Filter.before("joined", "2026-01-31"), "was before", "datetime", "2026-01-31"),
    (Filter.since("joined", dt.date(2026, 1, 31)), "was since", "datetime", "2026-01-31"),
    (
        Filter.date_between("joined", "2026-01-01", "2026-01-31"),
        "was between",
        "datetime",
        ["2026-01-01", "2026-01-31"],
    ),
    (
        Filter.date_not_between("joined", "2026-01-01", "2026-01-31"),
        "was not between",
        "datetime",
        ["2026-01-01", "2026-01-31"],
    ),
    (Filter.in_the_last("joined", 3, "week"), "was in the", "datetime", 3),
    (Filter.not_in_the_last("joined", 3, "week"), "was not in the", "datetime", 3),
    (Filter.in_the_next("joined", 3, "week"), "was in the next", "datetime", 3),
]


@pytest.mark.parametrize(("condition", "operator", "kind", "value"), TABLE, ids=[str(row[1]) for row in TABLE])
def test_a_constructor_says_its_operator_type_and_value_on_the_wire(
    condition: Filter, operator: str, kind: str, value: Any
) -> None:
    clause = filter_clause(condition)
    assert clause["filterOperator"] == operator
    assert clause["filterType"] == clause["defaultType"] == kind
    assert clause["filterValue"] == value
    assert clause["resourceType"] == "events"


def test_a_relative_date_carries_its_unit_and_no_other_filter_does() -> None:
    assert filter_clause(Filter.in_the_last("joined", 3, "month"))["filterDateUnit"] == "month"
    assert "filterDateUnit" not in filter_clause(Filter.on("joined", "2026-01-31"))


def test_a_profile_property_is_looked_up_on_people() -> None:
    assert filter_clause(Filter.is_set("plan", resource_type="people"))["resourceType"] == "people"


@pytest.mark.parametrize(("alias", "operator"), sorted(ALIASES.items()))
def test_an_alias_stands_for_its_operator(alias: str, operator: str) -> None:
    kind: Any = "boolean" if operator in {"true", "false"} else "string"
    assert Filter("x", alias, None, kind) == Filter("x", operator, None, kind)


def test_numbers_and_booleans_are_compared_as_what_they_are() -> None:
    assert filter_clause(Filter.equals("price", 4))["filterType"] == "number"
    assert filter_clause(Filter.equals("price", 4))["filterValue"] == 4
    assert Filter.equals("vip", True) == Filter.is_true("vip")
    assert Filter.not_equals("vip", [True]) == Filter.is_false("vip")


@given(st.booleans(), st.booleans(), st.booleans())
def test_comparing_a_boolean_is_asking_for_true_or_false(value: bool, same: bool, listed: bool) -> None:
    operator = "equals" if same else "does not equal"
    asked = Filter("vip", operator, [value] if listed else value, "boolean")
    assert asked == (Filter.is_true("vip") if value == same else Filter.is_false("vip"))


@given(st.text(min_size=1), st.lists(st.text(), min_size=1, max_size=5))
def test_every_value_of_an_equality_reaches_the_wire_in_order(name: str, values: list[str]) -> None:
    clause = filter_clause(Filter.equals(name, values))
    assert clause["value"] == name
    assert clause["filterValue"] == values


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_the_bounds_of_a_range_are_sent_as_given(low: float, high: float) -> None:
    assert filter_clause(Filter.between("price", low, high))["filterValue"] == [low, high]


@given(st.dates(), st.dates())
def test_a_range_of_days_is_kept_or_refused_by_its_order(first: dt.date, second: dt.date) -> None:
    if first <= second:
        expected = [first.isoformat(), second.isoformat()]
        assert filter_clause(Filter.date_between("joined", first, second))["filterValue"] == expected
    else:
        with pytest.raises(ParamValidationError, match="comes after"):
            Filter.date_between("joined", first, second)


def test_a_saved_custom_property_is_named_by_id() -> None:
    clause = filter_clause(Filter.equals(CustomPropertyRef(71), "gold"))
    assert clause["customPropertyId"] == 71
    assert clause["dataset"] == "$mixpanel"
    assert "value" not in clause


def test_an_inline_property_keeps_its_own_type_and_resource() -> None:
    margin = InlineCustomProperty.numeric("A - B", A="price", B="cost")
    clause = filter_clause(Filter.equals(margin, "5", resource_type="people"))
    assert clause["filterType"] == clause["defaultType"] == "number"
    assert clause["resourceType"] == "events"
    assert clause["customProperty"]["composedProperties"]["B"] == {
        "value": "cost",
        "type": "number",
        "resourceType": "event",
    }


def test_an_inline_property_without_a_type_takes_that_of_the_filter() -> None:
    source = InlineCustomProperty("A", {}, None)
    assert filter_clause(Filter.greater_than(source, 1))["customProperty"]["propertyType"] == "number"


def test_membership_of_a_cohort_is_a_filter_on_a_list() -> None:
    clause = filter_clause(Filter.not_in_cohort(9, "Staff"))
    assert clause["value"] == "$cohorts"
    assert clause["filterType"] == "list"
    assert clause["filterOperator"] == "does not contain"
    assert clause["filterValue"] == [{"cohort": {"negated": True, "name": "Staff", "id": 9}}]


def test_the_items_of_a_list_are_filtered_by_conditions_or_by_equalities() -> None:
    short = filter_clause(Filter.list_contains("cart", brand="acme", color=["red", "blue"]))
    long = filter_clause(
        Filter.list_contains("cart", Filter.equals("brand", "acme"), Filter.equals("color", ["red", "blue"]))
    )
    assert short == long
    items = short.pop("listItemFilters")
    assert [(item["value"], item["dataset"]) for item in items] == [("brand", "$mixpanel"), ("color", "$mixpanel")]
    assert short == {
        "dataset": "$mixpanel",
        "value": "cart",
        "resourceType": "events",
        "filterType": "object",
        "defaultType": "object",
        "filterJoinType": "list",
        "listQuantifier": "any",
        "filterOperator": "true",
        "filterValue": True,
    }


def test_a_frequency_filter_counts_events_of_people_in_a_stretch() -> None:
    clause = filter_clause(FrequencyFilter("Visit", 2, "is at most", 3, "week", Filter.is_true("vip"), "Few"))
    assert clause["value"] == "Few"
    assert clause["resourceType"] == "people"
    assert clause["behavior"]["dateRange"] == {
        "type": "in the last",
        "unit": "week",
        "window": {"unit": "week", "value": 3},
    }
    assert clause["behavior"]["filters"] == [filter_clause(Filter.is_true("vip"))]


def test_a_frequency_filter_without_a_stretch_counts_by_interval_and_names_itself() -> None:
    clause = filter_clause(FrequencyFilter("Visit", 2))
    assert clause == {
        "dataset": "$mixpanel",
        "value": "Visit Frequency",
        "resourceType": "people",
        "profileType": None,
        "search": "",
        "dataGroupId": None,
        "behavior": {
            "aggregationOperator": "total",
            "behaviorType": "$frequency",
            "dateRange": None,
            "event": {"label": "Visit", "value": "Visit"},
            "filters": [],
            "filtersOperator": "and",
        },
        "filterType": "number",
        "defaultType": "number",
        "filterOperator": "is at least",
        "filterValue": 2,
        "propertyObjectKey": None,
    }


def test_an_unknown_operator_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(ParamValidationError) as caught:
        Filter("city", "contain", "R")
    assert "contains" in caught.value.hint


def test_a_condition_that_is_no_filter_is_a_type_error_too() -> None:
    wrong: Any = "brand == acme"
    with pytest.raises(TypeError):
        Filter.list_contains("cart", wrong)
    with pytest.raises(ParamTypeError, match=r"Filter\.property"):
        Filter.is_set(wrong.encode())
