"""Budgets that every process of a machine shares, in one file.

Each decision is one short transaction in a worker thread. Waiting costs nothing while a moment is known; while it hangs
on other processes, one task looks now and then, by reading a counter, whether one of them has written.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar, cast

import anyio
from anyio import CapacityLimiter

from request_scheduler.file_lock import LockTimeoutError
from request_scheduler.stores import OnLoss, StoreLost, StoreUnreadable
from request_scheduler.stores.holder import name_holder
from request_scheduler.stores.shared import FIRST_LOOK, IDLE_LOOK, LEASE, SharedStore
from request_scheduler.stores.sqlite.ledger import Ledger
from request_scheduler.stores.timeline import Timeline, machine_timeline
from request_scheduler.telemetry import logger
from request_scheduler.threads import run_in_thread

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Collection

    from request_scheduler.stores import Verdict
    from request_scheduler.stores.turns import Ask

T = TypeVar("T")

_LAST_LOOK = 0.1  # seconds between looks while others must act; well within the grace of a turn
_LANDING = 0.1  # seconds for which a lead that nobody waits for is held, to be given up with another transaction


class SqliteStore(SharedStore[Ledger]):
    """The budgets of every process that opens the same file on a local disk.

    A process that dies gives its permits back after `lease` seconds, and what it had reserved counts as spent. While
    the file cannot be written, calls wait, go on by a cautious share, or fail with StoreLost (`on_loss`). `timeline`
    must fit the scheduler's clock: the usual one is for real time.
    """

    losses = (sqlite3.Error, OSError, LockTimeoutError, StoreUnreadable)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        lease: float = LEASE,
        on_loss: OnLoss = "wait",
        timeline: Timeline | None = None,
        random: Random | None = None,
    ) -> None:
        self.path = Path(path)
        timeline = machine_timeline() if timeline is None else timeline
        ledger = Ledger(self.path, timeline, lease, name_holder(random))
        super().__init__(ledger, f"the budget file {self.path}", timeline, on_loss)
        self._lease = lease
        self._random = random or Random()  # noqa: S311 - jitter, not secrets
        self._in_file: CapacityLimiter | None = None
        self._landing = False

    async def open(self) -> None:
        """Read the file, or begin it; raises StoreLost where the file could not be trusted, or `on_loss` is "error"."""
        self._in_file = CapacityLimiter(1)
        self._denied, self._hanging = anyio.Event(), anyio.Event()
        await self.refresh()

    async def close(self) -> None:
        """End the own lease and let go of the file; what is still reserved counts as spent."""
        try:
            await self._in_thread(self._ledger.close, self._moment())
        except self.losses as error:
            logger.warning("the budget file %s could not be closed: %s", self.path, error)

    async def watch(self, news: Callable[[Collection[str]], object]) -> None:
        """Renew the lease until cancelled, and call `news` when a denied head could start or a flight has landed.

        Only this task looks at the file while its process waits, at random intervals, so that processes do not crowd.
        """
        pause = FIRST_LOOK
        while True:
            waiting = self._denied.is_set()
            if not waiting:
                with anyio.move_on_after(self._lease / 3):
                    await self._denied.wait()
                pause = FIRST_LOOK
            elif self._ledger.hanging:
                await anyio.sleep(pause * (0.5 + self._random.random()))
                pause = min(1.5 * pause, _LAST_LOOK)
            else:
                self._hanging = anyio.Event()  # what was said before is over, or it would end every pause at once
                with anyio.move_on_after(IDLE_LOOK * (0.5 + self._random.random())):
                    await self._hanging.wait()
                pause = FIRST_LOOK
            room, landed = await self._look(waiting=waiting)
            if not self._ledger.waits or (room and not self._ledger.following):
                self._denied = anyio.Event()
            if room or landed:
                pause = FIRST_LOOK
                news(landed)

    async def land(self, flight: str) -> None:
        """Give the lead of a flight up: at once if another process waits for it, else with the next transaction."""
        if not self._ledger.land(flight):
            if self._landing:
                return  # another one sees to it
            self._landing = True
            try:
                await anyio.sleep(_LANDING)
            finally:
                self._landing = False
        if self._ledger.landing:
            await self._pay(self._ledger.flush, anyio.current_time())

    # -- inside

    async def _look(self, *, waiting: bool) -> tuple[bool, Collection[str]]:
        """Whether a denied head could start now, and what others have landed.

        Renews the lease and pays what is owed on the way.
        """
        moment = self._moment()
        try:
            renewed = bool(self._owed) or self._ledger.renewal_due(moment)
            if renewed:
                await self._renew()
            if waiting and (renewed or await self._in_thread(self._ledger.changed, moment)):
                return await self._transact(self._ledger.news, anyio.current_time())
        except self.losses as error:
            self._note_loss(error)
            if self._ledger.following:
                return False, await self._in_thread(self._ledger.forsake)
        return False, ()

    async def _decide(self, ask: Ask, flight: str | None, now: float) -> Verdict:
        return await self._transact(partial(self._ledger.reserve, ask, flight), now)

    async def _in_order(self, work: Callable[[float], T | Awaitable[T]], moment: float) -> T:
        def in_order() -> T:
            while self._owed:
                self._owed[0](moment)
                self._owed.popleft()
            return cast("T", work(moment))  # the file's own work awaits nothing

        return await self._in_thread(in_order)

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        if self._in_file is None:
            raise StoreLost("the store is not open")
        return await run_in_thread(partial(work, *args), limiter=self._in_file)
