"""How often a process that waits looks at the file, on virtual time, in which looking without a pause would never end."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

import anyio

from request_scheduler import Budget, Concurrent, Settlement, Window
from request_scheduler.stores import Denied, Reservation
from request_scheduler.stores.sqlite import SqliteStore
from request_scheduler.stores.timeline import Timeline
from request_scheduler.virtual_time import run_virtually
from tests.scheduler.service import QUERY

if TYPE_CHECKING:
    from pathlib import Path


class Dice(Random):
    """Counts draws, of which each look takes one, and allows so many."""

    draws = 0

    def random(self) -> float:
        self.draws += 1
        assert self.draws < 1000
        return super().random()


def test_one_that_waits_for_a_moment_after_waiting_for_others_looks_once_a_second(tmp_path: Path) -> None:
    dice = Dice(1)
    store = SqliteStore(tmp_path / "budget", timeline=Timeline(of=lambda now: now, wall=lambda: 0.0), random=dice)
    store.define(Budget("query", (Window(1, 60.0), Concurrent(1))))

    async def main() -> None:
        await store.open()
        taken = await store.reserve(QUERY, 0.0, "t")
        assert isinstance(taken, Reservation)
        assert await store.reserve(QUERY, 0.0, "t") == Denied(math.inf)
        settled = store.settle(taken, Settlement.SPENT, 0.0)
        assert settled is not None
        await settled
        assert await store.reserve(QUERY, 0.0, "t") == Denied(60.05)
        with anyio.move_on_after(30.0):
            await store.watch(lambda _: None)
        await store.close()

    run_virtually(main)
    assert 20 <= dice.draws <= 60
