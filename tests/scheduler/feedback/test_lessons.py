"""Limits that the service told are believed for a week, and no longer than they are told."""

from __future__ import annotations

import pytest

from request_scheduler import Budget, Concurrent, Refused, Spend, Window
from request_scheduler.feedback import LESSON_LIFE
from request_scheduler.stores import Reservation
from request_scheduler.stores.memory import MemoryStore

HOURLY = Budget("query", (Window(60, 3600.0), Concurrent(5)))
QUERY = (Spend("query"),)
DAY = 86400.0


def taught(now: float, *quota: Window | Concurrent, store: MemoryStore | None = None) -> MemoryStore:
    if store is None:
        store = MemoryStore()
        store.define(HOURLY)
    reservation = store.reserve(QUERY, now, "tenant")
    assert isinstance(reservation, Reservation)
    store.refuse(reservation, Refused(Exception(), kind="concurrency", quota=quota), now, 0.5)
    return store


def limits(store: MemoryStore, now: float) -> tuple[int | None, int | None, bool]:
    (budget,) = store.usage(now)
    return budget.limit, budget.permits_limit, budget.learned


def test_what_was_told_is_believed_for_a_week() -> None:
    store = taught(0.0, Window(120, 3600.0), Concurrent(9))
    assert limits(store, 6.9 * DAY) == (120, 9, True)


def test_after_a_week_the_configuration_holds_again() -> None:
    store = taught(0.0, Window(120, 3600.0))
    store.reserve(QUERY, LESSON_LIFE, "tenant")
    assert limits(store, LESSON_LIFE) == (60, 5, False)


def test_being_told_again_starts_the_week_anew() -> None:
    store = taught(6 * DAY, Window(120, 3600.0), store=taught(0.0, Window(120, 3600.0)))
    store.reserve(QUERY, 8 * DAY, "tenant")
    assert limits(store, 8 * DAY) == (120, 5, True)


def test_the_same_configuration_again_does_not_undo_what_was_told() -> None:
    store = taught(0.0, Window(120, 3600.0))
    store.define(HOURLY)
    assert limits(store, 0.0) == (120, 5, True)


def test_another_configuration_does() -> None:
    store = taught(0.0, Window(120, 3600.0))
    store.define(Budget("query", (Window(80, 3600.0),)))
    assert limits(store, 0.0) == (80, None, False)


def test_what_is_told_as_configured_is_nothing_new() -> None:
    assert limits(taught(0.0, Window(60, 3600.0)), 0.0) == (60, 5, False)


@pytest.mark.parametrize("absurd", [Window(10**9, 3600.0), Window(5, 86400.0)])
def test_what_cannot_be_is_not_believed(absurd: Window) -> None:
    assert limits(taught(0.0, absurd), 0.0) == (60, 5, False)
