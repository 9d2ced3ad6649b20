"""One timer that ends one wait after another."""

from __future__ import annotations

import asyncio

import pytest

from request_scheduler.stores.patience import Patience
from request_scheduler.virtual_time import run_virtually


def test_a_wait_that_lasts_too_long_ends_in_time_though_others_went_before_it() -> None:
    async def wait() -> float:
        patience, loop = Patience(2.0), asyncio.get_running_loop()
        for _ in range(5):
            with patience:
                await asyncio.sleep(0.5)
        began = loop.time()
        with pytest.raises(TimeoutError, match="no answer within 2 s"), patience:
            await asyncio.sleep(60.0)
        return loop.time() - began

    assert run_virtually(wait) == pytest.approx(2.0)


def test_the_next_wait_after_one_that_was_ended_has_all_its_time() -> None:
    async def wait() -> None:
        patience = Patience(2.0)
        with pytest.raises(TimeoutError), patience:
            await asyncio.sleep(60.0)
        with patience:
            await asyncio.sleep(1.9)
        await asyncio.sleep(60.0)  # outside of a wait nothing ends

    run_virtually(wait)


def test_who_is_cancelled_from_outside_stays_cancelled() -> None:
    async def wait(patience: Patience) -> None:
        with patience:
            await asyncio.sleep(60.0)

    async def cancel() -> None:
        task = asyncio.create_task(wait(Patience(2.0)))
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(cancel)


def test_who_is_cancelled_at_the_end_of_its_patience_stays_cancelled() -> None:
    async def wait(patience: Patience) -> None:
        with patience:
            await asyncio.sleep(60.0)

    async def cancel() -> None:
        task = asyncio.create_task(wait(Patience(2.0)))
        asyncio.get_running_loop().call_later(2.0, task.cancel)
        await asyncio.sleep(2.0)
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(cancel)
