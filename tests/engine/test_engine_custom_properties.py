"""Custom properties: formulas over the row's other properties, in maths, filters and breakdowns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery, Unsupported
from tests.engine.asking import JSON, event, filled, metric, only, profile, report, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

ROW = {"price": 2.5, "count": 4, "name": "Blue Pen", "text": "7", "flag": True, "zero": 0, "neg": -7, "list": ["a"]}
LETTERS = {"P": "price", "C": "count", "N": "name", "T": "text", "F": "flag", "Z": "zero", "M": "neg", "U": "unset"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [event("E", "u", "2026-01-05T10:00:00", **ROW), event("E", "v", "2026-01-05T10:00:00", price=10, count=1)]
    with filled(*events, profiles=[profile("u", discount=0.5)]) as engine:
        yield engine


def custom(formula: str, **letters: JSON) -> JSON:
    composed = {letter: {"value": name, "type": "number", "resourceType": "event"} for letter, name in LETTERS.items()}
    return {
        "displayFormula": formula,
        "composedProperties": {**composed, **letters},
        "name": "",
        "propertyType": "number",
    }


def value(engine: Engine, formula: str) -> str:
    """What the formula gives for the first event, as the text of its segment."""
    group = {"customProperty": custom(formula), "value": None, "resourceType": "events", "propertyType": "string"}
    shown = metric("E", behavior={"filters": [
        {"value": "name", "resourceType": "events", "filterType": "string", "filterOperator": "is set"}]})  # fmt: skip
    [segment] = segments(engine.insights(report(shown, groups=[group])))
    return str(segment)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("P * C", "10"),
        ("P + C * 2", "10.5"),
        ("(P + C) * 2", "13"),
        ("C / P", "1.6"),
        ("-C - -P", "-1.5"),
        ("M % 3", "-1"),
        ("C / Z", "undefined"),
        ("C % Z", "undefined"),
        ("T + 1", "undefined"),
        ("number(T) + 1", "8"),
        ("number(F)", "1"),
        ("U + 1", "undefined"),
        ('N + "!"', "Blue Pen!"),
        ('N + " \\"x\\""', 'Blue Pen "x"'),
        ("upper(N)", "BLUE PEN"),
        ("lower(C)", "undefined"),
        ("len(N)", "8"),
        ("left(N, 4) + right(N, 3)", "BluePen"),
        ("floor(P)", "2"),
        ("ceil(P)", "3"),
        ("round(P)", "3"),
        ("min(P, C)", "2.5"),
        ("MAX(P, C)", "4"),
        ("string(C)", "4"),
        ('N == "blue pen"', "true"),
        ("T == 7", "false"),
        ("U == null", "true"),
        ("C != 4", "false"),
        ("C >= 4 and P < 3", "true"),
        ("C > 4 or not F", "false"),
        ('"a" < "b"', "true"),
        ("defined(U)", "false"),
        ("boolean(Z)", "false"),
        ("boolean(N)", "true"),
        (f"{'boolean(' * 20}Z{')' * 20}", "false"),
        ('has_prefix(N, "BLUE")', "true"),
        ('has_suffix(N, "x")', "false"),
        ('if(C > 3, "many", "few")', "many"),
        ('IF(U > 3, "many", if(F, 1, 2))', "1"),
        ("true", "true"),
        ("N", "Blue Pen"),
    ],
)
def test_a_formula_gives(engine: Engine, formula: str, expected: str) -> None:
    assert value(engine, formula) == expected


def test_a_sum_over_a_custom_property(engine: Engine) -> None:
    target = {"customProperty": custom("P * C"), "name": "", "resourceType": "events"}
    shown = metric("E", "total", property=target)
    assert engine.insights(report(shown))["series"] == {"E [Sum of P * C]": {"all": 20}}


def test_a_filter_on_a_custom_property_that_reads_the_profile(engine: Engine) -> None:
    discount = {"value": "discount", "type": "number", "resourceType": "user"}
    clause = {"customProperty": custom("P * D", D=discount), "dataset": "$mixpanel", "resourceType": "events",
              "filterType": "number", "filterOperator": "equals", "filterValue": 1.25}  # fmt: skip
    assert only(engine.insights(report(metric("E"), filters=[clause]))) == 1


def test_a_breakdown_by_buckets_of_a_custom_property_has_its_formula_as_header(engine: Engine) -> None:
    group = {"customProperty": custom("P + C"), "value": None, "resourceType": "events", "propertyType": "number",
             "customBucket": {"bucketSize": 10, "min": 0, "max": 20}}  # fmt: skip
    answer = engine.insights(report(metric("E"), groups=[group]))
    assert segments(answer) == {"0 - 10": 1, "10 - 20": 1}
    assert answer["headers"] == ["$metric", "P + C"]


@pytest.mark.parametrize(
    ("formula", "problem", "text"),
    [
        ("P *", BadQuery, "the end"),
        ("P C", BadQuery, "'C'"),
        ("(P", BadQuery, "the end"),
        ("Q + 1", BadQuery, "character 1: 'Q' is no property"),
        ("P ; 1", BadQuery, "character 3: ';' means nothing"),
        ("if(F, 1)", BadQuery, "takes 3"),
        ("len()", BadQuery, "takes 1"),
        ("", BadQuery, "the end"),
        ("(" * 400 + "P", BadQuery, "nested deeper"),
        ("+".join(["N"] * 200), BadQuery, "too long"),
        ("1" + "-1" * 300, BadQuery, "more than 200 signs"),
        ('N in ["a"]', Unsupported, "lists and objects"),
        ('N["a"]', Unsupported, "lists and objects"),
        ("today()", Unsupported, "today()"),
        ('regex_match(N, "x")', Unsupported, "regex_match()"),
    ],
)
def test_a_formula_that_cannot_be_computed_is_refused(
    engine: Engine, formula: str, problem: type[Exception], text: str
) -> None:
    with pytest.raises(problem) as caught:
        value(engine, formula)
    assert text in str(caught.value)


def test_a_saved_custom_property_is_unsupported(engine: Engine) -> None:
    group: dict[str, Any] = {"customPropertyId": 902, "value": None, "resourceType": "events", "propertyType": "number"}
    with pytest.raises(Unsupported, match="customPropertyId"):
        engine.insights(report(metric("E"), groups=[group]))
