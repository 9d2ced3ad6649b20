from __future__ import annotations

from typing import Any

import pytest

from mixpanel_headless.errors import ParamTypeError
from mixpanel_headless.query.cohorts import CohortBreakdown
from mixpanel_headless.query.custom_properties import CustomPropertyRef, InlineCustomProperty, PropertyInput
from mixpanel_headless.query.frequency import FrequencyBreakdown
from mixpanel_headless.query.groups import GroupBy, as_groups, group_clauses


def test_a_name_is_a_breakdown_by_an_event_property_of_text() -> None:
    assert group_clauses(as_groups("plan")) == [
        {
            "value": "plan",
            "propertyName": "plan",
            "resourceType": "events",
            "propertyType": "string",
            "propertyDefaultType": "string",
        }
    ]


def test_breakdowns_keep_their_order() -> None:
    clauses = group_clauses(as_groups(["plan", GroupBy("city"), FrequencyBreakdown("Visit")]))
    assert [clause["value"] for clause in clauses] == ["plan", "city", "Visit Frequency"]


def test_numbers_fall_into_buckets() -> None:
    clause = GroupBy("price", "number", 10, 0, 50).to_dict()
    assert clause["customBucket"] == {"bucketSize": 10, "min": 0, "max": 50}


def test_a_breakdown_can_be_by_a_profile_property() -> None:
    assert GroupBy("plan", resource_type="people").to_dict()["resourceType"] == "people"


def test_a_computed_property_has_no_name_but_may_have_a_data_group() -> None:
    clause = GroupBy(CustomPropertyRef(71), "number").to_dict(data_group_id=8)
    assert clause == {
        "customPropertyId": 71,
        "value": None,
        "resourceType": "events",
        "profileType": None,
        "search": "",
        "dataGroupId": "8",
        "dataset": "$mixpanel",
        "propertyType": "number",
        "typeCast": None,
        "unit": None,
        "isHidden": False,
    }


def test_an_inline_property_brings_its_own_resource_and_lends_the_type() -> None:
    tags = InlineCustomProperty("A", {"A": PropertyInput("tags", "list", "user")}, None, "people")
    clause = GroupBy(tags, "boolean").to_dict()
    assert clause["resourceType"] == "people"
    assert clause["propertyType"] == clause["customProperty"]["propertyType"] == "boolean"


def test_the_items_of_a_list_are_grouped_by_one_of_their_fields() -> None:
    clause = GroupBy.list_item("cart", "price", sub_type="number").to_dict()
    assert clause == {
        "dataset": "$mixpanel",
        "value": "cart",
        "resourceType": "events",
        "joinPropertyType": "list",
        "propertyType": "object",
        "listItemGroup": {
            "resourceType": "event",
            "propertyName": "price",
            "propertyDefaultType": "number",
            "propertyType": "number",
        },
    }


def test_a_cohort_stands_beside_those_outside_it() -> None:
    clause = CohortBreakdown(9, "Staff").to_dict(data_group_id=3)
    assert clause == {
        "value": ["Staff", "Not In Staff"],
        "resourceType": "events",
        "profileType": None,
        "search": "",
        "dataGroupId": "3",
        "propertyType": None,
        "typeCast": None,
        "cohorts": [
            {"name": "Staff", "negated": negated, "data_group_id": "3", "id": 9, "groups": []}
            for negated in (False, True)
        ],
        "isHidden": False,
    }


def test_a_cohort_can_stand_alone() -> None:
    clause = CohortBreakdown(9, include_negated=False).to_dict()
    assert clause["value"] == [""]
    assert [side["negated"] for side in clause["cohorts"]] == [False]


def test_a_frequency_breakdown_counts_events_of_people() -> None:
    assert FrequencyBreakdown("Visit", 5, 1, 51, "Visits").to_dict() == {
        "dataset": "$mixpanel",
        "behavior": {
            "aggregationOperator": "total",
            "event": {"label": "Visit", "value": "Visit"},
            "behaviorType": "$frequency",
            "filters": [],
            "filtersOperator": "and",
            "dateRange": None,
        },
        "value": "Visits",
        "resourceType": "people",
        "propertyType": "number",
        "dataGroupId": None,
        "customBucket": {"bucketSize": 5, "min": 1, "max": 51, "disabled": False},
    }


@pytest.mark.parametrize("wrong", [4, None, {"plan"}, b"plan"])
def test_a_breakdown_of_another_kind_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(ParamTypeError) as caught:
        as_groups([wrong])
    assert caught.value.code == "BB1_GROUP_BY_ELEMENT_TYPE"
