"""Questions about users, asked by the client and answered by the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox


def crowd(size: int) -> list[dict[str, Any]]:
    return [
        {"$distinct_id": f"u{n:04}", "$properties": {"n": n, "plan": "pro" if n % 4 == 0 else "free"}}
        for n in range(size)
    ]


@pytest.mark.parametrize("parallel", [False, True])
def test_all_pages_of_profiles_cost_one_query(open_box: Callable[..., Sandbox], parallel: bool) -> None:
    box = open_box(events=(), profiles=crowd(3500))
    with box.workspace() as ws:
        result = ws.query_user(mode="profiles", limit=None, parallel=parallel, sort_by="n", sort_order="ascending")
    assert result.distinct_ids == [f"u{n:04}" for n in range(3500)]
    assert box.counted == 1


def test_users_are_counted_measured_and_cut_by_a_condition(open_box: Callable[..., Sandbox]) -> None:
    with open_box(events=(), profiles=crowd(8)).workspace() as ws:
        pro = mp.Filter.equals("plan", "pro")
        assert ws.query_user(where=pro).value == 2
        assert ws.query_user(aggregate="extremes", aggregate_property="n", where=pro).aggregate_data == {
            "min": 0,
            "max": 4,
        }
        assert ws.query_user(aggregate="percentile", aggregate_property="n", percentile=50).table.columns == (
            "metric",
            "percentile",
            "result",
        )


def test_users_of_a_cohort_defined_on_the_spot_are_found(open_box: Callable[..., Sandbox]) -> None:
    cohort = mp.CohortDefinition(mp.CohortCriteria.has_property("plan", "pro"))
    with open_box(events=(), profiles=crowd(8)).workspace() as ws:
        found = ws.query_user(mode="profiles", cohort=cohort, properties=["n"], limit=5)
    assert found.distinct_ids == ["u0000", "u0004"]
    assert found.table.columns == ("distinct_id", "last_seen", "n")
