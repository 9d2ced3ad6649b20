"""Saved funnels and the activity feed over HTTP, in numbers that the small project's eight events give by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox
    from tests.sandbox.conftest import Caller

DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
STEPS: list[dict[str, Any]] = [{"type": "event", "name": name, "filters": []} for name in ("Login", "Purchase")]
SHOWN = {"behavior": {"type": "funnel", "behaviors": STEPS}, "measurement": {"math": "conversion_rate_unique"}}
FUNNEL = {"id": 7, "name": "Login to purchase", "type": "funnels", "params": {"sections": {"show": [SHOWN]}}}


@pytest.fixture
def ask(open_box: Callable[..., Sandbox]) -> Caller:
    return caller(open_box(reports=[FUNNEL]))


def page(ask: Caller, **more: Any) -> Any:
    """A page of what u1 did."""
    bookmark = {"dateRange": {"type": "between", "from": DAYS["from_date"], "to": DAYS["to_date"]}}
    asked = {"project_id": 12345, "distinct_ids": ["u1"], "bookmark": bookmark, **more}
    answer = ask.post("/api/query/stream/bookmark", asked)
    assert answer.status == 200, answer.json
    return answer.json["results"]


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def test_saved_funnels_are_listed_by_id_and_name(ask: Caller) -> None:
    assert ask.get("/api/query/funnels/list").json == [{"funnel_id": 7, "name": "Login to purchase"}]


def test_a_saved_funnel_counts_who_enters_on_each_day_and_goes_on(ask: Caller) -> None:
    data = ask.get("/api/query/funnels", funnel_id=7, **DAYS).json["data"]
    counts = {date: [step["count"] for step in day["steps"]] for date, day in data.items()}
    assert counts == {"2026-01-05": [0, 0], "2026-01-06": [1, 1], "2026-01-07": [3, 0]}
    assert data["2026-01-06"]["steps"][1]["avg_time"] == 3600
    assert data["2026-01-07"]["analysis"] == {"completion": 0, "starting_amount": 3, "steps": 2, "worst": 1}


def test_a_window_shorter_than_the_hour_that_was_needed_loses_the_conversion(ask: Caller) -> None:
    asked = {"funnel_id": 7, "length": 59, "length_unit": "minute", **DAYS}
    assert ask.get("/api/query/funnels", **asked).json["data"]["2026-01-06"]["analysis"]["completion"] == 0


def test_a_saved_funnel_that_is_not_there_is_named(ask: Caller) -> None:
    answer = ask.get("/api/query/funnels", funnel_id=8, **DAYS)
    assert answer.status == 404
    assert "8" in answer.json["error"]


def test_the_activity_feed_holds_a_person_s_events_the_oldest_first(ask: Caller) -> None:
    events = ask.get("/api/query/stream/query", distinct_ids='["u2"]', **DAYS).json["results"]["events"]
    assert names(events) == ["Purchase", "Login", "Login"]
    assert events[0]["properties"] == {"time": 1767610800, "$distinct_id": "u2", "amount": 20, "plan": "free"}


def test_the_pages_of_an_activity_feed_follow_each_other_without_a_gap(ask: Caller) -> None:
    first = page(ask, limit=3)
    rest = page(ask, limit=3, sentinel_event=first["sentinel_event"])
    assert names(first["events"]) == ["Purchase", "Login", "Purchase"]
    assert names(rest["events"]) == ["Login"]
    assert "sentinel_event" not in page(ask, sentinel_event=rest["sentinel_event"])


def test_an_activity_feed_keeps_to_the_events_and_words_that_are_asked_for(ask: Caller) -> None:
    assert names(page(ask, include_events=["Login"])["events"]) == ["Login", "Login"]
    assert names(page(ask, exclude_events=["Login"])["events"]) == ["Purchase", "Purchase"]
    assert names(page(ask, search="PHONE")["events"]) == ["Login", "Login"]
