"""Shares of the budget that a workspace gives its tenants and its people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
import request_scheduler as rs
from tests.client.conftest import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.sandbox import Sandbox


def test_reserved_queries_are_left_for_people(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=6)
    with box.workspace(reserve=2) as ws:
        for number in range(2, 6):
            ask(ws, number)
        with pytest.raises(mp.DeadlineUnreachable):
            ask(ws.with_options(deadline=60.0), 6)
        person = ws.with_options(priority="interactive", deadline=60.0)
        for number in range(7, 9):
            ask(person, number)
    assert (box.counted, box.refused) == (6, 0)


def test_a_reservation_holds_for_every_project_of_the_workspace(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=3)
    with box.workspace(project=1, reserve=2) as ws:
        ws.use(project=box.project)
        ask(ws, 2)
        with pytest.raises(mp.DeadlineUnreachable):
            ask(ws.with_options(deadline=60.0), 3)


async def test_a_tenant_with_a_minimum_gets_its_part_among_many(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=1000, concurrency=1)
    order: list[str] = []
    async with box.async_workspace(minimum={"nightly": 0.5}, weights={"agent 0": 2.0}) as ws:

        async def ask_as(tenant: str, number: int) -> None:
            await ws.with_options(tenant=tenant).property_values("plan", event="Purchase", limit=number)
            order.append(tenant)

        agents = [ask_as(f"agent {number % 5}", 100 + number) for number in range(30)]
        await asyncio.gather(*agents, *(ask_as("nightly", 200 + number) for number in range(10)))
    assert 8 <= order[:20].count("nightly") <= 10


async def test_a_full_queue_gives_up_its_lowest_call(open_box: Callable[..., Sandbox]) -> None:
    box = open_box(limit=2, window=0.5)
    async with box.async_workspace(queue_size=1, when_full="drop lowest") as ws:
        for number in (2, 3):
            await ws.property_values("plan", event="Purchase", limit=number)
        low = ws.with_options(priority="batch").property_values("plan", event="Purchase", limit=4)
        queued = asyncio.Event()
        (await ws.scheduler()).listen(lambda event: queued.set() if isinstance(event, rs.events.Queued) else None)
        waiting = asyncio.create_task(low)
        await queued.wait()
        await ws.with_options(priority="interactive").property_values("plan", event="Purchase", limit=5)
        with pytest.raises(mp.QueueFull):
            await waiting
    assert box.counted == 3


@pytest.mark.parametrize("reserve", [-1, 60, 1.5, True])
def test_a_reservation_leaves_something_for_the_others(box: Sandbox, reserve: Any) -> None:
    with pytest.raises(mp.ConfigError, match="reserve"):
        box.workspace(reserve=reserve)
