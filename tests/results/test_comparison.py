"""An answer that is held against another time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless import SavedReportResult, TimeComparison, Workspace
from mixpanel_headless.errors import QueryError
from mixpanel_headless.results.insights import QueryResult
from mixpanel_headless.results.provenance import given
from mixpanel_headless.results.saved import read_saved
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS: dict[str, Any] = {"from_date": "2026-06-15", "to_date": "2026-06-17"}
BEFORE: dict[str, Any] = {"from_date": "2026-06-08", "to_date": "2026-06-10"}
A_WEEK_BEFORE = TimeComparison.relative("week")


@pytest.fixture(scope="module")
def ws() -> Iterator[Workspace]:
    with Sandbox() as box, box.workspace() as workspace:
        yield workspace


def compared(**series: Any) -> dict[str, Any]:
    reply: dict[str, Any] = {"series": {"Login": {"2026-01-05": 3}}}
    return {**reply, "time_comparison": {"date_range": {"from_date": "2025-12-29"}, "series": series}}


def test_an_insights_answer_holds_the_one_of_the_other_time(ws: Workspace) -> None:
    result = ws.query("Sign Up", group_by="plan", time_comparison=A_WEEK_BEFORE, **DAYS)
    alone = ws.query("Sign Up", group_by="plan", **BEFORE)
    assert result.comparison is not None
    assert result.comparison.series == alone.series
    assert result.comparison.table == alone.table
    assert result.comparison.from_date[:10] == BEFORE["from_date"]


def test_its_rows_say_of_which_time_they_are(ws: Workspace) -> None:
    result = ws.query("Sign Up", time_comparison=A_WEEK_BEFORE, **DAYS)
    assert result.table.columns == ("date", "period", "event", "count")
    assert [row[:2] for row in result.table] == [
        *((f"2026-06-{day}T00:00:00", "current") for day in ("15", "16", "17")),
        *((f"2026-06-{day}T00:00:00", "previous") for day in ("08", "09", "10")),
    ]
    assert result.df["period"].tolist() == ["current"] * 3 + ["previous"] * 3
    assert [curve.label.partition(" / ")[0] for curve in result.curves()] == ["current", "previous"]


def test_a_summary_names_both_times(ws: Workspace) -> None:
    said = ws.query("Sign Up", time_comparison=A_WEEK_BEFORE, **DAYS).summary()
    assert "2026-06-15 to 2026-06-17, compared with 2026-06-08 to 2026-06-10" in said
    assert "previous | Sign Up" in said


def test_a_funnel_tells_the_steps_of_both_times(ws: Workspace) -> None:
    asked = ["Sign Up", "Trial Started"]
    result, alone = ws.query_funnel(asked, time_comparison=A_WEEK_BEFORE, **DAYS), ws.query_funnel(asked, **BEFORE)
    assert result.to_dict()["comparison"]["steps_data"] == alone.steps_data
    assert [row[0] for row in result.table] == ["current"] * 2 + ["previous"] * 2
    assert [stages.label for stages in result.stages()] == ["current", "previous"]


def test_a_trend_of_a_funnel_has_a_curve_for_each_time(ws: Workspace) -> None:
    result = ws.query_funnel(["Sign Up", "Trial Started"], mode="trends", time_comparison=A_WEEK_BEFORE, **DAYS)
    assert [len(curve.values) for curve in result.curves()] == [3, 3]


def test_a_retention_tells_the_cohorts_of_both_times(ws: Workspace) -> None:
    result = ws.query_retention("Sign Up", "Login", time_comparison=A_WEEK_BEFORE, **DAYS)
    alone = ws.query_retention("Sign Up", "Login", **BEFORE)
    assert result.to_dict()["comparison"]["cohorts"] == alone.cohorts
    assert {row[:2] for row in result.table} == {
        *(("current", day) for day in result.cohorts),
        *(("previous", day) for day in alone.cohorts),
    }
    assert (grid := result.grid()) is not None
    assert grid.rows[0] == "current / $average"


def test_an_answer_without_one_is_as_it_was(ws: Workspace) -> None:
    result = ws.query("Sign Up", **DAYS)
    assert result.comparison is None
    assert result.table.columns == ("date", "event", "count")
    assert "comparison" not in result.to_dict()


def test_answers_differ_when_what_they_are_compared_with_does() -> None:
    ours, other = compared(Login={"2025-12-29": 1}), compared(Login={"2025-12-29": 2})
    assert QueryResult.from_reply(ours, {}) == QueryResult.from_reply(compared(Login={"2025-12-29": 1}), {})
    assert QueryResult.from_reply(ours, {}) != QueryResult.from_reply(other, {})


def test_segments_of_one_time_alone_keep_their_rows() -> None:
    table = QueryResult.from_reply(compared(Login={"pro": {"2025-12-29": 1}}), {}).table
    assert table.to_dicts() == [
        {"date": "2026-01-05", "period": "current", "event": "Login", "segment": None, "count": 3},
        {"date": "2025-12-29", "period": "previous", "event": "Login", "segment": "pro", "count": 1},
    ]


def test_a_comparison_without_numbers_is_no_answer() -> None:
    reply = {**compared(), "time_comparison": {"date_range": {}}}
    with pytest.raises(QueryError, match="no series"):
        QueryResult.from_reply(reply, {})


def saved(ws: Workspace, kind: Any, params: Any) -> SavedReportResult:
    """The answer to a saved report with these parameters."""
    board = ws.create_dashboard(mp.CreateDashboardParams(title="Board"))
    fields = mp.CreateBookmarkParams(name="Kept", bookmark_type=kind, params=params, dashboard_id=board.id)
    return ws.query_saved_report(ws.create_bookmark(fields).id, bookmark_type=kind)


def test_a_saved_report_keeps_what_it_is_compared_with(ws: Workspace) -> None:
    asked = ws.query("Sign Up", group_by="plan", time_comparison=A_WEEK_BEFORE, **DAYS)
    report = saved(ws, "insights", asked.params)
    assert report.comparison is not None
    assert asked.comparison is not None
    assert report.comparison.series == asked.comparison.series
    assert report.table == asked.table
    assert report.title.endswith("compared with 2026-06-08 to 2026-06-10")
    assert report.to_dict()["comparison"].keys() == {"from_date", "to_date", "series"}


def test_a_saved_funnel_shows_the_steps_of_both_times(ws: Workspace) -> None:
    asked = ws.query_funnel(["Sign Up", "Trial Started"], time_comparison=A_WEEK_BEFORE, **DAYS)
    assert asked.comparison is not None
    compared = {"series": asked.comparison.series, "date_range": BEFORE}
    reply = {"series": asked.series, "time_comparison": compared}
    report = read_saved(reply, given(), bookmark_id=1, kind="funnels")
    assert [stages.label for stages in report.stages()] == ["current", "previous"]
    assert [row[0] for row in report.table] == ["current", "previous"]


def test_a_saved_report_without_one_is_as_it_was(ws: Workspace) -> None:
    report = saved(ws, "insights", ws.query("Sign Up", **DAYS).params)
    assert report.comparison is None
    assert "comparison" not in report.to_dict()
    assert report.table.columns == ("date", "event", "count")
