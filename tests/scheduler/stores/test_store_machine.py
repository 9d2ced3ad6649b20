"""Random histories of several processes, held against the bare definition of a rolling window."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import define, frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from request_scheduler import Budget, Concurrent, Settlement, Spend, Window
from request_scheduler.stores import Denied, Reservation
from tests.scheduler.stores.conftest import HANDS, Hand

LIMIT, SECONDS, PERMITS = 4, 40.0, 3
BUDGET = Budget("query", (Window(LIMIT, SECONDS), Concurrent(PERMITS)), margin=0.0)


@define(eq=False)
class Flying:
    """A reservation and who has it."""

    hand: Hand
    reservation: Reservation


@frozen
class Spent:
    """A unit that the service may have counted, and until when."""

    until: float
    urgent: bool


class StoreMachine(RuleBasedStateMachine):
    """Processes come, ask, settle, are killed; some of the slots may be for urgent calls."""

    kind, url = "memory", ""
    verdicts: ClassVar[Counter[str]]

    @initialize(processes=st.integers(1, 3), reserve=st.integers(0, 2))
    def start(self, processes: int, reserve: int) -> None:
        self._portal = start_blocking_portal()
        portal = self._portal.__enter__()
        self._folder = tempfile.TemporaryDirectory()
        first = HANDS[self.kind](portal, Path(self._folder.name), self.url)
        first.store.define(BUDGET, reserve=reserve)
        first.open()
        self.first, self.reserve = first, reserve
        others = processes - 1 if first.again else 0
        self.alive = [first] + [first.other(BUDGET, reserve=reserve) for _ in range(others)]
        self.flying: list[Flying] = []
        self.spent: list[Spent] = []

    def teardown(self) -> None:
        if hasattr(self, "first"):
            self.first.close()
            self._portal.__exit__(None, None, None)
            self._folder.cleanup()

    def counted(self) -> int:
        self.spent = [unit for unit in self.spent if unit.until > self.first.now]
        return len(self.spent) + len(self.flying)

    def kept(self) -> int:
        """What is free for urgent calls alone."""
        flying = sum(flying.reservation.urgent for flying in self.flying)
        return max(0, self.reserve - flying - sum(unit.urgent for unit in self.spent))

    @rule(which=st.integers(0, 2), urgent=st.booleans())
    def ask(self, which: int, urgent: bool) -> None:
        hand = self.alive[which % len(self.alive)]
        room = self.counted() + (0 if urgent else self.kept()) < LIMIT and len(self.flying) < PERMITS
        verdict = hand.reserve(Spend("query"), tenant=f"t{which}", urgent=urgent)
        self.verdicts[type(verdict).__name__] += 1
        if isinstance(verdict, Reservation):
            assert room, "more than a limit, or than what is not reserved"
            self.flying.append(Flying(hand, verdict))
        else:
            assert isinstance(verdict, Denied)
            others_wait = verdict.until <= hand.now + 0.25
            assert not room or (others_wait and len(self.alive) > 1), "room that was not given"
            assert verdict.until > hand.now

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 5), settlement=st.sampled_from(Settlement))
    def settle(self, which: int, settlement: Settlement) -> None:
        flying = self.flying.pop(which % len(self.flying))
        flying.hand.settle(flying.reservation, settlement)
        if settlement is not Settlement.REFUNDED:
            self.spent.append(Spent(self.first.now + SECONDS, flying.reservation.urgent))

    @rule(seconds=st.sampled_from([0.1, 0.3, 1.0, 7.0, 9.0]))
    def wait(self, seconds: float) -> None:
        self.first.now += seconds
        for hand in self.alive:  # as the watch of each does
            hand.portal.call(hand.store.refresh)

    @precondition(lambda self: len(self.alive) > 1)
    @rule()
    def close_one(self) -> None:
        hand = self.alive.pop()
        hand.portal.call(hand.store.close)
        gone = [flying for flying in self.flying if flying.hand is hand]
        self.flying = [flying for flying in self.flying if flying.hand is not hand]
        self.spent += [Spent(self.first.now + SECONDS, flying.reservation.urgent) for flying in gone]

    @invariant()
    def the_books_are_right(self) -> None:
        for hand in getattr(self, "alive", []):
            hand.portal.call(hand.store.refresh)
            assert (hand.used(), hand.held()) == (self.counted(), len(self.flying))


@pytest.mark.parametrize("kind", sorted(HANDS))
def test_random_histories_keep_to_the_definition(kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("redis_server").url if kind == "redis" else ""
    machine: Any = type("Machine", (StoreMachine,), {"kind": kind, "url": url, "verdicts": Counter()})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=30))
    assert machine.verdicts.keys() == {"Reservation", "Denied"}, "histories in which nothing was decided tell nothing"
