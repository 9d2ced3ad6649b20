"""Discovery: events, properties and values."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery, Engine
from tests.engine.asking import event, filled

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    events = [
        event("Buy", "u1", "2026-03-01T10:00:00", item="pen", tags=["a", "b"]),
        event("Buy", "u1", "2026-03-01T11:00:00", item="ink", tags=["a"]),
        event("Buy", "u2", "2026-03-01T11:30:00", item="ink", amount=5),
        event("Buy", "u2", "2026-02-28T10:00:00", item="cap"),
        event("Buy", "u2", "2026-03-01T13:00:00", item="later"),
        event("Visit", "u1", "2026-03-01T09:00:00"),
        event("Visit", "u2", "2026-02-28T09:00:00"),
        event("Visit", "u2", "2026-02-28T10:00:00"),
        event("New", "u2", "2026-03-01T00:00:00"),
        event("Old", "u2", "2026-01-29T00:00:00", amount=7),
        event("$identify", "u2", "2026-03-01T00:00:00"),
    ]
    with filled(*events, now=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)) as engine:
        yield engine


def test_event_names_of_the_last_month_come_by_volume(engine: Engine) -> None:
    assert engine.event_names() == ["Buy", "Visit", "$identify", "New"]
    assert engine.event_names(limit=2) == ["Buy", "Visit"]


def test_event_names_of_given_days(engine: Engine) -> None:
    assert engine.event_names("2026-01-01", "2026-01-31") == ["Old"]
    assert engine.event_names("2000-01-01", "2026-03-01")[-1] == "Old"


@pytest.mark.parametrize(
    "arguments",
    [{"from_date": "1999-12-31"}, {"from_date": "soon"}, {"limit": 0}, {"type": "other"},
     {"from_date": "2026-02-02", "to_date": "2026-02-01"}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(engine: Engine, arguments: dict[str, Any]) -> None:
    with pytest.raises(BadQuery):
        engine.event_names(**arguments)


def test_top_events_are_today_s_against_yesterday_s(engine: Engine) -> None:
    assert engine.top_events() == {
        "type": "general",
        "events": [
            {"event": "Buy", "amount": 3, "percent_change": 2.0},
            {"event": "New", "amount": 1, "percent_change": 1},
            {"event": "Visit", "amount": 1, "percent_change": -0.5},
        ],
    }


def test_top_events_by_users_and_per_user(engine: Engine) -> None:
    assert engine.top_events("unique", 1)["events"] == [{"event": "Buy", "amount": 2, "percent_change": 1.0}]
    assert engine.top_events("average", 1)["events"] == [{"event": "Buy", "amount": 1.5, "percent_change": 0.5}]


def test_top_properties_of_an_event(engine: Engine) -> None:
    assert engine.top_properties("Buy") == {"item": {"count": 5}, "tags": {"count": 2}, "amount": {"count": 1}}
    assert list(engine.top_properties("Buy", 1)) == ["item"]
    assert engine.top_properties("New") == {}


def test_an_event_that_does_not_exist_is_refused(engine: Engine) -> None:
    with pytest.raises(BadQuery, match="Event not found"):
        engine.top_properties("buy")


def test_values_of_a_property_come_as_text_by_frequency(engine: Engine) -> None:
    assert engine.property_values("item") == ["ink", "cap", "later", "pen"]
    assert engine.property_values("item", limit=1) == ["ink"]
    assert engine.property_values("amount") == ["5", "7"]
    assert engine.property_values("amount", "Buy") == ["5"]
    assert engine.property_values("tags", "Buy") == ["a", "b"]
    assert engine.property_values("nothing") == []


def test_values_of_the_flights(flights: Engine, flight_lines: list[dict[str, Any]]) -> None:
    counted = Counter(line["properties"]["dest"] for line in flight_lines if line["event"] == "Flight Cancelled")
    expected = sorted(counted, key=lambda name: (-counted[name], name))
    assert flights.property_values("dest", "Flight Cancelled") == expected
