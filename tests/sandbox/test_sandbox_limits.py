"""The service's own account, judged against counting by hand."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.sandbox.limits import Limits, Meter, Quota, Refusal, Shape, Ticket, Window, published_quotas

QUERY = Quota("query", (Window(60, 3600.0),), 5)
TIMES = st.lists(st.integers(0, 400), max_size=120).map(sorted)


def refusal_of(verdict: Ticket | Refusal) -> Refusal:
    assert isinstance(verdict, Refusal)
    return verdict


def ticket_of(verdict: Ticket | Refusal) -> Ticket:
    assert isinstance(verdict, Ticket)
    return verdict


def counted_by_hand(shape: Shape, admitted: list[int], now: int, seconds: int) -> float:
    """How much of the window is used, straight from the words that define each shape."""
    current = [time for time in admitted if time // seconds == now // seconds]
    previous = [time for time in admitted if time // seconds == now // seconds - 1]
    match shape:
        case "rolling":
            return sum(now - seconds < time <= now for time in admitted)
        case "fixed":
            return len(current)
        case "two-bucket":
            return len(current) + len(previous) * (seconds - now % seconds) / seconds


@pytest.mark.parametrize("shape", get_args(Shape))
@given(times=TIMES, limit=st.integers(1, 6), seconds=st.integers(1, 90))
def test_requests_are_admitted_exactly_when_counting_by_hand_finds_room(
    shape: Shape, times: list[int], limit: int, seconds: int
) -> None:
    meter = Meter(Quota("query", (Window(limit, float(seconds), shape),)))
    admitted: list[int] = []
    for now in times:
        by_hand = counted_by_hand(shape, admitted, now, seconds)
        if math.isclose(by_hand + 1, limit, rel_tol=1e-9) and by_hand + 1 != limit:
            continue
        assert (meter.refusal(now) is None) == (by_hand + 1 <= limit)
        if meter.refusal(now) is None:
            meter.enter(now)
            meter.leave(now, counts=True)
            admitted.append(now)


@given(times=TIMES, limit=st.integers(1, 6), seconds=st.integers(1, 90))
def test_no_rolling_window_of_any_phase_holds_more_than_the_limit(times: list[int], limit: int, seconds: int) -> None:
    limits = Limits([Quota("query", (Window(limit, float(seconds)),))])
    admitted = [now for now in times if isinstance(limits.arrive(("query",), now), Ticket)]
    assert all(sum(start < time <= start + seconds for time in admitted) <= limit for start in range(-seconds, 400))


@given(steps=st.lists(st.booleans(), max_size=60), at_once=st.integers(1, 5))
def test_never_more_run_together_than_allowed(steps: list[bool], at_once: int) -> None:
    limits = Limits([Quota("app", at_once=at_once)])
    running: list[Ticket] = []
    for arrives in steps:
        if arrives:
            verdict = limits.arrive(("app",), 0.0)
            assert isinstance(verdict, Ticket) == (len(running) < at_once)
            running += [verdict] if isinstance(verdict, Ticket) else []
        elif running:
            limits.leave(running.pop(), 200)
    assert limits.meters["app"].running == len(running)


def test_a_slot_is_free_again_exactly_one_window_after_its_arrival() -> None:
    limits = Limits([Quota("query", (Window(1, 60.0),))])
    limits.leave(ticket_of(limits.arrive(("query",), 100.0)), 200)
    assert isinstance(limits.arrive(("query",), 159.999), Refusal)
    assert isinstance(limits.arrive(("query",), 160.0), Ticket)


@pytest.mark.parametrize(("status", "counts"), [(200, True), (400, True), (500, True), (501, True), (None, True)])
def test_answers_failures_and_cuts_count(status: int | None, counts: bool) -> None:
    limits = Limits([QUERY])
    assert limits.leave(ticket_of(limits.arrive(("query",), 1.0)), status) is counts
    assert limits.meters["query"].used(1.0) == 1


@pytest.mark.parametrize("status", [401, 402, 429])
def test_refusals_by_credentials_plan_or_load_give_the_slot_back(status: int) -> None:
    limits = Limits([QUERY])
    assert not limits.leave(ticket_of(limits.arrive(("query",), 1.0)), status)
    assert limits.meters["query"].used(1.0) == 0


def test_a_request_counts_from_its_arrival_while_it_still_runs() -> None:
    limits = Limits([Quota("query", (Window(1, 60.0),))])
    limits.arrive(("query",), 0.0)
    assert refusal_of(limits.arrive(("query",), 1.0)).reason == "window"


def test_a_refused_request_takes_nothing_from_any_pool() -> None:
    limits = Limits(published_quotas(QUERY))
    for _ in range(5):
        limits.arrive(("query",), 0.0)
    assert refusal_of(limits.arrive(("query", "jql"), 0.0)).quota.pool == "query"
    assert limits.meters["jql"].used(0.0) == 0
    assert limits.meters["jql"].running == 0


def test_the_refusal_for_the_window_tells_the_quota_and_the_length_of_the_window() -> None:
    limits = Limits([Quota("query", (Window(1, 3600.0),), 5)])
    limits.leave(ticket_of(limits.arrive(("query",), 0.0)), 200)
    assert refusal_of(limits.arrive(("query",), 3599.0)).headers() == {
        "RateLimit": '"project";r=0;t=3600',
        "RateLimit-Policy": '"project";q=1;w=3600, "project-concurrency";q=5;qu="concurrent-requests"',
        "Retry-After": "3600",
    }


def test_the_refusal_for_too_many_at_once_asks_for_ten_seconds() -> None:
    limits = Limits([Quota("query", (Window(60, 3600.0),), 1)])
    limits.arrive(("query",), 0.0)
    assert refusal_of(limits.arrive(("query",), 0.0)).headers() == {
        "RateLimit": '"project-concurrency";r=0;t=10',
        "Retry-After": "10",
    }


def test_the_refusal_of_a_fractional_window_keeps_retry_after_whole() -> None:
    limits = Limits([Quota("query", (Window(1, 0.25),), 5)])
    limits.arrive(("query",), 0.0)
    headers = refusal_of(limits.arrive(("query",), 0.1)).headers()
    assert headers["Retry-After"] == "1"
    assert headers["RateLimit"] == '"project";r=0;t=0.25'


def test_the_text_of_a_refusal_counts_the_request_that_was_refused() -> None:
    limits = Limits([Quota("query", (Window(2, 3600.0),), 5)])
    limits.leave(ticket_of(limits.arrive(("query",), 0.0)), 200)
    limits.arrive(("query",), 0.0)
    assert refusal_of(limits.arrive(("query",), 0.0)).text(7).startswith(
        "Query rate limit exceeded for project_id: 7. "
        "1/5 queries running concurrently and 3/2 queries running in the last hour."
    )  # fmt: skip


def test_the_export_pool_has_two_windows_and_the_tighter_one_refuses() -> None:
    limits = Limits(published_quotas(QUERY))
    for _ in range(3):
        limits.arrive(("export",), 0.0)
    assert refusal_of(limits.arrive(("export",), 0.5)).window == Window(3, 1.0)
    assert isinstance(limits.arrive(("export",), 1.0), Ticket)


def test_a_two_bucket_counter_can_refuse_what_a_rolling_log_admits() -> None:
    rolling, estimate = (Limits([Quota("query", (Window(2, 10.0, shape),))]) for shape in ("rolling", "two-bucket"))
    for limits in (rolling, estimate):
        for _ in range(2):
            limits.leave(ticket_of(limits.arrive(("query",), 0.0)), 200)
    assert isinstance(rolling.arrive(("query",), 10.0), Ticket)
    assert isinstance(estimate.arrive(("query",), 10.0), Refusal)
