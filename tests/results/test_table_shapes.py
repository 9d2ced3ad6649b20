from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.results.table import Table, clip_date, flatten_series, segment_columns

MONDAY, TUESDAY = "2026-01-05T00:00:00-05:00", "2026-01-06T00:00:00-05:00"


def test_a_plain_time_series_has_date_event_and_count() -> None:
    table = flatten_series({"Login": {MONDAY: 4, TUESDAY: 6}, "Purchase": {MONDAY: 1.5}}, ["$metric"])
    assert table.columns == ("date", "event", "count")
    assert table.rows == (
        ("2026-01-05T00:00:00", "Login", 4),
        ("2026-01-06T00:00:00", "Login", 6),
        ("2026-01-05T00:00:00", "Purchase", 1.5),
    )


def test_an_answer_for_the_whole_range_has_no_date() -> None:
    assert flatten_series({"Login": {"all": 10}, "Purchase": {"all": 3}}) == Table(
        ("event", "count"), [("Login", 10), ("Purchase", 3)]
    )


def test_one_dated_key_keeps_the_date_of_all_rows() -> None:
    table = flatten_series({"Login": {"all": 10}, "Purchase": {"2026-01-05": 3}})
    assert table.rows == (("all", "Login", 10), ("2026-01-05", "Purchase", 3))


def test_one_breakdown_is_called_segment_whatever_the_header_says() -> None:
    table = flatten_series({"Login": {"$overall": {"all": 5}, "pro": {"all": 3}}}, ["$metric", "plan"])
    assert table == Table(("event", "segment", "count"), [("Login", "$overall", 5), ("Login", "pro", 3)])


def test_two_breakdowns_take_the_names_of_the_headers() -> None:
    series = {"Login": {"$overall": {"all": 7}, "pro": {"$overall": {"all": 5}, "DE": {"all": 3}}}}
    table = flatten_series(series, ["$metric", "plan", "country"])
    assert table.columns == ("event", "plan", "country", "count")
    assert table.rows == (
        ("Login", "$overall", "$overall", 7),
        ("Login", "pro", "$overall", 5),
        ("Login", "pro", "DE", 3),
    )


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["$metric", "plan"],
        ["$metric", "plan", "country", "city"],
        ["$metric", "plan", "plan"],
        ["$metric", "plan", ""],
        ["$metric", "plan", None],
        ["$metric", "date", "plan"],
        ["$metric", "plan", "event"],
        ["$metric", "count", "plan"],
    ],
)
def test_headers_that_cannot_name_the_columns_give_way_to_numbers(headers: list[Any]) -> None:
    assert segment_columns(headers, 2) == ("segment_1", "segment_2")


def test_three_levels_without_headers_are_numbered() -> None:
    table = flatten_series({"Login": {"a": {"b": {"c": {"all": 1}}}}})
    assert table.columns == ("event", "segment_1", "segment_2", "segment_3", "count")


def test_a_branch_that_ends_early_is_padded_with_overall() -> None:
    series = {"Login": {"all": 9}, "Purchase": {"a": {"b": {"all": 1}}}}
    assert flatten_series(series).rows == (("Login", "$overall", "$overall", 9), ("Purchase", "a", "b", 1))


def test_a_value_beside_branches_belongs_to_the_branch() -> None:
    series = {"Login": {"pro": {"all": 3}, "all": 5}}
    assert flatten_series(series).rows == (("Login", "pro", 3), ("Login", "$overall", 5))


def test_a_time_comparison_shows_both_periods_as_segments() -> None:
    table = flatten_series({"Login": {"$current": {TUESDAY: 5}, "$previous": {MONDAY: 4}}}, ["$metric"])
    assert table.columns == ("date", "event", "segment", "count")
    assert [row[2:] for row in table] == [("$current", 5), ("$previous", 4)]


@pytest.mark.parametrize("stray", [5, None, "text", [1, 2]])
def test_a_metric_that_is_no_object_is_skipped(stray: Any) -> None:
    assert flatten_series({"Login": {"all": 3}, "odd": stray}).rows == (("Login", 3),)


@pytest.mark.parametrize("chart", ["line", "column", "stacked-line", "stacked-column", None, 7])
def test_an_empty_time_chart_still_has_its_date_column(chart: object) -> None:
    assert flatten_series({}, ["$metric"], chart) == Table(("date", "event", "count"), [])


@pytest.mark.parametrize("chart", ["bar", "table", "pie", ""])
def test_an_empty_chart_without_a_time_axis_has_none(chart: str) -> None:
    assert flatten_series({}, ["$metric"], chart) == Table(("event", "count"), [])


@pytest.mark.parametrize(
    ("headers", "columns"),
    [
        (["$metric", "plan"], ("segment",)),
        (["$event", "plan", "country"], ("plan", "country")),
        (["$metric"], ()),
        (["plan", "country"], ()),
        ([], ()),
    ],
)
def test_without_rows_the_headers_tell_the_depth(headers: list[str], columns: tuple[str, ...]) -> None:
    assert flatten_series({"Login": {}}, headers, "bar").columns == ("event", *columns, "count")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("2026-01-05", "2026-01-05"),
        ("2026-01-05T10:00:00", "2026-01-05T10:00:00"),
        ("2026-01-05T10:00:00.123-05:00", "2026-01-05T10:00:00"),
        ("a long key with no capital tee", "a long key with no capital tee"),
    ],
)
def test_dates_lose_fraction_and_offset_only(key: str, shown: str) -> None:
    assert clip_date(key) == shown


def test_a_table_becomes_dicts_and_csv() -> None:
    table = Table(("event", "count"), [("Login, twice", 3)])
    file = io.StringIO()
    table.to_csv(file)
    assert table.to_dicts() == [{"event": "Login, twice", "count": 3}]
    assert file.getvalue() == 'event,count\n"Login, twice",3\n'
    assert len(table) == 1


keys = st.text(min_size=1, max_size=4)
values = st.none() | st.integers() | st.floats(allow_nan=False) | st.lists(st.integers(), max_size=3)
nodes = st.recursive(
    st.dictionaries(keys, values, max_size=4), lambda inner: st.dictionaries(keys, inner | values, max_size=4)
)


def count_values(node: object) -> int:
    return sum(map(count_values, node.values())) if isinstance(node, dict) else 1


@given(series=st.dictionaries(keys, nodes, max_size=4), headers=st.lists(keys | st.none(), max_size=4))
def test_no_value_is_lost_and_every_row_fits_its_columns(series: dict[str, Any], headers: list[str | None]) -> None:
    table = flatten_series(series, headers)
    assert len(table) == count_values(series)
    assert all(len(row) == len(table.columns) for row in table)
    assert len(set(table.columns)) == len(table.columns)


@given(series=st.dictionaries(keys, nodes, max_size=4))
def test_flattening_leaves_the_series_as_it_was(series: dict[str, Any]) -> None:
    before = json.dumps(series)
    for row in flatten_series(series):
        if isinstance(row[-1], list):
            row[-1].append("changed")
    assert json.dumps(series) == before
