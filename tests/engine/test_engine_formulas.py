"""What a query may spell as a formula, the engine computes."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, reject

from mixpanel_headless.engine.formulas import parse
from mixpanel_headless.query.formulas import expression_flaw
from tests.query.test_query_formulas import EXPRESSIONS

METRICS = {"A": 2.0, "B": 0.5, "C": 3.0}


@given(EXPRESSIONS)
def test_whatever_a_query_accepts_has_the_value_that_its_arithmetic_gives(expression: str) -> None:
    spelled = re.sub(r"\b1\b(?!\.)", "1.0", expression.replace("^", "**"))  # powers of whole numbers may be endless
    try:
        wanted = eval(spelled, {}, METRICS)
    except OverflowError:
        wanted = None
    except ZeroDivisionError:  # nothing of nothing is 0 here, which other tests tell
        reject()
    known = isinstance(wanted, float) and math.isfinite(wanted)
    assert parse(expression).value(METRICS) == (pytest.approx(wanted) if known else None)


@pytest.mark.parametrize("expression", ["A^2", "A*1e3", "A*1.5e-2", "A ^ -.5", "+A", "2. * A", "((A))"])
def test_an_expression_that_a_query_accepts_is_parsed(expression: str) -> None:
    assert expression_flaw(expression, 1) is None
    assert parse(expression).names == {"A"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(" * 9_000 + "A" + ")" * 9_000, 2),
        ("-" * 10_000 + "A", 2),
        ("+".join("A" * 9_000), 18_000),
        ("A^0^" + "^".join("1" * 9_000), 1),
    ],
    ids=["parentheses", "signs", "sums", "powers"],
)
def test_the_longest_formulas_need_no_recursion(expression: str, value: int) -> None:
    assert expression_flaw(expression, 1) is None
    assert parse(expression).value(METRICS) == value
