"""What editors and type checkers see; mypy --strict reads this file, and an unused ignore is an error there."""

from __future__ import annotations

from typing import Any, assert_type

import mixpanel_headless as mp


def blocking(ws: mp.Workspace) -> None:
    assert_type(ws.query("Login", math="unique", last=7), mp.QueryResult)
    assert_type(ws.run_params({}), mp.QueryResult)
    assert_type(ws.query_flow("Login", mode="tree"), mp.FlowQueryResult)
    assert_type(ws.query_user(mode="profiles", limit=None), mp.UserQueryResult)
    assert_type(ws.query_funnel(["Login", "Pay"], math="total"), mp.FunnelQueryResult)
    assert_type(ws.query_retention("Login", "Pay", unit="week"), mp.RetentionQueryResult)
    assert_type(ws.events(limit=5), mp.Listing[str])
    assert_type(ws.top_events(type="unique"), mp.Listing[mp.TopEvent])
    assert_type(ws.budget(), mp.BudgetReport)
    assert_type(ws.with_options(priority="batch"), mp.Workspace)
    assert_type(ws.use(workspace=4), mp.Workspace)
    assert_type(ws.audit.verify(), mp.Verification)
    with ws.dry_run() as plan:
        ws.delete_annotation(7)
    assert_type(plan.apply(confirm=plan.token), list[Any])
    ws.query("Login", maths="unique")  # type: ignore[call-arg]
    ws.query("Login", math="uniq")  # type: ignore[arg-type]
    ws.queri("Login")  # type: ignore[attr-defined]


async def awaited(ws: mp.AsyncWorkspace) -> None:
    assert_type(await ws.query("Login", math="unique", last=7), mp.QueryResult)
    assert_type(await ws.run_flow_params({}), mp.FlowQueryResult)
    assert_type(await ws.run_user_params({}), mp.UserQueryResult)
    assert_type(await ws.run_funnel_params({}), mp.FunnelQueryResult)
    assert_type(await ws.run_retention_params({}), mp.RetentionQueryResult)
    assert_type(await ws.properties("Login"), mp.Listing[str])
    assert_type(await ws.budget(), mp.BudgetReport)
    assert_type(ws.with_options(priority="batch"), mp.AsyncWorkspace)
    assert_type(await ws.audit.verify(), mp.Verification)
    async with ws.dry_run() as plan:
        await ws.delete_annotation(7)
    assert_type(await plan.apply(), list[Any])
    (await ws.query("Login")).df  # noqa: B018
    ws.query("Login").df  # type: ignore[attr-defined]  # noqa: B018 - an await is missing
    mp.Workspase  # type: ignore[attr-defined]  # noqa: B018


def test_both_examples_are_functions_that_nobody_runs() -> None:
    assert callable(blocking)
    assert callable(awaited)
