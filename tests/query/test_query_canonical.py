from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.query.canonical import canonical_params
from mixpanel_headless.query.filter_clauses import filter_clauses
from mixpanel_headless.query.filters import Filter
from mixpanel_headless.query.groups import GroupBy
from mixpanel_headless.query.insights import build_insights_params
from mixpanel_headless.query.metrics import Metric

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Build = Callable[..., dict[str, Any]]

NAMES = st.sampled_from(["city", "plan", "price"])
TEXTS = st.text("abc", max_size=3)
NUMBERS = st.integers(-5, 5) | st.floats(-5, 5)
FILTERS = (
    st.builds(Filter.equals, NAMES, st.lists(TEXTS, min_size=1, max_size=3))
    | st.builds(Filter.contains, NAMES, TEXTS)
    | st.builds(Filter.greater_than, NAMES, NUMBERS)
    | st.builds(Filter.between, NAMES, NUMBERS, NUMBERS)
    | st.builds(Filter.is_set, NAMES)
)
QUESTIONS = st.fixed_dictionaries(
    {"events": st.lists(st.sampled_from(["Visit", "Buy", "Join"]), min_size=1, max_size=3)},
    optional={
        "where": st.lists(FILTERS, max_size=4),
        "group_by": st.lists(NAMES, max_size=2),
        "last": st.integers(1, 90),
        "math": st.sampled_from(["total", "unique", "dau"]),
        "mode": st.sampled_from(["timeseries", "total", "table"]),
    },
)


def respelled(value: Any, chance: random.Random) -> Any:
    """The same JSON value, keys in another order and whole numbers as floats here and there."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: respelled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [respelled(item, chance) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.5:
        return float(value)
    return value


@given(QUESTIONS, st.randoms(use_true_random=False))
def test_keys_in_another_order_and_floats_for_integers_are_the_same_question(
    question: dict[str, Any], chance: random.Random
) -> None:
    params = build_insights_params(**question)
    assert canonical_params(respelled(params, chance)) == canonical_params(params)


@given(QUESTIONS, st.lists(FILTERS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_conditions_in_another_order_or_said_twice_are_the_same_question(
    question: dict[str, Any], conditions: list[Filter], chance: random.Random
) -> None:
    again = [*conditions, chance.choice(conditions)]
    chance.shuffle(again)
    first = build_insights_params(**{**question, "where": conditions})
    assert canonical_params(first) == canonical_params(build_insights_params(**{**question, "where": again}))


@given(st.lists(TEXTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_values_in_another_order_or_said_twice_are_the_same_question(values: list[str], chance: random.Random) -> None:
    again = [*values, chance.choice(values)]
    chance.shuffle(again)
    first, second = ({"filter": filter_clauses([Filter.equals("city", items)])} for items in (values, again))
    assert canonical_params(first) == canonical_params(second)


def meaning(question: dict[str, Any]) -> tuple[object, ...]:
    """What a question asks, spelled for comparison without the code under test."""

    def of(condition: Filter) -> tuple[object, ...]:
        value = frozenset(condition.value) if condition.operator == "equals" else condition.value
        return (condition.property, condition.operator, condition.property_type, value)

    return (
        tuple(question["events"]),
        frozenset(map(of, question.get("where", ()))),
        tuple(question.get("group_by", ())),
        question.get("last", 30),
        question.get("math", "total"),
        question.get("mode", "timeseries"),
    )


@given(QUESTIONS, QUESTIONS)
def test_two_questions_share_a_form_exactly_when_they_ask_the_same(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    forms = [canonical_params(build_insights_params(**question)) for question in (first, second)]
    assert (forms[0] == forms[1]) == (meaning(first) == meaning(second))


@given(QUESTIONS)
def test_the_form_is_its_own_form(question: dict[str, Any]) -> None:
    form = canonical_params(build_insights_params(**question))
    assert canonical_params(msgspec.json.decode(form)) == form


def test_the_question_itself_is_left_as_it_was(build: Build) -> None:
    params = build(where=[Filter.is_set("plan"), Filter.equals("city", ["b", "a"])])
    before = msgspec.json.encode(params)
    canonical_params(params)
    assert msgspec.json.encode(params) == before


def test_a_default_said_aloud_is_the_default(build: Build) -> None:
    terse = build()
    terse["sections"].pop("filter")
    terse["sections"].pop("group")
    terse["displayOptions"].pop("analysis")
    behavior = terse["sections"]["show"][0]["behavior"]
    for key in ("filters", "filtersDeterminer", "resourceType"):
        behavior.pop(key)
    terse["sections"]["show"][0]["measurement"]["property"] = None
    assert canonical_params(terse) == canonical_params(build())
    assert canonical_params(build(math="total", last=30, unit="day")) == canonical_params(build())


@pytest.mark.parametrize("join", ["and", "or"])
def test_the_order_of_joined_nodes_of_a_selector_does_not_count(join: str) -> None:
    nodes = [{"property": "cohort", "value": number, "operator": "in"} for number in (1, 2)]
    first, second = ({"operator": join, "children": children} for children in (nodes, nodes[::-1]))
    assert canonical_params(first) == canonical_params(second)


def test_any_of_one_condition_is_all_of_it(build: Build) -> None:
    alone = [Metric("Visit", filters=Filter.is_set("plan"), filters_combinator=word) for word in ("any", "all")]
    assert canonical_params(build(alone[0])) == canonical_params(build(alone[1]))


def differently(build: Build) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    city, plan = Filter.is_set("city"), Filter.is_set("plan")
    return {
        "metrics": (build(["Visit", "Buy"]), build(["Buy", "Visit"])),
        "groups": (build(group_by=["city", "plan"]), build(group_by=["plan", "city"])),
        "any and all": (
            build(Metric("Visit", filters=[city, plan], filters_combinator="any")),
            build(Metric("Visit", filters=[city, plan])),
        ),
        "bounds": (build(where=Filter.between("price", 1, 2)), build(where=Filter.between("price", 2, 1))),
        "text and number": (build(where=Filter.equals("x", "1")), build(where=Filter.equals("x", 1))),
        "range": (build(from_date="2026-01-16"), build(last=30)),
        "group type": (build(group_by=GroupBy("x", "number")), build(group_by="x")),
        "large numbers": (
            build(where=Filter.equals("x", 2**53)),
            build(where=Filter.equals("x", 2**53 + 1)),
        ),
    }


@pytest.mark.parametrize(
    "what",
    ["metrics", "groups", "any and all", "bounds", "text and number", "range", "group type", "large numbers"],
)
def test_questions_that_differ_keep_apart(build: Build, what: str) -> None:
    first, second = differently(build)[what]
    assert canonical_params(first) != canonical_params(second)
