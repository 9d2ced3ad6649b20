"""Junk in any argument of a question: an error of ours, or an answer, never an exception of somebody else's."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox

DAYS = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
TOO_LONG = 10**5000
HALF = "\ud800"
JUNK: list[Any] = [
    0,
    -1,
    True,
    1.5,
    math.nan,
    math.inf,
    "",
    "a\nb",
    "\0",
    HALF,
    b"x",
    [],
    {},
    object(),
    ("a",),
    [["a"]],
]
JUNK += [TOO_LONG, -TOO_LONG, [TOO_LONG], [HALF], len]
QUESTIONS: dict[str, dict[str, Any]] = {
    "query": {"events": "Purchase"},
    "build_params": {"events": "Purchase"},
    "run_params": {"params": {}},
    "query_flow": {"event": "Purchase"},
    "build_flow_params": {"event": "Purchase"},
    "query_funnel": {"steps": ["Login", "Purchase"]},
    "query_retention": {"born_event": "Login", "return_event": "Purchase"},
    "query_user": {},
    "build_user_params": {},
    "events": {},
    "properties": {"event": "Purchase"},
    "property_values": {"property_name": "plan"},
    "subproperties": {"property_name": "plan"},
    "top_events": {},
    "list_bookmarks": {},
    "stream_events": DAYS,
    "stream_profiles": {},
    "segmentation": {"event": "Purchase", **DAYS},
    "funnel": {"funnel_id": 1, **DAYS},
    "retention": {"born_event": "Login", "return_event": "Purchase", **DAYS},
    "frequency": DAYS,
    "event_counts": {"events": ["Purchase"], **DAYS},
    "property_counts": {"event": "Purchase", "property_name": "plan", **DAYS},
    "query_saved_report": {"bookmark_id": 1},
}


def ask(call: Callable[..., Any], arguments: dict[str, Any]) -> None:
    answer = call(**arguments)
    if isinstance(answer, Iterator):
        next(answer, None)


@pytest.fixture(scope="module")
def ws(request: pytest.FixtureRequest) -> Iterator[mp.Workspace]:
    from mixpanel_headless.sandbox import Sandbox
    from tests.client.conftest import EVENTS, NOW

    with Sandbox(events=EVENTS, now=NOW, limit=10**6, concurrency=50) as box, box.workspace(cache="off") as workspace:
        yield workspace


@pytest.mark.parametrize("name", QUESTIONS)
def test_junk_is_refused_in_our_words(ws: mp.Workspace, name: str) -> None:
    call = getattr(ws, name)
    strangers = []
    for argument in inspect.signature(call).parameters:
        for junk in JUNK:
            try:
                ask(call, {**QUESTIONS[name], argument: junk})
            except mp.MixpanelHeadlessError:
                continue
            except Exception as error:  # each of them is told
                strangers.append(f"{argument}={type(junk).__name__}: {error!a}"[:200])
    assert strangers == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("property_values", {"property_name": "plan", "event": object()}),
        ("property_values", {"property_name": "plan", "event": math.nan}),
        ("property_values", {"property_name": "plan", "event": []}),
        ("subproperties", {"property_name": "plan", "event": []}),
        ("events", {"from_date": 0}),
        ("events", {"from_date": []}),
        ("events", {"to_date": {}}),
        ("run_params", {"params": {}, "workspace_id": -1}),
        ("run_params", {"params": {}, "workspace_id": math.nan}),
        ("run_params", {"params": {}, "workspace_id": "a\nb"}),
        ("run_params", {"params": {}, "workspace_id": [["a"]]}),
        ("run_flow_params", {"params": {}, "workspace_id": -1}),
        ("stream_events", {**DAYS, "from_date": "a\nb"}),
        ("stream_profiles", {"where": object()}),
        ("stream_profiles", {"distinct_id": 5}),
        ("stream_profiles", {"cohort_id": []}),
        ("stream_profiles", {"group_id": HALF}),
        ("stream_profiles", {"include_all_users": "yes"}),
        ("query", {"events": "Purchase", "mode": "pie"}),
        ("query", {"events": "Purchase", "cumulative": "yes"}),
        ("query", {"events": "Purchase", "formula_label": 5}),
        ("query_user", {"where": HALF}),
        ("query_user", {"group_id": HALF}),
        ("segmentation", {"event": "Purchase", **DAYS, "where": 5.5}),
        ("event_counts", {"events": "Purchase", **DAYS}),
    ],
)
def test_junk_that_would_be_paid_for_is_refused_before_anything_is_sent(
    box: Sandbox, name: str, arguments: dict[str, Any]
) -> None:
    with box.workspace() as ws, pytest.raises((mp.InvalidArgumentError, mp.ParamValidationError)) as caught:
        ask(getattr(ws, name), arguments)
    assert caught.value.sent is not True
    assert box.requests == []
