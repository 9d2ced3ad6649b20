"""Which earlier answer a call gets, and which of them count no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from request_scheduler import events
from request_scheduler.cache import Kept, Use, use_of, worth_renewing
from request_scheduler.errors import NotCached
from request_scheduler.flight import State

if TYPE_CHECKING:
    from random import Random

    from request_scheduler.cache.tiers import Tiers
    from request_scheduler.call import Call
    from request_scheduler.control import Control
    from request_scheduler.telemetry import Telemetry


@define(eq=False)
class Recall:
    """Earlier answers, held against what calls accept."""

    cache: Tiers
    control: Control
    telemetry: Telemetry
    random: Random

    def misses(self, call: Call[object], kept: Kept | None, now: float) -> bool:
        """Whether neither memory nor a flight can answer a call, so that the shared cache is worth a look."""
        shared = self.cache.shared
        if shared is None or call.key is None:
            return False
        if not shared.current():
            return True
        return use_of(kept, call.freshness, now) is Use.NOTHING and self.control.roster.joinable(call) is None

    async def find(self, call: Call[object]) -> Kept | None:
        """The last answer of both tiers, None for a call that accepts no earlier one."""
        if call.freshness.mode == "fresh":
            await self.cache.catch_up()
            return None
        return await self.cache.find(call.key)

    def choose(self, call: Call[object], kept: Kept | None, now: float) -> Kept | None:
        """The earlier answer if the call accepts it; an offline call has no other way. It may be renewed for others."""
        use = use_of(kept, call.freshness, now)
        if kept is None or use is Use.NOTHING:
            if call.freshness.mode == "offline":
                raise NotCached(f"no answer for {call.label or 'this call'} is in the cache")
            return None
        self.telemetry.counts.cache_hits += 1
        if self.telemetry.listeners:
            self.telemetry.tell(events.CacheHit(now, call.label, call.tenant))
        if (
            use is Use.SERVE_AND_RENEW or self._due_early(call, kept, now)
        ) and call.key not in self.control.roster.by_key:
            self.control.renew(call, now)
        return kept

    def drop(self, tags: frozenset[str]) -> int:
        """Forget the answers that bear one of the tags, in all processes, and say how many memory held."""
        self._outdate(tags)
        return self.cache.drop(tags)

    def clear(self) -> None:
        """Forget every answer, in all processes."""
        self._outdate(None)
        self.cache.clear()

    def hear_of_drop(self, tags: frozenset[str] | None) -> None:
        """Take in that another process dropped some tags, or everything."""
        self._outdate(tags)
        if tags is None:
            self.cache.memory.clear()
        else:
            self.cache.memory.drop(tags)

    def _due_early(self, call: Call[object], kept: Kept, now: float) -> bool:
        return call.freshness.mode != "offline" and worth_renewing(kept, now, self.random.random)

    def _outdate(self, tags: frozenset[str] | None) -> None:
        for flight in self.control.roster.by_key.values():
            if flight.state is State.RUNNING and (tags is None or not flight.call.tags.isdisjoint(tags)):
                flight.outdated = True
