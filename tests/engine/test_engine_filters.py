"""Filters: every type and operator, values that are not set, and values of another kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.asking import event, filled, metric, only, profile, report, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

DAY = "2026-01-05T10:00:00"
ROWS: dict[str, dict[str, Any]] = {
    "pro": {"plan": "Pro", "amount": 10, "trial": True, "tags": ["a", "b"], "at": "2026-01-03T00:00:00"},
    "free": {"plan": "free", "amount": 2.5, "trial": False, "tags": [], "at": "2026-02-27T12:00:00"},
    "text": {"plan": "10", "amount": "10", "trial": "true", "tags": "a", "at": 1767398400},
    "null": {"plan": None, "amount": None, "trial": None, "tags": None, "at": None},
    "none": {},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [event("E", name, DAY, row=name, **row) for name, row in ROWS.items()]
    profiles = [profile("pro", tier="Gold", items=[{"sku": "x", "price": 5}, {"sku": "y", "price": 50}]),
                profile("free", tier="silver", items=[{"sku": "x", "price": 60}])]  # fmt: skip
    with filled(*events, profiles=profiles) as engine:
        yield engine


def passing(engine: Engine, *filters: dict[str, Any], determiner: str = "all") -> set[str]:
    """The rows that pass, told apart by a breakdown."""
    shown = metric("E", behavior={"filters": [*filters], "filtersDeterminer": determiner})
    answer = engine.insights(
        report(shown, groups=[{"value": "row", "resourceType": "events", "propertyType": "string"}])
    )
    return set(only(answer)) - {"$overall"}


@pytest.mark.parametrize(
    ("operator", "value", "rows"),
    [
        ("equals", ["pro", "x"], {"pro"}),
        ("is equal to", "FREE", {"free"}),
        ("does not equal", ["pro"], {"free", "text", "null", "none"}),
        ("contains", "R", {"pro", "free"}),
        ("does not contain", "r", {"text", "null", "none"}),
        ("starts with", "pr", {"pro"}),
        ("ends with", "EE", {"free"}),
        ("contains", "%", set()),
        ("is set", None, {"pro", "free", "text"}),
        ("is not set", None, {"null", "none"}),
    ],
)
def test_text(engine: Engine, operator: str, value: Any, rows: set[str]) -> None:
    assert passing(engine, where("plan", operator, value)) == rows


@pytest.mark.parametrize(
    ("operator", "value", "rows"),
    [
        ("equals", 10, {"pro"}),
        ("does not equal", 10, {"free", "text", "null", "none"}),
        ("is greater than", 2.5, {"pro"}),
        ("is at least", 2.5, {"pro", "free"}),
        ("is less than", 10, {"free"}),
        ("is at most", 10, {"pro", "free"}),
        ("is between", [2.5, 10], {"pro", "free"}),
        ("not between", [5, 20], {"free"}),
    ],
)
def test_numbers_and_no_text_that_looks_like_one(engine: Engine, operator: str, value: Any, rows: set[str]) -> None:
    assert passing(engine, where("amount", operator, value, "number")) == rows


@pytest.mark.parametrize(
    ("operator", "value", "rows"),
    [("true", None, {"pro"}), ("false", None, {"free"}), ("equals", [True], {"pro"}),
     ("does not equal", True, {"free", "text", "null", "none"})],
)  # fmt: skip
def test_booleans(engine: Engine, operator: str, value: Any, rows: set[str]) -> None:
    assert passing(engine, where("trial", operator, value, "boolean")) == rows


@pytest.mark.parametrize(
    ("operator", "value", "unit", "rows"),
    [
        ("was on", "2026-01-03", None, {"pro", "text"}),
        ("was not on", "2026-01-03", None, {"free"}),
        ("was before", "2026-01-04", None, {"pro", "text"}),
        ("was since", "2026-01-04", None, {"free"}),
        ("was between", ["2026-01-03", "2026-02-27"], None, {"pro", "text", "free"}),
        ("was not between", ["2026-01-01", "2026-01-31"], None, {"free"}),
        ("was in the", 2, "day", {"free"}),
        ("was in the", 36, "hour", {"free"}),
        ("was in the", 35, "hour", set()),
        ("was not in the", 1, "week", {"pro", "text"}),
        ("was in the next", 1, "month", set()),
    ],
)
def test_dates_as_iso_text_or_unix_seconds(
    engine: Engine, operator: str, value: Any, unit: str | None, rows: set[str]
) -> None:
    more = {"filterDateUnit": unit} if unit else {}
    assert passing(engine, where("at", operator, value, "datetime", **more)) == rows


@pytest.mark.parametrize(
    ("operator", "quantifier", "rows"),
    [
        ("equals", "any", {"pro", "text"}),
        ("equals", "all", {"text", "free"}),
        ("does not equal", "any", {"pro", "null", "none"}),
        ("does not equal", "all", {"free", "null", "none"}),
    ],
)
def test_items_of_a_list_with_a_scalar_as_a_list_of_one(
    engine: Engine, operator: str, quantifier: str, rows: set[str]
) -> None:
    assert passing(engine, where("tags", operator, ["a"], "list", listQuantifier=quantifier)) == rows


@pytest.mark.parametrize(("quantifier", "rows"), [("any", {"pro", "free"}), ("all", {"free"})])
def test_objects_in_a_list_of_the_profile(engine: Engine, quantifier: str, rows: set[str]) -> None:
    inner = [where("price", "is greater than", 10, "number")]
    clause = where("items", "true", True, "object", filterJoinType="list", listQuantifier=quantifier,
                   listItemFilters=inner, resourceType="people")  # fmt: skip
    assert passing(engine, clause) == rows


def test_one_object_must_pass_every_inner_filter(engine: Engine) -> None:
    inner = [where("price", "is greater than", 10, "number"), where("sku", "equals", ["x"])]
    clause = where("items", "true", True, "object", listQuantifier="any", listItemFilters=inner, resourceType="people")
    assert passing(engine, clause) == {"free"}


def test_a_profile_property_of_people_without_a_profile_is_not_set(engine: Engine) -> None:
    assert passing(engine, where("tier", "equals", ["gold"], resourceType="people")) == {"pro"}
    assert passing(engine, where("tier", "is not set", resourceType="people")) == {"text", "null", "none"}


def test_any_filter_is_enough_when_the_determiner_says_so(engine: Engine) -> None:
    filters = [where("plan", "equals", ["free"]), where("amount", "equals", 10, "number")]
    assert passing(engine, *filters, determiner="any") == {"pro", "free"}
    assert passing(engine, *filters, determiner="all") == set()


def test_case_counts_when_the_project_says_so() -> None:
    events = [event("E", "u", DAY, row="upper", plan="Pro"), event("E", "u", DAY, row="lower", plan="pro")]
    with filled(*events, case_sensitive_filters=True) as engine:
        assert passing(engine, where("plan", "equals", ["Pro"])) == {"upper"}


def test_how_often_someone_did_something_in_a_range() -> None:
    events = [event("E", "u1", DAY, row="u1"), event("E", "u2", DAY, row="u2"),
              event("Login", "u1", "2026-02-27T00:00:00"), event("Login", "u1", "2026-02-28T00:00:00"),
              event("Login", "u2", "2026-02-28T00:00:00"), event("Login", "u2", "2026-01-01T00:00:00")]  # fmt: skip
    span = {"type": "in the last", "unit": "day", "window": {"unit": "day", "value": 7}}
    behavior = {"behaviorType": "$frequency", "aggregationOperator": "total", "dateRange": span,
                "event": {"label": "Login", "value": "Login"}, "filters": [], "filtersOperator": "and"}  # fmt: skip
    with filled(*events) as engine:
        often = where("Login Frequency", "is at least", 2, "number", resourceType="people", behavior=behavior)
        assert passing(engine, often) == {"u1"}
        never = where("Login Frequency", "is equal to", 0, "number", resourceType="people",
                      behavior={**behavior, "event": {"value": "Logout"}})  # fmt: skip
        assert passing(engine, never) == {"u1", "u2"}


@pytest.mark.parametrize("name", ['"', "'", "a.b", "$[*]", "x' OR 1=1 --", "/~", "*", "", "p0_text", "\\", "$v0", "ü"])
def test_a_property_may_have_any_name(name: str) -> None:
    many = {f"filler{number}": number for number in range(100)}  # so that the name has no column of its own
    for more in ({}, many):
        copies = [event("E", "u", DAY, row="filler", **more) for _ in range(2 if more else 0)]
        with filled(*copies, event("E", "u", DAY, row="mine", **{name: "v'; --"})) as engine:
            value = name or "$empty"
            if name:
                assert passing(engine, where(value, "equals", ["v'; --"])) == {"mine"}
                assert passing(engine, where(value, "is not set")) == ({"filler"} if more else set())
