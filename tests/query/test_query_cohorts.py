from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.query.cohorts import CohortCriteria, CohortDefinition
from mixpanel_headless.query.filters import Filter

VISITED = CohortCriteria.did_event("Visit", at_least=3, within_days=30)
BOUGHT = CohortCriteria.did_event("Buy", exactly=1, within_months=2)
PRO = CohortCriteria.has_property("plan", "pro")


def test_an_event_count_is_a_behavior_that_the_selector_refers_to() -> None:
    assert CohortDefinition(VISITED).to_dict() == {
        "selector": {
            "operator": "and",
            "children": [{"property": "behaviors", "value": "bhvr_0", "operator": ">=", "operand": 3}],
        },
        "behaviors": {
            "bhvr_0": {
                "count": {"event_selector": {"event": "Visit"}, "type": "absolute"},
                "window": {"unit": "day", "value": 30},
            }
        },
    }


@pytest.mark.parametrize(
    ("bound", "operator"), [({"at_least": 2}, ">="), ({"at_most": 2}, "<="), ({"exactly": 2}, "==")]
)
def test_a_count_is_bounded_from_one_side_or_exactly(bound: dict[str, Any], operator: str) -> None:
    node = CohortCriteria.did_event("Visit", within_weeks=1, **bound).node
    assert (node["operator"], node["operand"]) == (operator, 2)


def test_not_doing_an_event_is_doing_it_exactly_zero_times() -> None:
    never = CohortCriteria.did_not_do_event("Visit", from_date="2026-01-01", to_date="2026-01-31")
    assert never.node["operand"] == 0
    assert never.behavior is not None
    assert never.behavior["from_date"] == "2026-01-01"
    assert "window" not in never.behavior


def test_the_events_of_a_count_can_be_filtered_and_aggregated() -> None:
    criterion = CohortCriteria.did_event(
        "Buy",
        at_least=100,
        within_days=7,
        where=[Filter.equals("city", "Rome"), Filter.is_set("coupon")],
        aggregation="total",
        aggregation_property="price",
    )
    assert criterion.behavior is not None
    count = criterion.behavior["count"]
    assert [child["value"] for child in count["event_selector"]["selector"]["children"]] == ["city", "coupon"]
    assert (count["aggregationOperator"], count["property"]) == ("total", "price")


def test_profile_properties_compare_by_short_operators() -> None:
    assert PRO.node == {"property": "user", "value": "plan", "operator": "==", "operand": "pro", "type": "string"}
    assert CohortCriteria.property_is_not_set("plan").node["operator"] == "not defined"
    assert CohortCriteria.property_is_set("plan").node["operator"] == "defined"


def test_membership_of_a_saved_cohort_is_a_criterion() -> None:
    assert CohortCriteria.not_in_cohort(9).node == {"property": "cohort", "value": 9, "operator": "not in"}
    assert CohortCriteria.in_cohort(9).node["operator"] == "in"


def test_behaviors_are_numbered_in_reading_order_over_the_whole_tree() -> None:
    nested = CohortDefinition.all_of(VISITED, CohortDefinition.any_of(PRO, BOUGHT), VISITED).to_dict()
    inner = nested["selector"]["children"][1]
    assert inner["operator"] == "or"
    assert inner["children"][1]["value"] == "bhvr_1"
    assert nested["selector"]["children"][2]["value"] == "bhvr_2"
    assert list(nested["behaviors"]) == ["bhvr_0", "bhvr_1", "bhvr_2"]
    assert nested["behaviors"]["bhvr_1"]["count"]["event_selector"]["event"] == "Buy"


@given(st.recursive(st.sampled_from([VISITED, BOUGHT, PRO]), lambda inner: st.lists(inner, min_size=1, max_size=4)))
def test_every_behavior_of_a_tree_is_referred_to_exactly_once(tree: Any) -> None:
    def define(node: Any) -> CohortCriteria | CohortDefinition:
        return CohortDefinition.any_of(*map(define, node)) if isinstance(node, list) else node

    def references(node: dict[str, Any]) -> list[str]:
        if "children" in node:
            return [name for child in node["children"] for name in references(child)]
        return [node["value"]] if node["property"] == "behaviors" else []

    raw = CohortDefinition(define(tree)).to_dict()
    assert references(raw["selector"]) == list(raw["behaviors"])
