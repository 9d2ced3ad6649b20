# ruff: noqa: ASYNC240 - tests may look at files
from __future__ import annotations

import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from request_scheduler.cache_disk import DiskCache
from tests.scheduler.cache.places import answer, digest, keep, value_of

if TYPE_CHECKING:
    from pathlib import Path

    from request_scheduler import ManualClock


async def test_nobody_else_may_read_the_files_or_list_their_folder(path: Path, clock: ManualClock) -> None:
    async with DiskCache(path, clock=clock) as cache:
        await keep(cache, "a", answer(clock))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert "answers.sqlite-wal" in modes
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_no_key_can_be_read_from_the_file(path: Path, clock: ManualClock) -> None:
    async with DiskCache(path, clock=clock) as cache:
        await keep(cache, "question with a fingerprint", answer(clock))
    assert b"fingerprint" not in path.read_bytes()


async def test_a_drop_by_one_is_seen_at_once_by_the_other(path: Path, clock: ManualClock) -> None:
    heard: list[frozenset[str] | None] = []
    async with DiskCache(path, clock=clock) as cache, DiskCache(path, clock=clock, on_drop=heard.append) as other:
        await cache.catch_up()
        await other.catch_up()
        assert other.current()
        heard.clear()
        cache.drop({"cohorts"})
        await cache.catch_up()
        assert not other.current()
        await other.catch_up()
        assert other.current()
    assert heard == [frozenset({"cohorts"})]


@pytest.mark.parametrize("damage", [b"no database at all, but text" * 300, b"\x00" * 8192])
async def test_a_damaged_file_is_set_aside_and_said_so(
    path: Path, clock: ManualClock, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(damage)
    async with DiskCache(path, clock=clock) as cache:
        await keep(cache, "a", answer(clock))
        assert await value_of(cache, "a") == "answer"
    assert path.with_name("answers.sqlite.damaged").read_bytes() == damage
    assert "set aside" in caplog.text


async def test_a_file_that_is_damaged_while_it_is_open_is_set_aside(
    path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with DiskCache(path, clock=clock) as cache:
        for number in range(100):
            cache_value = digest(str(number)).hex() * 50
            await keep(cache, str(number), answer(clock, cache_value))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    async with DiskCache(path, clock=clock) as cache, DiskCache(path, clock=clock) as other:
        assert await value_of(cache, "7") is None
        await keep(cache, "new", answer(clock))
        assert await value_of(other, "new") == "answer"
    assert "set aside" in caplog.text


async def test_a_file_of_another_format_is_set_aside(path: Path, clock: ManualClock) -> None:
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    async with DiskCache(path, clock=clock) as cache:
        await keep(cache, "a", answer(clock))
    assert path.with_name("answers.sqlite.damaged").exists()


async def test_removed_files_are_made_again(path: Path, clock: ManualClock) -> None:
    async with DiskCache(path, clock=clock) as cache:
        await keep(cache, "a", answer(clock))
        for file in path.parent.iterdir():
            file.unlink()
        assert await value_of(cache, "a") is None
        await keep(cache, "b", answer(clock))
        async with DiskCache(path, clock=clock) as other:
            assert await value_of(other, "b") == "answer"
