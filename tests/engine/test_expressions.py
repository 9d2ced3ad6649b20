"""The expression language: what `where` holds, and what it says about a text that it cannot read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.engine import BadQuery, Engine
from tests.engine.asking import event, filled, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = json.loads((Path(__file__).parent.parent / "data" / "golden-expressions.json").read_text(encoding="utf-8"))
DAY = {"from_date": "2026-01-05", "to_date": "2026-01-05"}


def holds(engine: Engine, where: str) -> bool:
    """Whether the one event of the engine passes."""
    answer = engine.segmentation({"event": "Purchase", **DAY, "where": where})
    return bool(answer["data"]["values"]["Purchase"]["2026-01-05"])


@pytest.fixture(scope="module")
def golden() -> Iterator[Engine]:
    user = GOLDEN["event"]["properties"]["distinct_id"]
    with filled(GOLDEN["event"], profiles=[profile(user, **GOLDEN["user"])]) as engine:
        yield engine


@pytest.mark.parametrize(("where", "expected"), [case[:2] for case in GOLDEN["cases"]])
def test_the_worked_expression_comes_out(where: str, expected: bool, golden: Engine) -> None:
    assert holds(golden, where) is expected


@pytest.mark.parametrize(
    ("where", "position", "problem"),
    [
        ('properties["plan" == 1', 19, "expected ']', found '=='"),
        ("properties[plan] == 1", 12, "expected the name of a property in quotes, found 'plan'"),
        ('properties["plan"] == "pro', 23, "a string without its end"),
        ('properties["plan"] = "pro"', 20, "'=' means nothing here"),
        ("AND true", 1, "expected a value, found 'AND'"),
        ("1 == 1 and", 11, "expected a value, found the end"),
        ("1 == 1 == 1", 8, "expected an operator or the end, found '=='"),
        ("(1 == 1", 8, "expected ')', found the end"),
        ("1 in (1, 2)", 8, 'a list stands in square brackets, such as ["DE", "US"]'),
        ("1 contains 2", 3, "expected an operator (==, !=, >=, <=, >, <, in, and, or) or the end, found 'contains'"),
        ('plan == "pro"', 1, "'plan' means nothing; a property is properties[\"plan\"]"),
        ('profile["plan"] == "pro"', 1, "'profile' is none of event, properties, user"),
        ("upper(1) == 1", 1, "upper() is none of boolean, ceil"),
        ("floor(1, 2) == 1", 1, "floor() takes one argument, not 2"),
        ('defined(properties["a"]) and "x"', 30, "'and' joins conditions, and this is a string"),
        ('1 in [properties["a"]]', 7, "a list holds plain values"),
        ('datetime("soon") > 1', 10, "'soon' is not a date"),
        ("(" * 50 + "1" + ")" * 50, 41, "nested deeper than 40 levels"),
        ("not " * 250 + "true", 801, "more than 200 signs"),
        ("(1" + " + 1" * 150 + ")" + " * 1" * 150, 1, "more than 200 signs"),
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_with_its_place(
    where: str, position: int, problem: str, golden: Engine
) -> None:
    with pytest.raises(BadQuery) as caught:
        holds(golden, where)
    assert caught.value.details == {"parameter": "where", "position": position}
    assert f"where, character {position}: {problem}" in caught.value.message


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('properties["zip"] == properties["zap"]', True),
        ('properties["zip"] == undefined', True),
        ('properties["tags"] == ["b", "a"]', True),
        ('properties["plan"] in ["free", "PRO"]', True),
        ("properties['plan'] == 'Pro'", True),
        ('properties["a\\"b\\\\c"] == null', True),
        ('not properties["zip"]', True),
        ('not not properties["flag"]', True),
        ('not (properties["plan"] > 3)', True),
        ('properties["neg"] - -7 == 0', True),
        ("1 + 2 * 3 - 4 / 2 == 5", True),
        ("round(-2.5) == -3", True),
        ('string(properties["amount"] / 4) == "2.5"', True),
        ('"a" in list(properties["plan"])', False),
        ('"pro" in list(properties["plan"])', True),
        ('datetime(properties["amount"]) < datetime("1971-01-01")', True),
        ('datetime(properties["plan"]) < NOW', False),
        ("datetime(NOW - 86400) < datetime(NOW)", True),
        ('datetime(1767603600000) == event["$time"]', True),
        ('event["$event_name"] == "Purchase"', True),
        ('boolean(properties["tags"])', True),
        ('boolean(properties["zip"])', False),
        ('number("nan") == number("nan")', True),
        ("TRUE AND NOT FALSE", True),
        (" or ".join(f'properties["amount"] == {number}' for number in range(3000)), True),
    ],
)
def test_values_keep_their_types_and_what_is_not_set_is_undefined(where: str, expected: bool, golden: Engine) -> None:
    assert holds(golden, where) is expected


def test_a_date_without_an_offset_is_in_the_zone_of_the_project() -> None:
    bought = event("Purchase", "u1", "2026-01-05T12:00:00", at="2026-01-05T07:00:00", at_utc="2026-01-05T12:00:00Z")
    with filled(bought, timezone="America/New_York") as engine:
        assert holds(engine, 'event["$time"] == datetime("2026-01-05T07:00:00")')
        assert holds(engine, 'event["$time"] == datetime("2026-01-05T12:00:00Z")')
        assert holds(engine, 'event["$time"] == datetime(properties["at"])')
        assert holds(engine, 'event["$time"] == datetime(properties["at_utc"])')


def test_text_keeps_its_case_where_the_project_says_so() -> None:
    with filled(event("Purchase", "u1", "2026-01-05T12:00:00", plan="Pro"), case_sensitive_filters=True) as engine:
        assert holds(engine, 'properties["plan"] == "Pro"')
        assert not holds(engine, 'properties["plan"] == "pro"')
        assert not holds(engine, '"ro" in properties["plan"] and "PR" in properties["plan"]')
