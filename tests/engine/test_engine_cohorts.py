"""Cohorts: who belongs, in filters, in breakdowns and as a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery, Engine, Unsupported
from tests.engine.asking import JSON, by, event, filled, metric, only, points, profile, report, segments, where

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = "2026-02-20T10:00:00"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [
        event("Login", "u1", "2026-02-27T10:00:00"),
        event("Login", "u1", "2026-02-28T10:00:00"),
        event("Login", "u2", "2026-02-28T10:00:00"),
        event("Login", "u3", "2026-01-01T10:00:00"),
        event("Buy", "u1", DAY, amount=10, country="DE"),
        event("Buy", "u2", DAY, amount=30, country="US"),
        event("Buy", "u4", DAY, country="US"),
    ]
    profiles = [
        profile("u1", tier="gold", age=30, tags=["a"], joined="2025-05-05"),
        profile("u2", tier="silver", age=50, active=True),
        profile("u5", tier="Gold"),
    ]
    saved = {41: cohort(user("tier", "==", "gold")), 42: cohort({"property": "cohort", "value": 42, "operator": "in"})}
    with filled(*events, profiles=profiles, cohorts=saved) as engine:
        yield engine


def user(name: str, operator: str, operand: Any = "", kind: str = "string") -> JSON:
    return {"property": "user", "value": name, "operator": operator, "operand": operand, "type": kind}


def did(operator: str, operand: float, name: str = "bhvr_0") -> JSON:
    return {"property": "behaviors", "value": name, "operator": operator, "operand": operand}


def counting(name: str, filters: tuple[JSON, ...] = (), days: int | None = 30, **count: Any) -> JSON:
    selector: JSON = {"event": name}
    if filters:
        selector["selector"] = {"operator": "and", "children": [*filters]}
    behavior: JSON = {"count": {"event_selector": selector, "type": "absolute", **count}}
    window = (
        {"window": {"unit": "day", "value": days}} if days else {"from_date": "2026-01-01", "to_date": "2026-01-31"}
    )
    return {**behavior, **window}


def cohort(*children: JSON, operator: str = "and", **behaviors: JSON) -> JSON:
    return {"selector": {"operator": operator, "children": [*children]}, "behaviors": behaviors}


def members(engine: Engine, raw: JSON, negated: bool = False) -> set[str]:
    """Those with any event ever who belong."""
    value = [{"cohort": {"name": "", "negated": negated, "raw_cohort": raw}}]
    group = by("$distinct_id")
    bookmark = report(metric("$all_events"), dates=("2026-01-01", "2026-03-01"), groups=[group],
                      filters=[where("$cohorts", "contains", value, "list")])  # fmt: skip
    return set(only(engine.insights(bookmark))) - {"$overall"}


EVERYONE = {"u1", "u2", "u3", "u4"}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (user("tier", "==", "gold"), {"u1"}),
        (user("tier", "!=", "gold"), {"u2", "u3", "u4"}),
        (user("tier", "in", "OL"), {"u1"}),
        (user("tier", "not in", "ol"), {"u2", "u3", "u4"}),
        (user("tier", "==", ["gold", "silver"], "list"), {"u1", "u2"}),
        (user("age", ">", 40), {"u2"}),
        (user("age", "<", 40, "number"), {"u1"}),
        (user("active", "==", True, "boolean"), {"u2"}),
        (user("tier", "defined"), {"u1", "u2"}),
        (user("tier", "not defined"), {"u3", "u4"}),
        (user("joined", "==", "2025-05-05", "datetime"), {"u1"}),
        (user("joined", "<", "2025-05-05", "datetime"), set()),
        ({"property": "cohort", "value": 41, "operator": "in"}, {"u1"}),
        ({"property": "cohort", "value": 41, "operator": "not in"}, {"u2", "u3", "u4"}),
    ],
)
def test_by_what_the_profile_says(engine: Engine, node: JSON, expected: set[str]) -> None:
    assert members(engine, cohort(node)) == expected
    assert members(engine, cohort(node), negated=True) == EVERYONE - expected


@pytest.mark.parametrize(
    ("node", "behavior", "expected"),
    [
        (did(">=", 2), counting("Login"), {"u1"}),
        (did(">=", 1), counting("Login", days=2), {"u1", "u2"}),
        (did("==", 0), counting("Login"), {"u3", "u4"}),
        (did("<=", 1), counting("Login"), {"u2", "u3", "u4"}),
        (did(">=", 1), counting("Login", days=None), {"u3"}),
        (did(">=", 1), counting("Buy", (where("country", "equals", ["de"]),)), {"u1"}),
        (did(">=", 30), counting("Buy", aggregationOperator="total", property="amount"), {"u2"}),
        (did("<=", 10), counting("Buy", aggregationOperator="max", property="amount"), {"u1"}),
        (did(">=", 1), counting("Buy", aggregationOperator="unique", property="country"), {"u1", "u2", "u4"}),
    ],
)
def test_by_what_people_did(engine: Engine, node: JSON, behavior: JSON, expected: set[str]) -> None:
    assert members(engine, cohort(node, bhvr_0=behavior)) == expected


def test_by_trees_of_and_and_or(engine: Engine) -> None:
    inner = {"operator": "and", "children": [did(">=", 1), user("tier", "not defined")]}
    raw = cohort(user("tier", "==", "silver"), inner, operator="or", bhvr_0=counting("Buy"))
    assert members(engine, raw) == {"u2", "u4"}


def test_several_cohorts_of_one_filter_are_alternatives(engine: Engine) -> None:
    value = [{"cohort": {"id": 41}}, {"cohort": {"raw_cohort": cohort(user("age", ">", 40))}}]
    bookmark = report(metric("Buy", "unique"), dates=("2026-02-20", "2026-02-20"))
    for operator, expected in (("contains", 2), ("does not contain", 1)):
        bookmark["sections"]["filter"] = [where("$cohorts", operator, value, "list")]
        assert only(engine.insights(bookmark)) == expected


def test_a_breakdown_by_cohorts_counts_an_event_in_each(engine: Engine) -> None:
    gold = {"name": "Gold", "negated": False, "data_group_id": None, "id": 41}
    young = {"name": "Young", "negated": False, "raw_cohort": cohort(user("age", "<", 60))}
    group = {"value": ["Gold", "Young"], "resourceType": "events", "cohorts": [gold, {**gold, "negated": True}, young]}
    answer = engine.insights(report(metric("Buy"), dates=("2026-02-20", "2026-02-20"), groups=[group]))
    assert segments(answer) == {"Gold": 1, "Not In Gold": 2, "Young": 2}
    assert answer["headers"] == ["$metric", "$cohorts"]


def test_who_is_in_no_listed_cohort_stands_in_the_overall_only(engine: Engine) -> None:
    group = {"value": ["Gold"], "resourceType": "events", "cohorts": [{"name": "Gold", "negated": False, "id": 41}]}
    answer = engine.insights(report(metric("Buy"), dates=("2026-02-20", "2026-02-20"), groups=[group]))
    assert only(answer) == {"$overall": {"all": 3}, "Gold": {"all": 1}}


def test_a_cohort_as_a_metric_is_its_size_at_the_end_of_each_bucket(engine: Engine) -> None:
    raw = cohort(did(">=", 1), bhvr_0=counting("Login", days=1))
    shown = metric("Recent", "unique", behavior={"type": "cohort", "resourceType": "cohorts", "raw_cohort": raw})
    answer = engine.insights(report(shown, dates=("2026-02-26", "2026-02-28"), chart="line"))
    assert points(answer) == [0, 1, 2]
    saved = metric("Gold", "unique", behavior={"type": "cohort", "resourceType": "cohorts", "id": 41})
    assert points(engine.insights(report(saved, dates=("2026-02-26", "2026-02-28"), chart="line"))) == [2, 2, 2]


def test_a_cohort_that_refers_to_itself_is_refused(engine: Engine) -> None:
    with pytest.raises(BadQuery, match="refers to itself"):
        members(engine, cohort({"property": "cohort", "value": 42, "operator": "in"}))


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"selector": {"operator": "and", "children": [did(">=", 1)]}},
        cohort({"property": "cohort", "value": 999, "operator": "in"}),
        cohort(did(">=", 1), bhvr_0={"count": {}}),
        cohort(did(">=", 1), bhvr_0={"count": {"event_selector": {"event": "Buy"}}}),
    ],
)
def test_a_cohort_that_lacks_a_part_is_refused(engine: Engine, raw: JSON) -> None:
    with pytest.raises(BadQuery):
        members(engine, raw)


def test_an_unknown_selector_is_unsupported(engine: Engine) -> None:
    with pytest.raises(Unsupported, match="'formula'"):
        members(engine, cohort({"property": "formula"}))
