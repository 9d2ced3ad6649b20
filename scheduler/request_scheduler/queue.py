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
from typing import TYPE_CHECKING, Generic, TypeVar

from request_scheduler.call import Priority, Spend
from request_scheduler.checks import check_settings, check_shares
from request_scheduler.lane import Guarantee, Lane, Place
from request_scheduler.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from request_scheduler.lane import Rank, Share

T = TypeVar("T")

_REMEMBERED_SPENDS = 4096


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
        minimum = {} if minimum is None else minimum
        check_settings({"ageing": ageing}, {})
        check_shares("weights", weights)
        check_shares("minimum", minimum)
        if sum(minimum.values()) > 1:
            raise ValueError("the minimum shares are more than the whole together; give parts such as 0.25")
        self._weights = dict(weights)
        self._minimum = dict(minimum)
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

    def crowds(self) -> dict[str, int]:
        """Waiting calls by budget; one that spends several waits for each."""
        waiting: Counter[str] = Counter()
        for lane in (lane for lanes in self._lanes.values() for lane in lanes if lane.waiting):
            waiting.update(dict.fromkeys(lane.budgets, lane.waiting))
        return dict(waiting)

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
