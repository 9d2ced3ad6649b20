"""Several real processes on one cache file: killed at any point, writing at once, on a disk that is full."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from request_scheduler.cache_disk import DiskCache
from tests.scheduler.cache.keeper import content, name

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEPER = Path(__file__).with_name("keeper.py")


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(processes: ExitStack, what: str, path: Path, argument: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(KEEPER), what, str(path), str(argument)]
    process = processes.enter_context(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    )
    processes.callback(process.kill)
    return process


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    told = [process.stdout.readline().strip() for _ in range(count)]
    assert all(told), process.stderr.read() if process.stderr else ""
    return told


def check_file(path: Path) -> None:
    """The file is whole, and its totals are what its rows add up to."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM answers").fetchall()
        assert database.execute("SELECT entries, bytes FROM totals").fetchall() == rows
        orphans = "SELECT count(*) FROM tags WHERE answer NOT IN (SELECT id FROM answers)"
        assert database.execute(orphans).fetchall() == [(0,)]


async def test_trap_6_a_process_killed_while_it_keeps_answers_loses_none_that_it_had_written(
    path: Path, processes: ExitStack
) -> None:
    seed = 11
    chance = random.Random(seed)
    written: dict[int, int] = {}
    for round_ in range(4):
        process = start(processes, "put", path, round_)
        lines(process, 1)
        told = lines(process, chance.randrange(1, 25))
        process.kill()
        assert process.stdout is not None
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
        written |= {int(number): round_ for number in told}
        check_file(path)
    async with DiskCache(path) as cache:
        for number, round_ in written.items():
            kept = await cache.get(name(number))
            assert kept is not None, f"{number} of seed {seed}"
            assert kept.value == content(round_, number)
        cache.drop({"tag 0"})  # the lock was not left behind
        await cache.flush()
        assert cache.mark is not None
    check_file(path)


async def test_processes_that_write_at_once_neither_block_nor_harm_each_other(path: Path, processes: ExitStack) -> None:
    together = [start(processes, "put", path, number) for number in range(3)]
    for process in together:
        lines(process, 1)
    told = [lines(process, 15) for process in together]
    for process in together:
        process.kill()
        process.wait()
    check_file(path)
    async with DiskCache(path) as cache:
        for seed, numbers in enumerate(told):
            for number in map(int, numbers):
                kept = await cache.get(name(number))
                assert kept is not None
                assert kept.value == content(seed, number)


async def test_a_drop_that_died_before_its_end_holds_nobody_up(path: Path) -> None:
    """Its number was announced, but the file never got it."""
    async with DiskCache(path) as cache:
        await cache.catch_up()
        marks = path.with_name(path.name + "-marks")
        with marks.open("r+b") as file:
            file.write((7).to_bytes(8, sys.byteorder))
        assert not cache.current()
        await cache.catch_up()
        assert cache.current()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
async def test_a_full_disk_costs_answers_their_keeping_and_drops_still_hold(path: Path, processes: ExitStack) -> None:
    process = start(processes, "full", path, 200_000)
    before, after = lines(process, 2)
    assert process.wait() == 0
    assert 0 < int(before.split()[1]) < 30
    assert after == "kept 0"
    assert process.stderr is not None
    assert "cannot be used" in process.stderr.read()
    async with DiskCache(path) as cache:
        assert [await cache.get(name(number)) for number in range(30)] == [None] * 30
    check_file(path)
