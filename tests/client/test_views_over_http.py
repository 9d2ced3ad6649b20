"""Answers that the sandbox computes from events, as numbers, frames and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.boxes import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import mixpanel_headless as mp
    from mixpanel_headless.sandbox import Sandbox

DAYS: dict[str, Any] = {"from_date": "2026-01-02", "to_date": "2026-01-03"}
VISITS = [
    event("Visit", "a", "2026-01-02T10:00:00", plan="pro"),
    event("Buy", "a", "2026-01-02T11:00:00", plan="pro"),
    event("Visit", "b", "2026-01-02T10:00:00", plan="free"),
    event("Visit", "c", "2026-01-03T10:00:00", plan="free"),
    event("Buy", "c", "2026-01-04T10:00:00", plan="free"),
    event("Visit", "d", "2026-01-03T12:00:00", plan="free"),
]


@pytest.fixture
def ws(open_box: Callable[..., Sandbox]) -> Iterator[mp.Workspace]:
    with open_box(events=VISITS).workspace() as ws:
        yield ws


def test_a_funnel_by_segment_tells_everybody_and_each_segment(ws: mp.Workspace) -> None:
    answer = ws.query_funnel(["Visit", "Buy"], group_by="plan", **DAYS)
    assert answer.overall_conversion_rate == 0.5
    counts = {label: [step["count"] for step in steps] for label, steps in answer.segments.items()}
    assert counts == {"free": [3, 1], "pro": [1, 1]}
    assert answer.segments["free"][1]["avg_time"] == 24 * 3600


def test_a_funnel_by_date_keeps_every_date(ws: mp.Workspace) -> None:
    answer = ws.query_funnel(["Visit", "Buy"], mode="trends", **DAYS)
    assert [tuple(row) for row in answer.table] == [
        ("2026-01-02T00:00:00", "Visit through Buy", 0.5),
        ("2026-01-03T00:00:00", "Visit through Buy", 0.5),
    ]


def test_a_retention_by_segment_tells_everybody_and_each_segment(ws: mp.Workspace) -> None:
    answer = ws.query_retention("Visit", "Buy", retention_unit="day", group_by="plan", **DAYS)
    first = {day: (cohort["first"], cohort["counts"][:2]) for day, cohort in answer.cohorts.items()}
    assert first == {"2026-01-02": (2, [1, 0]), "2026-01-03": (2, [0, 1])}
    assert answer.segments["free"]["2026-01-03"]["rates"][1] == 0.5


CHARTS: dict[str, tuple[Callable[[mp.Workspace], Any], set[str]]] = {
    "insights": (lambda ws: ws.query("Visit", **DAYS), {"scatter"}),
    "funnel": (lambda ws: ws.query_funnel(["Visit", "Buy"], **DAYS), {"funnel"}),
    "trend of a funnel": (lambda ws: ws.query_funnel(["Visit", "Buy"], mode="trends", **DAYS), {"scatter"}),
    "retention": (lambda ws: ws.query_retention("Visit", "Buy", retention_unit="day", **DAYS), {"heatmap"}),
    "trend of a retention": (
        lambda ws: ws.query_retention("Visit", "Buy", retention_unit="day", mode="trends", **DAYS),
        {"scatter"},
    ),
    "flow": (lambda ws: ws.query_flow("Visit", forward=2, **DAYS), {"sankey"}),
    "paths": (lambda ws: ws.query_flow("Visit", forward=2, mode="paths", **DAYS), {"sankey"}),
    "tree": (lambda ws: ws.query_flow("Visit", forward=2, mode="tree", **DAYS), {"sankey"}),
    "segmentation": (lambda ws: ws.segmentation("Visit", on="plan", **DAYS), {"scatter"}),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_kind_of_question_has_its_chart_and_its_frames(name: str, ws: mp.Workspace) -> None:
    pytest.importorskip("plotly")
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    ask, charts = CHARTS[name]
    answer = ask(ws)
    assert {trace.type for trace in answer.plot().data} == charts
    assert len(answer.table) == len(answer.df) == len(answer.pl()) == len(answer.arrow()) > 0
    assert list(answer.table.columns) == list(answer.df.columns) == answer.pl().columns == answer.arrow().column_names
