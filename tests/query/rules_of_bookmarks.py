"""The rules of a bookmark: each with an example that breaks it, and a neighbour of that example that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mixpanel_headless.query.bookmark import validate_bookmark
from mixpanel_headless.query.filters import Filter
from tests.query.conftest import ask

if TYPE_CHECKING:
    from mixpanel_headless.errors import ValidationError

Example = Callable[[], object]

METRIC = {"type": "metric", "behavior": {"type": "event", "name": "Visit"}, "measurement": {"math": "total"}}


def report(**parts: Any) -> list[ValidationError]:
    sections = {
        "show": [METRIC],
        **{key: value for key, value in parts.items() if key in {"show", "time", "filter", "group"}},
    }
    others = {key: value for key, value in parts.items() if key not in sections}
    return validate_bookmark({"sections": sections, "displayOptions": {"chartType": "line"}, **others})


def shown(kind: str = "event", measurement: Any = None, **behavior: Any) -> list[ValidationError]:
    named = {"type": kind, "name": "Visit", **behavior}
    return report(show=[{"type": "metric", "behavior": named, "measurement": measurement or {"math": "total"}}])


def filtered(**entry: Any) -> list[ValidationError]:
    return report(filter=[{"value": "plan", "filterOperator": "equals", "filterValue": ["pro"], **entry}])


def sorted_by(**chart: Any) -> list[ValidationError]:
    return report(sorting={"bar": {"sortBy": "column", "colSortAttrs": [], **chart}})


RULES: dict[str, tuple[Example, Example]] = {
    "B0_NOT_A_DICT": (lambda: validate_bookmark([]), report),  # type: ignore[arg-type]
    "B1_MISSING_SECTIONS": (lambda: validate_bookmark({"displayOptions": {"chartType": "line"}}), report),
    "B2_MISSING_DISPLAY_OPTIONS": (lambda: validate_bookmark({"sections": {"show": [METRIC]}}), report),
    "B3_MISSING_SHOW": (lambda: validate_bookmark({"sections": {}, "displayOptions": {}}), report),
    "B4_INVALID_SHOW": (lambda: report(show=[{"type": "metric"}]), lambda: report(show=[{"type": "metric", "id": 4}])),
    "B5_MISSING_CHART_TYPE": (lambda: report(displayOptions={}), report),
    "B6_INVALID_CHART_TYPE": (
        lambda: report(displayOptions={"chartType": "lines"}),
        lambda: report(displayOptions={"chartType": "pie"}),
    ),
    "B7_UNKNOWN_BEHAVIOR_TYPE": (lambda: shown("events"), shown),
    "B8_MISSING_EVENT_NAME": (lambda: shown(name=""), shown),
    "B9_INVALID_MATH": (lambda: ask(math="mode"), lambda: ask(math="mau")),
    "B10_MATH_WITHOUT_PROPERTY": (
        lambda: shown(measurement={"math": "average"}),
        lambda: shown(measurement={"math": "average", "perUserAggregation": "total"}),
    ),
    "B11_INVALID_PER_USER": (
        lambda: ask(math_property="price", per_user="count"),
        lambda: ask(math_property="price", per_user="unique_values"),
    ),
    "B12_INVALID_DATE_RANGE_TYPE": (
        lambda: report(time=[{"dateRangeType": "until"}]),
        lambda: report(time=[{"dateRangeType": "since"}]),
    ),
    "B12_INVALID_TIME": (lambda: report(time=["today"]), lambda: report(time=[])),
    "B13_UNKNOWN_UNIT": (lambda: report(time=[{"unit": "decade"}]), lambda: report(time=[{"unit": "year"}])),
    "B14_INVALID_FILTER": (lambda: report(filter=["plan"]), filtered),
    "B15_UNKNOWN_FILTER_TYPE": (lambda: filtered(filterType="text"), lambda: filtered(filterType="string")),
    "B16_UNKNOWN_OPERATOR": (lambda: filtered(filterOperator="like"), lambda: filtered(filterOperator="contains")),
    "B17_INVALID_GROUP": (lambda: report(group=["plan"]), lambda: report(group=[{"value": "plan"}])),
    "B17_UNKNOWN_GROUP_TYPE": (
        lambda: report(group=[{"propertyType": "text"}]),
        lambda: report(group=[{"propertyType": None}]),
    ),
    "B18_MISSING_FILTER_PROPERTY": (lambda: ask(where=Filter.is_set("")), lambda: ask(where=Filter.is_set("x"))),
    "B19_INVALID_FILTERS_DETERMINER": (lambda: shown(filtersDeterminer="or"), lambda: shown(filtersDeterminer="any")),
    "B20_EMPTY_FILTER_VALUE": (lambda: ask(where=Filter.equals("x", [])), lambda: ask(where=Filter.equals("x", [""]))),
    "B20B_FILTER_VALUE_NOT_FINITE": (
        lambda: ask(where=Filter.between("x", 0, float("nan"))),
        lambda: ask(where=Filter.between("x", 0, 1e300)),
    ),
    "B21_FILTER_VALUE_TOO_MANY": (
        lambda: ask(where=Filter.equals("x", ["v"] * 1001)),
        lambda: ask(where=Filter.equals("x", ["v"] * 1000)),
    ),
    "B22_COHORT_BEHAVIOR_ID": (
        lambda: shown("cohort", {"math": "unique"}, id="4"),
        lambda: shown("cohort", {"math": "unique"}, id=4),
    ),
    "B22_COHORT_MISSING_IDENTIFIER": (
        lambda: shown("cohort", {"math": "unique"}),
        lambda: shown("cohort", {"math": "unique"}, raw_cohort={}),
    ),
    "B23_COHORT_RESOURCE_TYPE": (
        lambda: shown("cohort", {"math": "unique"}, id=4, resourceType="events"),
        lambda: shown("cohort", {"math": "unique"}, id=4, resourceType="cohorts"),
    ),
    "B24_COHORT_MATH": (
        lambda: shown("cohort", {"math": "total"}, id=4),
        lambda: shown("cohort", {"math": "unique"}, id=4),
    ),
    "B25_MISSING_FORMULA": (
        lambda: report(show=[{"type": "formula"}]),
        lambda: report(show=[{"type": "formula", "definition": "A"}]),
    ),
    "B26_NOT_JSON": (
        lambda: ask(where=Filter.equals("x", "\ud800")),
        lambda: ask(where=Filter.equals("x", "\U0001f600")),
    ),
    "S1_INVALID_ORDER": (
        lambda: sorted_by(colSortAttrs=[{"sortOrder": "up"}]),
        lambda: sorted_by(colSortAttrs=[{"sortOrder": "asc"}]),
    ),
    "S2_MISSING_COL_SORT_ATTRS": (lambda: report(sorting={"bar": {"sortBy": "column"}}), sorted_by),
    "S3_UNKNOWN_FIELD": (lambda: sorted_by(colour="red"), lambda: sorted_by(sortOrder="asc")),
    "S4_UNKNOWN_CHART_TYPE": (lambda: report(sorting={"lines": {}}), lambda: report(sorting={"line": {}})),
    "S5_NOT_A_DICT": (lambda: report(sorting=4), lambda: report(sorting={})),
}
