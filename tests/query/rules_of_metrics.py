"""The rules of metrics, formulas, funnels and retentions: each with an example that breaks it, and a neighbour of that example that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mixpanel_headless.query.behaviors import (
    BehaviorRef,
    Exclusion,
    FunnelBehavior,
    HoldingConstant,
    RetentionBehavior,
    SimpleBehavior,
)
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.formulas import Formula
from mixpanel_headless.query.metric_refs import MetricRef, WarehouseMetric
from mixpanel_headless.query.metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
from mixpanel_headless.query.steps import CustomEventRef, FlowStep, FunnelStep, RetentionEvent
from tests.query.conftest import ask

Example = Callable[[], object]

STEPS = ["Visit", "Buy"]
ONE = Metric("Visit")


def funnel(math: Any = "conversion_rate_unique", steps: Any = STEPS, **settings: Any) -> dict[str, Any]:
    return ask(FunnelMetric(FunnelBehavior(steps, **settings), math))


def retention(**settings: Any) -> dict[str, Any]:
    return ask(RetentionMetric(RetentionBehavior("Join", "Visit", **settings)))


RULES: dict[str, tuple[Example, Example]] = {
    "CM1_COHORT_ID_NOT_POSITIVE": (lambda: CohortMetric(True), lambda: CohortMetric(1)),
    "CM2_COHORT_NAME_EMPTY": (lambda: CohortMetric(1, ""), lambda: CohortMetric(1)),
    "CE1_INVALID_ID": (lambda: CustomEventRef(0), lambda: CustomEventRef(1)),
    "EV1_EMPTY_EVENT": (lambda: Metric(" "), lambda: Metric("x")),
    "EV2_CONTROL_CHAR_EVENT": (lambda: FunnelStep("a\x7f"), lambda: FunnelStep("a~")),
    "EV3_FILTER_TYPE": (
        lambda: FunnelStep("x", filters=["plan"]),  # type: ignore[list-item]
        lambda: FunnelStep("x", filters=[Filter.is_set("plan")]),
    ),
    "EV4_FILTERS_COMBINATOR": (
        lambda: RetentionEvent("x", filters_combinator="or"),  # type: ignore[arg-type]
        lambda: RetentionEvent("x", filters_combinator="any"),
    ),
    "EV5_STEP_ORDER": (
        lambda: FunnelStep("x", order="strict"),  # type: ignore[arg-type]
        lambda: FunnelStep("x", order="any"),
    ),
    "EV6_EVENT_TYPE": (
        lambda: RetentionBehavior(STEPS, "x"),  # type: ignore[arg-type]
        lambda: RetentionBehavior("y", "x"),
    ),
    "MT1_NO_EVENTS": (lambda: Metric([]), lambda: Metric(["x"])),
    "MT3_FILTERS_WITH_BEHAVIOR": (
        lambda: Metric(SimpleBehavior(STEPS), filters=Filter.is_set("x")),
        lambda: Metric(STEPS, filters=Filter.is_set("x")),
    ),
    "MT4_FILTER_TYPE": (
        lambda: Metric("x", filters=["plan"]),  # type: ignore[list-item]
        lambda: Metric("x", filters=[Filter.is_set("plan")]),
    ),
    "MT5_FILTERS_COMBINATOR": (
        lambda: Metric("x", filters_combinator="or"),  # type: ignore[arg-type]
        lambda: Metric("x", filters_combinator="any"),
    ),
    "MT6_SEGMENT_METHOD": (
        lambda: Metric("x", segment_method="last"),  # type: ignore[arg-type]
        lambda: Metric("x", segment_method="first"),
    ),
    "BR1_INVALID_ID": (lambda: BehaviorRef(0, "simple"), lambda: BehaviorRef(1, "simple")),
    "BR2_INVALID_TYPE": (
        lambda: BehaviorRef(1, "flow"),  # type: ignore[arg-type]
        lambda: BehaviorRef(1, "funnel"),
    ),
    "BH1_STEP_COUNT": (lambda: FunnelBehavior(["x"]), lambda: FunnelBehavior(["x", "y"])),
    "BH2_EMPTY_EVENT": (lambda: SimpleBehavior([" "]), lambda: SimpleBehavior(["x"])),
    "BH3_PROPERTY_MATH": (
        lambda: RetentionMetric(RetentionBehavior("x", "y"), "average"),
        lambda: RetentionMetric(RetentionBehavior("x", "y"), "average", "price"),
    ),
    "BH5_BEHAVIOR_REF_TYPE": (
        lambda: FunnelMetric(BehaviorRef(1, "retention")),
        lambda: FunnelMetric(BehaviorRef(1, "funnel")),
    ),
    "BH6_EVENT_TYPE": (
        lambda: SimpleBehavior([5]),  # type: ignore[list-item]
        lambda: SimpleBehavior([CustomEventRef(5)]),
    ),
    "BH7_BEHAVIOR_TYPE": (
        lambda: FunnelMetric(STEPS),  # type: ignore[arg-type]
        lambda: FunnelMetric(FunnelBehavior(STEPS)),
    ),
    "EX1_FROM_STEP_NEGATIVE": (lambda: Exclusion("x", -1), lambda: Exclusion("x", 0)),
    "EX2_STEP_ORDER": (lambda: Exclusion("x", 2, 1), lambda: Exclusion("x", 1, 2)),
    "EX3_EXCLUSION_TYPE": (lambda: funnel(exclusions=[5]), lambda: funnel(exclusions=["5"])),
    "HC2_CONSTANT_TYPE": (lambda: funnel(holding_constant=[5]), lambda: funnel(holding_constant=["5"])),
    "HC1_EMPTY_PROPERTY": (lambda: HoldingConstant(""), lambda: HoldingConstant("x")),
    "FL3_FORWARD_RANGE": (lambda: FlowStep("x", forward=6), lambda: FlowStep("x", forward=5)),
    "FL4_REVERSE_RANGE": (lambda: FlowStep("x", reverse=-1), lambda: FlowStep("x", reverse=0)),
    "FS1_SESSION_EVENT_MISMATCH": (
        lambda: FlowStep("x", session_event="end"),
        lambda: FlowStep("$session_end", session_event="end"),
    ),
    "FS2_SESSION_EVENT": (
        lambda: FlowStep("x", session_event="middle"),  # type: ignore[arg-type]
        lambda: FlowStep("$session_start", session_event="start"),
    ),
    "F1_MAX_STEPS": (lambda: funnel(steps=["x"] * 101), lambda: funnel(steps=["x"] * 100)),
    "F3_CONVERSION_WINDOW_TYPE": (lambda: funnel(conversion_window=1.5), lambda: funnel(conversion_window=1)),
    "F3_CONVERSION_WINDOW_POSITIVE": (lambda: funnel(conversion_window=0), lambda: funnel(conversion_window=1)),
    "F3_CONVERSION_WINDOW_MAX": (lambda: funnel(conversion_window=368), lambda: funnel(conversion_window=367)),
    "F4_EXCLUSION_STEP_ORDER": (
        lambda: funnel(exclusions=Exclusion("x", 1, 1)),
        lambda: funnel(exclusions=Exclusion("x", 0, 1)),
    ),
    "F4_EXCLUSION_STEP_BOUNDS": (
        lambda: funnel(exclusions=Exclusion("x", 0, 2)),
        lambda: funnel(exclusions=Exclusion("x", 0, 1)),
    ),
    "F6_INVALID_ORDER": (lambda: funnel(order="strict"), lambda: funnel(order="any")),
    "F7_INVALID_WINDOW_UNIT": (
        lambda: funnel(conversion_window_unit="year"),
        lambda: funnel(conversion_window=1, conversion_window_unit="month"),
    ),
    "F7_SECOND_MIN_WINDOW": (
        lambda: funnel(conversion_window=1, conversion_window_unit="second"),
        lambda: funnel(conversion_window=2, conversion_window_unit="second"),
    ),
    "F8_MAX_HOLDING_CONSTANT": (
        lambda: funnel(holding_constant=["a", "b", "c", "d"]),
        lambda: funnel(holding_constant=["a", "b", "c"]),
    ),
    "F9_SESSION_WINDOW_REQUIRES_ONE": (
        lambda: funnel(conversion_window=2, conversion_window_unit="session"),
        lambda: funnel("conversion_rate_session", conversion_window=2, conversion_window_unit="session"),
    ),
    "F9_SESSION_MATH_REQUIRES_SESSION_WINDOW": (
        lambda: funnel("conversion_rate_session"),
        lambda: funnel("conversion_rate_session", conversion_window=1, conversion_window_unit="session"),
    ),
    "F10_MATH_MISSING_PROPERTY": (
        lambda: FunnelMetric(FunnelBehavior(STEPS), "average"),
        lambda: FunnelMetric(FunnelBehavior(STEPS), "total"),
    ),
    "F11_MATH_REJECTS_PROPERTY": (
        lambda: FunnelMetric(FunnelBehavior(STEPS), "unique", "price"),
        lambda: FunnelMetric(FunnelBehavior(STEPS), "total", "price"),
    ),
    "F12_INVALID_REENTRY_MODE": (lambda: funnel(reentry_mode="often"), lambda: funnel(reentry_mode="basic")),
    "R5_BUCKET_SIZES_INTEGER": (lambda: retention(bucket_sizes=[1.0]), lambda: retention(bucket_sizes=[1])),
    "R5_BUCKET_SIZES_POSITIVE": (lambda: retention(bucket_sizes=[True]), lambda: retention(bucket_sizes=[1])),
    "R6_BUCKET_SIZES_ASCENDING": (lambda: retention(bucket_sizes=[2, 2]), lambda: retention(bucket_sizes=[2, 3])),
    "R6B_BUCKET_SIZES_COUNT": (
        lambda: retention(bucket_sizes=list(range(1, 732))),
        lambda: retention(bucket_sizes=list(range(1, 731))),
    ),
    "R7_INVALID_RETENTION_UNIT": (lambda: retention(retention_unit="hour"), lambda: retention(retention_unit="day")),
    "R8_INVALID_ALIGNMENT": (lambda: retention(alignment="start"), lambda: retention(alignment="interval_start")),
    "R13_INVALID_UNBOUNDED_MODE": (
        lambda: retention(unbounded_mode="carry"),
        lambda: retention(unbounded_mode="carry_back"),
    ),
    "MR1_FILTER_OVERRIDE": (
        lambda: MetricRef(1, overrides={"behavior": {"filters": []}}),
        lambda: MetricRef(1, overrides={"behavior": {"funnelOrder": "any"}}),
    ),
    "MR2_OPERAND_OVERRIDE": (
        lambda: Formula("A", metrics=MetricRef(1, label="x")),
        lambda: Formula("A", metrics=MetricRef(1)),
    ),
    "MR3_WAREHOUSE_INLINE": (
        lambda: ask(WarehouseMetric(1, "select 1", "numeric")),
        lambda: ask(MetricRef(1, type="warehouse")),
    ),
    "MR4_INVALID_ID": (lambda: MetricRef(0), lambda: MetricRef(1)),
    "MR5_INVALID_TYPE": (
        lambda: MetricRef(1, type="x"),  # type: ignore[arg-type]
        lambda: MetricRef(1, type="formula"),
    ),
    "MR6_OVERRIDE_NOT_APPLICABLE": (
        lambda: MetricRef(1, type="formula", math="unique"),
        lambda: MetricRef(1, type="formula", label="x"),
    ),
    "MR7_OVERRIDES_TYPE": (
        lambda: MetricRef(1, overrides=["name"]),  # type: ignore[arg-type]
        lambda: MetricRef(1, overrides={"name": "x"}),
    ),
    "FM1_EMPTY_EXPRESSION": (lambda: Formula(" "), lambda: Formula("A")),
    "FM2_UNKNOWN_LETTER": (lambda: Formula("A + B", metrics=[ONE]), lambda: Formula("A + B", metrics=[ONE, ONE])),
    "FM3_NESTED_FORMULA": (
        lambda: Formula("A", metrics=[MetricRef(1, type="formula")]),
        lambda: Formula("A", metrics=[MetricRef(1)]),
    ),
    "FM4_SYNTAX": (lambda: ask(STEPS, formula="(A + B"), lambda: ask(STEPS, formula="(A + B)")),
    "FM5_UPPER_E": (lambda: Formula("A * 1E3", metrics=ONE), lambda: Formula("A * 1e3", metrics=ONE)),
    "FM7_WAREHOUSE_OPERAND": (
        lambda: Formula("A", metrics=MetricRef(1, type="warehouse")),
        lambda: Formula("A", metrics=MetricRef(1)),
    ),
    "FM8_TOO_LONG": (
        lambda: ask(STEPS, formula="A" + "+1" * 10_000),
        lambda: ask(STEPS, formula="A" + "+1" * 9_999),
    ),
    "FM9_OPERAND_TYPE": (
        lambda: Formula("A", metrics="Visit"),  # type: ignore[arg-type]
        lambda: Formula("A", metrics=ONE),
    ),
}
