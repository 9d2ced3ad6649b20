"""What the engine refuses: features that it lacks, by name; requests that are wrong; and nothing else, ever."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery, Engine, Project, Unsupported
from tests.engine.asking import JSON, by, event, filled, formula, metric, only, profile, report, where

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [event("E", "u1", "2026-01-05T10:00:00", p="x", n=1, tags=["a"], items=[{"k": 1}], at="2026-01-01")]
    with filled(*events, profiles=[profile("u1", tier="gold")]) as engine:
        yield engine


FREQUENCY = {"behaviorType": "$frequency", "aggregationOperator": "average", "event": {"value": "E"}}


@pytest.mark.parametrize(
    ("bookmark", "feature"),
    [
        (report(metric("E", "multi_attribution", of="n")), "multi_attribution"),
        (report(metric("E", behavior={"type": "flows"})), "'flows'"),
        (report({"type": "metric", "id": 71}), "saved metric"),
        (report(metric("E"), {"type": "formula", "id": 72}), "saved formula"),
        (report(metric("$session_start")), "$session_start"),
        (report(metric("E", behavior={"dataGroupId": "3"})), "behavior key 'dataGroupId'"),
        (report(metric("E", behavior={"firstTime": True})), "behavior key 'firstTime'"),
        (report(metric("E", rolling=7)), "measurement key 'rolling'"),
        (report(metric("E"), filters=[where("p", "is set", propertyObjectKey="a")]), "'propertyObjectKey'"),
        (report(metric("E"), groups=[by("p", dataGroupId="3")]), "'dataGroupId'"),
        (report(metric("E"), groups=[by("p", attribution={"type": "last"})]), "'attribution'"),
        (report(metric("E"), chart="sankey"), "'sankey'"),
        (report(metric("E"), analysis="lift"), "'lift'"),
        (report(metric("E"), unit="hour_of_day", chart="line"), "'hour_of_day'"),
        (report(metric("E"), filters=[where("p", "matches", "x")]), "'matches'"),
        (report(metric("E"), filters=[where("p", "equals", ["x"], resourceType="company")]), "'company'"),
        (report(metric("E"), filters=[where("n", "squared", 1, "number")]), "'squared'"),
        (report(metric("E"), filters=[where("at", "someday", 1, "datetime")]), "'someday'"),
        (report(metric("E"), filters=[{**where("", "equals", ["x"]), "customPropertyId": 9}]), "customPropertyId"),
        (report(metric("E"), groups=[by("p", "colour")]), "'colour'"),
        (report(metric("E"), groups=[by("at", "datetime", unit="fortnight")]), "'fortnight'"),
        (report(metric("E"), groups=[{**by("F"), "behavior": FREQUENCY}]), "'average'"),
        (report(metric("E"), time={"dateRangeType": "until", "unit": "day"}), "'until'"),
    ],
)
def test_what_is_not_computed_is_named(engine: Engine, bookmark: JSON, feature: str) -> None:
    with pytest.raises(Unsupported) as caught:
        engine.insights(bookmark)
    assert feature in caught.value.feature
    assert caught.value.feature in str(caught.value)


@pytest.mark.parametrize(
    ("bookmark", "text"),
    [
        ({}, "sections must be an object"),
        ({**report(metric("E")), "surprise": 1}, "surprise: Extra inputs are not permitted"),
        (report(), "at least one metric"),
        (report(*[metric("E")] * 41), "at most 40 metrics"),
        (report(metric("E", "guess")), "'guess' is not a math"),
        (report(metric("E", "unique", perUserAggregation="total")), "does not go with"),
        (report(metric("E", "average", perUserAggregation="guess")), "'guess' is not a perUserAggregation"),
        (report(metric("E", "custom_percentile", of="n")), "not a number"),
        (report(metric("E", "custom_percentile", of="n", percentile=101)), "0 to 100"),
        (report(metric("E", segmentMethod="middle")), "'middle' is not a segmentMethod"),
        (report(metric("E"), dates=("2026-01-07", "2026-01-05")), "is after"),
        (report(metric("E"), dates=("2026-01-32", "2026-02-01")), "not a date"),
        (report(metric("E"), dates=("2020-01-01", "2026-01-05"), unit="minute", chart="line"), "20000 buckets"),
        (report(metric("E"), unit="eon", chart="line"), "'eon' is not a unit"),
        (report(metric("E"), time={"dateRangeType": "since", "unit": "day", "value": "2026-01-01"}), "token"),
        (report(metric("E"), filters=[where("n", "is greater than", "1", "number")]), "'1' is not a number"),
        (report(metric("E"), filters=[where("n", "is between", 1, "number")]), "[from, to]"),
        (report(metric("E"), filters=[where("n", "is at least", True, "number")]), "True is not a number"),
        (report(metric("E"), filters=[where("at", "was on", "soon", "datetime")]), "'soon' is not a date"),
        (report(metric("E"), filters=[where("tags", "equals", ["a"], "list", listQuantifier="most")]), "'most'"),
        (report(metric("E", behavior={"filters": [where("p", "is set")], "filtersDeterminer": "some"})), "'some'"),
        (
            report(metric("E"), groups=[by("n", "number", customBucket={"bucketSize": 0, "min": 0, "max": 1})]),
            "above 0",
        ),
        (
            report(metric("E"), groups=[by("n", "number", customBucket={"bucketSize": 1, "min": 0, "max": 1e9})]),
            "1000 buckets",
        ),
        (report(metric("E"), chart="line", analysis="rolling", rollingWindowSize=366), "1 to 365"),
        (report(metric("E"), formula("A +")), "no complete formula"),
        (report(metric("E"), formula("A + C")), "names C"),
        (report(metric("E"), formula("A $ 2")), "no complete formula"),
        (report(metric("E"), formula("(A")), "no complete formula"),
        (report(metric("E"), formula("A A")), "no complete formula"),
        (report(metric("$custom_event:5")), "Custom event 5 does not exist"),
    ],
)
def test_what_is_wrong_is_said(engine: Engine, bookmark: JSON, text: str) -> None:
    with pytest.raises(BadQuery) as caught:
        engine.insights(bookmark)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "text"),
    [(50001, "Query limit exceeds max limit of 50000 (50001 was given)"), (0, "above 0"), ("9", "whole number")],
)
def test_a_limit_out_of_bounds_is_refused(engine: Engine, limit: Any, text: str) -> None:
    with pytest.raises(BadQuery) as caught:
        engine.insights(report(metric("E")), limit)
    assert text in str(caught.value)


@pytest.mark.parametrize("settings", [{"timezone": "Mars/Olympus"}, {"timezone": "../etc"}])
def test_a_project_needs_a_real_time_zone(settings: dict[str, Any]) -> None:
    with pytest.raises(BadQuery, match="is not a time zone"):
        Project(**settings)


HOSTILE = "'; DROP TABLE raw_events; --"


@pytest.mark.parametrize(
    "bookmark",
    [
        report(metric(HOSTILE)),
        report(metric("E"), filters=[where(HOSTILE, "equals", [HOSTILE])]),
        report(metric("E"), filters=[where("p", "contains", HOSTILE)]),
        report(metric("E"), groups=[by(HOSTILE)]),
        report(metric("E", "total", of=HOSTILE)),
        report(metric("E"), groups=[by("items", listItemGroup={"propertyName": HOSTILE})]),
        report(metric("E"), groups=[by("p", customGroups=[
            {"filterOperator": "equals", "filterValue": [HOSTILE], "segmentLabel": HOSTILE}])]),
        report(metric("E"), groups=[{"value": [HOSTILE], "cohorts": [{"name": HOSTILE, "raw_cohort": {"selector": {
            "operator": "and", "children": [
                {"property": "user", "value": HOSTILE, "operator": "==", "operand": HOSTILE}]}}}]}]),
    ],
)  # fmt: skip
def test_hostile_names_and_values_are_only_names_and_values(engine: Engine, bookmark: JSON) -> None:
    engine.insights(bookmark)
    assert only(engine.insights(report(metric("E")))) == 1


SEED = 20260105
RICH = report(
    metric("E", "average", of="n", perUserAggregation="total", behavior={"filters": [where("p", "equals", ["x"])]}),
    metric("E", "custom_percentile", of="n", percentile=50, hidden=True),
    formula("A / B"),
    chart="line",
    filters=[
        where("tags", "equals", ["a"], "list", listQuantifier="any"),
        where("items", "true", True, "object", listQuantifier="all", listItemFilters=[where("k", "is set")]),
        where("at", "was in the", 90, "datetime", filterDateUnit="day"),
        where("n", "is between", [0, 5], "number"),
        where("$cohorts", "contains", [{"cohort": {"name": "", "raw_cohort": {
            "selector": {"operator": "and", "children": [
                {"property": "behaviors", "value": "bhvr_0", "operator": ">=", "operand": 1},
                {"property": "user", "value": "tier", "operator": "==", "operand": "gold", "type": "string"}]},
            "behaviors": {"bhvr_0": {"count": {"event_selector": {"event": "E"}, "type": "absolute"},
                                     "window": {"unit": "day", "value": 90}}}}}}], "list"),
    ],
    groups=[
        by("n", "number", customBucket={"bucketSize": 1, "min": 0, "max": 5}),
        by("at", "datetime", unit="week"),
        by("items", "object", listItemGroup={"propertyName": "k"}),
        {"behavior": {**FREQUENCY, "aggregationOperator": "total"}, "value": "F", "resourceType": "people"},
    ],
    timeComparison={"type": "relative", "value": "week"},
)  # fmt: skip
ODD: list[Any] = [None, True, 0, -1, 1e308, 10**40, float("nan"), "", "x", "$v0", "\x00", "9" * 400, [], {}, [[]], [None],
                  {"": 0}, "2026-01-05", "day", [1, 2], ["a"]]  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON document."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def broken(rng: random.Random) -> JSON:
    """The rich bookmark with one to three of its values replaced by odd ones, or left out."""
    bookmark = copy.deepcopy(RICH)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(places(bookmark)[1:])
        node: Any = bookmark
        for key in path[:-1]:
            node = node[key]
        if rng.random() < 0.2:
            del node[path[-1]]
        else:
            node[path[-1]] = copy.deepcopy(rng.choice(ODD))
    return bookmark


def test_the_rich_bookmark_itself_is_answered(engine: Engine) -> None:
    assert set(engine.insights(RICH)["series"]) == {"E [Average Sum of n per User]", "A / B"}


@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_a_broken_bookmark_is_answered_or_refused_by_name(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    outcomes = set()
    for _ in range(40):
        bookmark = broken(rng)
        try:
            json.dumps(engine.insights(bookmark)["series"], allow_nan=False)
            outcomes.add("answered")
        except (BadQuery, Unsupported) as refusal:
            outcomes.add(type(refusal).__name__)
        except Exception as problem:
            raise AssertionError(json.dumps(bookmark)) from problem
    assert {"answered", "BadQuery"} <= outcomes
