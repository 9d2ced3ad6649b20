"""What an export waits for, told to whoever watches it; to the log, once, if nobody does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mixpanel_headless.logs import log_waiting
from mixpanel_headless.results.budget import report_budget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mixpanel_headless.dispatch import Dispatcher
    from mixpanel_headless.results.progress import Progress

EVERY = 2.0
"""Seconds between two looks at the budgets; a shorter wait is not worth a word."""
LONG = 60.0
"""Seconds of a wait that a program should know of although it shows no progress."""


@asynccontextmanager
async def told_waits(bar: Progress, dispatcher: Dispatcher, project: str) -> AsyncIterator[None]:
    """Inside, who watches the bar is told which budget of the project its calls wait for, and until when.

    A bar that is not shown has the first long wait in the log as a warning.
    """
    watching = asyncio.create_task(watch(bar, dispatcher, project))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def watch(bar: Progress, dispatcher: Dispatcher, project: str) -> None:
    """Look at the budgets again and again."""
    names = dispatcher.pools_of(project).by_name()
    while True:
        await asyncio.sleep(EVERY)
        pool = report_budget(dispatcher.status(), names).held_up
        rest = (pool.next_slot if pool else None) or 0.0  # without a moment it hangs on what goes on now
        if bar.shown:
            bar.tell_wait(pool.state if pool and rest > EVERY else "", rest)
        elif pool and rest > LONG:
            log_waiting(pool.state, rest, bar.noun)
            return
