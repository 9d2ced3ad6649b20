"""What an export waits for, told to whoever watches it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mixpanel_headless.results.budget import report_budget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mixpanel_headless.dispatch import Dispatcher
    from mixpanel_headless.results.progress import Progress

EVERY = 2.0
"""Seconds between two looks at the budgets; a shorter wait is not worth a word."""


@asynccontextmanager
async def told_waits(bar: Progress, dispatcher: Dispatcher, project: str) -> AsyncIterator[None]:
    """Inside, who watches the bar is told which budget of the project its calls wait for, and until when."""
    watching = asyncio.create_task(watch(bar, dispatcher, project)) if bar.shown else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def watch(bar: Progress, dispatcher: Dispatcher, project: str) -> None:
    """Look at the budgets again and again."""
    names = dispatcher.pools_of(project).by_name()
    while True:
        await asyncio.sleep(EVERY)
        pool = report_budget(dispatcher.status(), names).held_up
        rest = (pool.next_slot if pool else None) or 0.0  # without a moment it hangs on what goes on now
        bar.tell_wait(pool.state if pool and rest > EVERY else "", rest)
