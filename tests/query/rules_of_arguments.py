"""The rules of a question and of its breakdowns: each with an example that breaks it, and a neighbour of that example that does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from mixpanel_headless.query.comparisons import TimeComparison
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.formulas import Formula
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.metric_refs import MetricRef
from mixpanel_headless.query.metrics import Metric
from tests.query.conftest import ask

Example = Callable[[], object]

STEPS = ["Visit", "Buy"]
ONE = Metric("Visit")


RULES: dict[str, tuple[Example, Example]] = {
    "V0_NO_EVENTS": (lambda: ask([]), ask),
    "V1_MATH_REQUIRES_PROPERTY": (lambda: ask(math="average"), lambda: ask(math="average", math_property="price")),
    "V1B_EMPTY_PROPERTY": (lambda: ask(math_property=" "), lambda: ask(math_property="price")),
    "V2_MATH_REJECTS_PROPERTY": (
        lambda: ask(math="unique", math_property="price"),
        lambda: ask(math="total", math_property="price"),
    ),
    "V3_PER_USER_INCOMPATIBLE": (
        lambda: ask(math="dau", per_user="total"),
        lambda: ask(math="total", math_property="price", per_user="total"),
    ),
    "V3B_PER_USER_REQUIRES_PROPERTY": (
        lambda: ask(per_user="total"),
        lambda: ask(math_property="price", per_user="total"),
    ),
    "V4_FORMULA_MIN_EVENTS": (lambda: ask(formula="A"), lambda: ask(STEPS, formula="A")),
    "V4_FORMULA_TYPE": (lambda: ask(STEPS, formula=5), lambda: ask(STEPS, formula="A * 5")),
    "V4_FORMULA_CONFLICT": (
        lambda: ask([*STEPS, Formula("A + B")], formula="A"),
        lambda: ask([*STEPS, Formula("A + B"), Formula("A")]),
    ),
    "V5_ROLLING_CUMULATIVE_EXCLUSIVE": (lambda: ask(rolling=2, cumulative=True), lambda: ask(cumulative=True)),
    "V6_ROLLING_POSITIVE": (lambda: ask(rolling=0), lambda: ask(rolling=1)),
    "V7_LAST_POSITIVE": (lambda: ask(last=0), lambda: ask(last=1)),
    "V8_DATE_FORMAT": (lambda: ask(from_date="1 Jan 2026"), lambda: ask(from_date="2026-01-01")),
    "V8_DATE_INVALID": (lambda: ask(from_date="2026-02-30"), lambda: ask(from_date="2026-01-30")),
    "V9_TO_REQUIRES_FROM": (
        lambda: ask(to_date="2026-01-31"),
        lambda: ask(from_date="2026-01-31", to_date="2026-01-31"),
    ),
    "V10_DATE_LAST_EXCLUSIVE": (lambda: ask(from_date="2026-01-01", last=7), lambda: ask(from_date="2026-01-01")),
    "V11_BUCKET_REQUIRES_SIZE": (
        lambda: ask(group_by=GroupBy("price", "number", bucket_max=9)),
        lambda: ask(group_by=GroupBy("price", "number")),
    ),
    "V12_BUCKET_SIZE_POSITIVE": (
        lambda: GroupBy("price", "number", -1, 0, 9),
        lambda: GroupBy("price", "number", 0.5, 0, 9),
    ),
    "V12B_BUCKET_REQUIRES_NUMBER": (
        lambda: ask(group_by=GroupBy("price", "string", 1, 0, 9)),
        lambda: ask(group_by=GroupBy("price", "number", 1, 0, 9)),
    ),
    "V12C_BUCKET_REQUIRES_BOUNDS": (
        lambda: ask(group_by=GroupBy("price", "number", 1, 0)),
        lambda: ask(group_by=GroupBy("price", "number", 1, 0, 9)),
    ),
    "V13_METRIC_REQUIRES_PROPERTY": (lambda: Metric("Buy", "median"), lambda: Metric("Buy", "median", "price")),
    "V14_METRIC_REJECTS_PROPERTY": (
        lambda: MetricRef(4, math="unique", property="price"),
        lambda: MetricRef(4, math="max", property="price"),
    ),
    "V15_DATE_ORDER": (
        lambda: ask(from_date="2026-01-02", to_date="2026-01-01"),
        lambda: ask(from_date="2026-01-01", to_date="2026-01-01"),
    ),
    "V16_FORMULA_SYNTAX": (lambda: ask(STEPS, formula="1 + 2"), lambda: ask(STEPS, formula="A + 2")),
    "V17_EMPTY_EVENT": (lambda: ask(" "), lambda: ask("x")),
    "V18_BUCKET_ORDER": (
        lambda: ask(group_by=GroupBy("price", "number", 1, 9, 9)),
        lambda: ask(group_by=GroupBy("price", "number", 1, 8, 9)),
    ),
    "V19_FORMULA_BOUNDS": (lambda: ask(STEPS, formula="A + C"), lambda: ask(STEPS, formula="A + B")),
    "V20_LAST_TOO_LARGE": (lambda: ask(last=3651), lambda: ask(last=3650)),
    "V21_INVALID_EVENT_TYPE": (lambda: ask([5]), lambda: ask(["5"])),
    "V22_CONTROL_CHAR_EVENT": (lambda: ask("a\x00"), lambda: ask("a\u00e9")),
    "V22_INVISIBLE_EVENT": (lambda: ask("\u200b"), lambda: ask("\u200ba")),
    "V23_ROLLING_TOO_LARGE": (lambda: ask(rolling=366), lambda: ask(rolling=365)),
    "V24_BUCKET_NOT_FINITE": (
        lambda: ask(group_by=GroupBy("price", "number", 1, 0, float("inf"))),
        lambda: ask(group_by=GroupBy("price", "number", 1, 0, 1e9)),
    ),
    "V25_INVALID_FILTER_TYPE": (lambda: ask(where="plan"), lambda: ask(where=Filter.is_set("plan"))),
    "V26_PERCENTILE_REQUIRES_VALUE": (
        lambda: ask(math="percentile", math_property="price"),
        lambda: ask(math="percentile", math_property="price", percentile_value=95),
    ),
    "V26B_PERCENTILE_VALUE_IGNORED": (
        lambda: ask(math="p90", math_property="price", percentile_value=90),
        lambda: ask(math="p90", math_property="price"),
    ),
    "V26C_PERCENTILE_RANGE": (
        lambda: ask(math="percentile", math_property="price", percentile_value=100),
        lambda: ask(math="percentile", math_property="price", percentile_value=99.9),
    ),
    "V27_HISTOGRAM_REQUIRES_PER_USER": (
        lambda: ask(math="histogram", math_property="price"),
        lambda: ask(math="histogram", math_property="price", per_user="total"),
    ),
    "V29_QUERY_MEASUREMENT_IGNORED": (lambda: ask(ONE, math="unique"), lambda: ask([ONE, "Buy"], math="unique")),
    "V30_INVALID_UNIT": (lambda: ask(unit="year"), lambda: ask(unit="quarter")),
    "V31_INVALID_TIME_COMPARISON": (
        lambda: ask(time_comparison="week"),
        lambda: ask(time_comparison=TimeComparison.relative("week")),
    ),
    "DG1_INVALID_DATA_GROUP_ID": (lambda: ask(data_group_id=0), lambda: ask(data_group_id=1)),
    "BB1_GROUP_BY_ELEMENT_TYPE": (lambda: ask(group_by=[1]), lambda: ask(group_by=["1"])),
    "GB1_EMPTY_PROPERTY": (lambda: GroupBy(""), lambda: GroupBy("x")),
    "GB2_INVALID_PROPERTY_TYPE": (lambda: GroupBy("x", "text"), lambda: GroupBy("x", "list")),  # type: ignore[arg-type]
    "GB3_INVALID_RESOURCE_TYPE": (
        lambda: GroupBy("x", resource_type="users"),  # type: ignore[arg-type]
        lambda: GroupBy("x", resource_type="people"),
    ),
    "LG1_EMPTY_SUB": (lambda: GroupBy.list_item("cart", ""), lambda: GroupBy.list_item("cart", "brand")),
    "LG2_INVALID_SUB_TYPE": (
        lambda: GroupBy.list_item("cart", "brand", sub_type="object"),  # type: ignore[arg-type]
        lambda: GroupBy.list_item("cart", "brand", sub_type="boolean"),
    ),
    "TC0_INVALID_TYPE": (
        lambda: TimeComparison("previous"),  # type: ignore[arg-type]
        lambda: TimeComparison("relative", "week"),
    ),
    "TC1_REQUIRES_UNIT": (lambda: TimeComparison("relative"), lambda: TimeComparison("relative", "day")),
    "TC1_REJECTS_DATE": (
        lambda: TimeComparison("relative", "day", "2026-01-01"),
        lambda: TimeComparison("absolute-end", date="2026-01-01"),
    ),
    "TC1B_INVALID_UNIT": (
        lambda: TimeComparison.relative("hour"),  # type: ignore[arg-type]
        lambda: TimeComparison.relative("quarter"),
    ),
    "TC2_REQUIRES_DATE": (
        lambda: TimeComparison("absolute-start"),
        lambda: TimeComparison("absolute-start", date="2026-01-01"),
    ),
    "TC2_REJECTS_UNIT": (
        lambda: TimeComparison("absolute-start", "day", "2026-01-01"),
        lambda: TimeComparison.absolute_start("2026-01-01"),
    ),
    "TC3_DATE_FORMAT": (
        lambda: TimeComparison.absolute_end("2026/01/01"),
        lambda: TimeComparison.absolute_end(dt.date(2026, 1, 1)),
    ),
}
