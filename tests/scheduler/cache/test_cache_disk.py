# ruff: noqa: ASYNC240 - tests may look at files
from __future__ import annotations

import sqlite3
import stat
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from request_scheduler.cache.codec import JSON, Codec
from request_scheduler.cache.disk import DiskCache
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


async def test_a_look_that_began_before_an_answer_came_is_not_shared_with_those_who_come_after(
    path: Path, clock: ManualClock
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def decode(packed: bytes) -> object:
        begun.set()
        assert go_on.wait(10)
        return JSON.decode(packed)

    reader = DiskCache(path, clock=clock, codec=Codec(JSON.encode, decode))
    async with DiskCache(path, clock=clock) as writer, reader, anyio.create_task_group() as tasks:
        await keep(writer, "a", answer(clock, "old"))
        await reader.catch_up()
        early: list[object] = []

        async def look() -> None:
            early.append(await value_of(reader, "a"))

        tasks.start_soon(look)
        await anyio.to_thread.run_sync(begun.wait)
        await keep(writer, "a", answer(clock, "new"))
        tasks.start_soon(anyio.to_thread.run_sync, go_on.set)
        assert await value_of(reader, "a") == "new"
        assert early == ["old"]


async def test_writes_of_others_can_be_told_without_a_look_and_own_ones_do_not_count(
    path: Path, clock: ManualClock
) -> None:
    async with DiskCache(path, clock=clock) as cache, DiskCache(path, clock=clock) as other:
        unopened = cache.writes
        assert unopened is None
        await cache.catch_up()
        before = cache.writes
        await keep(cache, "a", answer(clock))
        assert cache.writes == before
        await keep(other, "b", answer(clock))
        assert cache.writes != before
        assert cache.name == other.name


async def test_marks_of_an_earlier_version_are_brought_up_to_date(path: Path, clock: ManualClock) -> None:
    path.parent.mkdir(mode=0o700)
    marks = path.with_name(path.name + "-marks")
    marks.write_bytes((7).to_bytes(8, sys.byteorder) + (9).to_bytes(8, sys.byteorder))
    async with DiskCache(path, clock=clock) as cache:
        await keep(cache, "a", answer(clock))
        assert await value_of(cache, "a") == "answer"
        assert cache.mark == (7, 9)
