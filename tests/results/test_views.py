from __future__ import annotations

import datetime as dt
import io
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.results.table import Table
from mixpanel_headless.results.terminal import terminal_table
from mixpanel_headless.results.views import chosen_rows, format_cell, format_value, html_table, printable
from tests.results.conftest import Answer, days


def shown(renderable: Any, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(name=st.text(min_size=1, max_size=30), cell=st.text(max_size=30))
def test_no_text_of_the_answer_becomes_a_tag(name: str, cell: str) -> None:
    parsed = Tags()
    parsed.feed(html_table(Table((name,), [(cell,)]), title=cell, note=name))
    assert set(parsed.seen) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "small"}
    assert printable(name) in parsed.texts


def test_a_notebook_shows_the_latest_twenty_of_many_days_and_counts_the_rest(answer: Answer) -> None:
    html = answer({"Login": dict.fromkeys(days(40), 1)})._repr_html_()
    assert html.count("<tr>") == 21
    assert [day in html for day in ("2026-01-24", "2026-01-25", "2026-02-13")] == [False, True, True]
    assert "20 of 40 rows left out; .table has all" in html


def test_a_table_that_fits_says_nothing_of_rows_left_out(answer: Answer) -> None:
    assert "left out" not in answer({"Login": dict.fromkeys(days(31), 1)})._repr_html_()


def test_a_terminal_shows_the_latest_twenty_of_many_days_and_counts_the_rest(answer: Answer) -> None:
    text = shown(answer({"Login": dict.fromkeys(days(40), 1)}))
    assert text.count("Login  ") == 20
    assert [day in text for day in ("2026-01-24", "2026-01-25", "2026-02-13")] == [False, True, True]
    assert "20 of 40 rows left out" in text


def test_what_is_left_out_is_counted_by_what_is_shown(answer: Answer) -> None:
    text = shown(answer({"Login": {plan: dict.fromkeys(days(87), 1) for plan in ("free", "team", "business")}}))
    assert text.count("Login  ") == 18
    assert "243 of 261 rows left out" in text


def test_the_latest_are_kept_where_dates_fall_and_what_has_no_date_stays() -> None:
    rows = [("$average", 9), *((f"2026-01-{day:02d}", day) for day in range(31, 0, -1))]
    table = Table(("cohort_date", "count"), rows)
    assert [row[0] for row in chosen_rows(table, 3)] == ["$average", "2026-01-31", "2026-01-30"]


def test_whole_days_are_shown_without_their_midnight(answer: Answer) -> None:
    result = answer({"Login": {"2026-01-05T00:00:00-05:00": 1, "2026-01-06T00:00:00-05:00": 2}})
    assert "T00:00:00" not in shown(result) + result._repr_html_()


def test_hours_are_shown_whole(answer: Answer) -> None:
    text = shown(answer({"Login": {"2026-01-05T00:00:00-05:00": 1, "2026-01-05T01:00:00-05:00": 2}}))
    assert "2026-01-05 00:00:00" in text
    assert "2026-01-05 01:00:00" in text


def test_brackets_in_names_are_not_read_as_markup(answer: Answer) -> None:
    assert "[bold]Login[/]" in shown(answer({"[bold]Login[/]": {"all": 1}}))
    assert "[red]x" in shown(Listing(["[red]x"]))


def test_names_cannot_send_control_sequences_to_the_terminal(answer: Answer) -> None:
    hostile = "Login\x1b[2J\x1b]0;title\x07\r\n\u202e"
    result = answer({hostile: {"all": 1, "2026-01-05": 2}})
    for text in (shown(result), result.summary(), result.summary(1)):
        assert not set("\x1b\x07\r\u202e") & set(text)


def test_spaces_and_joiners_of_other_scripts_are_left_alone() -> None:
    name = "東京\u3000駅\u00a0\u200d"
    assert printable(name) == name


def test_a_sampled_or_cut_answer_says_so_in_every_view(answer: Answer) -> None:
    result = answer({"Login": {"all": 1}}, is_segmentation_limit_hit=True, min_sampling_factor=0.1)
    for text in (result._repr_html_(), shown(result, width=200), result.summary()):
        assert "segment limit hit" in text
        assert "sampled: 0.1" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "true"),
        (1255, "1,255"),
        (10**30, f"{10**30:,}"),
        (3010.5, "3,010.5"),
        (2.0, "2"),
        (0.0, "0"),
        (-0.004, "-0.004"),
        (0.00123, "0.0012"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("a\nb", "a\ufffdb"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_values_read_as_people_write_them(value: Any, text: str) -> None:
    assert format_value(value) == text


def test_a_terminal_shows_the_columns_that_say_something_and_counts_the_rest() -> None:
    columns = tuple(f"c{place}" for place in range(30))
    row = tuple(place if place in {0, 20, 29} else [None, False, "", "[]"][place % 4] for place in range(30))
    text = shown(terminal_table(Table(columns, [row])))
    assert [word for word in text.split() if word.startswith("c") and word[1:].isdigit()] == ["c0", "c20", "c29"]
    assert "27 of 30 columns left out" in text


def test_a_table_of_few_columns_is_shown_whole() -> None:
    text = shown(terminal_table(Table(("name", "count"), [("a", None)])))
    assert "count" in text
    assert "left out" not in text


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("created", "2026-11-26T07:58:02", "2026-11-26 07:58:02 UTC"),
        ("modified", "2026-11-26T07:58:02.123Z", "2026-11-26 07:58:02 UTC"),
        ("created_at", "2026-11-26T09:58:02+02:00", "2026-11-26 07:58:02 UTC"),
        ("created", dt.datetime(2026, 11, 26, 7, 58, 2), "2026-11-26 07:58:02 UTC"),  # noqa: DTZ001 - as read
        ("created", "2026-11-26", "2026-11-26"),
        ("created", "long ago, nobody knows when", "long ago, nobody knows when"),
        ("at", "2026-11-26 07:58:02Z", "2026-11-26 07:58:02 UTC"),
        ("time", dt.datetime(2026, 11, 26, 7, 58, 2, tzinfo=dt.UTC), "2026-11-26 07:58:02 UTC"),
        ("format", "2026-11-26T07:58:02Z", "2026-11-26T07:58:02Z"),
    ],
)
def test_when_something_happened_is_shown_in_utc_and_says_so(column: str, value: object, shown: str) -> None:
    assert format_cell(column, value) == shown


@pytest.mark.parametrize("value", ["2026-11-26T07:00:00", "2026-11-26T07:00:00-05:00"])
def test_dates_of_a_report_are_those_of_the_project(value: str) -> None:
    assert format_cell("date", value) == "2026-11-26 07:00:00"
