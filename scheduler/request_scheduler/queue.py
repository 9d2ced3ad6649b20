"""Who is next: priority with ageing, then fair shares between tenants, then the earliest due time. Pure.

Calls that spend the same budgets stand in one lane, so one blocked budget stops nobody who does not need it; interactive
ones stand in a lane beside it. A lane has a level for each priority. Of two levels the one goes first that has waited
longer for its turn, where a step of priority is worth `ageing` seconds: a low level is served at least once in a while,
yet a flood of old calls in it cannot become a wall before an urgent one. Inside a level, start-time fair queuing (Goyal,
Vin & Cheng 1996) keeps two backlogged tenants of weights a and b within 1/a + 1/b of each other; a tenant's own calls go
by due time.

Of the two lanes of the same budgets, the head that ranks later waits behind one that ranks earlier and has no room. An
interactive one does not where slots are reserved for it: however old the backlog is, it takes none of what that waits for.

A tenant with a minimum share comes before all that for as long as it has had less than that part of what its lane let go
since it began to wait. What it does not use goes to the others, and is not owed to it later.
"""

from __future__ import annotations

import math
from collections import Counter
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from attrs import define, field

from request_scheduler.call import Priority, Spend
from request_scheduler.schedule import Entry, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

T = TypeVar("T")

Rank: TypeAlias = tuple[float, int, int]
"""How early a call goes, the lowest first: by how long it has waited for its turn, priority, arrival."""

_PRUNE_ABOVE = 256
_REMEMBERED_SPENDS = 4096


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


