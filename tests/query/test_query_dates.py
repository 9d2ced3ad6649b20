from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.query.dates import Range, as_text, day_flaw

NOW = dt.date(2026, 2, 14)


def codes(range_: Range) -> list[str]:
    return [problem.code for problem in range_.problems()]


def test_a_range_of_days_is_sent_as_both_ends() -> None:
    section = Range("2026-01-01", "2026-01-31", today=NOW).time_section("week")
    assert section == [{"dateRangeType": "between", "unit": "week", "value": ["2026-01-01", "2026-01-31"]}]


def test_without_an_end_the_range_runs_to_today() -> None:
    assert Range("2026-01-01", today=NOW).time_section("day")[0]["value"] == ["2026-01-01", "2026-02-14"]


def test_without_days_the_last_thirty_are_meant() -> None:
    section = Range(today=NOW).time_section("hour")
    assert section == [{"dateRangeType": "in the last", "unit": "hour", "window": {"unit": "day", "value": 30}}]


def test_dates_and_times_are_as_good_as_text() -> None:
    assert as_text(dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)) == "2026-01-02"
    assert Range(dt.date(2026, 1, 2), dt.date(2026, 1, 3), today=NOW) == Range("2026-01-02", "2026-01-03", today=NOW)


def test_a_range_that_starts_after_today_has_no_end() -> None:
    assert codes(Range("2026-02-15", today=NOW)) == ["V15_DATE_ORDER"]
    assert codes(Range("2026-02-14", today=NOW)) == []


@pytest.mark.parametrize("day", ["2026-1-05", "05-01-2026", "2026-01-05T00:00", "", "２０２６-01-05", 20260105, True])
def test_only_the_iso_form_is_a_day(day: Any) -> None:
    flaw = day_flaw(day)
    assert flaw is not None
    assert flaw[0] == "V8_DATE_FORMAT"


@given(st.dates())
def test_every_calendar_day_is_a_day(day: dt.date) -> None:
    assert day_flaw(day.isoformat()) is None


@given(st.integers(1, 12), st.integers(32, 99))
def test_no_month_has_a_thirty_second_day(month: int, day: int) -> None:
    flaw = day_flaw(f"2026-{month:02}-{day}")
    assert flaw is not None
    assert flaw[0] == "V8_DATE_INVALID"


def test_all_that_is_wrong_with_a_range_is_said_at_once() -> None:
    assert codes(Range(None, "yesterday", 0, NOW)) == [
        "V8_DATE_FORMAT",
        "V7_LAST_POSITIVE",
        "V9_TO_REQUIRES_FROM",
        "V10_DATE_LAST_EXCLUSIVE",
    ]
