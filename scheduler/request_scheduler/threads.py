"""Blocking work, off the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from request_scheduler.wakeup import running_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio import CapacityLimiter

T = TypeVar("T")


async def run_in_thread(work: Callable[..., T], *args: object, limiter: CapacityLimiter) -> T:
    """What `work(*args)` returns, from a worker thread; on a loop of virtual time at once, since no time passes there."""
    if getattr(running_loop(), "virtual", False):
        return work(*args)
    return await to_thread.run_sync(work, *args, limiter=limiter)
