"""Answers as plotly figures, and figures as files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.errors import ConfigError, InvalidArgumentError, MissingExtraError
from mixpanel_headless.results.activity import ActivityFeedResult
from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.results.drawings import CHART_KINDS
from mixpanel_headless.results.flows import FlowQueryResult
from mixpanel_headless.results.funnels import FunnelQueryResult
from mixpanel_headless.results.legacy import (
    CohortInfo,
    EventCountsResult,
    FrequencyResult,
    FunnelResult,
    FunnelResultStep,
    LegacyReport,
    NumericAverageResult,
    NumericBucketResult,
    NumericSumResult,
    PropertyCountsResult,
    RetentionResult,
    SegmentationResult,
)
from mixpanel_headless.results.retention import RetentionQueryResult
from mixpanel_headless.results.saved import FlowsResult, SavedReportResult
from mixpanel_headless.results.users import UserQueryResult
from tests.results.conftest import Answer, days

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_headless.results.drawings import ChartKind

pytest.importorskip("plotly")

MARCH: dict[str, Any] = {"from_date": "2025-03-01", "to_date": "2025-03-02"}
NUMBERS = {"2025-03-01": 4, "2025-03-02": 6}


def steps(*counts: int) -> list[dict[str, Any]]:
    names = ["Visit", "Cart", "Visit"]
    shares = [count / counts[0] for count in counts]
    facts = zip(names, counts, shares, strict=False)
    return [{"event": name, "count": count, "overall_conv_ratio": share} for name, count, share in facts]


def funnel(series: Any, *headers: str) -> FunnelQueryResult:
    return FunnelQueryResult.from_reply({"series": series, "headers": ["$funnel", *headers]}, {})


def cohort(first: int, *counts: int) -> dict[str, Any]:
    return {"first": first, "counts": list(counts), "rates": [count / first for count in counts]}


def retention(inside: Any, *headers: str) -> RetentionQueryResult:
    reply = {"series": {"Join and then Visit": inside}, "headers": ["$retention", *headers]}
    return RetentionQueryResult.from_reply(reply, {})


def kinds_of(figure: Any) -> set[str]:
    return {trace.type for trace in figure.data}


def subtitle(figure: Any) -> str:
    return str(figure.layout.title.text)


def test_numbers_over_dates_are_lines_in_order_with_gaps_where_there_is_no_number(answer: Answer) -> None:
    first, second, third = days(3)
    figure = answer({"Login": {third: 5, first: 3, second: None}, "Pay": {first: 1, second: 2}}).plot()
    login, pay = figure.data
    assert (login.type, login.name, list(login.y), list(pay.y)) == ("scatter", "Login", [3, None, 5], [1, 2])
    assert list(login.x) == sorted(login.x)


def test_numbers_without_dates_are_one_bar_each_even_where_names_are_alike(answer: Answer) -> None:
    series = {"Login": {"a / b": {"all": 2}, "a": {"b": {"all": 3}}}}
    figure = answer(series, headers=["$metric", "plan", "city"]).plot()
    (bars,) = figure.data
    assert (list(bars.x), list(figure.layout.yaxis.ticktext)) == ([2, 3], ["a / b", "a / b"])


def test_numbers_over_dates_are_bars_side_by_side_where_that_is_asked(answer: Answer) -> None:
    figure = answer({"Login": dict.fromkeys(days(3), 3)}).plot("bar")
    assert (kinds_of(figure), list(figure.data[0].y), figure.layout.barmode) == ({"bar"}, [3, 3, 3], "group")


def test_what_a_chart_leaves_out_stands_under_its_title(answer: Answer) -> None:
    dated = {f"s{number}": dict.fromkeys(days(2), number) for number in range(23)}
    whole = {f"s{number}": {"all": number} for number in range(51)}
    assert "3 of 23 series left out; network, 1 request" in subtitle(answer({"Login": dated}).plot())
    assert "1 of 51 bars left out" in subtitle(answer({"Login": whole}).plot())


def test_names_with_tags_are_shown_as_they_are_and_run_nothing(answer: Answer, tmp_path: Path) -> None:
    page = tmp_path / "chart.html"
    figure = answer({"</script><b>x": dict.fromkeys(days(2), 1)}).plot(to=page)
    assert figure.data[0].name == "&lt;/script&gt;&lt;b&gt;x"
    assert "<b>x" not in page.read_text(encoding="utf-8")


def test_a_funnel_keeps_steps_of_one_event_apart() -> None:
    (trace,) = funnel({"V": {"steps": steps(9, 6, 3)}}).plot().data
    assert (trace.type, list(trace.x), list(trace.y)) == ("funnel", [9, 6, 3], ["1. Visit", "2. Cart", "3. Visit"])


def test_a_funnel_with_segments_is_drawn_for_each_of_them() -> None:
    parts = {"$overall": steps(9, 3), "pro": steps(4, 2), "free": steps(5, 1)}
    figure = funnel({"V": parts}, "plan").plot()
    assert [(trace.name, list(trace.x)) for trace in figure.data] == [("pro", [4, 2]), ("free", [5, 1])]


def test_a_funnel_by_date_is_a_line_of_overall_conversion_where_that_is_asked() -> None:
    by_date = {"2025-03-01": steps(10, 4), "2025-03-02": steps(20, 10)}
    (line,) = funnel({"V": by_date}).plot("line").data
    assert (list(line.x), list(line.y)) == (["2025-03-01", "2025-03-02"], [0.4, 0.5])


def test_a_trend_of_a_funnel_is_a_line() -> None:
    assert [list(trace.y) for trace in funnel({"V": NUMBERS}).plot().data] == [[4, 6]]


def test_retention_is_a_heat_map_of_cohorts_by_bucket() -> None:
    figure = retention({"2025-03-01": cohort(10, 5, 2), "2025-03-02": cohort(20, 5)}).plot()
    (trace,) = figure.data
    assert (trace.type, [list(row) for row in trace.z]) == ("heatmap", [[0.5, 0.2], [0.25, None]])
    assert list(figure.layout.yaxis.ticktext) == ["2025-03-01", "2025-03-02"]
    assert list(figure.layout.xaxis.ticktext) == ["0", "1"]
    assert tuple(trace.customdata[1][0]) == ("2025-03-02", "0")


def test_a_heat_map_names_the_segment_of_each_cohort() -> None:
    parts = {"pro": {"2025-03-01": cohort(4, 3)}, "free": {"2025-03-01": cohort(2, 1)}}
    figure = retention(parts, "plan").plot()
    assert list(figure.layout.yaxis.ticktext) == ["pro / 2025-03-01", "free / 2025-03-01"]
    assert [list(row) for row in figure.data[0].z] == [[0.75], [0.5]]


def ways(figure: Any) -> set[tuple[str, str, int]]:
    (trace,) = figure.data
    names, link = trace.node.label, trace.link
    ends = zip(link.source, link.target, link.value, strict=True)
    return {(names[source], names[target], count) for source, target, count in ends}


COLUMNS = [
    {"nodes": [{"event": "Join", "totalCount": "9", "edges": [{"event": "Visit", "totalCount": "5"},
                                                              {"event": "DROPOFF", "totalCount": "4"}]}]},
    {"nodes": [{"event": "Visit", "totalCount": "5", "edges": [{"event": "Join", "totalCount": "2"}]}]},
    {"nodes": [{"event": "Join", "totalCount": "2"}]},
]  # fmt: skip


def test_a_flow_is_a_sankey_with_an_event_apart_in_each_column() -> None:
    figure = FlowQueryResult.from_reply({"steps": COLUMNS}, {}, "sankey").plot()
    assert ways(figure) == {("Join", "Visit", 5), ("Join", "DROPOFF", 4), ("Visit", "Join", 2)}
    assert len(figure.data[0].node.label) == 4


def test_paths_of_flows_are_a_sankey_of_their_steps_together() -> None:
    paths = [("Join", 7, "Visit", 5), ("Join", 7, "Visit", 2), ("Join", 7, "Help", 1)]
    flows = [
        {"flowSteps": [{"event": a, "totalCount": before}, {"event": b, "totalCount": after}]}
        for a, before, b, after in paths
    ]
    figure = FlowQueryResult.from_reply({"flows": flows}, {}, "paths").plot()
    assert ways(figure) == {("Join", "Visit", 7), ("Join", "Help", 1)}


def test_trees_of_flows_are_a_sankey_of_their_levels() -> None:
    def branch(event: str, count: int, *children: Any) -> dict[str, Any]:
        return {"step": {"event": event}, "totalCount": count, "children": children and list(children)}

    root = branch("Join", 9, branch("Visit", 5, branch("Buy", 3)), branch("Help", 2, branch("Buy", 1)))
    figure = FlowQueryResult.from_reply({"trees": [{"root": root}]}, {}, "tree").plot()
    assert ways(figure) == {("Join", "Visit", 5), ("Join", "Help", 2), ("Visit", "Buy", 3), ("Help", "Buy", 1)}


def test_a_saved_flow_is_the_same_sankey() -> None:
    flow = FlowsResult(
        bookmark_id=1, computed_at="", steps=COLUMNS, breakdowns=[], overall_conversion_rate=0.0, metadata={}
    )
    assert ways(flow.plot()) == {("Join", "Visit", 5), ("Join", "DROPOFF", 4), ("Visit", "Join", 2)}


def saved(kind: str, series: Any, *headers: str) -> SavedReportResult:
    return SavedReportResult(
        **MARCH, bookmark_id=1, computed_at="", headers=list(headers), series=series, report_type=kind
    )


def test_a_saved_funnel_is_drawn_with_all_its_dates_together() -> None:
    (trace,) = saved("funnel", {"2025-03-01": {"steps": steps(9, 6)}, "2025-03-02": {"steps": steps(4, 1)}}).plot().data
    assert (trace.type, list(trace.x), list(trace.y)) == ("funnel", [13, 7], ["1. Visit", "2. Cart"])


@pytest.mark.parametrize(
    "series",
    [{"2025-03-01": {"first": 10, "counts": [5, 2]}}, {"Join and then Visit": {"2025-03-01": cohort(10, 5, 2)}}],
    ids=["older", "newer"],
)
def test_a_saved_retention_is_a_heat_map_whichever_way_it_is_told(series: Any) -> None:
    figure = saved("retention", series, "$retention").plot()
    assert [list(row) for row in figure.data[0].z] == [[0.5, 0.2]]
    assert list(figure.layout.yaxis.ticktext) == ["2025-03-01"]


def test_a_flow_asked_as_a_saved_report_is_a_sankey() -> None:
    assert ways(saved("flows", {"steps": COLUMNS}).plot()) == {
        ("Join", "Visit", 5),
        ("Join", "DROPOFF", 4),
        ("Visit", "Join", 2),
    }


def test_users_by_cohort_are_bars_and_several_numbers_are_a_bar_each() -> None:
    one = UserQueryResult(aggregate_data={"pro": 3, "free": 5}, meta={"action": "count()", "segmented": True})
    many = UserQueryResult(aggregate_data={"min": 1, "max": 8}, meta={"action": "extremes(age)", "segmented": False})
    assert [list(trace.x) for trace in one.plot().data] == [[3, 5]]
    figure = many.plot()
    assert list(figure.layout.yaxis.ticktext) == ["extremes(age) / min", "extremes(age) / max"]


SERIES: dict[str, Any] = {**MARCH, "unit": "day", "series": {"US": NUMBERS}}
ASKED: dict[str, Any] = {**MARCH, "unit": "day", "event": "Pay", "property_expr": "amount", "results": NUMBERS}
COHORTS = [CohortInfo(date="2025-03-01", size=4, retention=[1.0, 0.5]), CohortInfo(date="2025-03-02", size=2, retention=[1.0])]  # fmt: skip
OLDER: list[tuple[LegacyReport, ChartKind, Any]] = [
    (SegmentationResult(**SERIES, event="Pay", segment_property="country"), "line", [4, 6]),
    (EventCountsResult(**SERIES, events=["US"], type="general"), "line", [4, 6]),
    (PropertyCountsResult(**SERIES, event="Pay", property_name="country", type="general"), "line", [4, 6]),
    (NumericBucketResult(**SERIES, event="Pay", property_expr="amount"), "line", [4, 6]),
    (NumericSumResult(**ASKED), "line", [4, 6]),
    (NumericAverageResult(**ASKED), "line", [4, 6]),
    (FunnelResult(**MARCH, funnel_id=1, funnel_name="", by_date={}, steps=[
        FunnelResultStep(event="Visit", count=9, conversion_rate=1.0), FunnelResultStep(event="Pay", count=3, conversion_rate=0.3),
    ]), "funnel", [9, 3]),
    (RetentionResult(**MARCH, born_event="", return_event="", unit="day", cohorts=COHORTS), "heatmap", [[1.0, 0.5], [1.0, None]]),
    (FrequencyResult(**MARCH, event=None, unit="day", addiction_unit="hour", data={"2025-03-01": [5, 2], "2025-03-02": [3]}),
     "heatmap", [[5, 2], [3, None]]),
    (SavedReportResult(**MARCH, bookmark_id=1, computed_at="", headers=["$metric"], series={"US": NUMBERS}, report_type="insights"),
     "line", [4, 6]),
]  # fmt: skip


@pytest.mark.parametrize(("result", "kind", "drawn"), OLDER, ids=lambda part: type(part).__name__)
def test_older_reports_are_drawn_as_their_class_says(result: LegacyReport, kind: ChartKind, drawn: Any) -> None:
    (trace,) = result.plot().data
    assert result.charts[0] == kind
    assert trace.type == {"line": "scatter"}.get(kind, kind)
    cells = trace.x if kind == "funnel" else trace.z if kind == "heatmap" else trace.y
    assert [list(cell) if isinstance(cell, (list, tuple)) else cell for cell in cells] == drawn


def test_a_long_answer_of_one_number_a_date_is_summed_up_as_one_curve() -> None:
    results = {f"2025-03-{day:02}": day for day in range(1, 21)}
    text = NumericSumResult(**{**ASKED, "results": results}).summary()
    assert "sum: 20 points, first 1, last 20" in text


def test_a_funnel_of_many_dates_is_summed_up_by_its_conversion() -> None:
    by_date = {f"2025-03-{day:02}": steps(10, day) for day in range(1, 10)}
    assert "everybody: overall conversion: 9 points, first 0.1, last 0.9" in funnel({"V": by_date}).summary()


def test_an_answer_without_numbers_is_an_empty_figure_that_says_so(answer: Answer) -> None:
    figure = answer({}).plot()
    assert (len(figure.data), figure.layout.annotations[0].text) == (0, "No numbers to draw.")


def test_a_kind_that_nobody_draws_is_refused_with_those_that_there_are(answer: Answer) -> None:
    with pytest.raises(InvalidArgumentError, match=r"kind is 'pie'.*line, bar, funnel, heatmap, sankey"):
        answer({}).plot("pie")  # type: ignore[arg-type]


def test_a_kind_that_the_answer_does_not_have_is_refused_with_its_own() -> None:
    with pytest.raises(InvalidArgumentError, match=r"FlowQueryResult is not drawn as line.*drawn as sankey"):
        FlowQueryResult().plot("line")


def test_a_kind_that_the_numbers_do_not_suffice_for_is_refused(answer: Answer) -> None:
    with pytest.raises(InvalidArgumentError, match="no numbers at two dates or more"):
        answer({"Login": {"all": 3}}).plot("line")


@pytest.mark.parametrize(
    "result",
    [ActivityFeedResult(distinct_ids=[], from_date=None, to_date=None, events=[]), Listing(["Login"])],
    ids=["activity", "list"],
)
def test_what_is_no_numbers_is_not_drawn(result: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="is not drawn"):
        result.plot()


def test_a_file_of_another_kind_is_refused_before_anything_is_drawn(answer: Answer, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"chart\.doc.*\.html.*\.png"):
        answer({}).plot(to=tmp_path / "chart.doc")
    assert not list(tmp_path.iterdir())


def test_a_page_holds_all_that_it_needs(answer: Answer, tmp_path: Path) -> None:
    page = tmp_path / "chart.html"
    answer({"Login": dict.fromkeys(days(2), 1)}).plot(to=str(page))
    text = page.read_text(encoding="utf-8")
    assert "Login" in text
    assert "<script src=" not in text


def test_an_image_without_a_browser_says_what_it_needs(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    with pytest.raises(ConfigError, match=r"Chrome.*\.html"):
        answer({"Login": dict.fromkeys(days(2), 1)}).plot(to=tmp_path / "chart.png")


@pytest.mark.parametrize(("package", "extra"), [("plotly", "plot"), ("kaleido", "image")])
def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    answer: Answer, package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"mixpanel-headless\[{extra}\]"):
        answer({"Login": dict.fromkeys(days(2), 1)}).plot(to=tmp_path / "chart.png")


def test_every_kind_is_the_chart_of_some_answer() -> None:
    classes = (FunnelQueryResult, RetentionQueryResult, FlowQueryResult, UserQueryResult)
    assert {kind for one in classes for kind in one.charts} == set(CHART_KINDS)
