"""One-shot wake-ups, as light as the running event loop allows.

anyio's Event costs twice a bare future on asyncio, and a call needs two wake-ups; everything else goes through anyio.
"""

from __future__ import annotations

import math
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.lowlevel

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator


class Wakeup(Protocol):
    """Something that one task awaits and another sets, once."""

    def set(self) -> None: ...
    def __await__(self) -> Generator[object, None, None]: ...


class FutureWakeup:
    """A wake-up made of one asyncio future."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[None] = loop.create_future()

    def set(self) -> None:
        """Let the waiter go on; it may have gone already."""
        if not self._future.done():
            self._future.set_result(None)

    def __await__(self) -> Generator[object, None, None]:
        return self._future.__await__()


class EventWakeup:
    """A wake-up for every library that anyio knows."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Let the waiter go on; it may have gone already."""
        self._event.set()

    def __await__(self) -> Generator[object, None, None]:
        return self._event.wait().__await__()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The asyncio loop that runs the current task, None under another library."""
    library = sys.modules.get("asyncio")
    if library is None:
        return None
    try:
        loop: asyncio.AbstractEventLoop = library.get_running_loop()
        # Trio can run as a guest inside asyncio's loop: then no asyncio task is current.
        return loop if library.current_task() is not None else None
    except RuntimeError:
        return None


def wakeup_factory() -> Callable[[], Wakeup]:
    """What makes wake-ups for the library that runs the current task."""
    loop = running_loop()
    return EventWakeup if loop is None else partial(FutureWakeup, loop)


def native_clock() -> Callable[[], float]:
    """The event loop's clock by its shortest way, or anyio's way to it when no loop runs yet."""
    loop = running_loop()
    if loop is None:
        return anyio.current_time
    stock: object = sys.modules["asyncio"].BaseEventLoop.time  # which only calls time.monotonic
    return time.monotonic if type(loop).time is stock else loop.time


def cancelled_from_outside() -> bool:
    """Whether the current task itself is being cancelled, rather than something that it awaited."""
    if anyio.current_effective_deadline() == -math.inf:
        return True
    task = None if running_loop() is None else sys.modules["asyncio"].current_task()
    return task is not None and task.cancelling() > 0
