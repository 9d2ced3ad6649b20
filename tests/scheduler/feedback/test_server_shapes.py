"""Whatever shape of window the service counts by: no call is lost, and refusals are few."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import Budget, Concurrent, Refused, Scheduler, Window
from tests.scheduler.service import query

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT, HOUR = 60, 3600.0
HOURLY = Budget("query", (Window(LIMIT, HOUR), Concurrent(5)))


class LimitError(Exception):
    """What the service says."""


def rolling(counted: list[float], now: float) -> bool:
    return sum(moment > now - HOUR for moment in counted) < LIMIT


def fixed(counted: list[float], now: float) -> bool:
    return sum(moment // HOUR == now // HOUR for moment in counted) < LIMIT


def token_bucket(counted: list[float], now: float) -> bool:
    tokens, last = float(LIMIT), 0.0
    for moment in [*counted, now]:
        tokens = min(LIMIT, tokens + (moment - last) * LIMIT / HOUR) - 1
        last = moment
    return tokens >= -1e-9


def two_bucket(counted: list[float], now: float) -> bool:
    bucket, phase = now // HOUR, now / HOUR - now // HOUR
    current = sum(moment // HOUR == bucket for moment in counted)
    previous = sum(moment // HOUR == bucket - 1 for moment in counted)
    return current + previous * (1 - phase) + 1 <= LIMIT


async def spend(count: int, has_room: Callable[[list[float], float], bool], phase: float) -> tuple[int, int]:
    """How many of `count` calls were answered, and how many requests were refused."""
    counted: list[float] = []
    answered = itertools.count()
    refused = itertools.count()
    zero = anyio.current_time() - phase

    async def run() -> str:
        now = anyio.current_time() - zero
        if not has_room(counted, now):
            next(refused)
            raise Refused(LimitError(), kind="window", retry_after=HOUR)
        counted.append(now)
        await anyio.sleep(1.0)
        return "answer"

    async with Scheduler([HOURLY]) as scheduler:

        async def ask() -> None:
            await scheduler.submit(query(run))
            next(answered)

        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(ask)
    return next(answered), next(refused)


@pytest.mark.parametrize("phase", [0.0, 900.0, 3500.0])
@pytest.mark.parametrize("has_room", [rolling, fixed, token_bucket])
async def test_the_exact_log_is_never_refused(has_room: Callable[[list[float], float], bool], phase: float) -> None:
    assert await spend(200, has_room, phase) == (200, 0)


@pytest.mark.parametrize("phase", [0.0, 900.0, 3500.0])
async def test_against_two_buckets_pacing_keeps_refusals_few(phase: float) -> None:
    """A burst that the log allows is refused there; paced for a window after it, few more are (unpaced: 30 a window)."""
    answered, refused = await spend(300, two_bucket, phase)
    assert answered == 300
    assert refused <= 12
