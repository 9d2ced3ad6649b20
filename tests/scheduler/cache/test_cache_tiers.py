"""The scheduler over both tiers; each scheduler here stands for a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from request_scheduler import Budget, Call, Freshness, ManualClock, NotCached, Outcome, Scheduler, Spend, Window

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tests.scheduler.cache.places import Place

ROOMY = Budget("query", (Window(60, 3600.0),))


class Asked:
    """Calls that count how often they were sent."""

    def __init__(self) -> None:
        self.sent: list[Hashable] = []
        self.gate: anyio.Event | None = None

    def call(self, key: Hashable, ttl: float = 100.0, **wishes: object) -> Call[object]:
        async def run() -> Outcome[object]:
            self.sent.append(key)
            if self.gate is not None:
                await self.gate.wait()
            return Outcome({"answer": len(self.sent)}, ttl=ttl, size=20)

        return Call(run, **({"key": key, "spends": (Spend("query"),)} | wishes))  # type: ignore[arg-type]


def scheduler(place: Place, clock: ManualClock, **settings: object) -> Scheduler:
    return Scheduler([ROOMY], clock=clock, shared_cache=place.cache(clock), **settings)  # type: ignore[arg-type]


async def test_an_answer_survives_a_restart_with_its_true_age(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock) as first:
        told = await first.submit(asked.call("a"))
    async with scheduler(place, ManualClock(epoch=clock.epoch + 30.0)) as second:
        again = await second.submit(asked.call("a"))
    assert (again.origin, again.value, again.cost) == ("cache", told.value, 0)
    assert again.age == pytest.approx(30.0)
    assert again.computed_at == told.computed_at
    assert asked.sent == ["a"]


@pytest.mark.parametrize(
    ("freshness", "age", "origin"),
    [
        (Freshness.CACHED, 99.0, "cache"),
        (Freshness.CACHED, 101.0, "network"),
        (Freshness.FRESH, 1.0, "network"),
        (Freshness.STALE_OK, 101.0, "cache"),
        (Freshness.OFFLINE, 1e6, "cache"),
        (Freshness("cached", max_age=20.0), 19.0, "cache"),
        (Freshness("cached", max_age=20.0), 21.0, "network"),
        (Freshness("stale_ok", max_age=200.0), 201.0, "network"),
    ],
)
async def test_freshness_holds_for_answers_of_the_shared_cache(
    place: Place, clock: ManualClock, freshness: Freshness, age: float, origin: str
) -> None:
    asked = Asked()
    async with scheduler(place, clock) as first:
        await first.submit(asked.call("a"))
    async with scheduler(place, ManualClock(epoch=clock.epoch + age)) as second:
        assert (await second.submit(asked.call("a", freshness=freshness))).origin == origin


async def test_offline_without_an_answer_in_either_tier_is_refused(place: Place, clock: ManualClock) -> None:
    async with scheduler(place, clock) as alone:
        with pytest.raises(NotCached):
            await alone.submit(Asked().call("a", freshness=Freshness.OFFLINE))


async def test_a_newer_answer_of_another_process_is_taken_once_the_own_one_has_expired(
    place: Place, clock: ManualClock
) -> None:
    asked = Asked()
    async with scheduler(place, clock) as one, scheduler(place, clock) as other:
        await one.submit(asked.call("a", ttl=10.0))
        await one.flush()
        assert (await other.submit(asked.call("a"))).origin == "cache"
        await clock.advance(20.0)
        await one.submit(asked.call("a", ttl=10.0))
    async with scheduler(place, clock) as third:
        assert (await third.submit(asked.call("a"))).value == {"answer": 2}
    assert asked.sent == ["a", "a"]


async def test_what_one_process_invalidates_no_other_serves_from_memory(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    tags = frozenset({"cohorts"})
    async with scheduler(place, clock) as one, scheduler(place, clock) as other:
        await one.submit(asked.call("a", tags=tags))
        await one.submit(asked.call("b"))
        await one.flush()
        for key in "ab":
            assert (await other.find(key)) is not None
        one.invalidate(tags)
        assert await one.find("a") is None
        assert await other.find("a") is None
        assert other.status().cache_entries == 1  # the other answer's
        assert (await other.submit(asked.call("a", tags=tags))).origin == "network"
        assert (await other.submit(asked.call("b"))).origin == "cache"
    assert asked.sent == ["a", "b", "a"]


async def test_nothing_dropped_is_served_while_the_drop_is_being_written(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    tags = frozenset({"cohorts"})
    async with scheduler(place, clock, cache_entries=0) as alone:
        await alone.submit(asked.call("a", tags=tags))
        alone.invalidate(tags)
        assert (await alone.submit(asked.call("a", tags=tags))).origin == "network"


async def test_an_answer_under_way_while_another_process_invalidates_it_is_not_kept(
    place: Place, clock: ManualClock
) -> None:
    asked = Asked()
    asked.gate = anyio.Event()
    tags = frozenset({"cohorts"})
    async with scheduler(place, clock) as one, scheduler(place, clock) as other, anyio.create_task_group() as tasks:
        await one.find("warm")
        tasks.start_soon(one.submit, asked.call("a", tags=tags))
        await anyio.wait_all_tasks_blocked()
        while not asked.sent:
            await one.find("look")
        other.invalidate(tags)
        assert await other.find("a") is None
        asked.gate.set()
        await anyio.wait_all_tasks_blocked()
        await one.flush()
        assert one.status().cache_entries == 0
        assert await one.find("a") is None
        assert await other.find("a") is None


async def test_clearing_reaches_both_tiers_of_every_process(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock) as one, scheduler(place, clock) as other:
        await one.submit(asked.call("a"))
        await one.flush()
        assert await other.find("a") is not None
        one.clear_cache()
        assert await one.find("a") is None
        assert await other.find("a") is None
        assert other.status().cache_entries == 0


async def test_an_answer_too_large_for_memory_is_served_from_the_shared_cache(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock, cache_bytes=100) as alone:
        await alone.submit(asked.call("a"))
        assert (await alone.submit(asked.call("a"))).origin == "cache"
        assert alone.status().cache_entries == 0


async def test_200_equal_calls_after_a_restart_look_once_and_send_nothing(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock) as first:
        await first.submit(asked.call("a"))
    async with scheduler(place, clock) as second, anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(second.submit, asked.call("a"))
    assert asked.sent == ["a"]


async def test_200_equal_calls_without_an_answer_still_send_one_request(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock) as alone, anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(alone.submit, asked.call("a"))
    assert asked.sent == ["a"]


async def test_credentials_never_share_an_answer_of_the_shared_cache(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock) as one:
        await one.submit(asked.call(("question", "credentials 1")))
    async with scheduler(place, clock) as other:
        assert (await other.submit(asked.call(("question", "credentials 2")))).origin == "network"


async def test_keys_that_python_takes_for_equal_are_kept_apart(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    async with scheduler(place, clock) as one:
        await one.submit(asked.call(("last", 1)))
    async with scheduler(place, clock) as other:
        assert (await other.submit(asked.call(("last", True)))).origin == "network"


async def test_a_key_that_cannot_be_written_down_stays_in_memory(place: Place, clock: ManualClock) -> None:
    asked, key = Asked(), (object(),)
    async with scheduler(place, clock) as one:
        await one.submit(asked.call(key))
        assert (await one.submit(asked.call(key))).origin == "cache"
        assert (await one.find(key)) is not None
    async with scheduler(place, clock) as other:
        assert (await other.submit(asked.call(key))).origin == "network"


async def test_a_shared_cache_that_cannot_be_used_leaves_the_memory_tier(place: Place, clock: ManualClock) -> None:
    place.spoil()
    asked = Asked()
    async with scheduler(place, clock) as alone:
        await alone.submit(asked.call("a", tags=frozenset({"x"})))
        assert (await alone.submit(asked.call("a"))).origin == "cache"
        alone.invalidate({"x"})
        assert (await alone.submit(asked.call("a"))).origin == "network"


async def test_the_scheduler_can_be_opened_again_over_the_same_shared_cache(place: Place, clock: ManualClock) -> None:
    asked = Asked()
    alone = scheduler(place, clock)
    for _ in range(2):
        async with alone:
            await alone.submit(asked.call("a"))
    assert asked.sent == ["a"]
