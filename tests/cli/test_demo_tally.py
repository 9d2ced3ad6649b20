"""Counting what became of the calls, and judging it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from mixpanel_headless.cli.demo.draws import Ask
from mixpanel_headless.cli.demo.tally import Figures, Reply, Setting, Tally, percentile, sum_up
from mixpanel_headless.cli.demo.truth import Truth, same_value
from mixpanel_headless.engine import Unsupported
from mixpanel_headless.results.insights import QueryResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.cli.demo.questions import Catalogue

SERIES = {"Buy [Total Events]": {"2025-01-01": 3, "2025-01-02": 4}}


@pytest.fixture
def asks(catalogue: Catalogue) -> list[Ask]:
    """Two answerable calls and a wrong one."""
    return [Ask(catalogue.questions[0]), Ask(catalogue.questions[1]), Ask(catalogue.wrong[0])]


@pytest.fixture
def setting(asks: list[Ask]) -> Setting:
    return Setting(events=10, agents=1, asks=asks, distinct=2, hour=12.0, limit=60, concurrency=5, seed=1)


@pytest.fixture
def tally(asks: list[Ask]) -> Tally:
    """Everything as it should be."""
    tally = Tally()
    first, second = (
        Reply("agent-1", asks[0], "answered", "network", 1.0),
        Reply("agent-1", asks[1], "answered", "cache"),
    )
    for reply in (first, second, Reply("agent-1", asks[2], "refused here")):
        tally.add(reply)
    tally.check(first)
    tally.check(second)
    return tally


def figures_of(setting: Setting, tally: Tally, counted: int = 2, refused: int = 0) -> Figures:
    return sum_up(setting, tally, counted=counted, refused=refused, seconds=3.0)


def test_a_demo_as_it_should_be_has_no_fault(setting: Setting, tally: Tally) -> None:
    figures = figures_of(setting, tally)
    assert figures.faults == ()
    assert (figures.asked, figures.answered, figures.right, figures.refused_here) == (3, 2, 2, 1)
    assert figures.origins == {"network": 1, "flight": 0, "cache": 1}
    assert (figures.wait_p50, figures.wait_p95) == (0.0, 1.0)


def test_a_wrong_answer_is_a_fault(setting: Setting, tally: Tally) -> None:
    tally.add(reply := attrs.evolve(tally.replies[0]))
    tally.check(reply, "another series")
    figures = figures_of(setting, tally)
    assert figures.right == 2
    assert any("another series" in fault for fault in figures.faults)


def test_a_missing_answer_is_a_fault(setting: Setting, tally: Tally) -> None:
    tally.replies.pop()
    assert figures_of(setting, tally).faults == ("1 calls have no answer",)


def test_an_unchecked_answer_is_a_fault(setting: Setting, tally: Tally) -> None:
    tally.checked -= 1
    assert figures_of(setting, tally).faults == ("1 answers were not checked",)


def test_a_refusal_by_the_service_is_a_fault(setting: Setting, tally: Tally) -> None:
    assert figures_of(setting, tally, refused=1).faults == ("the service refused 1 requests",)


def test_more_requests_than_questions_are_a_fault(setting: Setting, tally: Tally) -> None:
    assert figures_of(setting, tally, counted=3).faults == ("3 requests were counted for 2 different questions",)


def test_a_failed_call_is_a_fault_that_says_why(setting: Setting, tally: Tally) -> None:
    tally.replies[2] = Reply("agent-1", tally.replies[2].ask, "failed", problem="TransportError: cut")
    assert figures_of(setting, tally).faults[0].endswith("TransportError: cut")


def test_the_figures_are_plain_data(setting: Setting, tally: Tally) -> None:
    assert figures_of(setting, tally).to_dict()["origins"] == {"network": 1, "flight": 0, "cache": 1}


@pytest.mark.parametrize(("share", "value"), [(0.5, 3), (0.95, 5), (0.0, 1), (1.0, 5)])
def test_percentiles_are_values_that_occurred(share: float, value: float) -> None:
    assert percentile([5, 1, 4, 2, 3], share) == value


def test_the_percentile_of_nothing_is_zero() -> None:
    assert percentile([], 0.5) == 0


def result(series: Mapping[str, Any] = SERIES, headers: tuple[str, ...] = ("$metric",)) -> QueryResult:
    return QueryResult(series=series, headers=list(headers), params={"asked": True})


def answer(params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"series": SERIES, "headers": ["$metric"]}


def test_the_answer_that_the_engine_gives_is_right(catalogue: Catalogue) -> None:
    assert Truth(answer).problem_of(catalogue.questions[0], result()) == ""


def test_another_number_is_wrong(catalogue: Catalogue) -> None:
    wrong = result({"Buy [Total Events]": {"2025-01-01": 3, "2025-01-02": 5}})
    assert Truth(answer).problem_of(catalogue.questions[0], wrong) == "another series than the events give"


def test_other_headers_are_wrong(catalogue: Catalogue) -> None:
    assert "headers" in Truth(answer).problem_of(catalogue.questions[0], result(headers=("$metric", "plan")))


def test_numbers_about_nothing_are_wrong(catalogue: Catalogue) -> None:
    unknown = next(question for question in catalogue.questions if question.unknown)
    assert Truth(answer).problem_of(unknown, result()) == "an answer about something that does not exist"


def test_an_answer_that_the_engine_cannot_give_is_suspect(catalogue: Catalogue) -> None:
    def refuse(params: Mapping[str, Any]) -> Mapping[str, Any]:
        raise Unsupported("that")

    assert "does not support that" in Truth(refuse).problem_of(catalogue.questions[0], result())


def test_the_truth_is_computed_once_for_all_spellings(catalogue: Catalogue) -> None:
    asked: list[object] = []

    def count(params: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(params)
        return answer(params)

    truth = Truth(count)
    problems = [truth.problem_of(catalogue.questions[0], result()) for _ in range(3)]
    assert (problems, asked) == ([""] * 3, [{"asked": True}])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.001, False),
        ({"a": [1, None]}, {"a": [1, None]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [1], False),
        (None, 0, False),
        (2, 2.0, True),
    ],
)
def test_values_are_the_same_up_to_the_order_of_adding(one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other) is same
