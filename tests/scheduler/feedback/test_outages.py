"""A service that is down: calls fail at once or wait, as they wish, and one probe finds out when it is back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import anyio
import pytest
from attrs import define, field

from request_scheduler import (
    Allowance,
    Breaker,
    Budget,
    Call,
    CircuitOpen,
    Concurrent,
    DeadlinePassed,
    Failed,
    NotSent,
    Outcome,
    Refused,
    Scheduler,
    Window,
    events,
)
from tests.scheduler.service import QUERY

if TYPE_CHECKING:
    from collections.abc import Callable

HOURLY = Budget("query", (Window(60, 3600.0), Concurrent(5)))
HOST = "mixpanel.com"


class DownError(Exception):
    """What the service says while it is down."""


@define(eq=False)
class Host:
    """Answers after a second, except while it is down."""

    down_until: float = 0.0
    failure: Callable[[], Exception] = lambda: Failed(DownError(), outage=True)
    sent: list[float] = field(factory=list)

    async def run(self) -> str:
        self.sent.append(anyio.current_time())
        await anyio.sleep(1.0)
        if anyio.current_time() < self.down_until:
            raise self.failure()
        return "answer"

    def call(self, **wishes: object) -> Call[str]:
        return Call(self.run, **{"spends": QUERY, "circuit": HOST} | wishes)  # type: ignore[arg-type]


async def fail(scheduler: Scheduler, host: Host, times: int = 5) -> None:
    for _ in range(times):
        with pytest.raises(DownError):
            await scheduler.submit(host.call())


async def test_calls_fail_at_once_while_the_circuit_is_open() -> None:
    host = Host(down_until=1e9)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        moment = scheduler.now()
        with pytest.raises(CircuitOpen) as told:
            await scheduler.submit(host.call())
        assert scheduler.now() == moment
        assert told.value.half_opens_in == pytest.approx(10.0)
        assert HOST in str(told.value)
        assert scheduler.status().circuits[HOST].state == "open"
        assert scheduler.status().budgets["query"].used == 5
    assert len(host.sent) == 5


async def test_one_probe_closes_the_circuit_once_the_service_is_back() -> None:
    host = Host(down_until=anyio.current_time() + 8.0)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        await anyio.sleep(10.0)
        assert scheduler.status().circuits[HOST].state == "half-open"
        assert (await scheduler.submit(host.call())).value == "answer"
        assert scheduler.status().circuits == {}


async def test_while_the_probe_is_out_the_others_fail() -> None:
    host = Host(down_until=anyio.current_time() + 8.0)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        await anyio.sleep(10.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scheduler.submit, host.call())
            await anyio.sleep(0.5)
            with pytest.raises(CircuitOpen):
                await scheduler.submit(host.call())
    assert len(host.sent) == 6


async def test_a_probe_that_is_cancelled_leaves_room_for_the_next() -> None:
    host = Host(down_until=anyio.current_time() + 8.0)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        await anyio.sleep(10.0)
        with anyio.move_on_after(0.5):
            await scheduler.submit(host.call())
        await anyio.sleep(0.1)
        assert (await scheduler.submit(host.call())).value == "answer"


async def test_calls_that_wait_when_it_opens_fail_at_their_turn_and_cost_nothing() -> None:
    host = Host(down_until=1e9)
    one_at_once = Budget("query", (Concurrent(1), Window(60, 3600.0)))
    ended: Counter[type[Exception]] = Counter()
    async with Scheduler([one_at_once]) as scheduler, anyio.create_task_group() as tasks:

        async def ask() -> None:
            try:
                await scheduler.submit(host.call())
            except (DownError, CircuitOpen) as error:
                ended[type(error)] += 1

        for _ in range(12):
            tasks.start_soon(ask)
        await anyio.sleep(60.0)
        assert scheduler.status().budgets["query"].used == 5
    assert ended == {DownError: 5, CircuitOpen: 7}


async def test_a_call_that_was_not_sent_for_an_open_circuit_is_given_back_to_its_task() -> None:
    host = Host(down_until=1e9)
    allowance = Allowance("report", max_requests=9)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        with anyio.move_on_after(1.0):
            await scheduler.submit(host.call(outlasts=True, allowance=allowance))
    assert allowance.used == 0


async def test_a_call_that_outlasts_outages_waits_for_the_probe() -> None:
    host = Host(down_until=anyio.current_time() + 40.0)
    answers: list[object] = []
    async with Scheduler([HOURLY]) as scheduler, anyio.create_task_group() as tasks:
        await fail(scheduler, host)

        async def ask() -> None:
            answers.append((await scheduler.submit(host.call(outlasts=True, attempts=9))).value)

        host.failure = lambda: Failed(DownError(), retry=True, outage=True)
        for _ in range(20):
            tasks.start_soon(ask)
    assert answers == ["answer"] * 20
    probes = [moment for moment in host.sent[5:] if moment + 1.0 < host.down_until]
    assert len(probes) <= 3, "one probe at each half-opening, however many wait"


async def test_a_deadline_ends_the_wait_for_an_open_circuit() -> None:
    host = Host(down_until=1e9)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        with pytest.raises(DeadlinePassed):
            await scheduler.submit(host.call(outlasts=True, deadline=scheduler.now() + 5.0))
        assert scheduler.status().queued == 0


async def test_a_host_that_cannot_be_reached_opens_its_circuit_and_no_other() -> None:
    host, other = Host(1e9, lambda: NotSent(DownError(), outage=True)), Host()
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host)
        with pytest.raises(CircuitOpen):
            await scheduler.submit(host.call())
        assert (await scheduler.submit(other.call(circuit="eu.mixpanel.com"))).value == "answer"
        assert (await scheduler.submit(other.call(circuit=None))).value == "answer"


@pytest.mark.parametrize("harmless", [lambda: Failed(DownError()), lambda: NotSent(DownError()), DownError])
async def test_no_other_error_opens_a_circuit(harmless: Callable[[], Exception]) -> None:
    host = Host(1e9, harmless)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host, 20)
        assert scheduler.status().circuits == {}


async def test_a_refusal_shows_that_the_service_is_there() -> None:
    host = Host(1e9)
    async with Scheduler([HOURLY]) as scheduler:
        await fail(scheduler, host, 4)
        host.failure = lambda: Refused(DownError(), kind="unknown")
        with pytest.raises(DownError):
            await scheduler.submit(host.call(attempts=1))
        assert scheduler.status().circuits == {}


async def test_a_cached_answer_is_served_while_the_circuit_is_open() -> None:
    host = Host(1e9)

    async def run() -> Outcome[str]:
        return Outcome("kept", ttl=3600.0)

    async with Scheduler([HOURLY]) as scheduler:
        known: Call[str] = Call(run, key="a", spends=QUERY, circuit=HOST)
        await scheduler.submit(known)
        await fail(scheduler, host)
        assert (await scheduler.submit(known)).origin == "cache"


async def test_without_a_breaker_no_circuit_opens() -> None:
    host = Host(1e9)
    async with Scheduler([HOURLY], breaker=None) as scheduler:
        await fail(scheduler, host, 20)
        assert scheduler.status().circuits == {}


async def test_opening_and_closing_are_told() -> None:
    host = Host(down_until=anyio.current_time() + 5.0)
    told: list[tuple[str, str]] = []
    async with Scheduler([HOURLY], breaker=Breaker(failures=2, rest=30.0)) as scheduler:

        def hear(event: events.Event) -> None:
            if isinstance(event, events.CircuitChanged):
                told.append((event.circuit, event.state))

        scheduler.listen(hear)
        await fail(scheduler, host, 2)
        await anyio.sleep(30.0)
        await scheduler.submit(host.call())
    assert told == [(HOST, "open"), (HOST, "closed")]
