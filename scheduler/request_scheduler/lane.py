"""Those who wait for the same budgets: levels by priority, shares of tenants in them, and what some are promised. Pure.

The rules are those of queue.py.
"""

from __future__ import annotations

import math
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from attrs import define, field

from request_scheduler.call import Priority
from request_scheduler.schedule import Schedule

if TYPE_CHECKING:
    from request_scheduler.call import Spend
    from request_scheduler.schedule import Entry

T = TypeVar("T")

Rank: TypeAlias = tuple[float, int, int]
"""How early a call goes, the lowest first: by how long it has waited for its turn, priority, arrival."""

_PRUNE_ABOVE = 256


@define(eq=False, repr=False)
class Share(Generic[T]):
    """One tenant's waiting calls in a level, and the virtual time at which its next one starts."""

    tenant: str
    weight: float
    start: float
    calls: Schedule[Place[T]] = field(factory=Schedule)
    active: bool = False


@define(eq=False, repr=False)
class Level(Generic[T]):
    """The waiting calls of one priority in one lane."""

    priority: Priority
    waiting: int = 0
    units: int = 0
    unserved_since: float = 0.0
    virtual_time: float = 0.0
    shares: dict[str, Share[T]] = field(factory=dict)
    _active: list[tuple[float, int, Share[T]]] = field(factory=list)
    _turns: int = 0

    def push(self, place: Place[T], weight: float, now: float) -> None:
        """Let a call wait; a tenant that was away starts at the level's time, with neither credit nor debt."""
        if not self.waiting:
            self.unserved_since = now
        share = self.shares.get(place.tenant)
        if share is None:
            share = self.shares[place.tenant] = Share(place.tenant, weight, self.virtual_time)
        share.weight = weight
        place.share = share
        place.entry = share.calls.add(place.due, place, place.turn)
        if not share.active:
            share.active = True
            share.start = max(share.start, self.virtual_time)
            self._stand(share)
        self.waiting += 1
        self.units += place.units

    def first(self) -> Place[T] | None:
        """The call whose turn it is, left in place."""
        active = self._active
        while active:
            start, _, share = active[0]
            place = share.calls.first()
            if place is not None and start >= share.start:
                return place
            heappop(active)
            if place is not None:
                self._stand(share)  # it was served out of turn meanwhile
            else:
                share.active = False
                self._prune()
        return None

    def take(self, place: Place[T], now: float) -> None:
        """Take a call out and charge its tenant."""
        share, entry = place.share, place.entry
        assert share is not None
        assert entry is not None
        share.calls.discard(entry)
        self.virtual_time = max(self.virtual_time, share.start)
        share.start += place.units / share.weight
        self.unserved_since = now
        self.leave(place)

    def leave(self, place: Place[T]) -> None:
        """Count a call out; an idle level forgets who had how much."""
        self.waiting -= 1
        self.units -= place.units
        if not self.waiting:
            self.shares.clear()
            self._active.clear()
            self.virtual_time = 0.0

    def ahead_of(self, tenant: str, weight: float) -> tuple[int, int]:
        """Units and calls that fair order puts before one more call of a tenant."""
        own = self.shares.get(tenant)
        mine = len(own.calls) if own else 0
        calls = mine
        for share in self.shares.values():
            if share is not own:
                calls += min(len(share.calls), round((mine + 1) * share.weight / weight))
        return round(calls * self.units / self.waiting) if self.waiting else 0, calls

    def _stand(self, share: Share[T]) -> None:
        heappush(self._active, (share.start, self._turns, share))
        self._turns += 1

    def _prune(self) -> None:
        """Forget the idle when hundreds of them are remembered; what they lose is the debt of their last request."""
        if len(self.shares) > _PRUNE_ABOVE + 2 * len(self._active):
            self.shares = {name: share for name, share in self.shares.items() if share.active}


@define(eq=False, repr=False, weakref_slot=False)
class Place(Generic[T]):
    """A call's place in the queue."""

    item: T
    lane: Lane[T]
    spends: tuple[Spend, ...]
    priority: Priority
    tenant: str
    units: int
    deadline: float | None
    due: float
    turn: int
    share: Share[T] | None = None
    entry: Entry[Place[T]] | None = None
    exit: Entry[Place[T]] | None = None


@define(eq=False, repr=False)
class Guarantee:
    """The part of a lane that a tenant is promised while it waits, and what both had since it began to."""

    part: float
    waiting: int = 0
    had: int = 0
    served: int = 0

    @property
    def behind(self) -> bool:
        """Whether one more unit for somebody else would leave the tenant short."""
        return self.waiting > 0 and self.had < self.part * (self.served + 1)


@define(eq=False, repr=False)
class Lane(Generic[T]):
    """The waiting calls that spend the same budgets, the interactive ones apart from the others beside them.

    What tenants are promised of the budgets is common to both.
    """

    budgets: frozenset[str]
    urgent: bool
    guarantees: dict[str, Guarantee]
    levels: tuple[Level[T], ...] = field(factory=lambda: tuple(Level(priority) for priority in Priority))
    waiting: int = 0

    def count(self, place: Place[T], change: int) -> None:
        """Note that a call came or left; a promise begins anew with the first call that waits."""
        self.waiting += change
        promise = self.guarantees.get(place.tenant) if self.guarantees else None
        if promise is not None:
            promise.waiting += change
            if not promise.waiting:
                promise.had = promise.served = 0

    def serve(self, place: Place[T]) -> None:
        """Note that a call goes: what each tenant with a promise is owed grows, and one of them has had its part."""
        for tenant, promise in self.guarantees.items():
            if promise.waiting:
                promise.served += place.units
                promise.had += place.units if tenant == place.tenant else 0

    def first(self, ageing: float) -> tuple[Rank, Place[T]] | None:
        """The next call and how early it ranks."""
        if not self.waiting:
            return None
        for tenant, promise in self.guarantees.items():
            if promise.behind and (place := self._first_of(tenant)) is not None:
                return _rank(-math.inf, place), place
        best: tuple[Rank, Place[T]] | None = None
        for level in reversed(self.levels):
            if level.waiting:
                since = level.unserved_since - level.priority * ageing
                if best is None or since < best[0][0]:
                    place = level.first()
                    assert place is not None
                    best = _rank(since, place), place
        return best

    def _first_of(self, tenant: str) -> Place[T] | None:
        for level in reversed(self.levels):
            share = level.shares.get(tenant)
            place = share.calls.first() if share is not None else None
            if place is not None:
                return place
        return None


def _rank(since: float, place: Place[T]) -> Rank:
    return since, -place.priority, place.turn
