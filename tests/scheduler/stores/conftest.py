"""Stores to hold the contract against, each driven by hand on time that stands still."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from attrs import define, field

from request_scheduler import Budget, MemoryStore, Refused, Settlement, Spend
from request_scheduler.stores import NO_CLAIMS, ORDINARY, Denied, Led, Reservation, Standing, Store, Verdict
from request_scheduler.stores.redis import RedisStore
from request_scheduler.stores.shared import SharedStore
from request_scheduler.stores.sqlite import SqliteStore
from request_scheduler.stores.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@define(eq=False)
class Times:
    """The moments of one machine, moved by hand: since it was started, and on its wall clock."""

    now: float = 1000.0
    wall: float = 1_750_000_000.0
    boot: str = "first run"

    def timeline(self) -> Timeline:
        return Timeline(of=lambda _: self.now, boot=self.boot, wall=lambda: self.wall)


@define(eq=False)
class Hand:
    """A store whose answers are waited for, with `now` moved by hand; `again` opens the same state once more."""

    store: Store
    portal: BlockingPortal
    times: Times
    again: Callable[[], Store] | None = None
    _opened: list[Store] = field(factory=list)

    @property
    def now(self) -> float:
        return self.times.now

    @now.setter
    def now(self, moment: float) -> None:
        self.times.now = moment

    def open(self) -> None:
        self.portal.call(self.store.open)
        self._opened.append(self.store)

    def close(self) -> None:
        for store in self._opened:
            self.portal.call(store.close)

    def other(self, *budgets: Budget, reserve: int = 0) -> Hand:
        """Another process on the same state."""
        assert self.again is not None
        other = Hand(self.again(), self.portal, self.times, self.again, self._opened)
        for budget in budgets:
            other.store.define(budget, reserve=reserve)
        other.open()
        return other

    def wait(self, pending: Any) -> Any:
        async def answer() -> Any:
            return await pending

        return self.portal.call(answer) if hasattr(pending, "__await__") else pending

    def reserve(
        self,
        *spends: Spend,
        tenant: str = "t",
        urgent: bool = False,
        standing: Standing = ORDINARY,
        flight: str | None = None,
    ) -> Verdict:
        wanted = spends or (Spend("query"),)
        verdict: Verdict = self.wait(self.store.reserve(wanted, self.now, tenant, urgent, NO_CLAIMS, standing, flight))
        return verdict

    def lead(self, flight: str) -> Reservation:
        taken = self.reserve(flight=flight)
        assert isinstance(taken, Reservation), f"not granted but {taken}"
        return taken

    def follows(self, flight: str) -> bool:
        return isinstance(self.reserve(flight=flight), Led)

    def keep(self, taken: Reservation) -> str:
        """Settle a run whose answer is still to be written."""
        flight, taken.flight = taken.flight, None
        assert flight is not None
        self.settle(taken)
        return flight

    def take(self, *spends: Spend, tenant: str = "t", urgent: bool = False) -> Reservation:
        taken = self.reserve(*spends, tenant=tenant, urgent=urgent)
        assert isinstance(taken, Reservation), f"{taken} at {self.now}"
        return taken

    def denied(self, *spends: Spend, tenant: str = "t", urgent: bool = False) -> float:
        denied = self.reserve(*spends, tenant=tenant, urgent=urgent)
        assert isinstance(denied, Denied), f"granted at {self.now}"
        return denied.until

    def settle(self, reservation: Reservation, settlement: Settlement = Settlement.SPENT) -> None:
        self.wait(self.store.settle(reservation, settlement, self.now))

    def refuse(self, reservation: Reservation, refusal: Refused) -> None:
        self.wait(self.store.refuse(reservation, refusal, self.now, 0.5))

    def withdraw(self, *spends: Spend, urgent: bool = False) -> None:
        self.wait(self.store.withdraw(spends or (Spend("query"),), self.now, urgent=urgent))

    def look(self) -> None:
        """Look, as a process that waits does now and then, whether it may go."""
        assert isinstance(self.store, SharedStore)
        self.wait(self.store._transact(self.store._ledger.news, self.now))

    def spend(self, count: int, **wishes: Any) -> None:
        for _ in range(count):
            self.settle(self.take(**wishes))

    def used(self, budget: str = "query") -> int | None:
        self.wait(self.store.refresh())
        statuses: Mapping[str, Any] = {usage.name: usage for usage in self.store.usage(self.now)}
        used: int | None = statuses[budget].used
        return used

    def held(self, budget: str = "query") -> int:
        self.wait(self.store.refresh())
        return self.known_held(budget)

    def known_held(self, budget: str = "query") -> int:
        """Permits held as far as this process knows without asking."""
        held: int = {usage.name: usage for usage in self.store.usage(self.now)}[budget].permits_held
        return held


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "budget-v1.sqlite"


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


def memory_hand(portal: BlockingPortal, folder: Path, url: str) -> Hand:
    return Hand(MemoryStore(), portal, Times())


def sqlite_hand(portal: BlockingPortal, folder: Path, url: str) -> Hand:
    times = Times()

    def again() -> SqliteStore:
        return SqliteStore(folder / "state" / "budget-v1.sqlite", timeline=times.timeline(), lease=30.0)

    return Hand(again(), portal, times, again)


def redis_hand(portal: BlockingPortal, folder: Path, url: str) -> Hand:
    times, group = Times(), uuid4().hex

    def again() -> RedisStore:
        return RedisStore(url, group=group, timeline=times.timeline(), lease=30.0)

    return Hand(again(), portal, times, again)


HANDS = {"memory": memory_hand, "sqlite": sqlite_hand, "redis": redis_hand}
SERVERS = {"redis": "redis_server", "newest redis": "newest_redis_server"}


@pytest.fixture
def make_hands(
    request: pytest.FixtureRequest, portal: BlockingPortal, tmp_path: Path
) -> Iterator[Callable[[str], Callable[..., Hand]]]:
    """Given a kind of store, makes some with budgets, opened."""
    with ExitStack() as stack:

        def of_kind(kind: str) -> Callable[..., Hand]:
            url = request.getfixturevalue(SERVERS[kind]).url if kind in SERVERS else ""

            def make(*budgets: Budget, reserve: int = 0) -> Hand:
                hand = HANDS[kind.rsplit(maxsplit=1)[-1]](portal, tmp_path, url)
                for budget in budgets:
                    hand.store.define(budget, reserve=reserve)
                hand.open()
                stack.callback(hand.close)
                return hand

            return make

        yield of_kind


@pytest.fixture(params=["memory", "sqlite", *SERVERS])
def new_hand(request: pytest.FixtureRequest, make_hands: Callable[[str], Callable[..., Hand]]) -> Callable[..., Hand]:
    return make_hands(request.param)


@pytest.fixture(params=["redis", "sqlite"])
def new_shared_hand(
    request: pytest.FixtureRequest, make_hands: Callable[[str], Callable[..., Hand]]
) -> Callable[..., Hand]:
    return make_hands(request.param)


@pytest.fixture
def new_sqlite_hand(make_hands: Callable[[str], Callable[..., Hand]]) -> Callable[..., Hand]:
    return make_hands("sqlite")


@pytest.fixture
def new_redis_hand(make_hands: Callable[[str], Callable[..., Hand]]) -> Callable[..., Hand]:
    return make_hands("redis")
