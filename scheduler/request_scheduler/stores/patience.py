"""An end to one wait after another, by one timer for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType


class Patience:
    """Raises TimeoutError inside a `with` block that lasts longer than some seconds; one block at a time, on asyncio.

    A timer that is set and taken back costs a fifth of what a client does for a message to a server of this machine. This
    one stays, and is set anew only when it rings in the middle of a later wait.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None
        self._ends, self._cancelled, self._over = 0.0, 0, False

    def __enter__(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._ends = loop.time() + self._seconds
        self._task, self._cancelled, self._over = task, task.cancelling(), False
        if self._timer is None:
            self._timer = loop.call_at(self._ends, self._ring, loop)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        task, self._task = self._task, None
        # As asyncio.timeout does: a task that was cancelled by somebody else as well stays so.
        if self._over and task is not None and task.uncancel() <= self._cancelled and kind is asyncio.CancelledError:
            raise TimeoutError(f"no answer within {self._seconds:g} s") from error

    def close(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._task is None:
            return
        if loop.time() >= self._ends:
            self._over = True
            self._task.cancel()
        else:
            self._timer = loop.call_at(self._ends, self._ring, loop)
