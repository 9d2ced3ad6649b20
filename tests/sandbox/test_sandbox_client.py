"""Our own client against the sandbox: the whole way there and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import pytest

from mixpanel_headless import AsyncWorkspace, AuthenticationError, EventNotFoundError, QueryError, ServerError
from mixpanel_headless.sandbox import Sandbox, failing
from tests.sandbox.conftest import EVENTS, NOW

if TYPE_CHECKING:
    from mixpanel_headless.sandbox.limits import Shape

Opener = Callable[..., Sandbox]


def test_a_blocking_workspace_comes_ready_to_ask(box: Sandbox) -> None:
    with box.workspace() as workspace:
        assert workspace.events() == ["Login", "Purchase"]
        answer = workspace.query("Login", from_date="2026-01-05", to_date="2026-01-07")
    assert answer.series == {
        "Login [Total Events]": {
            "2026-01-05T00:00:00+00:00": 0,
            "2026-01-06T00:00:00+00:00": 1,
            "2026-01-07T00:00:00+00:00": 4,
        }
    }
    assert (box.counted, box.refused) == (2, 0)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_async_workspace_comes_ready_to_ask() -> None:
    async with Sandbox(EVENTS, now=NOW) as box, box.async_workspace() as workspace:
        assert await workspace.events() == ["Login", "Purchase"]


def test_options_reach_the_workspace(box: Sandbox) -> None:
    with box.workspace(secret="wrong") as workspace, pytest.raises(AuthenticationError):
        workspace.events()
    with box.workspace(project="7") as workspace, pytest.raises(QueryError, match="No access to project 7"):
        workspace.events()


def test_an_unknown_event_is_answered_with_similar_names(box: Sandbox) -> None:
    with box.workspace() as workspace, pytest.raises(EventNotFoundError) as caught:
        workspace.properties("login")
    assert caught.value.similar_events == ["Login"]


def test_a_failure_of_the_service_reaches_the_caller(box: Sandbox) -> None:
    box.inject(failing(500), times=None)
    with box.workspace() as workspace, pytest.raises(ServerError, match="An unknown error occurred"):
        workspace.events()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("shape", ["rolling", "fixed"])
async def test_a_crowd_of_questions_is_never_refused(shape: Shape) -> None:
    answers: list[list[str]] = []

    async def ask(workspace: AsyncWorkspace, limit: int) -> None:
        answers.append(await workspace.property_values("device", event="Login", limit=limit))

    async with (
        Sandbox(EVENTS, now=NOW, limit=5, window=0.25, concurrency=2, shape=shape) as box,
        box.async_workspace() as workspace,
        anyio.create_task_group() as tasks,
    ):
        for limit in range(1, 13):
            tasks.start_soon(ask, workspace, limit)
    assert sorted(answers) == [["desk"]] + [["desk", "phone"]] * 11
    assert (box.counted, box.refused) == (12, 0)
