"""Trap 15: answers in use are renewed shortly before they expire, by chance, and only from spare budget."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import Budget, Call, Freshness, ManualClock, Outcome, Scheduler, Spend, Window
from request_scheduler.cache import Kept, worth_renewing

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW = Kept("value", 0.0, 0.0, 100.0, 0, frozenset(), seconds=5.0)


def always(draw: float) -> Callable[[], float]:
    return lambda: draw


@pytest.mark.parametrize(
    ("left", "draw", "due"),
    [
        (25.0, 1e-300, False),  # not before the last fifth of its life
        (19.0, 1e-300, True),
        (19.0, 0.5, False),  # 5 s times ln 2 is 3.5 s
        (3.4, 0.5, True),
        (3.5, 0.5, False),
        (0.1, 0.999, False),
        (19.0, 0.0, True),
    ],
)
def test_the_draw_decides_and_the_more_so_the_nearer_the_expiry(left: float, draw: float, due: bool) -> None:
    assert worth_renewing(SLOW, 100.0 - left, always(draw)) is due


def test_an_answer_that_took_no_time_is_never_renewed_early() -> None:
    assert not worth_renewing(Kept("value", 0.0, 0.0, 100.0), 99.9, always(0.0))


def test_nothing_is_drawn_long_before_the_expiry() -> None:
    def draw() -> float:
        raise AssertionError("a draw for every use would cost all uses")

    assert not worth_renewing(SLOW, 10.0, draw)


def test_the_share_of_uses_that_renew_is_the_exponential_of_the_time_left() -> None:
    seed = 7
    random = Random(seed)
    renewing = sum(worth_renewing(SLOW, 95.0, random.random) for _ in range(10_000))
    assert 0.35 < renewing / 10_000 < 0.39, f"seed {seed}"  # e ** -1


class Low(Random):
    """Draws that ask for a renewal whenever one is allowed."""

    def random(self) -> float:
        return 1e-9


def question(clock: ManualClock, sent: list[str], name: str = "a", **wishes: object) -> Call[str]:
    async def run() -> Outcome[str]:
        sent.append(name)
        await clock.sleep_until(clock.now() + 5.0)
        return Outcome(f"{name}{len(sent)}", ttl=100.0)

    return Call(run, **({"key": name, "spends": (Spend("query"),)} | wishes))  # type: ignore[arg-type]


async def ask(scheduler: Scheduler, clock: ManualClock, call: Call[str]) -> str:
    got: list[str] = []

    async def submit() -> None:
        got.append((await scheduler.submit(call)).value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(submit)
        await clock.advance(0.0 if await scheduler.find(call.key) else 5.0)
    return got[0]


async def test_a_hot_answer_is_renewed_behind_its_users_before_it_expires(clock: ManualClock) -> None:
    sent: list[str] = []
    async with Scheduler([Budget("query", (Window(60, 3600.0),))], clock=clock, random=Low()) as scheduler:
        call = question(clock, sent)
        assert await ask(scheduler, clock, call) == "a1"
        await clock.advance(90.0)
        assert await ask(scheduler, clock, call) == "a1"
        await clock.advance(6.0)
        assert await ask(scheduler, clock, call) == "a2"
        assert scheduler.status().counters.cache_hits == 2
    assert len(sent) == 2


async def test_a_hot_answer_is_renewed_once_however_many_use_it(clock: ManualClock) -> None:
    sent: list[str] = []
    async with Scheduler([Budget("query", (Window(60, 3600.0),))], clock=clock, random=Low()) as scheduler:
        call = question(clock, sent)
        await ask(scheduler, clock, call)
        await clock.advance(90.0)
        for _ in range(50):
            await scheduler.submit(call)
        await clock.advance(6.0)
    assert len(sent) == 2


async def test_a_hot_answer_is_not_renewed_early_when_the_budget_is_scarce(clock: ManualClock) -> None:
    sent: list[str] = []
    async with Scheduler([Budget("query", (Window(3, 3600.0),))], clock=clock, random=Low()) as scheduler:
        await ask(scheduler, clock, question(clock, sent))
        await ask(scheduler, clock, question(clock, sent, "b"))
        await clock.advance(85.0)
        await ask(scheduler, clock, question(clock, sent))
        await clock.advance(6.0)
    assert sent == ["a", "b"]


async def test_offline_calls_renew_nothing(clock: ManualClock) -> None:
    sent: list[str] = []
    async with Scheduler([Budget("query", (Window(60, 3600.0),))], clock=clock, random=Low()) as scheduler:
        await ask(scheduler, clock, question(clock, sent))
        await clock.advance(90.0)
        await scheduler.submit(question(clock, sent, freshness=Freshness.OFFLINE))
        await clock.advance(6.0)
    assert len(sent) == 1
