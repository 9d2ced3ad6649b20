"""The raw export of the sandbox, seen from outside."""

from __future__ import annotations

import gzip
import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.sandbox.faults import Cut, Slow
from tests.sandbox.conftest import EVENTS, caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox
    from tests.sandbox.conftest import Answer, Caller

PATH = "/api/2.0/export"
DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def rows(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.body.splitlines()]


def test_all_events_of_the_days_come_as_lines_oldest_first(ask: Caller) -> None:
    answer = ask.get(PATH, **DAYS)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
    assert rows(answer) == sorted(EVENTS, key=lambda event: event["properties"]["time"])


def test_names_days_and_a_limit_choose(ask: Caller) -> None:
    chosen = rows(ask.get(PATH, from_date="2026-01-07", to_date="2026-01-07", event='["Login"]', limit=2))
    assert [row["properties"]["distinct_id"] for row in chosen] == ["u1", "u3"]


def test_a_condition_chooses_events_and_their_copies(open_box: Callable[..., Sandbox]) -> None:
    twice = {**EVENTS[0], "properties": {**EVENTS[0]["properties"], "$insert_id": "same"}}
    ask = caller(open_box(events=[twice, twice, *EVENTS[1:]]))
    found = rows(ask.get(PATH, **DAYS, where='properties["plan"] == "pro"'))
    assert [row["properties"]["amount"] for row in found] == [10, 10, 5]


def test_times_come_in_milliseconds_on_request(ask: Caller) -> None:
    seconds, milliseconds = (rows(ask.get(PATH, **DAYS, **more)) for more in ({}, {"time_in_ms": "true"}))
    assert [row["properties"]["time"] * 1000 for row in seconds] == [row["properties"]["time"] for row in milliseconds]


def test_a_copy_of_an_event_is_exported_as_well(open_box: Callable[..., Sandbox]) -> None:
    twice = {**EVENTS[0], "properties": {**EVENTS[0]["properties"], "$insert_id": "same"}}
    assert len(rows(caller(open_box(events=[twice, twice])).get(PATH, **DAYS))) == 2


def test_a_large_body_is_packed_for_those_who_take_it(open_box: Callable[..., Sandbox]) -> None:
    ask = caller(open_box(events=EVENTS * 5))
    path = f"{PATH}?project_id=12345&from_date=2026-01-05&to_date=2026-01-07"
    packed = ask.send("GET", path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == ask.send("GET", path).body


@pytest.mark.parametrize(
    ("parameters", "status", "word"),
    [
        ({"from_date": "2026-01-05"}, 400, "to_date"),
        ({**DAYS, "from_date": "yesterday"}, 400, "from_date"),
        ({**DAYS, "from_date": "2026-01-09"}, 400, "from_date"),
        ({**DAYS, "event": "Login"}, 400, "event"),
        ({**DAYS, "limit": 100_001}, 400, "limit"),
        ({**DAYS, "where": "properties["}, 400, "where"),
    ],
)
def test_what_the_service_would_refuse_is_refused(
    ask: Caller, parameters: dict[str, Any], status: int, word: str
) -> None:
    answer = ask.get(PATH, **parameters)
    assert (answer.status, word in answer.json["error"]) == (status, True)


def test_a_cut_body_goes_out_up_to_its_share(box: Sandbox, ask: Caller) -> None:
    whole = ask.get(PATH, **DAYS).body
    box.inject(Cut("inside the body", 0.25))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask.get(PATH, **DAYS)
    assert caught.value.partial == whole[: len(whole) // 4]


def test_a_slow_body_comes_whole(box: Sandbox, ask: Caller) -> None:
    whole = ask.get(PATH, **DAYS).body
    box.inject(Slow(0.05))
    assert ask.get(PATH, **DAYS).body == whole
