"""What becomes of answers whose files are damaged, cut or removed while processes use them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

from request_scheduler.cache.disk import DiskCache
from tests.scheduler.breaker import cut, overwrite, parts_of
from tests.scheduler.cache.places import FilePlace, answer, keep, value_of

if TYPE_CHECKING:
    from pathlib import Path

    from request_scheduler import ManualClock
    from request_scheduler.cache.shared import SharedCache


async def check_shared(clock: ManualClock, one: SharedCache, two: SharedCache) -> None:
    """What one keeps, once it has looked into the file, the other finds, until it is dropped."""
    await value_of(one, "nothing")
    await keep(one, "new", answer(clock, "new", tags={"tag"}))
    assert await value_of(two, "new") == "new"
    two.drop({"tag"})
    await two.catch_up()
    assert await value_of(one, "new") is None


@pytest.mark.parametrize("seed", range(4))
async def test_caches_whose_files_are_overwritten_again_and_again_begin_anew(
    path: Path, clock: ManualClock, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    random = Random(seed)
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        for _ in range(3):
            await keep(one, "a", answer(clock))
            assert await value_of(two, "a") == "answer"
            overwrite(parts_of(path), random)
            await check_shared(clock, one, two)
    assert "damaged" in caplog.text
    assert "cannot be used" not in caplog.text


async def test_numbers_that_are_overwritten_void_all_answers_once(
    path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        await keep(one, "a", answer(clock))
        (marks,) = parts_of(path, "-marks")
        marks.write_bytes(b"\xff" * marks.stat().st_size)
        assert not one.current()
        assert await value_of(two, "a") is None
        await check_shared(clock, one, two)
        await keep(one, "b", answer(clock))
    async with DiskCache(path, clock=clock) as cache:
        assert await value_of(cache, "b") == "answer"
    assert caplog.text.count("forgotten what was dropped") == 1


async def test_numbers_that_are_cut_off_end_no_process(path: Path, clock: ManualClock) -> None:
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        await keep(one, "a", answer(clock))
        await two.catch_up()
        (marks,) = parts_of(path, "-marks")
        cut(marks)
        assert not one.current()
        assert not two.current()
        await check_shared(clock, one, two)


async def test_an_index_that_is_cut_ends_no_process_and_loses_nothing(path: Path, clock: ManualClock) -> None:
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        await keep(one, "a", answer(clock))
        await two.catch_up()
        (index,) = parts_of(path, "-shm")
        for size in (0, 1000):
            cut(index, size)
            assert await value_of(two, "a") == "answer"
            await check_shared(clock, one, two)
        cut(index)
    FilePlace(path).check()


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm"), ("", "-marks", "-wal", "-shm")], ids=" ".join)
async def test_caches_whose_files_are_emptied_begin_anew(
    path: Path, clock: ManualClock, suffixes: tuple[str, ...]
) -> None:
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        await keep(one, "a", answer(clock))
        await two.catch_up()
        for part in parts_of(path, *suffixes):
            cut(part)
        await check_shared(clock, one, two)


async def test_what_was_dropped_does_not_come_back_with_an_earlier_state_of_the_file(
    path: Path, clock: ManualClock
) -> None:
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        await keep(one, "a", answer(clock, tags={"tag"}))
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint")
        one.drop({"tag"})
        await one.catch_up()
        overwrite(parts_of(path, "-wal", "-shm"))
        assert await value_of(two, "a") is None
        assert await value_of(one, "a") is None
        await check_shared(clock, one, two)


async def test_a_row_that_means_nothing_is_damage(
    path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with DiskCache(path, clock=clock) as one, DiskCache(path, clock=clock) as two:
        await keep(one, "a", answer(clock))
        with closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE answers SET tags = 'no JSON'")
            database.commit()
        assert await value_of(two, "a") is None
        await check_shared(clock, one, two)
    assert "damaged" in caplog.text
