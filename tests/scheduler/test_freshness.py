from __future__ import annotations

import anyio
import pytest

from request_scheduler import Budget, Freshness, Scheduler, Window
from tests.scheduler.service import Service

ROOMY = Budget("query", (Window(60, 3600.0),))


async def test_a_fresh_call_never_takes_the_cache() -> None:
    service = Service()
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=60.0))
        assert (await scheduler.submit(service.call("a", freshness=Freshness.FRESH))).origin == "network"


async def test_a_fresh_call_joins_a_flight_that_has_not_been_sent() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([Budget("query", (Window(1, 60.0),))]) as scheduler, anyio.create_task_group() as tasks:
        await scheduler.submit(service.call("first"))
        tasks.start_soon(scheduler.submit, service.call("a"))
        await anyio.sleep(1.0)
        assert (await scheduler.submit(service.call("a", freshness=Freshness.FRESH))).origin == "flight"


async def test_a_fresh_call_does_not_join_a_flight_that_was_sent_before_it_asked() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ROOMY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a"))
        await anyio.sleep(1.0)
        assert (await scheduler.submit(service.call("a", freshness=Freshness.FRESH))).origin == "network"


async def test_an_answer_older_than_the_callers_bound_is_not_taken() -> None:
    service = Service()
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=600.0))
        await anyio.sleep(30.0)
        wish = Freshness("cached", max_age=20.0)
        assert (await scheduler.submit(service.call("a", freshness=wish))).origin == "network"


async def test_a_stale_answer_comes_at_once_and_is_renewed_behind_it() -> None:
    service = Service(seconds=5.0)
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=10.0))
        await anyio.sleep(60.0)
        stale = await scheduler.submit(service.call("a", ttl=10.0, freshness=Freshness.STALE_OK))
        assert (stale.origin, stale.waited) == ("cache", 0.0)
        assert stale.age == pytest.approx(60.0)
        await anyio.sleep(6.0)
        renewed = await scheduler.submit(service.call("a"))
        assert renewed.origin == "cache"
        assert renewed.age == pytest.approx(1.0)


async def test_a_stale_answer_is_renewed_once_however_many_ask() -> None:
    service = Service(seconds=5.0)
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=10.0))
        await anyio.sleep(60.0)
        for _ in range(50):
            await scheduler.submit(service.call("a", ttl=10.0, freshness=Freshness.STALE_OK))
        await anyio.sleep(6.0)
    assert len(service.sent) == 2


async def test_a_stale_answer_is_not_renewed_when_the_budget_is_scarce() -> None:
    service = Service(seconds=0.0)
    async with Scheduler([Budget("query", (Window(3, 3600.0),))]) as scheduler:
        await scheduler.submit(service.call("a", ttl=10.0))
        await scheduler.submit(service.call("b"))
        await anyio.sleep(60.0)
        assert (await scheduler.submit(service.call("a", freshness=Freshness.STALE_OK))).origin == "cache"
        await anyio.sleep(60.0)
    assert service.names == ["a", "b"]


async def test_the_flight_that_renews_can_be_joined() -> None:
    service = Service(seconds=5.0)
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=10.0))
        await anyio.sleep(60.0)
        await scheduler.submit(service.call("a", ttl=10.0, freshness=Freshness.STALE_OK))
        assert (await scheduler.submit(service.call("a", ttl=10.0))).origin == "flight"
    assert len(service.sent) == 2


async def test_invalidating_a_tag_forgets_the_answers_that_bear_it() -> None:
    service = Service()
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=60.0, tags=frozenset({"cohorts"})))
        await scheduler.submit(service.call("b", ttl=60.0, tags=frozenset({"events"})))
        assert scheduler.invalidate({"cohorts"}) == 1
        assert (await scheduler.submit(service.call("a"))).origin == "network"
        assert (await scheduler.submit(service.call("b"))).origin == "cache"


async def test_an_answer_under_way_while_its_tag_is_invalidated_is_neither_kept_nor_shared_further() -> None:
    service = Service(seconds=10.0)
    tags = frozenset({"cohorts"})
    async with Scheduler([ROOMY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a", ttl=60.0, tags=tags))
        await anyio.sleep(1.0)
        scheduler.invalidate(tags)
        assert (await scheduler.submit(service.call("a", tags=tags))).origin == "network"
        assert await scheduler.find("a") is None


async def test_clearing_the_cache_forgets_everything() -> None:
    service = Service()
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=60.0))
        kept = await scheduler.find("a")
        assert kept is not None
        assert kept.value == "a"
        scheduler.clear_cache()
        assert await scheduler.find("a") is None


async def test_clearing_the_cache_reaches_answers_under_way() -> None:
    service = Service(seconds=10.0)
    async with Scheduler([ROOMY]) as scheduler, anyio.create_task_group() as tasks:
        tasks.start_soon(scheduler.submit, service.call("a", ttl=60.0))
        await anyio.sleep(1.0)
        scheduler.clear_cache()
        await anyio.sleep(10.0)
        assert await scheduler.find("a") is None


async def test_one_tag_may_be_named_as_it_is() -> None:
    service = Service()
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a", ttl=60.0, tags=frozenset({"cohorts"})))
        assert scheduler.invalidate("cohorts") == 1


async def test_an_answer_without_time_to_live_is_not_kept() -> None:
    service = Service()
    async with Scheduler([ROOMY]) as scheduler:
        await scheduler.submit(service.call("a"))
        assert scheduler.status().cache_entries == 0
