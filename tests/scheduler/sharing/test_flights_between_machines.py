"""Machines that share a budget on a server share a run only where all of them find its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from request_scheduler.cache.redis import RedisCache
from tests.scheduler.sharing.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.redis_server import RedisServer
    from tests.scheduler.sharing.conftest import Machine

    NewMachine = Callable[[str], AbstractAsyncContextManager[Machine]]

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])  # as redis asks for


async def test_machines_that_keep_answers_on_their_own_disks_do_not_wait_for_each_other(
    new_machine: NewMachine, redis_server: RedisServer
) -> None:
    async with new_machine(redis_server.url) as machine:
        gate = machine.shut("a")
        for answers in ("here.sqlite", "there.sqlite"):
            await machine.lead(await machine.start(answers=answers), machine.question("a"))
        assert machine.sent == ["a", "a"]
        gate.set()


@pytest.mark.parametrize("answers", ["on the disk of both", "on the server"])
async def test_processes_that_find_the_same_answers_share_a_flight_on_a_server(
    new_machine: NewMachine, redis_server: RedisServer, answers: str
) -> None:
    async with new_machine(redis_server.url) as machine:
        kept = [RedisCache(redis_server.url) if answers == "on the server" else "answers.sqlite" for _ in range(2)]
        one, two = [await machine.start(answers=cache) for cache in kept]
        gate = machine.shut("a")
        leader = await machine.lead(one, machine.question("a"))
        follower = await machine.follow(two, machine.question("a"))
        gate.set()
        await until(lambda: leader.done and follower.done)
        assert follower.answer is not None
        assert (follower.answer.value, follower.answer.origin, follower.answer.cost) == ({"answer": 1}, "flight", 0)
        assert machine.sent == ["a"]
