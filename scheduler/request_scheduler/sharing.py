"""What processes that share a store and a cache do for each other: one of them asks, all of them are answered.

A store that is shared is awaited here: its verdicts, the ends of its settlements, its news. When the answers are shared
as well, equal calls of several processes become one flight: the process that is granted its units leads it, the others
follow without cost, and look into the cache when it has landed. Those that find nothing there ask again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CancelScope
from attrs import define, field

from request_scheduler.flight import UNSENT, State
from request_scheduler.stores import Denied
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from anyio.abc import TaskGroup

    from request_scheduler.cache.tiers import Tiers
    from request_scheduler.control import Control
    from request_scheduler.flight import Common, Flight
    from request_scheduler.lane import Place
    from request_scheduler.stores import Verdict
    from request_scheduler.timekeeper import Timekeeper


@define(eq=False)
class Sharing:
    """Awaits the store in tasks of its own, so that no decision and no caller waits for it."""

    control: Control
    cache: Tiers
    time: Timekeeper
    _tasks: TaskGroup = field(init=False)
    _now: Callable[[], float] = field(init=False)

    def open(self, tasks: TaskGroup, now: Callable[[], float]) -> None:
        """Work in a task group; the store is open."""
        self._tasks, self._now = tasks, now
        if self.control.admission.store.shared:
            tasks.start_soon(self.control.admission.store.watch, self._hear, name="scheduler store")

    async def close_store(self) -> None:
        """Let go of what the store holds for this process, even when cancelled."""
        with CancelScope(shield=True):
            await self.control.admission.store.close()

    def ask(self, place: Place[Flight], verdict: Awaitable[Verdict]) -> None:
        """Have a verdict awaited."""
        self._tasks.start_soon(self._ask, place, verdict)

    def defer(self, pending: Awaitable[None] | None, to_land: Flight | None) -> None:
        """Have the end of a settlement awaited, and then a flight landed."""
        self._tasks.start_soon(self._finish, pending, to_land)

    async def look_before_run(self, flight: Flight, common: Common) -> None:
        """End a granted flight that another process has answered since this one looked, and give its units back."""
        if common.looked is None or common.looked != self.cache.writes:
            await self._look(flight, common)

    async def _ask(self, place: Place[Flight], verdict: Awaitable[Verdict]) -> None:
        """Wait for a verdict. Shielded, because the store may have reserved by the time that anybody loses interest."""
        with CancelScope(shield=True):
            try:
                decided = await verdict
            except Exception as error:  # noqa: BLE001 - whoever asked gets it, unless its fate is decided
                if place.item.state is not State.ENDED:
                    self.control.fail(place.item, error, self._now())
                decided = Denied(self._now())
        self.control.admission.decide(place, decided, self._now())
        self.time.set_alarm()

    async def _finish(self, pending: Awaitable[None] | None, to_land: Flight | None) -> None:
        """Wait for a settlement; one that fails leaves its units held, which is the safe side."""
        if pending is not None:
            with CancelScope(shield=True):
                try:
                    await pending
                except Exception:  # noqa: BLE001 - the store is not ours to trust
                    logger.exception("the store could not settle an attempt")
        self.control.admission.settled(self._now())
        self.time.set_alarm()
        if to_land is not None:
            await self._land(to_land)

    async def _land(self, flight: Flight) -> None:
        """Give the lead of a flight up when its answer is where the others look for it; at the end all leads end."""
        assert flight.common is not None
        await self.cache.written(flight.call.key)
        try:
            await self.control.admission.store.land(flight.common.name)
        except Exception:  # noqa: BLE001 - then it ends with this process's lease
            logger.exception("the store could not land a flight")

    def _hear(self, landed: Collection[str]) -> None:
        """Ask again, because another process may have made room; look for the answers of flights that have landed."""
        for name in landed:
            flight = self.control.roster.by_name.get(name)
            if flight is not None and flight.common is not None and flight.state in UNSENT:
                flight.common.landed = True
                self._tasks.start_soon(self._look_after_landing, flight, flight.common)
        self.control.admission.settled(self._now())
        self.time.set_alarm()

    async def _look_after_landing(self, flight: Flight, common: Common) -> None:
        await self._look(flight, common)
        self.control.admission.resume(flight, self._now())
        self.time.set_alarm()

    async def _look(self, flight: Flight, common: Common) -> None:
        """Look into the shared cache for the answer of a flight that was not sent."""
        looked = self.cache.writes
        kept = await self.cache.find(flight.call.key)
        common.looked = looked
        if kept is not None and (flight.state in UNSENT or flight.state is State.GRANTED):
            self.control.hand_on(flight, kept, self._now())
            self.time.set_alarm()
