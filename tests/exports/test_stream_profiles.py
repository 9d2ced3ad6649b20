"""Profiles page by page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from tests.exports.conftest import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exports.conftest import Script


def page(number: int, session: str | None, *people: str) -> bytes:
    profiles = [{"$distinct_id": name, "$properties": {"$last_seen": "2026-01-05", "plan": "pro"}} for name in people]
    return whole(json.dumps({"page": number, "session_id": session, "results": profiles}).encode())


def test_profiles_come_from_page_after_page_and_count_as_one_query(play: Callable[..., Script]) -> None:
    script = play(page(0, "s", "u1", "u2"), page(1, "s", "u3"), page(2, None, "u4"))
    with script.workspace() as ws:
        rows = list(ws.stream_profiles())
        assert ws.budget().used == 1
    assert [row["distinct_id"] for row in rows] == ["u1", "u2", "u3", "u4"]
    assert rows[0] == {"distinct_id": "u1", "last_seen": "2026-01-05", "properties": {"plan": "pro"}}


def test_raw_profiles_are_the_objects_of_the_service(play: Callable[..., Script]) -> None:
    with play(page(0, None, "u1")).workspace() as ws:
        assert list(ws.stream_profiles(raw=True)) == [
            {"$distinct_id": "u1", "$properties": {"$last_seen": "2026-01-05", "plan": "pro"}}
        ]


def test_no_ids_are_no_profiles_and_no_request(play: Callable[..., Script]) -> None:
    script = play()
    with script.workspace() as ws:
        assert list(ws.stream_profiles(distinct_ids=[])) == []
    assert script.requests == []


@pytest.mark.parametrize("raw", [False, True])
def test_a_service_that_repeats_pages_for_ever_is_left(play: Callable[..., Script], raw: bool) -> None:
    script = play(*(page(number, "s" if number < 8 else None, f"u{number % 2}") for number in range(9)))
    with script.workspace() as ws, pytest.raises(mp.InvalidResponseError, match="Page 2 of the profiles repeats"):
        list(ws.stream_profiles(raw=raw))


def test_profiles_without_ids_are_no_repetition_unless_they_are_equal(play: Callable[..., Script]) -> None:
    pages = [{"session_id": "s" if n < 2 else None, "results": [{"$properties": {"n": n}}]} for n in range(3)]
    with play(*(whole(json.dumps(one).encode()) for one in pages)).workspace() as ws:
        assert [row["properties"]["n"] for row in ws.stream_profiles()] == [0, 1, 2]


def test_a_page_in_another_form_is_an_error(play: Callable[..., Script]) -> None:
    with play(whole(b'{"results": {"u1": 1}}')).workspace() as ws, pytest.raises(mp.QueryError):
        list(ws.stream_profiles())


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"distinct_id": "a", "distinct_ids": ["b"]}, "AC2_DISTINCT_ID_CONFLICT"),
        ({"distinct_ids": "ab"}, "AC1_DISTINCT_IDS_NOT_LIST"),
        ({"output_properties": "$email"}, "AC7_OUTPUT_PROPERTIES_NOT_LIST"),
        ({"as_of_timestamp": "2026"}, "AC8_AS_OF_TIMESTAMP_NOT_NUMBER"),
        ({"as_of_timestamp": 2**40}, "AC6_AS_OF_TIMESTAMP_FUTURE"),
        ({"include_all_users": True}, "AC4_INCLUDE_ALL_USERS_REQUIRES_COHORT"),
        ({"behaviors": {}}, "AC5_BEHAVIORS_NOT_LIST"),
        ({"behaviors": ["a"]}, "AC5_BEHAVIORS_NOT_LIST"),
        ({"where": 5}, "AC9_WHERE_NOT_TEXT"),
        ({"distinct_id": 5}, "AC10_ID_NOT_TEXT"),
        ({"cohort_id": []}, "AC10_ID_NOT_TEXT"),
        ({"group_id": " "}, "AC10_ID_NOT_TEXT"),
        ({"include_all_users": "yes", "cohort_id": "4"}, "AC11_FLAG"),
        ({"behaviors": {}, "cohort_id": "4"}, "AC3_BEHAVIORS_COHORT_CONFLICT"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    play: Callable[..., Script], wrong: Any, code: str
) -> None:
    script = play()
    with script.workspace() as ws, pytest.raises(mp.ParamValidationError) as caught:
        next(iter(ws.stream_profiles(**wrong)))
    assert caught.value.code == code
    assert script.requests == []
