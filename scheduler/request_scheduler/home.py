"""Where a scheduler lives: one event loop of one process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import anyio.lowlevel

from request_scheduler.errors import SchedulerClosed
from request_scheduler.wakeup import running_loop

if TYPE_CHECKING:
    from collections.abc import Callable


class Home:
    """The event loop and the process that run the current task."""

    __slots__ = ("_current", "_loop", "_process")

    def __init__(self) -> None:
        self._current: Callable[[], object] = anyio.lowlevel.current_token
        if running_loop() is not None:
            self._current = sys.modules["asyncio"].get_running_loop
        self._loop = self._current()
        self._process = os.getpid()

    def check(self) -> None:
        """Raise SchedulerClosed anywhere else."""
        if os.getpid() != self._process:
            raise SchedulerClosed("the scheduler was opened in another process; open a new one after a fork")
        try:
            at_home = self._current() == self._loop
        except RuntimeError:  # no event loop runs in this thread
            at_home = False
        if not at_home:
            raise SchedulerClosed("the scheduler was opened in another event loop; call it through that loop's portal")
