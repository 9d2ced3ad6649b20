from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from mixpanel_headless.results.provenance import Provenance, SentRequest, span


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"origin": "network", "cost": 1, "waited": 2.34}, "network, 1 request, waited 2.3 s"),
        ({"origin": "cache", "age": 754.0}, "cache, 0 requests, 13 min old"),
        ({"origin": "flight", "waited": 0.01}, "flight, 0 requests"),
        ({"origin": "sliced", "cost": 2, "age": 7200.0}, "sliced, 2 requests, 2.0 h old"),
    ],
)
def test_a_provenance_reads_as_one_line(facts: dict[str, Any], line: str) -> None:
    assert str(Provenance(computed_at=datetime(2026, 1, 8, tzinfo=UTC), **facts)) == line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 min"), (3600, "1.0 h"), (259_200, "3.0 d")]
)
def test_a_span_takes_the_unit_that_fits(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_provenance_becomes_json(provenance: Provenance) -> None:
    assert json.loads(json.dumps(provenance.to_dict())) == {
        "origin": "network",
        "computed_at": "2026-01-08T12:00:00+00:00",
        "age": 0.0,
        "cost": 1,
        "waited": 2.34,
        "request": {"method": "POST", "path": "/api/query/insights", "parameters": {"limit": 3000}},
        "digest": "ab12",
    }


def test_changing_the_request_of_one_provenance_is_seen_by_no_other() -> None:
    request = {"parameters": {"limit": 3000}}
    mine, yours = (Provenance(origin="cache", computed_at=datetime.now(UTC), request=request) for _ in range(2))
    mine.request["parameters"].clear()
    mine.to_dict()["request"].clear()
    assert yours.request == request == {"parameters": {"limit": 3000}}


def test_a_request_that_is_kept_as_bytes_is_told_as_it_was_sent_and_belongs_to_who_asks() -> None:
    sent = SentRequest("POST", "/insights", {"project_id": "1"}, b'{"bookmark":{"sections":{}}}')
    told = {"method": "POST", "path": "/insights", "parameters": {"project_id": "1", "bookmark": {"sections": {}}}}
    mine, yours = (Provenance(origin="cache", computed_at=datetime.now(UTC), request=sent) for _ in range(2))
    mine.request["parameters"].clear()
    mine.parameter("bookmark").clear()
    assert yours.request == told
    assert yours.parameter("bookmark") == {"sections": {}}
    assert yours.parameter("limit") is None


def test_a_request_without_a_body_is_told_by_its_parameters() -> None:
    sent = SentRequest("GET", "/events/names", {"limit": "3"})
    told = {"method": "GET", "path": "/events/names", "parameters": {"limit": "3"}}
    assert Provenance(origin="cache", computed_at=datetime.now(UTC), request=sent).request == told


def test_the_repr_keeps_the_request_to_itself(provenance: Provenance) -> None:
    assert "insights" not in repr(provenance)


def test_a_provenance_is_frozen_and_hashable(provenance: Provenance) -> None:
    assert len({provenance, attrs.evolve(provenance)}) == 1
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        provenance.cost = 0  # type: ignore[misc]


def test_equal_requests_have_equal_digests_however_they_are_written() -> None:
    first, second, third = (
        Provenance(origin="cache", computed_at=datetime.now(UTC), request=request)
        for request in (
            {"path": "/a", "parameters": {"x": 1, "y": 2}},
            {"parameters": {"y": 2, "x": 1}, "path": "/a"},
            {"path": "/a", "parameters": {"x": 1, "y": 3}},
        )
    )
    assert first.digest == second.digest != third.digest
    assert len(first.digest) == 32
