"""The demo as people see it: the panel, the lines, the report."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from rich.console import Console

from mixpanel_headless.cli.demo.draws import draw_asks
from mixpanel_headless.cli.demo.panel import Moment, draw_panel, plain_line
from mixpanel_headless.cli.demo.report import arithmetic, draw_report, hours_before
from mixpanel_headless.cli.demo.tally import Reply, Setting, Tally, sum_up
from mixpanel_headless.results.budget import BudgetReport
from mixpanel_headless.results.insights import QueryResult

if TYPE_CHECKING:
    from mixpanel_headless.cli.demo.questions import Catalogue

BUDGET = BudgetReport(
    limit=60, window=12.0, used=42, left=18, next_slot=3.25, running=5, concurrency=5, paused_for=0.0, learned=False,
    queue={"agent-2": 4, "agent-11": 7}, spent={}, counters={},
)  # fmt: skip


@pytest.fixture
def moment(catalogue: Catalogue) -> Moment:
    asks = draw_asks(catalogue, 40, seed=3)
    setting = Setting(events=80_096, agents=12, asks=asks, distinct=31, hour=12.0, limit=60, concurrency=5, seed=3)
    tally = Tally()
    for number, ask in enumerate(asks[:20]):
        if ask.question.refusal:
            tally.add(Reply("agent-1", ask, "refused here"))
        else:
            tally.add(
                reply := Reply("agent-2", ask, "answered", ("network", "flight", "cache")[number % 3], number / 2)
            )
            tally.check(reply)
    return Moment(setting=setting, tally=tally, budget=BUDGET, counted=17, refused=0, seconds=4.2)


def shown(renderable: Any, width: int = 80) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_panel_fills_the_width_and_no_more(moment: Moment, width: int) -> None:
    assert {len(line) for line in shown(draw_panel(moment), width).splitlines()} == {width}


def test_the_panel_is_as_high_at_the_start_as_in_the_middle(moment: Moment) -> None:
    start = attrs.evolve(moment, tally=Tally(), budget=attrs.evolve(BUDGET, queue={}))
    assert len(shown(draw_panel(start)).splitlines()) == len(shown(draw_panel(moment)).splitlines()) <= 24


@pytest.mark.parametrize(
    "part", ["42 of 60 used, next in 3.2 s", "5 of 5 running", "17 of 31 needed, 0 refused", "20 of 40 done", "0 wrong"]
)
def test_the_panel_says(part: str, moment: Moment) -> None:
    assert part in shown(draw_panel(moment))


def test_the_longest_queues_are_shown_when_there_are_many_agents(moment: Moment) -> None:
    panel = shown(draw_panel(moment))
    assert "Queue: 11 requests wait" in panel
    assert "agent-11" in panel


def test_the_last_answers_say_who_asked_what(moment: Moment) -> None:
    last = moment.tally.last[-1]
    assert f"{last.agent}" in shown(draw_panel(moment), 200)
    assert last.ask.question.text in shown(draw_panel(moment), 200)


def test_a_slot_that_hangs_on_a_running_request_has_no_countdown(moment: Moment) -> None:
    assert "next when one ends" in plain_line(attrs.evolve(moment, budget=attrs.evolve(BUDGET, next_slot=None)))


def test_a_line_says_what_the_panel_says(moment: Moment) -> None:
    line = plain_line(moment)
    assert "\n" not in line
    assert all(
        part in line for part in ("20/40 calls", "window 42/60, next in 3.2 s", "11 wait", "17 requests counted")
    )


def report(moment: Moment, *, counted: int = 17, finished: bool = True) -> str:
    figures = sum_up(moment.setting, moment.tally, counted=counted, refused=0, seconds=24.0)
    return shown(draw_report(moment.setting, moment.tally, figures, finished=finished))


def test_waits_are_told_in_this_hour_and_in_a_true_one(moment: Moment) -> None:
    row = next(line for line in report(moment).splitlines() if line.startswith("  took"))
    assert row.split() == ["took", "24.0", "s", "2.0", "h", "if", "an", "hour", "were", "an", "hour"]


def test_every_agent_has_a_row(moment: Moment) -> None:
    lines = report(moment).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("  agent-")] == [
        "interactive", *["normal"] * 10, "batch",
    ]  # fmt: skip


def test_the_report_names_what_went_wrong(moment: Moment) -> None:
    assert "20 calls have no answer" in report(moment)


def test_a_report_after_an_interruption_claims_nothing(moment: Moment) -> None:
    text = report(moment, finished=False)
    assert text.rstrip().endswith("Interrupted: these are the figures up to then.")
    assert "went wrong" not in text


def test_the_best_answer_to_draw_is_drawn(moment: Moment) -> None:
    series = {"Buy [Total Events]": {"2025-01-01T00:00:00": 1, "2025-01-02T00:00:00": 5}}
    ask = next(ask for ask in moment.setting.asks if ask.question.picture)
    moment.tally.add(Reply("agent-1", ask, "answered", "network"), QueryResult(series=series))
    assert "Buy [Total Events]" in report(moment)


def test_the_arithmetic_compares_with_one_request_a_call(moment: Moment) -> None:
    figures = sum_up(moment.setting, moment.tally, counted=31, refused=0, seconds=1.0)
    shared, alone = arithmetic(moment.setting, figures)
    assert "took 31 requests" in shared
    assert f"One request a call would be {moment.setting.answerable}" in alone


@pytest.mark.parametrize(
    ("requests", "when"),
    [(0, "in the first hour"), (60, "in the first hour"), (61, "after an hour"), (385, "after 6 hours")],
)
def test_windows_that_are_filled_at_once_start_an_hour_apart(requests: int, when: str) -> None:
    assert hours_before(requests, 60) == when
