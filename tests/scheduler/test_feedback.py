from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Budget, Concurrent, Refused, Window
from request_scheduler.feedback import (
    CLEAR,
    Pause,
    after_answer,
    after_refusal,
    after_release,
    learned,
    retry_delay,
)

if TYPE_CHECKING:
    from request_scheduler.outcome import RefusalKind

HOUR = Window(60, 3600.0)


def refused(
    pause: Pause = CLEAR,
    kind: RefusalKind = "window",
    *,
    retry_after: float | None = None,
    window: Window | None = HOUR,
    explained: bool = False,
    sent_at: float = 99.0,
    now: float = 100.0,
    jitter: float = 1.0,
) -> Pause:
    refusal = Refused(Exception(), kind=kind, retry_after=retry_after)
    return after_refusal(pause, refusal, window, explained=explained, sent_at=sent_at, now=now, jitter=jitter)


def test_a_full_log_explains_a_refusal_so_nothing_is_paused() -> None:
    assert refused(explained=True) is CLEAR


def test_a_refusal_with_room_in_the_log_pauses_one_share_of_the_window() -> None:
    pause = refused()
    assert (pause.until, pause.probing, pause.pace, pause.paced_until) == (160.0, True, 60.0, 3700.0)


def test_unexplained_refusals_double_up_to_the_window() -> None:
    pause, delays, now = CLEAR, [], 100.0
    for _ in range(8):
        pause = refused(pause, now=now, sent_at=now)
        delays.append(pause.until - now)
        now = pause.until
    assert delays == [60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]


def test_a_refusal_of_a_request_sent_before_the_pause_is_old_news() -> None:
    pause = refused()
    assert refused(pause, sent_at=99.5, now=101.0) is pause


def test_an_answer_ends_the_doubling_and_keeps_the_pace() -> None:
    pause = after_answer(refused(), sent_at=161.0, now=162.0)
    assert (pause.strikes, pause.probing, pause.pace, pause.paced_until) == (0, False, 60.0, 3700.0)
    assert after_answer(pause, sent_at=3699.0, now=3701.0) is CLEAR


def test_an_answer_to_a_request_sent_before_the_pause_says_nothing() -> None:
    pause = refused()
    assert after_answer(pause, sent_at=99.0, now=101.0) is pause


@pytest.mark.parametrize(
    ("retry_after", "window", "hold"),
    [(4.0, HOUR, 4.0), (40.0, HOUR, 10.0), (None, HOUR, 1.0), (4.0, Window(60, 20.0), 20 / 60), (4.0, None, 4.0)],
)
def test_a_refused_permit_is_waited_for_a_little(retry_after: float | None, window: Window | None, hold: float) -> None:
    assert refused(kind="concurrency", retry_after=retry_after, window=window).until == pytest.approx(100.0 + hold)


def test_a_hold_for_a_permit_ends_when_an_own_one_comes_back() -> None:
    pause = refused(kind="concurrency", retry_after=10.0)
    assert after_release(pause, 103.0).until == 103.0
    assert after_release(refused(), 103.0).until == 160.0


def test_an_unnamed_refusal_backs_off_exponentially_with_jitter() -> None:
    first = refused(kind="unknown", jitter=0.0)
    second = refused(first, kind="unknown", sent_at=101.0, now=101.0, jitter=1.0)
    assert (first.until, second.until) == (100.5, 103.0)


def test_while_the_probe_is_out_nobody_else_starts() -> None:
    pause = refused()
    assert pause.free_at(running=1, last_start=160.0, now=200.0) == math.inf
    assert pause.free_at(running=0, last_start=99.0, now=200.0) == 200.0


def test_paced_starts_are_a_share_of_the_window_apart() -> None:
    pause = Pause(pace=60.0, paced_until=3700.0)
    assert pause.free_at(running=2, last_start=200.0, now=210.0) == 260.0
    assert pause.free_at(running=2, last_start=3690.0, now=3695.0) == 3700.0
    assert pause.over(3700.0)


@given(
    kind=st.sampled_from(["window", "concurrency", "unknown"]),
    retry_after=st.none() | st.floats(allow_nan=False),
    strikes=st.integers(0, 500),
    window=st.none() | st.builds(Window, st.integers(1, 1000), st.floats(0.1, 1e5)),
    jitter=st.floats(0, 1),
)
def test_no_header_can_pause_a_budget_for_longer_than_its_window(
    kind: RefusalKind, retry_after: float | None, strikes: int, window: Window | None, jitter: float
) -> None:
    pause = refused(Pause(strikes=strikes), kind, retry_after=retry_after, window=window, jitter=jitter)
    assert 100.0 <= pause.until <= 100.0 + (64.0 if window is None else window.seconds) + 1e-6


def test_a_quota_changes_how_many_and_never_how_long() -> None:
    budget = Budget("query", (HOUR, Concurrent(5)))
    taught = learned(budget, (Window(120, 3600.0), Concurrent(8), Window(1, 86400.0)))
    assert taught.limits == (Window(120, 3600.0), Concurrent(8))


def test_an_absurd_quota_is_not_believed() -> None:
    budget = Budget("query", (HOUR,))
    assert learned(budget, (Window(10**9, 3600.0),)) == budget


@pytest.mark.parametrize(("after", "delay"), [(5.0, 5.0), (None, 4.0), (-1.0, 4.0), (math.nan, 4.0), (1e9, 4.0)])
def test_a_retry_waits_as_asked_within_reason(after: float | None, delay: float) -> None:
    assert retry_delay(3, after, jitter=1.0) == delay
