"""A store outside the process answers later; order, limits and fates hold all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import Budget, Call, Concurrent, MemoryStore, Refused, Scheduler, Settlement, Spend, Window
from request_scheduler.stores import NO_CLAIMS, ORDINARY, Claim, Denied, Reservation, Standing, Verdict
from tests.scheduler.service import Service, fullest_window, query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping


class DistantStore(MemoryStore):
    """The ledger of a process, a tenth of a second away."""

    shared = True
    broken = False

    def reserve(  # type: ignore[override]
        self,
        spends: tuple[Spend, ...],
        now: float,
        tenant: str,
        urgent: bool = False,
        claims: Mapping[str, Claim] = NO_CLAIMS,
        standing: Standing = ORDINARY,
        flight: str | None = None,
    ) -> Awaitable[Verdict]:
        async def answer() -> Verdict:
            await anyio.sleep(0.05)
            if self.broken:
                raise OSError("the store is gone")
            verdict = MemoryStore.reserve(self, spends, anyio.current_time(), tenant, urgent, claims)
            await anyio.sleep(0.05)
            # Other processes settle unseen, so a store that is shared always names a moment to ask again.
            return verdict if isinstance(verdict, Reservation) else Denied(min(verdict.until, now + 5.0))

        return answer()

    def settle(self, reservation: Reservation, settlement: Settlement, now: float) -> Awaitable[None]:  # type: ignore[override]
        async def later() -> None:
            await anyio.sleep(0.1)
            MemoryStore.settle(self, reservation, settlement, now)

        return later()

    def refuse(self, reservation: Reservation, refusal: Refused, now: float, jitter: float) -> Awaitable[None]:  # type: ignore[override]
        async def later() -> None:
            await anyio.sleep(0.1)
            MemoryStore.refuse(self, reservation, refusal, now, jitter)

        return later()


LIMITED = Budget("query", (Window(5, 60.0), Concurrent(2)))


async def test_limits_and_order_hold_over_a_distance() -> None:
    service = Service(seconds=1.0)
    async with Scheduler([LIMITED], store=DistantStore()) as scheduler, anyio.create_task_group() as tasks:
        for number in range(12):
            tasks.start_soon(scheduler.submit, service.call(f"{number:02}"))
            await anyio.sleep(0.01)
    assert service.names == sorted(service.names)
    assert len(service.names) == 12
    assert fullest_window(service.sent, 60.0) <= 5
    assert service.peak <= 2


async def test_a_caller_that_leaves_during_the_decision_gives_the_slot_back() -> None:
    service = Service()
    async with Scheduler([LIMITED], store=DistantStore()) as scheduler:
        with anyio.move_on_after(0.07):
            await scheduler.submit(service.call("leaves"))
        await anyio.sleep(1.0)
        status = scheduler.status()
        assert (status.budgets["query"].used, status.in_flight, status.queued) == (0, 0, 0)
    assert service.sent == []


async def test_the_turns_are_left_when_the_last_call_that_waits_is_given_up() -> None:
    class Turns(DistantStore):
        left = 0

        def withdraw(self, spends: tuple[Spend, ...], now: float, *, urgent: bool) -> None:
            self.left += 1

    service, store = Service(seconds=30.0), Turns()
    async with Scheduler([LIMITED], store=store) as scheduler, anyio.create_task_group() as tasks:
        for name in "ab":
            tasks.start_soon(scheduler.submit, service.call(name))
        await anyio.sleep(1.0)
        for patience in (2.0, 4.0):
            tasks.start_soon(give_up, scheduler, service.call(), patience)
        await anyio.sleep(3.0)
        assert (scheduler.status().queued, store.left) == (1, 0)
        await anyio.sleep(2.0)
        assert (scheduler.status().queued, store.left) == (0, 1)
        tasks.cancel_scope.cancel()


async def give_up(scheduler: Scheduler, call: Call[str], patience: float) -> None:
    with anyio.move_on_after(patience):
        await scheduler.submit(call)


async def test_a_store_that_fails_fails_the_call_and_not_the_scheduler() -> None:
    service = Service()
    store = DistantStore()
    async with Scheduler([LIMITED], store=store) as scheduler:
        store.broken = True
        with pytest.raises(OSError, match="the store is gone"):
            await scheduler.submit(service.call("a"))
        store.broken = False
        assert (await scheduler.submit(service.call("b"))).value == "b"


async def test_a_store_that_fails_after_its_asker_has_left_ends_nothing_twice() -> None:
    service = Service()
    store = DistantStore()
    async with Scheduler([LIMITED], store=store) as scheduler:
        store.broken = True
        with anyio.move_on_after(0.02):
            await scheduler.submit(service.call("leaves"))
        await anyio.sleep(1.0)
        counts = scheduler.status().counters
        assert (counts.cancelled, counts.failed, counts.finished) == (1, 0, 0)


async def test_refusals_are_learned_over_a_distance() -> None:
    sent: list[float] = []

    async def run() -> str:
        sent.append(anyio.current_time())
        if len(sent) == 1:
            raise Refused(RuntimeError("too many"), kind="window")
        return "answer"

    async with Scheduler([LIMITED], store=DistantStore()) as scheduler:
        assert (await scheduler.submit(query(run))).value == "answer"
        await anyio.sleep(1.0)
        assert scheduler.status().budgets["query"].used == 1
    assert sent[1] - sent[0] >= 12.0


async def test_a_shared_store_may_answer_at_once() -> None:
    class NearStore(MemoryStore):
        shared = True

    service = Service(seconds=0.0)
    roomy = Budget("query", (Window(100, 60.0),))
    async with Scheduler([roomy], store=NearStore()) as scheduler, anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(scheduler.submit, service.call())
    assert len(service.sent) == 100


async def test_a_settlement_that_fails_is_reported_and_keeps_its_units(caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful(DistantStore):
        async def settle(self, reservation: Reservation, settlement: Settlement, now: float) -> None:  # type: ignore[override]
            raise OSError("the store is gone")

    service = Service()
    async with Scheduler([LIMITED], store=Forgetful()) as scheduler:
        await scheduler.submit(service.call("a"))
        await anyio.sleep(1.0)
        assert scheduler.status().budgets["query"].used == 1
    assert "could not settle" in caplog.text
