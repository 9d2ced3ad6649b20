"""A value that cannot be used fails its own call, by name; the scheduler and everybody else go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from request_scheduler import (
    Budget,
    Call,
    Concurrent,
    Failed,
    Freshness,
    Outcome,
    Priority,
    Refused,
    Scheduler,
    Spend,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ONE = Budget("one", (Window(60, 3600.0), Concurrent(1)))


async def answer() -> str:
    return "fine"


def spend(**wishes: Any) -> Call[str]:
    return Call(**{"run": answer, "spends": (Spend("one"),), **wishes})


@pytest.mark.parametrize(
    "wishes",
    [
        {"tenant": []},
        {"tenant": 5},
        {"attempts": "x"},
        {"attempts": float("nan")},
        {"attempts": 0},
        {"deadline": float("nan")},
        {"deadline": "soon"},
        {"deadline": 10**400},
        {"freshness": "cached"},
        {"spends": (Spend("one", -100),)},
        {"spends": (Spend("one", float("nan")),)},  # type: ignore[arg-type]
        {"spends": (Spend([], 1),)},  # type: ignore[arg-type]
        {"key": []},
    ],
)
async def test_a_call_with_such_a_value_is_refused_and_leaves_nothing_behind(wishes: dict[str, Any]) -> None:
    async with Scheduler([ONE]) as scheduler:
        with pytest.raises((TypeError, ValueError)):
            await scheduler.submit(spend(**{"key": "same", **wishes}))
        with anyio.fail_after(5):
            assert (await scheduler.submit(spend(key="same"))).value == "fine"
        status = scheduler.status().budgets["one"]
        assert (status.permits_held, status.used) == (0, 1)


@pytest.mark.parametrize(
    "outcome",
    [
        {"ttl": "x"},
        {"ttl": None},
        {"ttl": 10**400},
        {"ttl": 60.0, "size": "x"},
    ],
)
async def test_an_outcome_that_cannot_be_kept_fails_its_call_only(outcome: dict[str, Any]) -> None:
    async def run() -> Outcome[str]:
        return Outcome("value", **outcome)

    async with Scheduler([ONE]) as scheduler:
        odd: Call[str] = spend(run=run, key="odd")
        with pytest.raises((TypeError, ValueError, OverflowError)):
            await scheduler.submit(odd)
        assert (await scheduler.submit(spend())).value == "fine"
        assert scheduler.status().budgets["one"].permits_held == 0


@pytest.mark.parametrize(
    "raised",
    [
        lambda: Refused(ValueError("no"), kind="unknown", retry_after="x"),  # type: ignore[arg-type]
        lambda: Refused(ValueError("no"), kind="unknown", retry_after=float("nan")),
        lambda: Failed(ValueError("no"), retry=True, after="x"),  # type: ignore[arg-type]
        lambda: Failed(ValueError("no"), retry=True, after=float("nan")),
    ],
)
async def test_what_a_run_says_with_such_a_value_fails_its_call_only(raised: Callable[[], BaseException]) -> None:
    async def run() -> str:
        raise raised()

    async with Scheduler([ONE]) as scheduler:
        with pytest.raises(ValueError, match="number of seconds"):
            await scheduler.submit(spend(run=run))
        assert (await scheduler.submit(spend())).value == "fine"


@pytest.mark.parametrize(
    "settings",
    [
        {"weights": {"a": float("nan")}},
        {"weights": {"a": 0}},
        {"weights": {"a": "x"}},
        {"weights": {"a": float("inf")}},
        {"ageing": float("nan")},
        {"queue_size": 0},
        {"queue_size": -1},
        {"queue_size": "x"},
        {"queue_size": None},
        {"cache_bytes": -1},
        {"cache_bytes": None},
        {"cache_entries": "x"},
        {"reserve": {"one": -1}},
        {"when_full": "x"},
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings)).removesuffix("s")):
        Scheduler([ONE], **settings)


async def test_an_enum_of_priority_and_plain_numbers_are_fine() -> None:
    async with Scheduler([ONE]) as scheduler:
        call = spend(priority=Priority.BATCH, deadline=scheduler.now() + 5, freshness=Freshness.FRESH)
        waited: Awaitable[Any] = scheduler.submit(call)
        assert (await waited).value == "fine"
