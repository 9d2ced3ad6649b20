"""Whether a call goes again: the pure rule."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Call, Failed, NotSent, Refused
from request_scheduler.retries import NONE, Tries, next_try
from tests.scheduler.service import query

HOUR = 3600.0


async def nothing() -> None: ...


def again(error: BaseException, tries: Tries = NONE, *, sent: int = 1, now: float = 0.0) -> Tries | None:
    return next_try(tries, query(nothing, attempts=2), error, sent=sent, window=HOUR, now=now, jitter=1.0)


def test_a_named_refusal_spares_the_attempts() -> None:
    assert again(Refused(Exception(), kind="window"), sent=99) == Tries(spared=1, refused_since=0.0)


def test_an_unnamed_refusal_uses_them_up() -> None:
    assert again(Refused(Exception(), kind="unknown")) == NONE
    assert again(Refused(Exception(), kind="unknown"), sent=2) is None


def test_spared_attempts_do_not_count() -> None:
    assert again(Failed(Exception(), retry=True), Tries(spared=7), sent=8) is not None
    assert again(Failed(Exception(), retry=True), Tries(spared=7), sent=9) is None


def test_nothing_but_refusals_for_six_windows_is_too_long() -> None:
    refused = Refused(Exception(), kind="window")
    since = Tries(spared=1, refused_since=0.0)
    assert again(refused, since, now=6 * HOUR) is not None
    assert again(refused, since, now=6 * HOUR + 1) is None


def test_any_other_outcome_starts_that_time_anew() -> None:
    tries = again(NotSent(Exception(), retry=True), Tries(spared=1, refused_since=0.0), sent=2)
    assert tries is not None
    assert tries.refused_since == math.inf


@pytest.mark.parametrize("error", [Failed(Exception()), NotSent(Exception()), KeyError("bug")])
def test_an_error_that_asks_for_no_retry_gets_none(error: BaseException) -> None:
    assert again(error) is None


def test_a_refused_call_without_a_budget_waits_by_itself_and_uses_its_attempts() -> None:
    refused = Refused(Exception(), kind="window", retry_after=5.0)
    call: Call[None] = Call(nothing, attempts=2)
    tries = next_try(NONE, call, refused, sent=1, window=None, now=0.0, jitter=1.0)
    assert tries == Tries(delay=5.0)
    assert next_try(NONE, call, refused, sent=2, window=None, now=0.0, jitter=1.0) is None


@given(st.lists(st.sampled_from(["window", "concurrency", "unknown", "failed"]), min_size=200, max_size=200))
def test_every_call_ends(ends: list[str]) -> None:
    """With refusals a twentieth of a window apart, whatever comes in between."""
    tries: Tries | None = NONE
    sent = 0
    while tries is not None:
        end = ends[sent % len(ends)]
        sent += 1
        error = Failed(Exception(), retry=True) if end == "failed" else Refused(Exception(), kind=end)  # type: ignore[arg-type]
        tries = again(error, tries, sent=sent, now=sent * HOUR / 20)
    assert sent <= 6 * 20 * 2 + 4
