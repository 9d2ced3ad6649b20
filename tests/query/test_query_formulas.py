from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.query.behaviors import FunnelBehavior
from mixpanel_headless.query.formulas import Formula, expression_flaw, letters
from mixpanel_headless.query.metric_refs import MetricRef
from mixpanel_headless.query.metrics import FunnelMetric, Metric

NUMBERS = st.sampled_from(["1", "2.5", ".5", "3.", "1e3", "1.5e-3"])
NAMES = st.sampled_from(["A", "B", "C"])
SPACES = st.sampled_from(["", " ", "  "])


def _combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, SPACES, st.sampled_from("+-*/^"), SPACES, inner).map("".join)
    return binary | inner.map("({})".format) | inner.map("-{}".format)


EXPRESSIONS = st.recursive(NUMBERS | NAMES, _combine, max_leaves=12)


def flaw(expression: str, operands: int = 3) -> str | None:
    found = expression_flaw(expression, operands)
    return found.code if found else None


@given(EXPRESSIONS)
def test_every_expression_of_the_grammar_is_complete(expression: str) -> None:
    expected = None if set(expression) & set("ABC") else "V16_FORMULA_SYNTAX"
    assert flaw(expression) == expected


@given(EXPRESSIONS, st.sampled_from(["{}+", "*{}", "({}", "{})", "{} 2", "A ({})", "{} % 2", "{}!", "sum({},2)"]))
def test_an_expression_with_something_missing_or_strange_is_not(expression: str, broken: str) -> None:
    assert flaw(broken.format(expression)) == "FM4_SYNTAX"


def test_a_deep_nest_of_parentheses_is_read_without_recursion() -> None:
    assert flaw("(" * 9_000 + "A" + ")" * 9_000) is None


@pytest.mark.parametrize(
    ("position", "name"), [(0, "A"), (25, "Z"), (26, "BA"), (27, "BB"), (52, "CA"), (675, "ZZ"), (676, "BAA")]
)
def test_metrics_are_named_by_digits_of_base_twenty_six(position: int, name: str) -> None:
    assert letters(position) == name


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_no_two_metrics_share_a_name(first: int, second: int) -> None:
    assert (letters(first) == letters(second)) == (first == second)


def test_the_last_metric_can_be_named_and_the_one_after_it_cannot() -> None:
    assert flaw("A + C", 3) is None
    assert flaw("A + C", 2) == "V19_FORMULA_BOUNDS"


def test_a_small_letter_is_answered_with_the_large_one() -> None:
    found = expression_flaw("a / B", 2)
    assert found is not None
    assert found.suggestion == ["A"]


def test_a_formula_carries_its_own_operands() -> None:
    funnel = FunnelMetric(FunnelBehavior(["Visit", "Buy"]))
    clause = Formula("A / B", "Share", [MetricRef(4), funnel]).to_dict()
    assert clause["referencedMetrics"] == [{"type": "metric", "id": 4}, funnel.to_dict()]
    assert clause["name"] == "Share"


def test_one_operand_needs_no_list() -> None:
    assert Formula("A * 2", metrics=Metric("Visit")) == Formula("A * 2", metrics=[Metric("Visit")])
