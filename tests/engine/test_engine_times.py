"""Ranges and buckets: which moments a report covers and what its points are called."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.engine.asking import event, filled, metric, only, points, report

NEW_YORK = "America/New_York"


def keys(answer: dict[str, Any]) -> list[str]:
    return list(only(answer))


def test_the_last_days_reach_to_now_and_hold_whole_days_before() -> None:
    times = [
        "2026-02-21T23:59:59",
        "2026-02-22T00:00:00",
        "2026-02-28T23:59:59",
        "2026-03-01T11:59:59",
        "2026-03-01T12:00:01",
    ]
    now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    with filled(*(event("E", "u", time) for time in times), now=now) as engine:
        time = {"dateRangeType": "in the last", "unit": "day", "window": {"unit": "day", "value": 7}}
        answer = engine.insights(report(metric("E"), time=time, chart="line"))
    assert points(answer) == [1, 0, 0, 0, 0, 0, 1, 1]
    assert answer["date_range"] == {
        "from_date": "2026-02-22T00:00:00+00:00",
        "to_date": "2026-03-01T12:00:00.000000+00:00",
    }
    assert answer["computed_at"] == "2026-03-01T12:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("token", "count"),
    [
        ("$start_of_current_day", 1),
        ("$start_of_current_week", 2),
        ("$start_of_current_month", 3),
        ("$start_of_current_year", 4),
    ],
)
def test_since_the_start_of_the_current_unit(token: str, count: int) -> None:
    times = [
        "2025-12-31T00:00:00",
        "2026-01-10T00:00:00",
        "2026-02-02T00:00:00",
        "2026-02-16T10:00:00",
        "2026-02-18T10:00:00",
    ]
    now = dt.datetime(2026, 2, 18, 12, tzinfo=dt.UTC)
    with filled(*(event("E", "u", time) for time in times), now=now) as engine:
        time = {"dateRangeType": "since", "unit": "day", "value": token}
        assert only(engine.insights(report(metric("E"), time=time))) == count


def test_one_day() -> None:
    with filled(event("E", "u", "2026-01-05T10:00:00")) as engine:
        time = {"dateRangeType": "on", "unit": "day", "value": "2026-01-05"}
        answer = engine.insights(report(metric("E"), time=time, chart="line"))
    assert only(answer) == {"2026-01-05T00:00:00+00:00": 1}
    assert answer["date_range"]["to_date"] == "2026-01-05T23:59:59.999000+00:00"


@pytest.mark.parametrize(
    ("start", "expected"),
    [("monday", ["2026-01-05", "2026-01-12"]), ("sunday", ["2026-01-04", "2026-01-11"])],
)
def test_a_week_is_named_by_its_start_and_holds_only_days_of_the_range(start: str, expected: list[str]) -> None:
    days = ["2026-01-05", "2026-01-07", "2026-01-10", "2026-01-11", "2026-01-12", "2026-01-14"]
    with filled(*(event("E", "u", f"{day}T10:00:00") for day in days), week_start=start) as engine:
        answer = engine.insights(report(metric("E"), dates=("2026-01-07", "2026-01-13"), unit="week", chart="line"))
    assert [key[:10] for key in keys(answer)] == expected
    assert points(answer) == ([3, 1] if start == "monday" else [2, 2])


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("month", ["2025-11-01", "2025-12-01", "2026-01-01"]),
        ("quarter", ["2025-10-01", "2026-01-01"]),
        ("year", ["2025-01-01", "2026-01-01"]),
    ],
)
def test_calendar_units(unit: str, expected: list[str]) -> None:
    with filled(event("E", "u", "2025-12-31T23:00:00")) as engine:
        answer = engine.insights(report(metric("E"), dates=("2025-11-15", "2026-01-15"), unit=unit, chart="line"))
    assert [key[:10] for key in keys(answer)] == expected
    assert sum(points(answer)) == 1


def test_a_local_day_may_have_23_or_25_hours() -> None:
    hours = [f"2026-03-08T{hour:02}:30:00" for hour in range(24)] + [f"2026-03-09T{hour:02}:30:00" for hour in range(4)]
    with filled(*(event("E", "u", hour) for hour in hours), timezone=NEW_YORK) as engine:
        daily = engine.insights(report(metric("E"), dates=("2026-03-08", "2026-03-08"), chart="line"))
        hourly = engine.insights(report(metric("E"), dates=("2026-03-08", "2026-03-08"), unit="hour", chart="line"))
    assert only(daily) == {"2026-03-08T00:00:00-05:00": 23}
    assert len(keys(hourly)) == 23
    assert keys(hourly)[1:3] == ["2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00"]
    assert set(points(hourly)) == {1}


def test_the_hour_that_comes_twice_is_two_buckets() -> None:
    with filled(event("E", "u", "2026-11-01T05:30:00"), timezone=NEW_YORK) as engine:
        answer = engine.insights(report(metric("E"), dates=("2026-11-01", "2026-11-01"), unit="hour", chart="line"))
    assert len(keys(answer)) == 25
    assert keys(answer)[1:3] == ["2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00"]


def test_sessions_end_at_midnight_of_the_project() -> None:
    times = ["2026-01-06T04:50:00", "2026-01-06T05:10:00"]
    bookmark = report(metric("E", "sessions"), dates=("2026-01-01", "2026-01-31"))
    for zone, count in ((NEW_YORK, 2), ("UTC", 1)):
        with filled(*(event("E", "u", time) for time in times), timezone=zone) as engine:
            assert only(engine.insights(bookmark)) == count


def test_times_in_seconds_and_in_milliseconds_are_told_apart() -> None:
    rows = [
        {"event": "E", "properties": {"distinct_id": "u", "time": time}}
        for time in (1767607200, 1767607200123, 1767607200.5)
    ]
    with filled(*rows) as engine:
        assert only(engine.insights(report(metric("E")))) == 3


@pytest.mark.parametrize(
    ("comparison", "first", "expected"),
    [
        ({"type": "relative", "value": "week"}, "2025-12-29T00:00:00+00:00", [0, 1, 0]),
        ({"type": "relative", "value": "month"}, "2025-12-05T00:00:00+00:00", [0, 0, 1]),
        ({"type": "absolute-start", "value": "2025-12-30"}, "2025-12-30T00:00:00+00:00", [1, 0, 0]),
        ({"type": "absolute-end", "value": "2025-12-30"}, "2025-12-28T00:00:00+00:00", [0, 0, 1]),
    ],
)
def test_a_comparison_stands_beside_the_answer(comparison: dict[str, str], first: str, expected: list[int]) -> None:
    days = ["2025-12-07", "2025-12-30", "2026-01-06"]
    with filled(*(event("E", "u", f"{day}T10:00:00") for day in days)) as engine:
        answer = engine.insights(report(metric("E"), chart="line", timeComparison=comparison))
    assert points(answer) == [0, 1, 0]
    other = answer["time_comparison"]
    assert other["date_range"]["from_date"] == first
    assert list(other["series"]["E [Total Events]"].values()) == expected


def test_an_answer_without_a_comparison_has_none() -> None:
    with filled(event("E", "u", "2026-01-05T10:00:00")) as engine:
        assert "time_comparison" not in engine.insights(report(metric("E")))


@pytest.mark.parametrize("zone", ["UTC", NEW_YORK])
def test_each_event_counts_in_the_bucket_that_it_lies_in_and_in_none_outside_the_range(zone: str) -> None:
    """Buckets of one length are found by a division, which must not round what lies before the first up into it."""
    offset = dt.timedelta(hours=5 if zone == NEW_YORK else 0)
    starts = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) + offset for day in (5, 6, 7, 8)]
    times = [moment + dt.timedelta(seconds=second) for moment in starts for second in (-1, 0)]
    with filled(*(event("E", "u", moment.isoformat()) for moment in times), timezone=zone) as engine:
        time = {"dateRangeType": "between", "unit": "day", "value": ["2026-01-05", "2026-01-07"]}
        answer = engine.insights(report(metric("E"), time=time, chart="line"))
    assert points(answer) == [2, 2, 2]
