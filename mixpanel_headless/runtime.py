"""What a workspace keeps alive: the scheduler and connections, and for blocking callers an event-loop thread."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
from anyio.from_thread import BlockingPortal

import request_scheduler as rs

from .accounts.state import answer_cache, budget_store
from .dispatch import Dispatcher
from .errors import ClosedError, ConfigError
from .translation import in_our_terms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .accounts.settings import Settings
    from .governance.governor import Governor
    from .observers import Observer

R = TypeVar("R")
ENDING = 30.0
"""Seconds that a loop waits for a workspace to end in another one, which may stop meanwhile."""


class Runtime:
    """One scheduler and one pool of connections, alive in a task of their own from the first call to `close`.

    The task of its own lets a workspace be opened in one task and closed in another: in two cells of a notebook, or in
    the start-up and the shut-down of a web application.
    """

    def __init__(self, settings: Settings, scheduling: Mapping[str, Any], governor: Governor, reserve: int = 0) -> None:
        self.settings, self.scheduling, self.governor, self.reserve = settings, scheduling, governor, reserve
        self.observers: tuple[Observer, ...] = ()
        self.process = os.getpid()
        self.closed = False
        try:
            rs.Scheduler(**scheduling)  # only to have the settings checked now, and not by the first call
        except (TypeError, ValueError) as error:
            raise ConfigError(f"A setting cannot be used: {error}.", hint="Change it, or leave it out.") from None
        self._dispatcher: Dispatcher | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._started: asyncio.Future[None] | None = None

    async def open(self) -> Dispatcher:
        """The way to the service, started on first use."""
        self._check_usable()
        if self._started is None:
            self._loop = running_loop()
            self._started = self._loop.create_future()
            self._stop = asyncio.Event()
            self._serving = self._loop.create_task(self._serve(self._started), name="mixpanel-headless")
        if self._dispatcher is None:
            with in_our_terms():
                await asyncio.shield(self._started)
            self._check_usable()
        assert self._dispatcher is not None
        return self._dispatcher

    def _check_usable(self) -> None:
        if self.closed:
            raise ClosedError("The workspace is closed.", sent=False)
        if self.process != os.getpid():
            raise ClosedError("The workspace was made before this process was forked.", sent=False)
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise ClosedError("The workspace was opened in another event loop.", sent=False)

    async def _serve(self, started: asyncio.Future[None]) -> None:
        """Keep it alive from here to `close`; what cannot be started is told, and the next call tries again."""
        try:
            from .transport import Transport

            async with AsyncExitStack() as stack:
                transport = await stack.enter_async_context(Transport())
                store, answers = budget_store(self.settings), answer_cache(self.settings)
                scheduler = make_scheduler(self.observers, store=store, shared_cache=answers, **self.scheduling)
                await stack.enter_async_context(scheduler)
                dispatcher = Dispatcher(self.settings, scheduler, transport, self.governor, self.reserve)
                await scheduler.refresh()
                self._dispatcher = dispatcher
                started.set_result(None)
                await self._stop.wait()
        except BaseException as error:
            if not started.done():
                self._loop = self._started = self._serving = None
                started.set_exception(error)
                started.exception()  # those who waited for it may have left
                return
            raise
        finally:
            self.closed = self.closed or started.exception() is None

    def abandon(self) -> None:
        """Ends the runtime of a workspace that was dropped without `close`; any thread may call it."""
        if self._loop is not None and not self._loop.is_closed() and self.process == os.getpid():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def close(self) -> None:
        """Ends what waits with ClosedError and closes the connections; harmless when repeated.

        All of it ends in the loop that opened it: another loop waits for that, unless that one does not run now.
        """
        self.closed = True
        if self._serving is None or self._loop is None or self.process != os.getpid():
            return
        if self._loop is asyncio.get_running_loop():
            await self._end(self._serving)
        elif self._loop.is_running():
            ending = asyncio.run_coroutine_threadsafe(self._end(self._serving), self._loop)
            await asyncio.wait([asyncio.wrap_future(ending)], timeout=ENDING)
        else:
            self.abandon()

    async def _end(self, serving: asyncio.Task[None]) -> None:
        if self._started is not None:
            await asyncio.wait([self._started])
        self._stop.set()
        await asyncio.wait([serving])


def make_scheduler(observers: tuple[Observer, ...], **scheduling: Any) -> rs.Scheduler:
    """The scheduler, and around it those who follow its calls, if there are any."""
    if not observers:
        return rs.Scheduler(**scheduling)
    from .observers import ObservedScheduler

    return ObservedScheduler(observers, **scheduling)


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop of the caller; ConfigError on another kind of loop."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        text = "AsyncWorkspace needs asyncio, because its HTTP library does, and another kind of event loop runs here."
        hint = "Use asyncio.run, or a Workspace in a worker thread; request_scheduler alone runs on trio."
        raise ConfigError(text, hint=hint) from None


class Lease:
    """What all views of one workspace hold: when the last of them is gone, the runtime ends by itself."""

    __slots__ = ("__weakref__",)

    def __init__(self, runtime: Runtime) -> None:
        weakref.finalize(self, runtime.abandon).atexit = False


class Loop:
    """An event loop that runs on a thread of its own until `stop`.

    Starting waits for nothing, so that Ctrl-C finds no moment at which the thread runs and nobody can end it.
    """

    def __init__(self) -> None:
        self._ready: Future[BlockingPortal] = Future()
        self.thread = threading.Thread(target=self._run, name="mixpanel-headless", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            anyio.run(self._serve)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the loop gets it
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _serve(self) -> None:
        async with BlockingPortal() as portal:
            self._ready.set_result(portal)
            await portal.sleep_until_stopped()

    @property
    def portal(self) -> BlockingPortal:
        """The way into the loop, once it runs."""
        return self._ready.result()

    def stop(self, *, cancel: bool = True) -> None:
        """End the loop and its thread, after its tasks or, with `cancel`, by cancelling them."""
        with suppress(RuntimeError):  # it has ended already, or could not start
            self.portal.call(self.portal.stop, cancel)
        self.thread.join()


async def outcome_of(function: Callable[..., Awaitable[R]], *args: Any) -> tuple[R | None, Exception | None]:
    """What a function gives, or the error that it ends with."""
    try:
        return await function(*args), None
    except Exception as error:  # noqa: BLE001 - the caller raises it
        return None, error


class LoopThread:
    """An event loop on a thread of its own, started by the first call; blocking callers of any thread share it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._lock = threading.RLock()  # what the garbage collector ends may need it where it is held already
        self._loop: Loop | None = None
        self._closed = False

    def call(self, function: Callable[..., Awaitable[R]], *args: Any) -> R:
        """What `await function(*args)` gives on the loop; Ctrl-C cancels it there before it is raised here."""
        loop = self._start()
        if threading.get_ident() == loop.thread.ident:
            raise ClosedError(
                "A blocking call was made on the workspace's own event-loop thread.",
                code="BLOCKING_ON_LOOP",
                hint="Use AsyncWorkspace and await there.",
            )
        portal = loop.portal
        try:
            future = portal.start_task_soon(outcome_of, function, *args)
        except RuntimeError:  # another thread has stopped the loop
            raise ClosedError("The workspace is closed.", sent=False) from None
        try:
            value, error = future.result()
        except BaseException:
            future.cancel()
            raise
        if error is None:
            return cast("R", value)
        try:
            raise error
        finally:
            del (
                future,
                error,
            )  # a future that holds an error, whose frames hold the future, keeps all callers' frames alive

    def end(self, function: Callable[[], Awaitable[object]]) -> None:
        """Run what ends something; the garbage collector may ask for it on any thread, the loop's own too, and after the loop."""
        if self._loop is not None and threading.get_ident() == self._loop.thread.ident:
            threading.Thread(target=self.end, args=(function,), name="mixpanel-headless-closing", daemon=True).start()
            return
        with suppress(ClosedError):
            self.call(function)

    def _start(self) -> Loop:
        if self.process != os.getpid():
            raise ClosedError("The workspace was made before this process was forked.", sent=False)
        with self._lock:
            if self._closed:
                raise ClosedError("The workspace is closed.", sent=False)
            if self._loop is None:
                self._loop = Loop()
                OPEN_THREADS.add(self)
                weakref.finalize(self, stop_beside, self._loop, self.process).atexit = False
            return self._loop

    def close(self, last_call: Callable[[], Awaitable[None]] | None = None) -> None:
        """Runs `last_call` on the loop and lets its tasks end, or else cancels them; harmless when repeated."""
        with self._lock:
            loop, self._loop, self._closed = self._loop, None, True
        if loop is None or self.process != os.getpid():
            return
        cancel = True
        try:
            if last_call is not None:
                loop.portal.call(last_call)
                cancel = False
        finally:
            loop.stop(cancel=cancel)


OPEN_THREADS: weakref.WeakSet[LoopThread] = weakref.WeakSet()


def stop_beside(loop: Loop, process: int) -> None:
    """End a forgotten workspace's thread; the garbage collector may run on that very thread, so do it from another."""
    if process == os.getpid():
        threading.Thread(target=loop.stop, name="mixpanel-headless-closing", daemon=True).start()


@atexit.register
def close_all() -> None:
    """Leave no thread behind when the interpreter ends."""
    for thread in list(OPEN_THREADS):
        thread.close()
