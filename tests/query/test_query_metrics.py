from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.errors import ParamValidationError
from mixpanel_headless.models.metrics import SavedMetric
from mixpanel_headless.query.behaviors import (
    BehaviorRef,
    Exclusion,
    FunnelBehavior,
    HoldingConstant,
    RetentionBehavior,
    SimpleBehavior,
)
from mixpanel_headless.query.custom_properties import CustomPropertyRef, InlineCustomProperty
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.metric_refs import MetricRef, entry_of
from mixpanel_headless.query.metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
from mixpanel_headless.query.steps import CustomEventRef, FunnelStep, RetentionEvent

if TYPE_CHECKING:
    from collections.abc import Callable

ROME = Filter.equals("city", "Rome")


def test_an_event_is_counted_in_total_unless_said_otherwise() -> None:
    assert Metric("Visit").to_dict() == {
        "type": "metric",
        "behavior": {
            "type": "event",
            "name": "Visit",
            "resourceType": "events",
            "filtersDeterminer": "all",
            "filters": [],
        },
        "measurement": {"math": "total"},
    }


def test_a_metric_says_what_it_measures_and_of_which_events() -> None:
    clause = Metric(
        "Buy", "percentile", "price", "total", 95, [ROME, Filter.is_set("coupon")], "any", "first"
    ).to_dict()
    assert clause["measurement"] == {
        "math": "custom_percentile",
        "property": {"name": "price", "resourceType": "events"},
        "perUserAggregation": "total",
        "percentile": 95,
        "segmentMethod": "first",
    }
    assert clause["behavior"]["filtersDeterminer"] == "any"
    assert [entry["value"] for entry in clause["behavior"]["filters"]] == ["city", "coupon"]


def test_a_custom_event_is_named_by_its_id() -> None:
    behavior = Metric(CustomEventRef(12)).to_dict()["behavior"]
    assert (behavior["type"], behavior["id"], behavior["name"]) == ("custom-event", 12, "$custom_event:12")


def test_any_of_several_events_is_a_behavior_in_which_each_has_the_filters() -> None:
    behavior = Metric(["Visit", CustomEventRef(12)], filters=ROME).to_dict()["behavior"]
    assert (behavior["type"], behavior["name"]) == ("simple", "Visit or $custom_event:12")
    assert behavior["filters"] == []
    assert [[entry["value"] for entry in part["filters"]] for part in behavior["behaviors"]] == [["city"], ["city"]]


def test_a_list_of_one_event_is_that_event() -> None:
    assert Metric(["Visit"]) == Metric("Visit")


def test_a_behavior_of_several_events_can_have_a_name_and_labels() -> None:
    behavior = SimpleBehavior(["Visit", FunnelStep("Buy", "Order", order="any")], "Contact").to_dict()
    assert behavior["name"] == "Contact"
    assert behavior["behaviors"][1]["renamed"] == "Order"
    assert behavior["behaviors"][1]["funnelOrder"] == "any"
    assert "funnelOrder" not in behavior["behaviors"][0]


def test_a_saved_behavior_is_sent_by_id() -> None:
    assert Metric(BehaviorRef(5, "simple"), "unique").to_dict()["behavior"] == {"type": "simple", "id": 5}


def test_a_measured_property_can_be_computed() -> None:
    saved = Metric("Buy", "average", CustomPropertyRef(71)).to_dict()["measurement"]["property"]
    assert saved == {"customPropertyId": 71, "name": "", "resourceType": "events"}
    inline = Metric("Buy", "average", InlineCustomProperty.numeric("A", A="price")).to_dict()
    assert inline["measurement"]["property"]["customProperty"]["displayFormula"] == "A"


def test_the_size_of_a_cohort_is_a_metric() -> None:
    assert CohortMetric(9, "Staff").to_dict() == {
        "type": "metric",
        "behavior": {
            "type": "cohort",
            "name": "Staff",
            "resourceType": "cohorts",
            "dataGroupId": None,
            "dataset": "$mixpanel",
            "filtersDeterminer": "all",
            "filters": [],
            "id": 9,
        },
        "measurement": {"math": "unique", "property": None, "perUserAggregation": None},
        "isHidden": False,
    }


def test_a_funnel_counts_its_steps_from_one_on_the_wire() -> None:
    funnel = FunnelBehavior(
        ["Visit", FunnelStep("Cart", order="any"), "Buy"],
        exclusions=["Logout", Exclusion("Error", 1), Exclusion("Help", 0, 1)],
        holding_constant=["device", HoldingConstant("plan", "people")],
        reentry_mode="basic",
    ).to_dict()
    assert [entry["steps"] for entry in funnel["exclusions"]] == [
        {"from": 1, "to": 3},
        {"from": 2, "to": 3},
        {"from": 1, "to": 2},
    ]
    assert [step["funnelOrder"] for step in funnel["behaviors"]] == ["loose", "any", "loose"]
    assert funnel["aggregateBy"] == [
        {"value": "device", "resourceType": "events"},
        {"value": "plan", "resourceType": "people"},
    ]
    assert funnel["funnelReentryMode"] == "basic"


