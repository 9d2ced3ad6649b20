"""What the demo finds out about the events before it asks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from mixpanel_headless.cli.demo.survey import EventFacts, NumberProperty, TextProperty, survey
from mixpanel_headless.engine import Engine
from mixpanel_headless.errors import InvalidArgumentError

MIDNIGHT = 1_735_689_600  # 2025-01-01T00:00:00Z
DAY = 86_400


def event(number: int, name: str = "Buy", **properties: Any) -> dict[str, Any]:
    moment = MIDNIGHT + number * DAY
    return {
        "event": name,
        "properties": {"distinct_id": f"u{number}", "time": moment, "$insert_id": f"{name}{number}", **properties},
    }


def facts_of(*rows: dict[str, Any]) -> EventFacts:
    with Engine() as engine:
        engine.add_events(rows)
        return survey(engine).events[0]


def test_the_period_runs_from_the_first_to_the_last_event() -> None:
    with Engine() as engine:
        engine.add_events([event(2), event(9), event(45)])
        facts = survey(engine)
    assert (facts.first, facts.last) == (dt.date(2025, 1, 3), dt.date(2025, 2, 15))


def test_events_come_by_frequency_and_those_of_the_system_are_left_out() -> None:
    with Engine() as engine:
        engine.add_events(
            [event(0, "Rare"), *(event(n, "Often") for n in range(3)), *(event(n, "$identify") for n in range(9))]
        )
        assert [found.name for found in survey(engine).events] == ["Often", "Rare"]


def test_a_text_with_few_values_is_for_breaking_down() -> None:
    found = facts_of(event(0, plan="pro"), event(1, plan="free"), event(2, plan="free"))
    assert found.texts == (TextProperty("plan", ("free", "pro")),)


def test_a_number_is_for_measuring_and_comes_with_its_median() -> None:
    assert facts_of(event(0, price=1), event(1, price=2.5), event(2, price=9)).numbers == (
        NumberProperty("price", 2.5),
    )


def test_digits_in_a_text_are_no_number() -> None:
    found = facts_of(event(0, code="001"), event(1, code="002"))
    assert found.numbers == ()


def test_a_property_with_one_value_is_not_worth_a_question() -> None:
    assert facts_of(event(0, plan="pro"), event(1, plan="pro")) == EventFacts("Buy")


def test_a_property_with_very_many_values_is_no_breakdown() -> None:
    assert facts_of(*(event(number, ticket=f"T-{number}") for number in range(40))).texts == ()


def test_without_events_there_is_nothing_to_ask() -> None:
    with Engine() as engine, pytest.raises(InvalidArgumentError, match="no events"):
        survey(engine)
