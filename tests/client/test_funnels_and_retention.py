"""Funnels and retentions over HTTP, with answers as the service writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.sandbox.faults import Instead

if TYPE_CHECKING:
    from mixpanel_headless.sandbox import Sandbox

DAYS: dict[str, Any] = {"from_date": "2025-10-01", "to_date": "2025-10-31"}
FUNNEL = {
    "headers": ["$funnel"],
    "series": {"Login through Purchase": {"count": {"1. Login": {"all": 10}, "2. Purchase": {"all": 4}},
                                          "overall_conv_ratio": {"1. Login": {"all": 1.0}, "2. Purchase": {"all": 0.4}}}},
}  # fmt: skip
RETENTION = {
    "headers": ["$retention"],
    "series": {"Login and then Purchase": {"2025-10-01": {"first": 10, "counts": [4], "rates": [0.4]}}},
}


def answering(box: Sandbox, *answers: Any) -> Sandbox:
    for place, answer in enumerate(answers):
        box.inject(Instead(200, json.dumps(answer).encode()), after=place)
    return box


def test_a_funnel_is_asked_once_and_then_known(box: Sandbox) -> None:
    with answering(box, FUNNEL).workspace() as ws:
        first = ws.query_funnel(["Login", "Purchase"], **DAYS)
        second = ws.query_funnel(["Login", mp.FunnelStep("Purchase")], **DAYS)
    assert first.overall_conversion_rate == 0.4
    assert (second.provenance.origin, second.provenance.cost) == ("cache", 0)
    assert first == second
    assert first.params == mp.Workspace.build_funnel_params(["Login", "Purchase"], **DAYS)


async def test_a_retention_is_awaited_as_it_is_called(box: Sandbox) -> None:
    async with answering(box, RETENTION).async_workspace() as ws:
        answer = await ws.query_retention("Login", "Purchase", **DAYS)
        again = await ws.run_retention_params(ws.build_retention_params("Login", "Purchase", **DAYS))
    assert answer.cohorts == {"2025-10-01": {"first": 10, "counts": [4], "rates": [0.4]}}
    assert again.provenance.origin == "cache"
    assert again == answer


def test_a_funnel_and_an_insights_answer_to_the_same_bookmark_are_one_request(box: Sandbox) -> None:
    params = mp.Workspace.build_funnel_params(["Login", "Purchase"], **DAYS)
    with answering(box, FUNNEL).workspace() as ws:
        funnel, insights = ws.run_funnel_params(params), ws.run_params(params)
    assert insights.provenance.origin == "cache"
    assert insights.series == funnel.series


def test_an_answer_that_reports_an_error_is_raised_and_not_kept(box: Sandbox) -> None:
    with answering(box, {"error": "too many steps"}, FUNNEL).workspace() as ws:
        with pytest.raises(mp.QueryError, match="too many steps"):
            ws.query_funnel(["Login", "Purchase"], **DAYS)
        assert ws.query_funnel(["Login", "Purchase"], **DAYS).provenance.origin == "network"


def test_a_question_with_a_problem_is_never_sent(box: Sandbox) -> None:
    with box.workspace() as ws:
        with pytest.raises(mp.BookmarkValidationError):
            ws.query_funnel(["Login"], **DAYS)
        with pytest.raises(mp.BookmarkValidationError):
            ws.query_retention("Login", **DAYS)
        with pytest.raises(mp.InvalidArgumentError, match="limit"):
            ws.query_funnel(["Login", "Purchase"], limit=60_000, **DAYS)
        with pytest.raises(mp.InvalidArgumentError, match="not a mapping"):
            ws.run_retention_params(["not a bookmark"])  # type: ignore[arg-type]
    assert box.counted == 0
