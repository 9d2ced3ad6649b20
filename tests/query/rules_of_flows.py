"""The rules of flows: each with an example that breaks it, and a neighbour of that example that does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from mixpanel_headless.query.custom_properties import CustomPropertyRef
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.flows import build_flow_params
from mixpanel_headless.query.frequency import FrequencyFilter
from mixpanel_headless.query.steps import FlowStep

Example = Callable[[], object]


def ask(event: Any = "Visit", **arguments: Any) -> dict[str, Any]:
    return build_flow_params(event, today=dt.date(2026, 2, 14), **arguments)


def ask_step(*conditions: Filter, **fields: Any) -> dict[str, Any]:
    return ask(FlowStep("Visit", filters=conditions, **fields))


RULES: dict[str, tuple[Example, Example]] = {
    "FL1_NO_STEPS": (lambda: ask([]), lambda: ask(["Visit"])),
    "FL_INVALID_STEP_TYPE": (lambda: ask(["Visit", 5]), lambda: ask(["Visit", "Buy"])),
    "FL_INVALID_EVENT_TYPE": (lambda: ask(FlowStep(5)), lambda: ask(FlowStep("5"))),  # type: ignore[arg-type]
    "FL_INVALID_FILTERS_COMBINATOR": (
        lambda: ask_step(filters_combinator="or"),
        lambda: ask_step(filters_combinator="any"),
    ),
    "FL_TYPE_FORWARD": (lambda: ask(forward=True), lambda: ask(forward=1)),
    "FL_TYPE_REVERSE": (lambda: ask_step(reverse=1.0), lambda: ask_step(reverse=1)),
    "FL3_FORWARD_RANGE": (lambda: ask(forward=6), lambda: ask(forward=5)),
    "FL4_REVERSE_RANGE": (lambda: ask(reverse=-1), lambda: ask(reverse=0)),
    "FL5_NO_DIRECTION": (
        lambda: ask(["Visit", FlowStep("Buy", forward=0)], forward=0),
        lambda: ask(["Visit", FlowStep("Buy", reverse=1)], forward=0),
    ),
    "V7_LAST_POSITIVE": (lambda: ask(last=0), lambda: ask(last=1)),
    "V15_DATE_ORDER": (lambda: ask(from_date="2026-02-15"), lambda: ask(from_date="2026-02-14")),
    "FL_INVALID_COUNT_TYPE": (lambda: ask(count_type="users"), lambda: ask(count_type="total")),
    "FL_INVALID_MODE": (lambda: ask(mode="top-paths"), lambda: ask(mode="paths")),
    "FL_INVALID_WINDOW_UNIT": (
        lambda: ask(conversion_window_unit="hour"),
        lambda: ask(conversion_window_unit="month"),
    ),
    "FL6_CARDINALITY_RANGE": (lambda: ask(cardinality=51), lambda: ask(cardinality=50)),
    "FL_TYPE_COLLAPSE_REPEATED": (lambda: ask(collapse_repeated="no"), lambda: ask(collapse_repeated=True)),
    "DG1_INVALID_DATA_GROUP_ID": (lambda: ask(data_group_id=True), lambda: ask(data_group_id=1)),
    "FL7_CONVERSION_WINDOW_POSITIVE": (lambda: ask(conversion_window=1.5), lambda: ask(conversion_window=1)),
    "FL7_CONVERSION_WINDOW_MAX": (lambda: ask(conversion_window=367), lambda: ask(conversion_window=366)),
    "FL9_SESSION_REQUIRES_SESSION_WINDOW": (
        lambda: ask(count_type="session"),
        lambda: ask(count_type="session", conversion_window=1, conversion_window_unit="session"),
    ),
    "FL10_SESSION_WINDOW_REQUIRES_ONE": (
        lambda: ask(conversion_window=2, conversion_window_unit="session"),
        lambda: ask(conversion_window=1, conversion_window_unit="session"),
    ),
    "FL_INVALID_HIDDEN_EVENT_TYPE": (lambda: ask(hidden_events=[3]), lambda: ask(hidden_events="Ping")),
    "FL_INVALID_EXCLUSION_TYPE": (lambda: ask(exclusions=["Bot", " "]), lambda: ask(exclusions=["Bot"])),
    "V25_INVALID_FILTER_TYPE": (
        lambda: ask(where=FrequencyFilter("Visit", 2)),
        lambda: ask(where=Filter.is_set("plan")),
    ),
    "FL_FILTER_CONTROL_CHAR": (
        lambda: ask_step(Filter.is_set("a\x01")),
        lambda: ask_step(Filter.is_set("a")),
    ),
    "V12C_BUCKET_REQUIRES_BOUNDS": (
        lambda: ask(segments=bucketed(None)),
        lambda: ask(segments=bucketed(9)),
    ),
    "BB3_FLOW_PROPERTY_FILTER_TYPE": (
        lambda: ask_step(Filter.equals(CustomPropertyRef(5), "b")),
        lambda: ask_step(Filter.equals("five", "b")),
    ),
    "BB5_FLOW_MULTIPLE_COHORT_FILTERS": (
        lambda: ask(where=[Filter.in_cohort(1), Filter.not_in_cohort(2)]),
        lambda: ask(where=[Filter.in_cohort(1), Filter.is_set("plan")]),
    ),
    "SG1_UNKNOWN_STRING_OPERATOR": (
        lambda: ask_step(Filter.starts_with("p", "x")),
        lambda: ask_step(Filter.contains("p", "x")),
    ),
    "SG2_UNKNOWN_NUMBER_OPERATOR": (
        lambda: ask_step(Filter("p", "contains", 3, "number")),
        lambda: ask_step(Filter("p", "equals", 3, "number")),
    ),
    "SG3_UNKNOWN_DATETIME_OPERATOR": (
        lambda: ask_step(Filter.in_the_next("d", 1, "day")),
        lambda: ask_step(Filter.in_the_last("d", 1, "day")),
    ),
    "SG4_UNSUPPORTED_PROPERTY_TYPE": (
        lambda: ask_step(Filter.in_cohort(1)),
        lambda: ask(where=Filter.in_cohort(1)),
    ),
    "SG5_VALUE_TYPE": (
        lambda: ask_step(Filter("d", "was on", 3, "datetime")),
        lambda: ask_step(Filter.on("d", "2026-02-01")),
    ),
}


def bucketed(high: float | None) -> Any:
    from mixpanel_headless.query.groups import GroupBy

    return GroupBy("price", "number", bucket_size=1, bucket_min=0, bucket_max=high)
