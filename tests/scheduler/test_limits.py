from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_scheduler import Budget, Concurrent, Window
from request_scheduler.limits import WindowLog

HOUR = Window(60, 3600.0)


def log_of(window: Window, *settled: float, hold: float | None = None) -> WindowLog:
    log = WindowLog(window, window.seconds if hold is None else hold)
    for moment in settled:
        log.add(1, moment, "tenant")
    return log


def test_a_slot_is_free_again_a_window_and_a_margin_after_the_reply() -> None:
    """Trap 3: the service may have counted the request as late as its reply."""
    log = log_of(Window(1, 60.0), 10.0, hold=Budget("b", margin=0.05).hold(Window(1, 60.0)))
    assert log.free_at(1, 0, 10.0) == pytest.approx(70.05)


def test_the_margin_is_a_small_share_of_a_small_window() -> None:
    assert Budget("b", margin=0.05).hold(Window(3, 0.2)) == pytest.approx(0.21)


def test_units_in_flight_have_no_moment_at_which_they_are_free() -> None:
    assert log_of(Window(2, 60.0)).free_at(1, held=2, now=0.0) == math.inf


def test_a_heavy_request_waits_for_the_slot_that_completes_its_room() -> None:
    log = log_of(Window(3, 60.0), 0.0, 10.0, 20.0)
    assert [log.free_at(units, 0, 30.0) for units in (1, 2, 3)] == [60.0, 70.0, 80.0]


def test_the_window_is_half_open() -> None:
    log = log_of(Window(1, 60.0), 0.0)
    assert log.free_at(1, 0, 59.999) == 60.0
    assert log.free_at(1, 0, 60.0) == 60.0
    assert log.spent == 0


def test_room_at_a_moment_counts_what_has_not_expired_by_then() -> None:
    log = log_of(Window(5, 60.0), 0.0, 10.0, 20.0)
    assert [log.room_at(moment, 1) for moment in (0.0, 60.0, 75.0, 80.0)] == [1, 2, 3, 4]


def test_a_history_moves_to_another_window_with_its_moments() -> None:
    moved = log_of(HOUR, 0.0, 100.0).moved_to(Window(2, 60.0), 60.0)
    assert moved.free_at(1, 0, 0.0) == 60.0


@given(
    settled=st.lists(st.floats(0, 100), max_size=12).map(sorted),
    limit=st.integers(1, 6),
    ahead=st.integers(1, 30),
)
def test_the_forecast_is_the_start_that_greedy_sending_reaches(settled: list[float], limit: int, ahead: int) -> None:
    """The closed form against a replay with requests that take no time."""
    window = Window(limit, 60.0)
    settled = settled[-limit:]
    now = 100.0
    expected = now
    replayed = log_of(window, *settled)
    for _ in range(ahead):
        expected = replayed.free_at(1, 0, expected)
        replayed.add(1, expected, "tenant")
    assert log_of(window, *settled).forecast(ahead, 0, now, 0.0) == pytest.approx(expected)


@pytest.mark.parametrize("bad", [lambda: Window(0, 60.0), lambda: Window(60, 0.0), lambda: Concurrent(0)])
def test_a_limit_that_admits_nothing_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        bad()  # type: ignore[operator]


def test_a_budget_knows_its_windows_and_its_tightest_number_at_once() -> None:
    budget = Budget("export", (HOUR, Window(3, 1.0), Concurrent(100), Concurrent(7)))
    assert budget.windows == (HOUR, Window(3, 1.0))
    assert budget.concurrent == 7
    assert Budget("open").concurrent is None
