"""The rules of whole funnel and retention questions: each with an example that breaks it, and a neighbour that does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from mixpanel_headless.query.behaviors import BehaviorRef
from mixpanel_headless.query.cohorts import CohortBreakdown
from mixpanel_headless.query.funnels import build_funnel_params
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.retention import build_retention_params
from mixpanel_headless.query.steps import CustomEventRef

Example = Callable[[], object]

TODAY = dt.date(2026, 2, 14)
INVISIBLE = "\u200b"


def funnel(steps: Any = ("Visit", "Buy"), **arguments: Any) -> dict[str, Any]:
    return build_funnel_params(steps, today=TODAY, **arguments)


def retention(born: Any = "Join", back: Any = "Visit", **arguments: Any) -> dict[str, Any]:
    return build_retention_params(born, back, today=TODAY, **arguments)


def saved(born: Any = None, **arguments: Any) -> dict[str, Any]:
    return build_retention_params(born or BehaviorRef(4, "retention"), today=TODAY, **arguments)


RULES: dict[str, tuple[Example, Example]] = {
    "F1_MIN_STEPS": (lambda: funnel(["Visit"]), lambda: funnel(["Visit", "Visit"])),
    "F2_EMPTY_STEP_EVENT": (
        lambda: funnel(["Visit", ["Buy", "Rent"]]),
        lambda: funnel(["Visit", CustomEventRef(7)]),
    ),
    "F2_INVISIBLE_STEP_EVENT": (lambda: funnel(["Visit", INVISIBLE]), lambda: funnel(["Visit", f"{INVISIBLE}Buy"])),
    "F13_BEHAVIOR_REF_TYPE": (
        lambda: funnel(BehaviorRef(4, "retention")),
        lambda: funnel(BehaviorRef(4, "funnel")),
    ),
    "F14_BEHAVIOR_REF_SETTINGS": (
        lambda: funnel(BehaviorRef(4, "funnel"), conversion_window=3),
        lambda: funnel(BehaviorRef(4, "funnel"), conversion_window=14),
    ),
    "F15_INVALID_MODE": (lambda: funnel(mode="pie"), lambda: funnel(mode="trends")),
    "R1_EMPTY_BORN_EVENT": (lambda: retention(["Join", "Return"]), lambda: retention("Join")),
    "R1_INVISIBLE_BORN_EVENT": (lambda: retention(INVISIBLE), lambda: retention(f"{INVISIBLE}Join")),
    "R2_EMPTY_RETURN_EVENT": (lambda: retention(back=None), lambda: retention(back="Join")),
    "R2_INVISIBLE_RETURN_EVENT": (lambda: retention(back=INVISIBLE), lambda: retention(back=f"{INVISIBLE}Visit")),
    "R10_INVALID_MODE": (lambda: retention(mode="line"), lambda: retention(mode="trends")),
    "R11_INVALID_UNIT": (lambda: retention(unit="hour"), lambda: retention(unit="month")),
    "R12_EMPTY_GROUP_BY": (lambda: retention(group_by=["plan", " "]), lambda: retention(group_by=["plan", "city"])),
    "R14_BEHAVIOR_REF_TYPE": (lambda: saved(BehaviorRef(4, "simple")), saved),
    "R15_BEHAVIOR_REF_SETTINGS": (lambda: saved(return_event="Visit"), lambda: saved(unit="week", math="unique")),
    "CB3_RETENTION_MIXED_BREAKDOWN": (
        lambda: retention(group_by=[GroupBy("plan"), CohortBreakdown(41)]),
        lambda: retention(group_by=[CohortBreakdown(41), CohortBreakdown(42)]),
    ),
}
