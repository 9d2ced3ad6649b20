"""Flows: which events make a way, in which column they stand, and what is refused."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery, Unsupported
from tests.engine.asking import event, filled, profile, where

if TYPE_CHECKING:
    from mixpanel_headless.engine import Engine

DAY = {"type": "between", "from_date": "2026-01-05", "to_date": "2026-01-05"}


def step(name: str, forward: int = 0, reverse: int = 0, **more: Any) -> dict[str, Any]:
    return {"event": name, "step_label": name, "forward": forward, "reverse": reverse, "bool_op": "and", **more}


def flow(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "steps": [*steps],
        "date_range": DAY,
        "count_type": "unique",
        "cardinality_threshold": 50,
        "conversion_window": {"unit": "day", "value": 7},
        "collapse_repeated": False,
        **more,
    }


def clicks(user: str, *names: str, start: int = 0, gap: int = 1) -> list[dict[str, Any]]:
    """Events some minutes apart, from a minute of the day on."""
    minutes = range(start, start + gap * len(names), gap)
    return [
        event(name, user, f"2026-01-05T{minute // 60:02}:{minute % 60:02}:00")
        for name, minute in zip(names, minutes, strict=True)
    ]


def ways(engine: Engine, *steps: dict[str, Any], **more: Any) -> dict[str, int]:
    """Each whole way, as names joined by `>`, with the number of those that took it or one that begins alike."""
    answer = engine.flows(flow(*steps, **more), "flows_top_paths")
    return {
        " > ".join(step["event"] for step in way["flowSteps"]): int(way["flowSteps"][-1]["totalCount"])
        for way in answer["flows"]
    }


def columns(answer: dict[str, Any]) -> list[dict[str, int]]:
    return [{node["event"]: int(node["totalCount"]) for node in column["nodes"]} for column in answer["steps"]]


def test_events_before_an_anchor_stand_in_the_columns_next_to_it() -> None:
    with filled(*clicks("u1", "a", "b", "Buy", "c"), *clicks("u2", "b", "Buy")) as engine:
        answer = engine.flows(flow(step("Buy", reverse=2)), "flows_sankey")
        assert columns(answer) == [{"a": 1}, {"b": 2}, {"Buy": 2}]
        assert [node["anchorType"] for column in answer["steps"] for node in column["nodes"]] == [
            "RELATIVE_REVERSE",
            "RELATIVE_REVERSE",
            "NORMAL",
        ]


def test_between_two_anchors_their_tails_share_the_events_without_crossing() -> None:
    wide, narrow = clicks("u1", "A", "1", "2", "3", "4", "B", "5"), clicks("u2", "A", "1", "B")
    with filled(*wide, *narrow) as engine:
        answer = engine.flows(flow(step("A", forward=2), step("B", forward=1, reverse=1)), "flows_sankey")
        assert columns(answer) == [{"A": 2}, {"1": 2}, {"2": 1}, {"4": 1}, {"B": 2}, {"5": 1, "DROPOFF": 1}]
        [start] = list(answer["steps"][1]["nodes"])
        assert [(edge["event"], edge["step"]) for edge in start["edges"]] == [("2", 2), ("B", 4)]


def test_the_conversion_rate_is_of_those_who_pass_the_last_anchor() -> None:
    people = [clicks("u1", "A", "B", "C"), clicks("u2", "A", "C"), clicks("u3", "A", "B"), clicks("u4", "B", "C")]
    with filled(*functools.reduce(operator.iadd, people, [])) as engine:
        answer = engine.flows(flow(step("A"), step("B"), step("C")), "flows_sankey")
        assert answer["overallConversionRate"] == pytest.approx(1 / 3)
        assert columns(answer) == [{"A": 3}, {"B": 2, "DROPOFF": 1}, {"C": 1, "DROPOFF": 1}]


def test_a_later_anchor_must_come_inside_the_window() -> None:
    with filled(*clicks("u1", "A", "B", gap=60), *clicks("u2", "A", "B", gap=61)) as engine:
        answer = engine.flows(flow(step("A"), step("B"), conversion_window={"unit": "hour", "value": 1}))
        assert answer["overallConversionRate"] == 0.5


def test_what_is_shown_around_an_anchor_stays_inside_the_window() -> None:
    with filled(*clicks("u1", "x", "A", "y", "z", gap=60)) as engine:
        window = {"unit": "hour", "value": 1}
        assert ways(engine, step("A", forward=3, reverse=3), conversion_window=window) == {"x > A > y": 1}


def test_an_excluded_event_ends_a_way_before_its_next_anchor() -> None:
    with filled(*clicks("u1", "A", "x", "Bot", "B"), *clicks("u2", "A", "B", "Bot")) as engine:
        steps = (step("A", forward=2), step("B", forward=1))
        assert ways(engine, *steps, exclusions=["Bot"]) == {"A > B > Bot": 1, "A > x": 1}


@pytest.mark.parametrize(
    ("count", "expected"),
    [("unique", {"A > x": 1}), ("total", {"A > x": 2, "A > A": 1}), ("session", {"A > x": 1, "A > A": 1})],
)
def test_a_person_may_count_once_or_each_time_or_in_each_session(count: str, expected: dict[str, int]) -> None:
    with filled(*clicks("u1", "A", "x", "A", "x"), *clicks("u1", "A", "A", start=120)) as engine:
        assert ways(engine, step("A", forward=1), count_type=count) == expected


def test_repeats_fold_into_one_event() -> None:
    with filled(*clicks("u1", "A", "A", "x", "x", "A")) as engine:
        assert ways(engine, step("A", forward=3), collapse_repeated=True) == {"A > x > A": 1}
        assert ways(engine, step("A", forward=3)) == {"A > A > x > x": 1}


def test_hidden_events_are_passed_over_but_anchors_never() -> None:
    with filled(*clicks("u1", "A", "ad", "B", "ad", "C")) as engine:
        assert ways(engine, step("A", forward=2), hidden_events=["ad", "A"]) == {"A > B > C": 1}


def test_an_anchor_may_have_conditions() -> None:
    visits = [
        event("A", "u1", "2026-01-05T10:00:00", price=5, plan="free", paid=False, at="2026-01-02T00:00:00"),
        event("A", "u1", "2026-01-05T11:00:00", price=50, plan="pro", paid=True, at="2026-01-04T00:00:00"),
        event("x", "u1", "2026-01-05T12:00:00"),
    ]

    def condition(name: str, kind: str, source: str = "properties", **comparison: Any) -> list[dict[str, Any]]:
        named = {"name": name, "source": source, "type": kind}
        return [{"property": named, "type": kind, "selected_property_type": kind, "filter": comparison}]

    conditions = [
        condition("plan", "string", operator="==", operand=["Pro"]),
        condition("plan", "string", operator="not in", operand="re"),
        condition("price", "number", operator=">", operand="10"),
        condition("price", "number", operator="!><", operand=["1", "10"]),
        condition("paid", "boolean", operand="true"),
        condition("at", "datetime", operator="==", operand="01/04/2026"),
        condition("at", "datetime", operator="<", operand="01/03/2026"),
        condition("at", "datetime", operator=">", operand=57, unit="days"),
    ]
    with filled(*visits, profiles=[profile("u1", tier="gold")]) as engine:
        for one in conditions:
            assert ways(engine, step("A", forward=1, property_filter_params_list=one)) == {"A > x": 1}, one
        both = conditions[0] + condition("tier", "string", source="user", operator="not set", operand="")
        assert ways(engine, step("A", forward=1, property_filter_params_list=both)) == {}
        assert ways(engine, step("A", forward=1, property_filter_params_list=both, bool_op="or")) == {"A > x": 1}


def test_a_flow_may_be_filtered_by_its_events_and_by_a_cohort() -> None:
    user = {"property": "user", "value": "tier", "operator": "==", "operand": "gold", "type": "string"}
    events = [*clicks("u1", "A", "x", "y"), *clicks("u2", "A", "y")]
    with filled(*events, profiles=[profile("u1", tier="gold")], cohorts={7: {"selector": user}}) as engine:
        assert ways(engine, step("A", forward=1), filter_by_cohort={"id": 7, "name": "G", "negated": False}) == {
            "A > x": 1
        }
        clause = where("$event_name", "does not equal", ["x"])
        clause["propertyName"] = clause.pop("value")
        by_event = {"operator": "and", "children": [clause]}
        assert ways(engine, step("A", forward=1), filter_by_event=by_event) == {"A > y": 2}


def test_a_session_begins_and_ends_a_flow() -> None:
    with filled(*clicks("u1", "a", "b"), *clicks("u1", "c", start=120)) as engine:
        found = ways(engine, step("$session_start", forward=1), step("$session_end"), count_type="session")
        assert found == {"$session_start > a > $session_end": 1, "$session_start > c > $session_end": 1}


def test_a_custom_event_stands_under_its_own_name() -> None:
    custom = {5: {"name": "Paid", "alternatives": [{"event": "Buy"}, {"event": "Rent"}]}}
    with filled(*clicks("u1", "Rent", "x"), *clicks("u2", "Buy", "x"), custom_events=custom) as engine:
        answer = engine.flows(flow(step("$custom_event:5", forward=1)))
        assert columns(answer) == [{"Paid": 2}, {"x": 2}]
        assert answer["steps"][0]["nodes"][0]["isCustomEvent"] is True


def test_a_tree_counts_who_went_on_and_who_dropped_off() -> None:
    with filled(*clicks("u1", "A", "x", "y"), *clicks("u2", "A", "x"), *clicks("u3", "A")) as engine:
        [tree] = engine.flows(flow(step("A", forward=2)), "flows")["trees"]
        [start] = tree["root"]["children"]
        [after] = start["children"]
        counts = [
            (node["totalCount"], node["dropOffTotalCount"], node["convertedTotalCount"]) for node in (start, after)
        ]
        assert counts == [("3", "1", "2"), ("2", "1", "1")]
        assert after["step"] == {
            "event": "x",
            "type": "NORMAL",
            "stepNumber": 1,
            "anchorType": "RELATIVE_FORWARD",
            "isComputed": False,
        }


def test_nobody_makes_an_empty_answer() -> None:
    with filled(*clicks("u1", "A")) as engine:
        assert engine.flows(flow(step("Z", forward=1)))["overallConversionRate"] == "NaN"
        assert engine.flows(flow(step("Z", forward=1)))["steps"] == []
        assert engine.flows(flow(step("Z", forward=1)), "flows_top_paths")["flows"] == []
        assert engine.flows(flow(step("Z", forward=1)), "flows")["trees"] == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"steps": []}, "A flow has 1 to 20 steps, not 0"),
        ({"steps": [{"forward": 1}]}, "A step needs an event"),
        ({"steps": [step("A", forward=6)]}, "forward must be a whole number from 0 to 5"),
        ({"cardinality_threshold": 51}, "cardinality_threshold must be a whole number from 1 to 50"),
        ({"count_type": "each"}, "count_type must be one of unique, total, session"),
        ({"conversion_window": {"unit": "eon", "value": 1}}, "unit must be one of session, second"),
        ({"date_range": None}, "date_range must be an object"),
        ({"flows_merge_type": "heap"}, "flows_merge_type must be one of graph, list, tree"),
    ],
)
def test_a_wrong_flow_is_refused_with_the_field(changed: dict[str, Any], problem: str) -> None:
    with filled(*clicks("u1", "A")) as engine, pytest.raises(BadQuery) as caught:
        engine.flows(flow(step("A", forward=1), **changed))
    assert problem in caught.value.message


@pytest.mark.parametrize("changed", [{"segments": [{"value": "plan"}]}, {"data_group_id": 4}, {"exclusions": [{}]}])
def test_what_flows_cannot_do_yet_is_named(changed: dict[str, Any]) -> None:
    with filled(*clicks("u1", "A")) as engine, pytest.raises(Unsupported, match=next(iter(changed))):
        engine.flows(flow(step("A", forward=1), **changed))