class Queue(Generic[T]):
    """All waiting calls; one that sheds knows which of them is the first to be given up."""

    def __init__(
        self,
        *,
        weights: Mapping[str, float],
        ageing: float,
        minimum: Mapping[str, float] | None = None,
        sheds: bool = False,
    ) -> None:
        parts = tuple((minimum or {}).values())
        if ageing <= 0 or any(weight <= 0 for weight in weights.values()):
            raise ValueError("weights and ageing must be positive")
        if any(part <= 0 for part in parts) or sum(parts) > 1:
            raise ValueError("minimum shares must be positive parts of one whole")
        self._weights = weights
        self._minimum = dict(minimum or {})
        self._exits: Schedule[Place[T]] | None = Schedule() if sheds else None
        self._ageing = ageing
        self._reserved: frozenset[str] = frozenset()
        self._lanes: dict[frozenset[str], tuple[Lane[T], Lane[T]]] = {}
        self._lanes_of: dict[tuple[Spend, ...], tuple[tuple[Lane[T], Lane[T]], int]] = {}
        self._turns = 0
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def __iter__(self) -> Iterator[T]:
        for share in self._shares():
            for place in share.calls:
                yield place.item

    def push(
        self,
        item: T,
        spends: tuple[Spend, ...],
        now: float,
        *,
        priority: Priority,
        tenant: str,
        deadline: float | None = None,
        turn: int | None = None,
        queued_at: float | None = None,
    ) -> Place[T]:
        """Let a call wait. `turn` and `queued_at` are those of its first time when it comes back."""
        lanes, units = self._lanes_of.get(spends) or self._assign(spends)
        lane = lanes[priority is Priority.INTERACTIVE]
        if turn is None:
            turn = self._turns
            self._turns += 1
        # Without a deadline it is due when ageing would have lifted it past everything: deadlines cannot starve it.
        waiting_since = now if queued_at is None else queued_at
        due = waiting_since + self._ageing * len(Priority) if deadline is None else deadline
        place = Place(item, lane, spends, priority, tenant, units, deadline, due, turn)
        lane.levels[priority].push(place, self._weights.get(tenant, 1.0), now)
        lane.count(place, 1)
        self._waiting += 1
        if self._exits is not None:
            place.exit = self._exits.add(float(priority), place, -turn)
        return place

    def discard(self, place: Place[T]) -> None:
        """Withdraw a call."""
        share, entry = place.share, place.entry
        assert share is not None
        assert entry is not None
        share.calls.discard(entry)
        self._count_out(place)
        place.lane.levels[place.priority].leave(place)

    def take(self, place: Place[T], now: float) -> None:
        """Take a call out to be run; its tenant is charged."""
        if place.lane.guarantees:
            place.lane.serve(place)
        self._count_out(place)
        place.lane.levels[place.priority].take(place, now)

    def last(self) -> Place[T] | None:
        """The call to give up first: of the lowest priority that waits, the newest."""
        return None if self._exits is None else self._exits.first()

    def weight_of(self, tenant: str) -> float:
        """A tenant's share."""
        return self._weights.get(tenant, 1.0)

    def is_first(self, place: Place[T]) -> bool:
        """Whether a call is the next of its lane."""
        first = place.lane.first(self._ageing)
        return first is not None and first[1] is place

    def lanes_of(self, spends: tuple[Spend, ...]) -> tuple[Lane[T], Lane[T]]:
        """Where calls that spend this wait: the ordinary ones, and the interactive ones."""
        return (self._lanes_of.get(spends) or self._assign(spends))[0]

    def reserve(self, budget: str, slots: int) -> None:
        """Let interactive calls pass others that wait for this budget, or no longer."""
        self._reserved = self._reserved | {budget} if slots else self._reserved - {budget}

    def contends(self, spends: tuple[Spend, ...]) -> bool:
        """Whether somebody waits for one of these budgets."""
        if not self._waiting:
            return False
        budgets = self.lanes_of(spends)[0].budgets
        return any(lane.waiting and (lane.budgets & budgets) for lanes in self._lanes.values() for lane in lanes)

    def next(self, passed: Collection[Lane[T]], keeps: Callable[[Place[T]], bool] | None = None) -> Place[T] | None:
        """The best call of the lanes that were not passed over, and that does not stay behind one of those.

        `keeps` tells whether slots are reserved for an interactive call: one that has none stays behind a heavier one,
        whose room it would take. Left out where a store gives that room to nobody else.
        """
        best: tuple[Rank, Place[T]] | None = None
        for lanes in self._lanes.values():
            for lane, beside in (lanes, lanes[::-1]):
                first = None if lane in passed else lane.first(self._ageing)
                if first is None or (best is not None and best[0] < first[0]):
                    continue
                if beside not in passed or not self._stays_behind(first, beside, keeps):
                    best = first
        return None if best is None else best[1]

    def _stays_behind(
        self, first: tuple[Rank, Place[T]], beside: Lane[T], keeps: Callable[[Place[T]], bool] | None
    ) -> bool:
        """Whether the head of a lane waits for that of the lane beside it, which was passed over."""
        other = beside.first(self._ageing)
        if other is None or first[0] < other[0]:
            return False
        place = first[1]
        if not place.lane.urgent or self._reserved.isdisjoint(beside.budgets):
            return True
        return keeps is not None and place.units < other[1].units and not keeps(place)

    def ahead_of(self, spends: tuple[Spend, ...], priority: Priority, tenant: str) -> tuple[dict[str, int], int]:
        """Units by budget, and calls, that go before one more call: higher priorities, and its fair order in its own."""
        units: Counter[str] = Counter()
        calls = 0
        weight = self._weights.get(tenant, 1.0)
        budgets = {spend.budget for spend in spends}
        for lane in (lane for lanes in self._lanes.values() for lane in lanes if lane.waiting):
            shared = lane.budgets & budgets
            if shared:
                for level in lane.levels[priority:]:
                    before = (
                        (level.units, level.waiting) if level.priority > priority else level.ahead_of(tenant, weight)
                    )
                    calls += before[1]
                    units.update(dict.fromkeys(shared, before[0]))
        part = self._minimum.get(tenant)
        if part is not None:
            calls, units = self._promised(budgets, tenant, part, calls, units)
        return dict(units), calls

    def _promised(
        self, budgets: set[str], tenant: str, part: float, calls: int, units: Counter[str]
    ) -> tuple[int, Counter[str]]:
        """What goes before a tenant's next call at most, when it is promised a part of all that goes."""
        own = sum(lane.guarantees[tenant].waiting for lane, _ in self._lanes.values() if lane.budgets & budgets)
        most = math.ceil((own + 1) / part) - 1
        if calls <= most:
            return calls, units
        return most, Counter({name: round(count * most / calls) for name, count in units.items()})

    def census(self) -> tuple[dict[str, int], dict[str, int]]:
        """Waiting calls by tenant and by priority."""
        tenants: Counter[str] = Counter()
        priorities: Counter[str] = Counter()
        for share in self._shares():
            if (first := share.calls.first()) is not None:
                count = len(share.calls)
                tenants[share.tenant] += count
                priorities[first.priority.name.lower()] += count
        return dict(tenants), dict(priorities)

    def _count_out(self, place: Place[T]) -> None:
        place.lane.count(place, -1)
        self._waiting -= 1
        if self._exits is not None and place.exit is not None:
            self._exits.discard(place.exit)

    def _shares(self) -> Iterator[Share[T]]:
        for lanes in self._lanes.values():
            for lane in lanes:
                for level in lane.levels:
                    yield from level.shares.values()

    def _assign(self, spends: tuple[Spend, ...]) -> tuple[tuple[Lane[T], Lane[T]], int]:
        budgets = frozenset(spend.budget for spend in spends)
        lanes = self._lanes.get(budgets)
        if lanes is None:
            promises = {tenant: Guarantee(part) for tenant, part in self._minimum.items()}
            ordinary, interactive = (Lane[T](budgets, urgent, promises) for urgent in (False, True))
            lanes = self._lanes[budgets] = ordinary, interactive
        if len(self._lanes_of) >= _REMEMBERED_SPENDS:
            self._lanes_of.clear()
        self._lanes_of[spends] = assigned = lanes, max((spend.units for spend in spends), default=1)
        return assigned