def test_a_funnel_is_measured_as_one_number() -> None:
    clause = FunnelMetric(FunnelBehavior(["Visit", "Buy"]), "median", "price", 1, "Price").to_dict()
    assert clause["measurement"] == {
        "math": "median",
        "property": {"name": "price", "type": "number", "resourceType": "events"},
        "stepIndex": 1,
    }
    assert clause["name"] == "Price"
    assert clause["type"] == "metric"
    assert clause["behavior"] == {
        "type": "funnel",
        "resourceType": "events",
        "behaviors": [
            {
                "type": "event",
                "id": None,
                "name": name,
                "filters": [],
                "filtersDeterminer": "all",
                "funnelOrder": "loose",
            }
            for name in ("Visit", "Buy")
        ],
        "conversionWindowDuration": 14,
        "conversionWindowUnit": "day",
        "funnelOrder": "loose",
        "exclusions": [],
        "aggregateBy": [],
        "filter": [],
    }


def test_a_retention_is_measured_as_one_number() -> None:
    retention = RetentionBehavior(RetentionEvent("Join", [ROME], "any"), "Visit", "day", bucket_sizes=[1, 7])
    clause = RetentionMetric(retention, bucket_index=1, retention_cumulative=True).to_dict()
    assert clause["measurement"] == {
        "math": "retention_rate",
        "retentionBucketIndex": 1,
        "retentionCumulative": True,
    }
    assert clause["type"] == "metric"
    sides = clause["behavior"].pop("behaviors")
    assert [(side["type"], side["id"], side["name"], side["filtersDeterminer"]) for side in sides] == [
        ("event", None, "Join", "any"),
        ("event", None, "Visit", "all"),
    ]
    assert clause["behavior"] == {
        "type": "retention",
        "resourceType": "events",
        "retentionUnit": "day",
        "retentionAlignmentType": "birth",
        "retentionCustomBucketSizes": [1, 7],
        "filter": [],
    }


def test_a_saved_metric_is_sent_by_id_with_only_what_changes() -> None:
    assert MetricRef(4).to_dict() == {"type": "metric", "id": 4}
    changed = MetricRef(
        4, label="Paid", math="average", property="price", funnel_order="any", step_index=2, hidden=True
    )
    assert changed.to_dict()["overrides"] == {
        "name": "Paid",
        "behavior": {"funnelOrder": "any"},
        "measurement": {
            "math": "average",
            "property": {"name": "price", "resourceType": "events"},
            "stepIndex": 2,
        },
        "isHidden": True,
    }


def test_own_overrides_are_merged_in_depth_over_the_rest() -> None:
    ref = MetricRef(4, math="unique", overrides={"measurement": {"math": "total", "rolling": 7}, "name": "Mine"})
    assert ref.changes() == {"measurement": {"math": "total", "rolling": 7}, "name": "Mine"}


@pytest.mark.parametrize("kind", ["metric", "formula", "warehouse"])
def test_a_saved_metric_stands_for_a_reference_of_its_kind(kind: str) -> None:
    saved = SavedMetric.model_validate({"id": 4, "name": "Paid", "type": kind, "definition": {}, "odd": True})
    assert entry_of(saved) == {"type": kind, "id": 4}
    assert saved.extra == {"odd": True}
    assert saved.to_dict()["odd"] is True


def test_a_saved_metric_of_an_earlier_kind_cannot_be_asked_by_reference() -> None:
    saved = SavedMetric.model_validate({"id": 4, "name": "Paid", "type": "behavior", "definition": {}})
    with pytest.raises(ParamValidationError) as caught:
        saved.to_ref()
    assert caught.value.code == "MR5_INVALID_TYPE"
    assert saved.to_raw_definition().type == "metric"


def test_a_saved_metric_can_be_changed_for_one_query() -> None:
    saved = SavedMetric.model_validate({"id": 4, "name": "Paid", "type": "metric", "definition": {}})
    assert saved.to_ref(math="percentile", property="price", percentile_value=95).to_dict()["overrides"]["measurement"][
        "math"
    ] == ("custom_percentile")


@pytest.mark.parametrize(
    "measure",
    [
        lambda name: FunnelMetric(FunnelBehavior(["Visit", "Buy"]), "average", name),
        lambda name: RetentionMetric(RetentionBehavior("Join", "Visit"), "average", name),
        lambda name: MetricRef(4, math="average", property=name),
        lambda name: Metric("Buy", "average", name),
    ],
    ids=["funnel", "retention", "saved", "events"],
)
def test_a_blank_name_of_a_measured_property_is_refused(measure: Callable[[str], object]) -> None:
    measure("price")
    with pytest.raises(ParamValidationError) as caught:
        measure(" ")
    assert caught.value.code == "V1B_EMPTY_PROPERTY"


def test_what_is_no_saved_metric_is_refused() -> None:
    incomplete: dict[str, Any] = {"id": 4}
    with pytest.raises(TypeError, match="name"):
        SavedMetric.model_validate(incomplete)
