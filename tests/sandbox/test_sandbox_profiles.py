"""Paging through profiles over HTTP: sessions are snapshots, and only their first page counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.conftest import Caller, caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox


def crowd(size: int) -> list[dict[str, Any]]:
    return [{"$distinct_id": f"u{number:05}", "$properties": {"number": number}} for number in range(size)]


def page(ask: Caller, **parameters: Any) -> Any:
    return ask.post("/api/query/engage", {"project_id": "12345", **parameters}).json


def test_a_session_leads_through_all_pages_and_counts_once(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(events=(), profiles=crowd(2500))
    ask = caller(box)
    first = page(ask)
    pages = [first, *(page(ask, page=number, session_id=first["session_id"]) for number in (1, 2, 3))]
    assert [(answer["page"], answer["page_size"], answer["total"]) for answer in pages] == [
        (number, 1000, 2500) for number in range(4)
    ]
    assert [len(answer["results"]) for answer in pages] == [1000, 1000, 500, 0]
    found = [row["$distinct_id"] for answer in pages for row in answer["results"]]
    assert found == [row["$distinct_id"] for row in crowd(2500)]
    assert box.counted == 1


def test_a_session_keeps_its_list_when_profiles_are_added(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(events=(), profiles=crowd(1500))
    ask = caller(box)
    session = page(ask)["session_id"]
    box.engine.add_profiles([{"$distinct_id": "a", "$properties": {}}])
    second = page(ask, page=1, session_id=session)
    assert (second["total"], second["results"][0]["$distinct_id"]) == (1500, "u01000")
    assert page(ask)["total"] == 1501


def test_a_later_page_needs_its_session(ask: Caller) -> None:
    answer = ask.post("/api/query/engage", {"project_id": "12345", "page": 1})
    assert (answer.status, answer.json["error"]) == (400, "session_id is required when page is above 0")
    answer = ask.post("/api/query/engage", {"project_id": "12345", "page": 1, "session_id": "gone"})
    assert (answer.status, answer.json["error"]) == (400, "session_id is unknown or has expired")


def test_a_later_page_of_behaviors_needs_the_moment_that_they_are_asked_for(ask: Caller) -> None:
    behaviors = [{"window": "7d", "name": "b", "event_selectors": [{"event": "Login"}]}]
    session = page(ask, behaviors=behaviors, where='behaviors["b"] > 0')["session_id"]
    asked = {"project_id": "12345", "page": 1, "session_id": session, "behaviors": behaviors}
    answer = ask.post("/api/query/engage", asked)
    assert (answer.status, answer.json["error"]) == (400, "request for page in uncached query for params")
    assert ask.post("/api/query/engage", {**asked, "as_of_timestamp": 1767830400}).status == 200


def test_a_page_is_a_number(ask: Caller) -> None:
    answer = ask.post("/api/query/engage", {"project_id": "12345", "page": "two"})
    assert (answer.status, "page must be a whole number" in answer.json["error"]) == (400, True)
