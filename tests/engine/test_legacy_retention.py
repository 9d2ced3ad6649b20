"""The legacy retention and frequency endpoints, by hand and against plain Python over real data."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.engine import BadQuery
from tests.engine.asking import event, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_headless.engine import Engine

WEEK = {"from_date": "2026-01-05", "to_date": "2026-01-06"}
SPRING = ("2024-03-01", "2024-05-31")
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def game() -> Iterator[Engine]:
    events = [
        event("Join", "u1", "2026-01-05T12:00:00", plan="pro"),
        event("Play", "u1", "2026-01-05T13:00:00", level=1),
        event("Play", "u1", "2026-01-06T12:00:00", level=2),
        event("Play", "u1", "2026-01-08T12:00:00", level=2),
        event("Join", "u2", "2026-01-05T20:00:00", plan="free"),
        event("Join", "u2", "2026-01-06T20:00:00", plan="pro"),
        event("Play", "u2", "2026-01-07T19:00:00"),
    ]
    with filled(*events) as engine:
        yield engine


def test_a_return_counts_whole_intervals_after_the_birth(game: Engine) -> None:
    answer = game.legacy_retention({"born_event": "Join", "event": "Play", "interval_count": "3", **WEEK})
    assert answer == {
        "2026-01-05": {"counts": [1, 2, 0, 1], "first": 2},
        "2026-01-06": {"counts": [0, 0, 0, 0], "first": 0},
    }


def test_unbounded_a_return_counts_for_all_intervals_before_it(game: Engine) -> None:
    asked = {"born_event": "Join", "event": "Play", "interval_count": "2", "unbounded_retention": "true", **WEEK}
    assert game.legacy_retention(asked)["2026-01-05"] == {"counts": [2, 2, 1], "first": 2}


def test_the_birth_itself_is_no_return(game: Engine) -> None:
    asked = {"born_event": "Join", "event": "Join", "interval_count": 1, **WEEK}
    assert game.legacy_retention(asked)["2026-01-05"] == {"counts": [0, 1], "first": 2}


def test_births_and_returns_have_conditions_of_their_own(game: Engine) -> None:
    wheres = {"born_where": 'properties["plan"] == "pro"', "where": 'properties["level"] > 1'}
    answer = game.legacy_retention({"born_event": "Join", "event": "Play", "interval_count": 1, **wheres, **WEEK})
    assert answer == {"2026-01-05": {"counts": [0, 1], "first": 1}, "2026-01-06": {"counts": [0, 0], "first": 1}}


def test_compounded_counts_from_the_first_event_in_each_period(game: Engine) -> None:
    asked = {"event": "Play", "retention_type": "compounded", "interval_count": 2, **WEEK}
    assert game.legacy_retention(asked) == {
        "2026-01-05": {"counts": [1, 0, 1], "first": 1},
        "2026-01-06": {"counts": [0, 0, 1], "first": 1},
    }


def test_returns_are_split_by_their_own_property(game: Engine) -> None:
    asked = {"born_event": "Join", "event": "Play", "on": 'properties["level"]', "interval_count": 1, **WEEK}
    assert game.legacy_retention(asked)["2026-01-05"] == {
        "$overall": {"counts": [1, 2], "first": 2},
        "1": {"counts": [1, 0], "first": 2},
        "2": {"counts": [0, 1], "first": 2},
        "undefined": {"counts": [0, 1], "first": 2},
    }


def test_activity_is_counted_in_local_hours() -> None:
    moments = ("05:05:00", "05:55:00", "06:00:00", "23:00:00")
    events = [event("Open", "u1", f"2026-01-06T{moment}", app="a") for moment in moments]
    with filled(*events, event("Open", "u2", "2026-01-06T12:00:00"), timezone="America/New_York") as engine:
        asked = {"event": "Open", "unit": "day", "addiction_unit": "hour", **WEEK}
        assert engine.addiction(asked)["data"] == {"2026-01-05": [0] * 24, "2026-01-06": [2, 1, 1] + [0] * 21}
        split = engine.addiction({**asked, "on": 'properties["app"]'})["data"]["2026-01-06"]
        assert {label: counts[:3] for label, counts in split.items()} == {
            "$overall": [2, 1, 1],
            "a": [1, 1, 1],
            "undefined": [1, 0, 0],
        }


@pytest.mark.parametrize(
    ("unit", "slot", "length"),
    [("week", "day", 7), ("week", "hour", 168), ("month", "day", 31), ("month", "hour", 744)],
)
def test_the_list_is_as_long_as_the_unit_can_be(game: Engine, unit: str, slot: str, length: int) -> None:
    [counts] = game.addiction({"unit": unit, "addiction_unit": slot, **WEEK})["data"].values()
    assert (len(counts), counts[0]) == (length, 2)


def test_a_slot_as_long_as_the_unit_is_refused(game: Engine) -> None:
    with pytest.raises(BadQuery, match="addiction_unit day must be shorter than unit day"):
        game.addiction({"unit": "day", "addiction_unit": "day", **WEEK})


def own(rows: Rows, name: str | None) -> Iterator[tuple[dt.datetime, str]]:
    for row in rows:
        if name is None or row["event"] == name:
            yield dt.datetime.fromisoformat(row["timestamp"]), row["user_id"]


def test_buyers_who_come_back_week_by_week(ecom: Engine, ecom_rows: Rows) -> None:
    births: dict[str, dt.datetime] = {}
    for moment, user in sorted(own(ecom_rows, "purchase")):
        if SPRING[0] <= str(moment.date()) <= SPRING[1]:
            births.setdefault(user, moment)
    first: dict[str, int] = defaultdict(int)
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for user, born in births.items():
        week = str(born.date() - dt.timedelta(days=born.weekday()))
        first[week] += 1
        moments = [moment for moment, who in own(ecom_rows, "home") if who == user and moment >= born]
        for place in {(moment - born) // dt.timedelta(days=7) for moment in moments}:
            if place < 5:
                counts[week][place] += 1
    asked = {"born_event": "purchase", "event": "home", "from_date": SPRING[0], "to_date": SPRING[1]}
    answer = ecom.legacy_retention({**asked, "unit": "week", "interval_count": 4})
    found = {week: cell for week, cell in answer.items() if cell["first"]}
    assert found == {week: {"first": n, "counts": counts[week]} for week, n in first.items()}
    assert sum(first.values()) > 100


def test_days_of_activity_of_each_month(ecom: Engine, ecom_rows: Rows) -> None:
    days: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for moment, user in own(ecom_rows, None):
        if SPRING[0] <= str(moment.date()) <= SPRING[1]:
            days[f"{moment:%Y-%m}-01"][user].add(moment.day)
    wanted: dict[str, Any] = {
        month: [sum(len(active) > place for active in users.values()) for place in range(31)]
        for month, users in days.items()
    }
    asked = {"from_date": SPRING[0], "to_date": SPRING[1], "unit": "month", "addiction_unit": "day"}
    assert ecom.addiction(asked)["data"] == wanted
