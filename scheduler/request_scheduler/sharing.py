"""What is awaited of a store that processes share: verdicts, settlements, and news of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CancelScope
from attrs import define, field

from request_scheduler.journal import logger
from request_scheduler.stores import Denied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from anyio.abc import TaskGroup

    from request_scheduler.dispatch import Dispatch
    from request_scheduler.flight import Flight
    from request_scheduler.queue import Place
    from request_scheduler.stores import Verdict
    from request_scheduler.timekeeper import Timekeeper


@define(eq=False)
class Sharing:
    """Awaits the store in tasks of its own, so that no decision and no caller waits for it."""

    dispatch: Dispatch
    time: Timekeeper
    _tasks: TaskGroup = field(init=False)
    _now: Callable[[], float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        admission = self.dispatch.admission
        admission.ask = lambda place, verdict: self._tasks.start_soon(self._ask, place, verdict)
        admission.defer = lambda pending: self._tasks.start_soon(self._finish, pending)

    def open(self, tasks: TaskGroup, now: Callable[[], float]) -> None:
        """Work in a task group; the store is open."""
        self._tasks, self._now = tasks, now
        if self.dispatch.admission.store.shared:
            tasks.start_soon(self.dispatch.admission.store.watch, self._hear, name="scheduler store")

    async def close_store(self) -> None:
        """Let go of what the store holds for this process, even when cancelled."""
        with CancelScope(shield=True):
            await self.dispatch.admission.store.close()

    async def _ask(self, place: Place[Flight], verdict: Awaitable[Verdict]) -> None:
        """Wait for a verdict. Shielded, because the store may have reserved by the time that anybody loses interest."""
        with CancelScope(shield=True):
            try:
                decided = await verdict
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                self.dispatch.fail(place.item, error, self._now())
                decided = Denied(self._now())
        self.dispatch.admission.decide(place, decided, self._now())
        self.time.set_alarm()

    async def _finish(self, pending: Awaitable[None]) -> None:
        """Wait for a settlement; one that fails leaves its units held, which is the safe side."""
        with CancelScope(shield=True):
            try:
                await pending
            except Exception:  # noqa: BLE001 - the store is not ours to trust
                logger.exception("the store could not settle an attempt")
        self.dispatch.admission.settled(self._now())
        self.time.set_alarm()

    def _hear(self, _: Collection[str]) -> None:
        """Ask again, because another process may have made room."""
        self.dispatch.admission.settled(self._now())
        self.time.set_alarm()
