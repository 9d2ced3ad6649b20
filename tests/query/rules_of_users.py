"""The rules of questions about users: each with an example that breaks it, and a neighbour of that example that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mixpanel_headless.query.cohorts import CohortCriteria, CohortDefinition
from mixpanel_headless.query.custom_properties import CustomPropertyRef
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.users import build_user_params

Example = Callable[[], object]

ACTIVE = CohortDefinition(CohortCriteria.did_event("Login", at_least=3, within_days=30))


def ask(**arguments: Any) -> dict[str, Any]:
    return build_user_params(**arguments)


def profiles(**arguments: Any) -> dict[str, Any]:
    return ask(mode="profiles", **arguments)


RULES: dict[str, tuple[Example, Example]] = {
    "U0": (lambda: ask(where=["plan == 'pro'"]), lambda: ask(where="plan == 'pro'")),
    "U_SELECTOR": (lambda: ask(where=" "), lambda: ask(where=[])),
    "U_FILTER": (lambda: ask(where=Filter.starts_with("a", "x")), lambda: ask(where=Filter.contains("a", "x"))),
    "U10": (lambda: ask(where=Filter.is_set(" ")), lambda: ask(where=Filter.is_set("a"))),
    "U12": (lambda: ask(where=Filter.not_in_cohort(4)), lambda: ask(where=Filter.in_cohort(4))),
    "U13": (lambda: ask(where=[Filter.in_cohort(4), Filter.in_cohort(5)]), lambda: ask(where=[Filter.in_cohort(4)])),
    "U25": (lambda: ask(where=Filter.is_set(CustomPropertyRef(3))), lambda: ask(where=Filter.is_set("3"))),
    "U_MODE": (lambda: ask(mode="profile"), profiles),
    "U_AGGREGATE": (lambda: ask(aggregate="sum"), lambda: ask(aggregate="count")),
    "U_AGGREGATE_ONLY": (lambda: profiles(segment_by=4), lambda: ask(segment_by=4)),
    "U_COHORT": (lambda: ask(cohort=0), lambda: ask(cohort=ACTIVE)),
    "U_TWO_COHORTS": (lambda: ask(cohort=4, where=Filter.in_cohort(5)), lambda: ask(cohort=4)),
    "U1": (lambda: profiles(distinct_id="a", distinct_ids=["b"]), lambda: profiles(distinct_ids=["b"])),
    "U3": (lambda: profiles(limit=0), lambda: profiles(limit=None)),
    "U4": (lambda: profiles(distinct_ids=[]), lambda: profiles(distinct_ids=["a"])),
    "UP1": (lambda: profiles(sort_by="a", sort_order="up"), lambda: profiles(sort_by="a", sort_order="ascending")),
    "U6": (lambda: profiles(as_of="2025-02-30"), lambda: profiles(as_of="2025-02-28")),
    "U7": (lambda: ask(include_all_users=True), lambda: ask(include_all_users=True, where=Filter.in_cohort(4))),
    "U11": (lambda: profiles(properties=["a", ""]), lambda: profiles(properties=["a", "b"])),
    "U14": (lambda: ask(aggregate="extremes"), lambda: ask(aggregate="extremes", aggregate_property="a")),
    "U15": (
        lambda: ask(aggregate_property="a"),
        lambda: ask(aggregate="numeric_summary", aggregate_property="a"),
    ),
    "U17": (lambda: ask(segment_by=[4, True]), lambda: ask(segment_by=[4, 5])),
    "U_SEGMENTS": (lambda: ask(segment_by=[]), lambda: ask(segment_by=None)),
    "U18": (lambda: ask(parallel=True), lambda: profiles(parallel=True)),
    "U19": (lambda: ask(sort_by="a"), lambda: profiles(sort_by="a")),
    "U20": (lambda: ask(search="a"), lambda: profiles(search="a")),
    "U21": (lambda: ask(distinct_id="a"), lambda: profiles(distinct_id="a")),
    "U22": (lambda: ask(properties=["a"]), lambda: profiles(properties="a")),
    "U23": (lambda: profiles(workers=6), lambda: profiles(workers=5)),
    "U26": (
        lambda: ask(aggregate="percentile", aggregate_property="a"),
        lambda: ask(aggregate="percentile", aggregate_property="a", percentile=99.9),
    ),
    "U27": (lambda: ask(percentile=50), lambda: ask(percentile=None)),
    "U28": (
        lambda: ask(aggregate="percentile", aggregate_property="a", percentile=100),
        lambda: ask(aggregate="percentile", aggregate_property="a", percentile=0.1),
    ),
    "U29": (lambda: profiles(properties=[]), lambda: profiles(properties=None)),
    "U30": (lambda: ask(as_of="2025-01-01"), lambda: profiles(as_of=1_735_689_600)),
    "U_FLAG": (lambda: profiles(parallel="yes"), lambda: profiles(parallel=True)),
    "U_TEXT": (lambda: profiles(search=" "), lambda: profiles(search="ann")),
    "U_DISTINCT_ID": (lambda: profiles(distinct_ids=["a", 7]), lambda: profiles(distinct_ids=["a", "7"])),
    "U_GROUP": (lambda: ask(group_id=True), lambda: ask(group_id=9)),
}
