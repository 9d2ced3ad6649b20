"""The rules of filters, cohorts and frequencies: each with an example that breaks it, and a neighbour of that example that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mixpanel_headless.query.cohorts import CohortBreakdown, CohortCriteria, CohortDefinition
from mixpanel_headless.query.custom_properties import CustomPropertyRef, InlineCustomProperty, PropertyInput
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.frequency import FrequencyBreakdown, FrequencyFilter
from mixpanel_headless.query.groups import GroupBy
from tests.query.conftest import ask

Example = Callable[[], object]


def did(event: Any = "Visit", **arguments: Any) -> CohortCriteria:
    return CohortCriteria.did_event(event, **{"at_least": 1, "within_days": 1, **arguments})


def inline(formula: str = "A", **inputs: str) -> Filter:
    named = {letter: PropertyInput(name) for letter, name in inputs.items()}
    return Filter.equals(InlineCustomProperty(formula, named), "x")


RULES: dict[str, tuple[Example, Example]] = {
    "CP1_INVALID_ID": (
        lambda: ask(group_by=GroupBy(CustomPropertyRef(0))),
        lambda: ask(group_by=GroupBy(CustomPropertyRef(1))),
    ),
    "CP2_EMPTY_FORMULA": (lambda: ask(where=inline(" ", A="x")), lambda: ask(where=inline("A +\n1", A="x"))),
    "CP3_NO_INPUTS": (lambda: ask(where=inline()), lambda: ask(where=inline(A="x"))),
    "CP4_INPUT_LETTER": (lambda: ask(where=inline(price="x")), lambda: ask(where=inline(Z="x"))),
    "CP5_FORMULA_TOO_LONG": (
        lambda: ask(where=inline("A" * 20_001, A="x")),
        lambda: ask(where=inline("A" * 20_000, A="x")),
    ),
    "CP6_EMPTY_INPUT_NAME": (lambda: ask(where=inline(A=" ")), lambda: ask(where=inline(A="x"))),
    "CP7_PROPERTY_TYPE": (lambda: Filter.is_set(5), lambda: Filter.is_set("5")),  # type: ignore[arg-type]
    "CP8_INPUT_TYPE": (
        lambda: InlineCustomProperty("A", {"A": "price"}),  # type: ignore[dict-item]
        lambda: InlineCustomProperty("A", {"A": PropertyInput("price")}),
    ),
    "FD1_UNKNOWN_OPERATOR": (lambda: Filter("x", "like", "y"), lambda: Filter("x", "contains", "y")),
    "FD2_BOOLEAN_COMPARISON": (
        lambda: Filter("x", "contains", "y", "boolean"),
        lambda: Filter("x", "equals", True, "boolean"),
    ),
    "FD3_DATE_ORDER": (
        lambda: Filter.date_between("x", "2026-01-02", "2026-01-01"),
        lambda: Filter.date_between("x", "2026-01-01", "2026-01-01"),
    ),
    "FD4_QUANTITY": (lambda: Filter.in_the_last("x", 0, "day"), lambda: Filter.in_the_last("x", 1, "day")),
    "FD5_DATE_UNIT": (
        lambda: Filter.in_the_last("x", 1, "year"),  # type: ignore[arg-type]
        lambda: Filter.in_the_last("x", 1, "month"),
    ),
    "FD6_PROPERTY_TYPE": (
        lambda: Filter("x", "is set", None, "text"),  # type: ignore[arg-type]
        lambda: Filter("x", "is set", None, "list"),
    ),
    "FD7_RESOURCE_TYPE": (
        lambda: Filter.is_set("x", resource_type="users"),  # type: ignore[arg-type]
        lambda: Filter.is_set("x", resource_type="people"),
    ),
    "LC1_MISSING_ITEM_FILTERS": (
        lambda: Filter("cart", "list_contains", None, "object"),
        lambda: Filter.list_contains("cart", brand="acme"),
    ),
    "LC3_MIXED_ARGS": (
        lambda: Filter.list_contains("cart", Filter.is_set("size"), brand="acme"),
        lambda: Filter.list_contains("cart", Filter.is_set("size"), Filter.equals("brand", "acme")),
    ),
    "LC4_INVALID_QUANTIFIER": (
        lambda: Filter.list_contains("cart", brand="acme", quantifier="none"),  # type: ignore[arg-type]
        lambda: Filter.list_contains("cart", brand="acme", quantifier="all"),
    ),
    "LC5_CONDITION_TYPE": (
        lambda: Filter.list_contains("cart", "brand"),  # type: ignore[arg-type]
        lambda: Filter.list_contains("cart", Filter.is_set("brand")),
    ),
    "LC6_KWARG_VALUE_TYPE": (
        lambda: Filter.list_contains("cart", brand=5),  # type: ignore[arg-type]
        lambda: Filter.list_contains("cart", brand=["5"]),
    ),
    "LC7_NO_CONDITIONS": (lambda: Filter.list_contains("cart"), lambda: Filter.list_contains("cart", brand="acme")),
    "LC8_NESTED_LIST_CONTAINS": (
        lambda: Filter.list_contains("cart", Filter.list_contains("tags", name="x")),
        lambda: Filter.list_contains("cart", Filter.equals("name", "x")),
    ),
    "FF1_EMPTY_EVENT": (lambda: FrequencyFilter(" ", 1), lambda: FrequencyFilter("Visit", 1)),
    "FF2_INVALID_OPERATOR": (
        lambda: FrequencyFilter("Visit", 1, "equals"),  # type: ignore[arg-type]
        lambda: FrequencyFilter("Visit", 1, "is equal to"),
    ),
    "FF3_VALUE_NEGATIVE": (lambda: FrequencyFilter("Visit", -1), lambda: FrequencyFilter("Visit", 0)),
    "FF4_DATE_RANGE_PAIR": (
        lambda: FrequencyFilter("Visit", 1, date_range_value=3),
        lambda: FrequencyFilter("Visit", 1, date_range_value=3, date_range_unit="day"),
    ),
    "FF5_DATE_RANGE_VALUE_NOT_POSITIVE": (
        lambda: FrequencyFilter("Visit", 1, date_range_value=0, date_range_unit="day"),
        lambda: FrequencyFilter("Visit", 1, date_range_value=1, date_range_unit="day"),
    ),
    "FF6_DATE_RANGE_UNIT": (
        lambda: FrequencyFilter("Visit", 1, date_range_value=1, date_range_unit="year"),  # type: ignore[arg-type]
        lambda: FrequencyFilter("Visit", 1, date_range_value=1, date_range_unit="month"),
    ),
    "FF7_EVENT_FILTER_TYPE": (
        lambda: FrequencyFilter("Visit", 1, event_filters=["plan"]),  # type: ignore[list-item]
        lambda: FrequencyFilter("Visit", 1, event_filters=[Filter.is_set("plan")]),
    ),
    "FB1_EMPTY_EVENT": (lambda: FrequencyBreakdown(""), lambda: FrequencyBreakdown("Visit")),
    "FB2_BUCKET_SIZE": (lambda: FrequencyBreakdown("Visit", 0), lambda: FrequencyBreakdown("Visit", 0.5)),
    "FB3_BUCKET_ORDER": (lambda: FrequencyBreakdown("Visit", 1, 9, 9), lambda: FrequencyBreakdown("Visit", 1, 8, 9)),
    "FB4_BUCKET_MIN_NEGATIVE": (lambda: FrequencyBreakdown("Visit", 1, -1), lambda: FrequencyBreakdown("Visit", 1, 0)),
    "CD1_FREQUENCY_PARAM_REQUIRED": (lambda: did(at_most=2), did),
    "CD2_FREQUENCY_NEGATIVE": (lambda: did(at_least=-1), lambda: did(at_least=0)),
    "CD3_TIME_CONSTRAINT_REQUIRED": (lambda: did(within_weeks=1), lambda: did(within_days=None, within_weeks=1)),
    "CD3_WINDOW_NOT_POSITIVE": (lambda: did(within_days=0), lambda: did(within_days=1)),
    "CD4_EMPTY_EVENT": (lambda: did(" "), lambda: did("x")),
    "CD5_FROM_REQUIRES_TO": (
        lambda: did(within_days=None, from_date="2026-01-01"),
        lambda: did(within_days=None, from_date="2026-01-01", to_date="2026-01-01"),
    ),
    "CD5_TO_REQUIRES_FROM": (
        lambda: did(within_days=None, to_date="2026-01-01"),
        lambda: did(within_days=None, from_date="2026-01-01", to_date="2026-01-01"),
    ),
    "CD6_DATE_ORDER": (
        lambda: did(within_days=None, from_date="2026-01-02", to_date="2026-01-01"),
        lambda: did(within_days=None, from_date="2026-01-01", to_date="2026-01-02"),
    ),
    "CD7_EMPTY_PROPERTY": (
        lambda: CohortCriteria.has_property("", "pro"),
        lambda: CohortCriteria.has_property("plan", ""),
    ),
    "CD8_COHORT_ID_NOT_POSITIVE": (lambda: CohortCriteria.in_cohort(0), lambda: CohortCriteria.in_cohort(1)),
    "CD9_EMPTY_CRITERIA": (CohortDefinition.any_of, lambda: CohortDefinition.any_of(did())),
    "CD10_UNSUPPORTED_FILTER_OPERATOR": (
        lambda: did(where=Filter.ends_with("x", "y")),
        lambda: did(where=Filter.contains("x", "y")),
    ),
    "CD11_UNKNOWN_OPERATOR": (
        lambda: CohortCriteria.has_property("plan", "pro", operator="=="),  # type: ignore[arg-type]
        lambda: CohortCriteria.has_property("plan", "pro", operator="not_equals"),
    ),
    "CD12_CRITERION_TYPE": (
        lambda: CohortDefinition(Filter.is_set("x")),  # type: ignore[arg-type]
        lambda: CohortDefinition(did()),
    ),
    "CD13_FILTER_TYPE": (lambda: did(where="plan"), lambda: did(where=Filter.is_set("plan"))),
    "CA1_AGGREGATION_PAIR": (
        lambda: did(aggregation="total"),
        lambda: did(aggregation="total", aggregation_property="price"),
    ),
    "CA2_EMPTY_AGGREGATION_PROPERTY": (
        lambda: did(aggregation="total", aggregation_property=" "),
        lambda: did(aggregation="total", aggregation_property="price"),
    ),
    "CA3_UNKNOWN_AGGREGATION": (
        lambda: did(aggregation="sum", aggregation_property="price"),
        lambda: did(aggregation="max", aggregation_property="price"),
    ),
    "CF1_COHORT_ID_NOT_POSITIVE": (lambda: Filter.in_cohort(0), lambda: Filter.in_cohort(1)),
    "CF2_COHORT_NAME_EMPTY": (lambda: Filter.in_cohort(1, ""), lambda: Filter.in_cohort(1, "x")),
    "CB1_COHORT_ID_NOT_POSITIVE": (lambda: CohortBreakdown(-1), lambda: CohortBreakdown(1)),
    "CB2_COHORT_NAME_EMPTY": (lambda: CohortBreakdown(1, " "), lambda: CohortBreakdown(1, "x")),
}
