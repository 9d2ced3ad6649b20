from __future__ import annotations

import pytest

from request_scheduler import Freshness
from request_scheduler.cache import Cache, Kept, Use, use_of


def kept(*, at: float = 0.0, ttl: float = 10.0, size: int = 0, tags: frozenset[str] = frozenset()) -> Kept:
    return Kept("value", at, at, at + ttl, size, tags)


@pytest.mark.parametrize(
    ("freshness", "age", "use"),
    [
        (Freshness.CACHED, 9.9, Use.SERVE),
        (Freshness.CACHED, 10.0, Use.NOTHING),
        (Freshness.FRESH, 0.0, Use.NOTHING),
        (Freshness.STALE_OK, 9.9, Use.SERVE),
        (Freshness.STALE_OK, 10.0, Use.SERVE_AND_RENEW),
        (Freshness.OFFLINE, 1e9, Use.SERVE),
        (Freshness("cached", max_age=5.0), 5.0, Use.SERVE),
        (Freshness("cached", max_age=5.0), 5.1, Use.NOTHING),
        (Freshness("stale_ok", max_age=20.0), 20.1, Use.NOTHING),
        (Freshness("offline", max_age=20.0), 20.1, Use.NOTHING),
    ],
)
def test_freshness_decides_what_an_answer_is_good_for(freshness: Freshness, age: float, use: Use) -> None:
    assert use_of(kept(), freshness, age) is use


def test_no_answer_is_good_for_nothing() -> None:
    assert use_of(None, Freshness.OFFLINE, 0.0) is Use.NOTHING


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="'sometimes'"):
        Freshness("sometimes")  # type: ignore[arg-type]


def test_the_least_recently_used_answer_goes_when_there_are_too_many() -> None:
    cache = Cache(entries=2, size=10_000)
    cache.put("a", kept())
    cache.put("b", kept())
    cache.get("a")
    cache.put("c", kept())
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


def test_the_cache_is_bounded_in_bytes() -> None:
    cache = Cache(entries=100, size=10_000)
    for number in range(50):
        cache.put(number, kept(size=3000))
    assert len(cache) == 3
    assert cache.size <= 10_000


def test_answers_of_no_size_are_bounded_too() -> None:
    cache = Cache(entries=10**9, size=10_000)
    for number in range(1000):
        cache.put(number, kept())
    assert len(cache) < 100


def test_an_answer_larger_than_the_cache_is_not_kept_and_drops_the_older_one() -> None:
    cache = Cache(entries=10, size=1000)
    cache.put("a", kept())
    cache.put("a", kept(size=5000))
    assert cache.get("a") is None


def test_a_cache_of_no_entries_keeps_nothing() -> None:
    cache = Cache(entries=0, size=1000)
    cache.put("a", kept())
    assert len(cache) == 0
