"""What a terminal shows of a table that is too large for it."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.results.flow_trees import FlowTreeNode
from mixpanel_headless.results.flows import FlowQueryResult
from mixpanel_headless.results.funnels import FunnelQueryResult
from mixpanel_headless.results.retention import RetentionQueryResult
from mixpanel_headless.results.table import Table
from mixpanel_headless.results.terminal import terminal_table
from tests.results.conftest import Answer, days

ID = "670e5e11-10f8-450b-87bb-8f52f449ccd7"
MOMENT = "2026-11-26 04:30:00"


def drawn(renderable: Any, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in text.splitlines())
    return text


def show(columns: tuple[str, ...], *rows: tuple[Any, ...], width: int = 80) -> str:
    return drawn(terminal_table(Table(columns, rows), whole=".table"), width)


def test_ids_moments_and_numbers_are_whole_and_long_texts_make_room() -> None:
    text = show(("id", "created", "count", "description"), (ID, MOMENT, 413_958_123, "a story " * 12))
    assert all(whole in text for whole in (ID, MOMENT))
    assert "413,958,123" in show(("event", "count", "about"), ("Sign Up", 413_958_123, "a story " * 20))
    assert "…" not in text


def test_columns_without_room_are_named_and_where_they_are() -> None:
    text = show(("id", "rules", "created"), (ID, {"rollout": list(range(40))}, MOMENT))
    assert MOMENT in text
    assert "1 of 3 columns left out (rules); .table has all" in text


def test_empty_columns_go_first() -> None:
    text = show(("id", "task", "notes", "created", "process"), (ID, None, [], MOMENT, ""))
    assert MOMENT in text
    assert "3 of 5 columns left out (task, notes, process)" in text


def test_structures_are_json() -> None:
    assert '{"on": true, "at": null}' in show(("name", "rule"), ("a", {"on": True, "at": None}))


def test_numbered_columns_are_shown_without_a_gap() -> None:
    row = tuple(place if place % 3 else 10**9 for place in range(30))
    text = show(("first", *map(str, range(30))), (1, *row))
    named = [word for word in text.splitlines()[1].split() if word.isdigit()]
    assert named == [str(place) for place in range(len(named))]
    assert f"{30 - len(named)} of 31 columns left out ({len(named)}, " in text


def test_long_names_of_columns_are_broken_and_those_of_calls_too() -> None:
    text = show(("time_to_convert_at_most", *"abcde"), (1, *[1_000_000] * 5))
    assert "time_to_" in text
    assert "left out" not in text
    call = "feature_flags.create_feature_flag"
    assert "feature_flags.create" in show(("seq", "at", "operation", "target"), (1, MOMENT, call, "x" * 20))
    assert call not in show(("seq", "at", "operation", "target"), (1, MOMENT, call, "x" * 20))


def test_every_segment_of_a_long_series_is_seen(answer: Answer) -> None:
    plans = {plan: dict.fromkeys(days(31), 1) for plan in ("$overall", "free", "team", "business")}
    result = answer({"Sign Up": plans})
    for text in (drawn(result), result._repr_html_()):
        assert all(plan in text for plan in plans)
        assert "104 of 124 rows left out" in text


def test_an_average_stands_before_the_cohorts() -> None:
    cell = {"first": 5, "counts": [5, 2], "rates": [1.0, 0.4]}
    series = {"Sign Up and then Login": {**dict.fromkeys(days(40), cell), "$average": cell}}
    rows = RetentionQueryResult.from_reply({"series": series}, {}).shown.rows
    assert rows[0][0] == "$average"
    assert rows[1][0] == "2026-01-05"


def test_times_of_a_funnel_have_a_unit() -> None:
    steps = [{"event": "Visit", "count": 9, "avg_time": None}, {"event": "Buy", "count": 3, "avg_time": 413_958.4}]
    result = FunnelQueryResult.from_reply({"series": {"Visit through Buy": steps}}, {})
    assert "4.8 d" in drawn(result)
    assert result.table.to_dicts()[1]["avg_time"] == 413_958.4


def test_a_share_over_time_is_called_a_rate() -> None:
    asked = {"sections": {"show": [{"measurement": {"math": "conversion_rate_unique"}}]}}
    trend = {"series": {"Visit through Buy": {"2026-01-05": 0.5}}}
    assert FunnelQueryResult.from_reply(trend, asked).table.columns == ("date", "event", "rate")
    asked["sections"]["show"][0]["measurement"]["math"] = "unique"
    assert FunnelQueryResult.from_reply(trend, asked).table.columns == ("date", "event", "count")


def test_a_tree_is_indented_and_can_be_drawn() -> None:
    tree = FlowTreeNode("Sign Up", total_count=3, children=(FlowTreeNode("Login", total_count=2),))
    result = FlowQueryResult(mode="tree", trees=[tree])
    assert "    Login" in drawn(result)
    assert result.render() == tree.render()
    assert FlowQueryResult().render() == ""


def test_nothing_is_called_empty() -> None:
    text = drawn(Listing([]))
    assert "Empty." in text
    assert "value" not in text
