"""Answers are read as values, errors named after what the caller should do."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixpanel_headless as mp
from mixpanel_headless.replies import Reply, counts, decode, error_of, read_quota, read_refusal, read_retry_after, scrub

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)


def reply(status: int, body: bytes = b"{}", **headers: str) -> Reply:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Reply("GET", "http://127.0.0.1/api/query/x", status, named, body)


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (401, b"{}", mp.AuthenticationError, "Invalid credentials"),
        (400, b'{"error": "bad date"}', mp.QueryError, "bad date"),
        (400, b'{"message": "from message"}', mp.QueryError, "from message"),
        (400, b"plain text", mp.QueryError, "plain text"),
        (400, b"", mp.QueryError, "Unknown error"),
        (403, b"{}", mp.QueryError, "Permission denied"),
        (404, b"{}", mp.QueryError, "Resource not found"),
        (418, b"{}", mp.QueryError, "Request failed"),
        (429, b"{}", mp.RateLimitError, "Rate limit"),
        (503, b'{"error": "down"}', mp.ServerError, "Server error: down"),
        (500, b"", mp.ServerError, "Server error: 500"),
        (302, b"", mp.TransportError, "redirect"),
    ],
)
def test_a_status_becomes_its_error(status: int, body: bytes, kind: type[Exception], text: str) -> None:
    error = error_of(reply(status, body), NOW)
    assert type(error) is kind
    assert text in str(error)


def test_a_success_is_no_error() -> None:
    assert error_of(reply(200)) is None
    assert decode(reply(204, b"")) == {"status": "ok"}


def test_a_body_that_is_not_json_is_quoted() -> None:
    with pytest.raises(mp.InvalidResponseError, match="<html>gateway"):
        decode(reply(200, b"<html>gateway</html>"))


def test_refusals_and_bad_credentials_are_not_counted() -> None:
    assert [counts(error_of(reply(status))) for status in (401, 402, 429, 400, 500)] == [False] * 3 + [True] * 2


def test_a_window_refusal_tells_the_quota() -> None:
    note = read_refusal(
        reply(
            429,
            ratelimit='"project";r=0;t=3600',
            retry_after="3600",
            ratelimit_policy='"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"',
        )
    )
    assert (note.kind, note.retry_after) == ("window", 3600.0)
    assert note.quota == (("project", 60, 3600.0), ("project-concurrency", 5, 0.0))


def test_a_concurrency_refusal_is_told_apart() -> None:
    assert read_refusal(reply(429, ratelimit='"project-concurrency";r=0;t=10')).kind == "concurrency"


def test_a_refusal_without_headers_teaches_nothing() -> None:
    note = read_refusal(reply(429, retry_after="7"))
    assert (note.kind, note.retry_after, note.quota) == ("unknown", 7.0, ())


def test_retry_after_may_be_a_date() -> None:
    assert read_retry_after("Thu, 08 Jan 2026 12:00:30 GMT", NOW) == 30.0
    assert read_retry_after("Thu, 08 Jan 2026 11:00:00 GMT", NOW) == 0.0


@given(st.text())
def test_no_header_breaks_the_reader(text: str) -> None:
    seconds = read_retry_after(text, NOW)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))
    assert all(units > 0 and window >= 0 for _, units, window in read_quota({"ratelimit-policy": text}))


@given(st.integers(300, 599), st.binary(max_size=300))
def test_every_status_and_body_gives_an_error_of_ours(status: int, body: bytes) -> None:
    error = error_of(reply(status, body), NOW)
    assert isinstance(error, mp.MixpanelHeadlessError)
    assert set(error.to_dict()) >= {"error", "code", "message", "hint", "retryable", "retry_after", "sent", "details"}


def escape_all(tree: Any) -> str:
    """JSON in which every letter of every text is written by its number."""
    if isinstance(tree, str):
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in tree) + '"'
    if isinstance(tree, dict):
        return "{" + ",".join(f"{escape_all(name)}:{escape_all(value)}" for name, value in tree.items()) + "}"
    return "[" + ",".join(map(escape_all, tree)) + "]" if isinstance(tree, list) else json.dumps(tree)


@pytest.mark.parametrize("secret", ['quo"te', "back\\slash", "gr\u00fc\u00dfe", "sl/ash"])
@pytest.mark.parametrize("spell", [json.dumps, lambda tree: json.dumps(tree).replace("/", "\\/"), escape_all])
def test_a_secret_is_taken_out_however_json_spells_it(secret: str, spell: Callable[[Any], str]) -> None:
    body = spell({"error": f"wrong: {secret}", secret: [1, None, f"<{secret}>"]}).encode()
    assert json.loads(scrub(body, [secret.encode()])) == {"error": "wrong: ***", "***": [1, None, "<***>"]}


def test_a_body_without_secrets_stays_as_it_came() -> None:
    body = b'{ "error" : "none",\n "number": 12345678901234567890 }'
    assert scrub(body, [b"secret", b"1"]) == body
