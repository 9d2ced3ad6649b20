"""Flow questions on their way to the service and back."""

from __future__ import annotations

import inspect
from typing import Any, cast

import pytest

import mixpanel_headless as mp
from tests.answering import Answering

REPLY = {"computed_at": "2026-01-08T12:00:00", "steps": [{"nodes": [{"event": "Join", "totalCount": "3"}]}]}
DAYS: dict[str, Any] = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def test_a_flow_is_asked_for_in_the_mode_that_is_named() -> None:
    with Answering().tell(REPLY) as service, service.workspace() as ws:
        result = ws.query_flow("Join", mode="paths", **DAYS)
        (asked,) = service.asked
    assert (asked.verb, asked.path) == ("POST", "/api/query/arb_funnels")
    assert asked.body == {
        "bookmark": ws.build_flow_params("Join", mode="paths", **DAYS),
        "project_id": 12345,
        "query_type": "flows_top_paths",
    }
    assert result.mode == "paths"
    assert result.params == asked.body["bookmark"]
    assert result.provenance.cost == 1


async def test_a_flow_can_be_awaited() -> None:
    with Answering().tell(REPLY) as service:
        async with service.async_workspace() as ws:
            assert [row[1] for row in (await ws.query_flow("Join", **DAYS)).nodes] == ["Join"]


def test_an_equal_flow_is_answered_from_the_cache_and_another_mode_is_not() -> None:
    with Answering().tell(REPLY).tell({"flows": []}) as service, service.workspace() as ws:
        first = ws.query_flow("Join", **DAYS)
        again = ws.run_flow_params(ws.build_flow_params("Join", **DAYS))
        ws.query_flow("Join", mode="paths", **DAYS)
        assert len(service.asked) == 2
    assert again == first
    assert again.provenance.origin == "cache"


def test_the_argument_wins_over_the_mode_of_the_bookmark() -> None:
    with Answering().tell({"flows": []}) as service, service.workspace() as ws:
        assert ws.run_flow_params({"steps": [], "chartType": "tree"}, mode="paths", workspace_id=7).mode == "paths"
        (asked,) = service.asked
    assert asked.body["query_type"] == "flows_top_paths"
    assert ("workspace_id", "7") in asked.params


@pytest.mark.parametrize(
    "wrong", [{"mode": "tre"}, {"mode": ["tree"]}, {"params": "steps"}, {"params": {"steps": object()}}]
)
def test_a_bookmark_or_mode_that_is_none_is_refused_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    with Answering() as service, service.workspace() as ws:
        with pytest.raises(mp.InvalidArgumentError):
            ws.run_flow_params(**{"params": {}, **wrong})
        assert service.asked == []


def test_bad_where_text() -> None:
    with Answering() as service, service.workspace() as ws:
        with pytest.raises(mp.BookmarkValidationError, match="country == DE"):
            ws.query_flow("A", where=cast("Any", "country == DE"), **DAYS)
        assert service.asked == []


def test_bad_step_custom_property_not_json() -> None:
    step = mp.FlowStep("A", filters=[mp.Filter.equals(mp.CustomPropertyRef(5), "b")])
    with Answering() as service, service.workspace() as ws:
        with pytest.raises(mp.ParamTypeError, match="CustomPropertyRef") as caught:
            ws.query_flow(step, **DAYS)
        assert service.asked == []
    assert caught.value.code == "BB3_FLOW_PROPERTY_FILTER_TYPE"


def test_query_flow_takes_all_that_build_flow_params_takes() -> None:
    build = set(inspect.signature(mp.Workspace.build_flow_params).parameters) - {"today"}
    assert build == set(inspect.signature(mp.Workspace.query_flow.call_blocking).parameters) - {"self"}
