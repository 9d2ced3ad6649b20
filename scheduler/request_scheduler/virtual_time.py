"""Virtual time on asyncio: whenever all tasks wait, the clock jumps to the next timer, so that a day passes in seconds."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

from request_scheduler.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, TypeVar

    T = TypeVar("T")


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timer it moves the loop's time to it."""

    moment = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; the timeout passes at once."""
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("every task waits and no timer is set, so this can never end")
        self.moment += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock begins at 0 and jumps to the next timer whenever all tasks wait.

    Nothing in it may wait for another thread or process, whose time is real; `threads.run_in_thread` knows.
    """

    virtual = True

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.moment


class VirtualClock(SystemClock):
    """The clock of a virtual loop, by which the wall clock goes as well."""

    def __init__(self, epoch: float = 1_750_000_000.0) -> None:
        super().__init__()
        self._epoch = epoch

    def wall(self) -> float:
        """The epoch plus `now`."""
        return self._epoch + self.now()


def run_virtually(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What a coroutine returns when it runs to its end on virtual time; not inside of a running event loop."""
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("virtual time needs a thread without a running event loop: use asyncio.to_thread")
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())
