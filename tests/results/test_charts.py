from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from mixpanel_headless.results.canvas import Canvas
from mixpanel_headless.results.charts import Chart, draw
from mixpanel_headless.results.curves import Curve, curves_of, is_number, sparkline
from mixpanel_headless.results.plot import axis_ends
from mixpanel_headless.results.table import Table
from tests.results.conftest import Answer, days


def drawn(chart: Chart, width: int = 80, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    Console(file=file, width=width, color_system=None, legacy_windows=False).print(chart)
    file.flush()
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(encoding).splitlines()


def test_a_time_series_is_drawn_with_axis_dates_and_legend(answer: Answer) -> None:
    lines = drawn(draw(answer({"Login": {day: place for place, day in enumerate(days(31))}})))
    assert lines[0] == "Login, 2026-01-05 to 2026-01-07"
    assert lines[1].startswith("30 ┤")
    assert lines[10].startswith(" 0 ┤")
    assert [word for word in lines[11].split() if word] == ["2026-01-05", "2026-01-20", "2026-02-04"]
    assert lines[12].startswith("━━ Login")
    assert lines[12].endswith("last 30")
    assert lines[13] == "network, 1 request, waited 2.3 s"


def test_a_rising_curve_rises_from_the_lower_left_to_the_upper_right(answer: Answer) -> None:
    lines = drawn(draw(answer({"Login": {day: place for place, day in enumerate(days(31))}})))
    starts = [len(line[4:]) - len(line[4:].lstrip()) for line in lines[1:11]]
    assert starts == sorted(starts, reverse=True)
    assert starts[-1] == 0


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_no_line_is_wider_than_the_terminal(answer: Answer, width: int) -> None:
    segments = {
        f"a rather long name of segment number {n}": dict.fromkeys(days(40), n * 1000000.0 + 0.5) for n in range(9)
    }
    whole = {name: {"all": n * 1e6} for n, name in enumerate(segments)}
    for series in (segments, whole):
        lines = drawn(draw(answer({"Login": series}), width=132), width)
        assert max(map(cell_len, lines)) <= width


def test_wide_characters_keep_the_columns_aligned(answer: Answer) -> None:
    lines = drawn(draw(answer({"Login": {"東京": {"all": 10}, "Rome": {"all": 10}}})))
    assert cell_len(lines[1]) == cell_len(lines[2])
    assert lines[1].startswith("東京 █")
    assert lines[2].startswith("Rome █")


def test_only_the_six_highest_curves_are_drawn_and_the_rest_counted(answer: Answer) -> None:
    lines = drawn(draw(answer({"Login": {f"s{n}": dict.fromkeys(days(3), n) for n in range(9)}})))
    legend = [line.split()[1] for line in lines if line.startswith("━━")]
    assert legend == ["s3", "s4", "s5", "s6", "s7", "s8"]
    assert "3 of 9 series left out" in lines


def test_values_for_the_whole_range_are_drawn_as_bars(answer: Answer) -> None:
    lines = drawn(draw(answer({"Login": {"$overall": {"all": 100}, "pro": {"all": 50}}})))
    bars = [line.count("█") for line in lines[1:3]]
    assert bars[0] == 2 * bars[1] > 0
    assert lines[1].startswith("overall ")
    assert lines[2].endswith(" 50")


def test_one_date_is_drawn_as_bars(answer: Answer) -> None:
    assert "█" in drawn(draw(answer({"Login": {"2026-01-05": 4}})))[1]


def test_bars_beyond_twenty_are_counted(answer: Answer) -> None:
    lines = drawn(draw(answer({"Login": {f"s{n}": {"all": n} for n in range(25)}})))
    assert "5 of 25 bars left out" in lines


def test_a_chart_without_numbers_says_so(answer: Answer) -> None:
    assert drawn(draw(answer({})))[1] == "No numbers to draw."


def test_all_zero_values_can_be_drawn(answer: Answer) -> None:
    assert drawn(draw(answer({"Login": dict.fromkeys(days(3), 0)})))[1].startswith("  1 ┤")
    assert drawn(draw(answer({"Login": {"all": 0}})))[1].endswith(" 0")


def test_negative_values_lie_below_the_axis(answer: Answer) -> None:
    lines = drawn(draw(answer({"Change": {day: place - 1 for place, day in enumerate(days(3))}})))
    assert lines[1].startswith(" 1 ┤")
    assert lines[10].startswith("-1 ┤")


def test_a_terminal_without_unicode_gets_plain_signs(answer: Answer) -> None:
    series: dict[str, Any] = {"Zürich": {day: place for place, day in enumerate(days(9))}}
    assert any("*" in line for line in drawn(draw(answer(series)), encoding="ascii"))
    assert "#" in drawn(draw(answer({"Zürich": {"all": 3}})), encoding="ascii")[1]


def test_hours_are_labelled_with_their_time(answer: Answer) -> None:
    hours = {f"2026-01-05T{hour:02}:00:00-05:00": hour for hour in range(12)}
    assert "01-05 11:00" in drawn(draw(answer({"Login": hours})))[11]


def test_curves_name_their_segments_or_their_metrics() -> None:
    segments = Table(("event", "segment", "count"), [("Login", "$overall", 3), ("Login", "pro", 2)])
    metrics = Table(("event", "segment", "count"), [("Login", "$overall", 3), ("Purchase", "pro", 2)])
    assert [curve.label for curve in curves_of(segments)] == ["overall", "pro"]
    assert [curve.label for curve in curves_of(metrics)] == ["Login", "Purchase / pro"]


@pytest.mark.parametrize("value", [True, None, "5", float("nan"), float("inf"), [1]])
def test_what_is_no_finite_number_is_not_drawn(value: Any) -> None:
    assert not is_number(value)
    assert Curve("Login", ("a", "b"), (1, value)).numbers == [(0, 1)]


def test_a_sparkline_runs_from_zero_to_the_highest_value() -> None:
    assert sparkline([0, 6, None, 14]) == "▁▄ █"
    assert sparkline([5, 5]) == "██"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


def test_a_sparkline_is_thinned_to_its_width_and_ends_with_the_last_value() -> None:
    line = sparkline([0] * 99 + [9], 10)
    assert line == "▁" * 9 + "█"


@given(st.lists(st.floats(-1e12, 1e12), min_size=1))
def test_the_axis_holds_every_value_and_zero(values: list[float]) -> None:
    low, high = axis_ends(values)
    assert low <= 0 <= high
    assert all(low <= value <= high for value in values)
    assert high > low


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8),
    st.integers(1, 60),
    st.integers(1, 20),
)
def test_every_point_lands_on_the_canvas(points: list[tuple[float, float]], columns: int, lines: int) -> None:
    canvas = Canvas(columns, lines)
    canvas.line(points, 0)
    rows = list(canvas.rows())
    assert [len(row) for row in rows] == [columns] * lines
    assert any(bits for row in rows for bits, _ in row)
