from __future__ import annotations

from typing import Any

import pytest

from mixpanel_headless.query.behaviors import BehaviorRef, FunnelBehavior, RetentionBehavior
from mixpanel_headless.query.closing import last_day
from mixpanel_headless.query.flows import build_flow_params
from mixpanel_headless.query.formulas import Formula
from mixpanel_headless.query.funnels import build_funnel_params
from mixpanel_headless.query.insights import build_insights_params
from mixpanel_headless.query.metric_refs import MetricRef
from mixpanel_headless.query.metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
from mixpanel_headless.query.retention import build_retention_params

STEPS = ["Visit", "Buy"]
DAYS: dict[str, Any] = {"from_date": "2026-01-01", "to_date": "2026-01-31"}


def test_what_counts_events_closes_with_its_range() -> None:
    assert last_day(build_insights_params(["Visit", Metric("Buy"), CohortMetric(4)], **DAYS)) == "2026-01-31"
    assert last_day(build_insights_params(STEPS, formula="A / B", **DAYS)) == "2026-01-31"


def test_a_range_up_to_now_never_closes() -> None:
    assert last_day(build_insights_params("Visit", last=7)) is None


@pytest.mark.parametrize(
    ("window", "unit", "day"),
    [
        (30, "second", "2026-02-01"),
        (60, "minute", "2026-02-01"),
        (36, "hour", "2026-02-02"),
        (14, "day", "2026-02-14"),
        (2, "week", "2026-02-14"),
        (1, "month", "2026-03-03"),
        (1, "session", "2026-01-31"),
    ],
)
def test_a_funnel_closes_when_the_window_of_its_last_day_has_passed(window: int, unit: Any, day: str) -> None:
    params = build_funnel_params(STEPS, conversion_window=window, conversion_window_unit=unit, **DAYS)
    assert last_day(params) == day


def test_a_flow_closes_when_the_window_of_its_last_day_has_passed() -> None:
    assert last_day(build_flow_params("Visit", conversion_window=7, **DAYS)) == "2026-02-07"
    assert last_day(build_flow_params("Visit", last=7)) is None


def test_sessions_that_are_still_to_come_have_no_day() -> None:
    sessions: dict[str, Any] = {"conversion_window": 2, "conversion_window_unit": "session"}
    assert last_day(build_funnel_params(STEPS, math="conversion_rate_session", **sessions, **DAYS)) is None


def test_a_retention_counts_returns_until_now() -> None:
    assert last_day(build_retention_params("Join", "Visit", **DAYS)) is None


def test_a_report_closes_with_the_last_of_its_metrics() -> None:
    funnel = FunnelMetric(FunnelBehavior(STEPS, conversion_window=3))
    assert last_day(build_insights_params(["Visit", funnel], **DAYS)) == "2026-02-03"
    assert last_day(build_insights_params(Formula("A / B", metrics=[funnel, Metric("Visit")]), **DAYS)) == "2026-02-03"
    retention = RetentionMetric(RetentionBehavior("Join", "Visit"))
    assert last_day(build_insights_params([funnel, retention], **DAYS)) is None


@pytest.mark.parametrize("metric", [MetricRef(4), FunnelMetric(BehaviorRef(4, "funnel"))])
def test_what_is_saved_may_go_on_for_longer_than_can_be_seen(metric: Any) -> None:
    assert last_day(build_insights_params(["Visit", metric], **DAYS)) is None


@pytest.mark.parametrize("unit", ["year", ["day"], None])
def test_a_window_that_is_not_understood_has_no_day(unit: Any) -> None:
    params = build_funnel_params(STEPS, **DAYS)
    params["sections"]["show"][0]["behavior"]["conversionWindowUnit"] = unit
    assert last_day(params) is None
