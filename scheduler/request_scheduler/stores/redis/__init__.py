"""Budgets that processes of several machines share, on a Redis server (or Valkey).

Each decision is one script, on the server's clock, and one way there and back. Waiting costs nothing: whoever makes room
publishes it, and who waits looks for itself now and then, in case that message was lost.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio

from request_scheduler.stores.redis.ledger import RedisLedger
from request_scheduler.stores.redis.link import Link, LinkLost
from request_scheduler.stores.redis.session import Session, new_name
from request_scheduler.stores.shared import FIRST_LOOK, IDLE_LOOK, LEASE, SharedStore
from request_scheduler.stores.timeline import Timeline
from request_scheduler.telemetry import logger
from request_scheduler.wakeup import running_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from request_scheduler.stores import OnLoss, Verdict
    from request_scheduler.stores.turns import Ask

T = TypeVar("T")


class RedisStore(SharedStore[RedisLedger]):
    """The budgets of every process that names the same server, database and `group`.

    `url` is redis://, rediss:// (TLS) or unix://, with user and password if the server asks for them. A process that
    dies gives its permits back after `lease` seconds, and what it had reserved counts as spent. While the server cannot
    be reached, calls wait, go on by a cautious share, or fail with StoreLost (`on_loss`); a server that has lost the log
    counts as full for a window, or but for that share. For asyncio only. A test hands in a `timeline` instead of the
    server's clock.
    """

    losses = (LinkLost,)

    def __init__(
        self,
        url: str,
        *,
        group: str = "budgets",
        lease: float = LEASE,
        on_loss: OnLoss = "wait",
        timeline: Timeline | None = None,
        random: Random | None = None,
    ) -> None:
        self._link = Link(url)
        self._session = Session(self._link, group, timeline, lease, on_loss)
        super().__init__(RedisLedger(self._session), self._link.place, timeline or Timeline(of=_itself), on_loss)
        self._lease = lease
        self._random = random or Random()  # noqa: S311 - jitter, not secrets
        self._paying = anyio.Lock()

    # -- its life

    async def open(self) -> None:
        """Connect and read the log; raises StoreLost where the server is out of reach and `on_loss` is "error".

        Raises RuntimeError on another library than asyncio, which the package `redis` needs.
        """
        if running_loop() is None:
            raise RuntimeError("RedisStore needs asyncio: run the program on it, or keep the budgets in a SqliteStore")
        await self._link.open()
        self._denied, self._hanging, self._paying = anyio.Event(), anyio.Event(), anyio.Lock()
        await self.refresh()

    async def close(self) -> None:
        """End the own lease and the connections; what is still reserved counts as spent."""
        leave: Callable[[float], Awaitable[None] | None] = self._ledger.close
        try:
            if self._session.met:
                await self._transact(leave, anyio.current_time())
        except LinkLost as error:
            logger.warning("%s could not be told of the end: %s", self._what, error)
        finally:
            await self._link.close()

    async def watch(self, news: Callable[[Collection[str]], object]) -> None:
        """Renew the lease until cancelled, and call `news` when a denied head could start or a flight has landed.

        Only this task listens while its process waits; it looks for itself at random intervals, ever more seldom.
        """
        pause = FIRST_LOOK
        while True:
            messages: list[str] = []
            waiting = self._denied.is_set()
            if waiting:
                messages = await self._link.hear(self._session.channel, pause * (0.5 + self._random.random()))
                pause = min(1.5 * pause, IDLE_LOOK)
            else:
                with anyio.move_on_after(self._lease / 3) as idle:
                    await self._denied.wait()
                if idle.cancelled_caught:
                    await self._link.stop_hearing()  # what is told meanwhile would only pile up
                pause = FIRST_LOOK
            room, landed = await self._look(messages, waiting=waiting)
            if not self._ledger.waits or (room and not self._ledger.following):
                self._denied = anyio.Event()
            if room or landed:
                pause = FIRST_LOOK
                news(landed)

    async def land(self, flight: str) -> None:
        """Give the lead of a flight up; those who follow it are told at once."""
        await self._pay(partial(self._ledger.land, flight, self._ledger.next_landing(flight)), anyio.current_time())

    # -- inside

    async def _look(self, messages: list[str], *, waiting: bool) -> tuple[bool, Collection[str]]:
        """Whether a denied head could start now, and what others have landed; pays what is owed on the way."""
        room, landed = self._ledger.heard(messages)
        try:
            if self._owed or self._ledger.renewal_due(self._moment()):
                await self._renew()
            if waiting and not (room or landed):
                return await self._transact(self._ledger.news, anyio.current_time())
        except LinkLost as error:
            self._note_loss(error)
            if self._ledger.following:
                return room, landed | self._ledger.forsake()
        return room, landed

    async def _decide(self, ask: Ask, flight: str | None, now: float) -> Verdict:
        ticket, asked = new_name(), False

        async def reserve(moment: float) -> Verdict:
            nonlocal asked
            asked = True
            return await self._ledger.reserve(ask, flight, ticket, moment)

        try:
            return await self._transact(reserve, now)
        except BaseException:
            if asked:  # the server may have granted it all the same, and nobody will use it
                self._owed.append(partial(self._ledger.take_back, ask, flight, ticket))
            raise

    async def _in_order(self, work: Callable[[float], T | Awaitable[T]], moment: float) -> T:
        if self._owed:
            async with self._paying:
                while self._owed:
                    await cast("Awaitable[Any]", self._owed[0](moment))
                    self._owed.popleft()
        return await cast("Awaitable[T]", work(moment))  # this ledger asks a server for everything


def _itself(moment: float) -> float:
    return moment
