"""What the client writes as a selector, an engine that reads selectors finds: the same users as plain Python."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_headless.engine import Engine, Project
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.names import is_no_name
from mixpanel_headless.query.users import build_user_params

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = dt.datetime(2026, 1, 8, tzinfo=dt.UTC)
Properties = dict[str, Any]


def crowd() -> dict[str, Properties]:
    people: dict[str, Properties] = {
        f"u{n}": {
            "plan": "pro" if n % 2 else "free",
            "n": n,
            "vip": n % 3 == 0,
            "signup": f"2026-01-{n + 1:02}T10:00:00",
            "url": f"/shop/{n}",
        }
        for n in range(9)
    }
    del people["u4"]["n"]
    return people


CROWD = crowd()


def day(properties: Properties) -> int:
    return int(properties["signup"][8:10])


CASES: list[tuple[Filter, Callable[[Properties], bool]]] = [
    (Filter.equals("plan", "pro"), lambda p: p["plan"] == "pro"),
    (Filter.equals("n", [1, 8]), lambda p: p.get("n") in (1, 8)),
    (Filter.not_equals("n", [1, 2]), lambda p: p.get("n") not in (1, 2)),
    (Filter.contains("url", "/3"), lambda p: "/3" in p["url"]),
    (Filter.not_contains("url", "/3"), lambda p: "/3" not in p["url"]),
    (Filter.greater_than("n", 5), lambda p: p.get("n", -1) > 5),
    (Filter.less_than("n", 5), lambda p: p.get("n", 9) < 5),
    (Filter.at_least("n", 5), lambda p: p.get("n", -1) >= 5),
    (Filter.at_most("n", 5), lambda p: p.get("n", 9) <= 5),
    (Filter.between("n", 2, 5), lambda p: 2 <= p.get("n", -1) <= 5),
    (Filter.not_between("n", 2, 5), lambda p: "n" in p and not 2 <= p["n"] <= 5),
    (Filter.is_set("n"), lambda p: "n" in p),
    (Filter.is_not_set("n"), lambda p: "n" not in p),
    (Filter.is_true("vip"), lambda p: p["vip"]),
    (Filter.is_false("vip"), lambda p: not p["vip"]),
    (Filter.on("signup", "2026-01-03"), lambda p: day(p) == 3),
    (Filter.not_on("signup", "2026-01-03"), lambda p: day(p) != 3),
    (Filter.before("signup", "2026-01-03"), lambda p: day(p) < 3),
    (Filter.since("signup", "2026-01-03"), lambda p: day(p) >= 3),
    (Filter.date_between("signup", "2026-01-03", "2026-01-05"), lambda p: 3 <= day(p) <= 5),
    (Filter.date_not_between("signup", "2026-01-03", "2026-01-05"), lambda p: not 3 <= day(p) <= 5),
    (Filter.in_the_last("signup", 2, "day"), lambda p: day(p) in (6, 7)),
    (Filter.not_in_the_last("signup", 2, "day"), lambda p: day(p) not in (6, 7)),
    (Filter.in_the_next("signup", 1, "day"), lambda p: day(p) == 8),
]


def found(engine: Engine, *conditions: Filter) -> set[str]:
    selected = engine.profiles(build_user_params(mode="profiles", where=conditions))
    return {row["$distinct_id"] for row in selected.part(0, 1000)}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(Project(now=NOW)) as engine:
        engine.add_profiles([{"$distinct_id": user, "$properties": properties} for user, properties in CROWD.items()])
        yield engine


@pytest.mark.parametrize(("condition", "meets"), CASES, ids=[condition.operator for condition, _ in CASES])
def test_a_selector_finds_whom_its_condition_describes(
    engine: Engine, condition: Filter, meets: Callable[[Properties], bool]
) -> None:
    assert found(engine, condition) == {user for user, properties in CROWD.items() if meets(properties)}


def test_two_conditions_together_find_whom_both_describe(engine: Engine) -> None:
    for (first, meets), (second, meets_too) in itertools.pairwise(CASES):
        both = {user for user, properties in CROWD.items() if meets(properties) and meets_too(properties)}
        assert found(engine, first, second) == both


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=8).filter(lambda name: not is_no_name(name)), st.text(max_size=8))
def test_names_and_values_of_any_text_keep_their_meaning(name: str, value: str) -> None:
    people = [
        {"$distinct_id": "same", "$properties": {name: value}},
        {"$distinct_id": "other", "$properties": {name: value + "!"}},
        {"$distinct_id": "none", "$properties": {}},
    ]
    with Engine(Project(now=NOW)) as engine:
        engine.add_profiles(people)
        assert found(engine, Filter.equals(name, value)) == {"same"}
