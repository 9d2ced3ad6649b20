"""Several real processes that share answers: killed at any point, writing at once, on a disk that is full."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from request_scheduler.cache.disk import DiskCache
from tests.scheduler.cache.keeper import cache_at, content, name
from tests.scheduler.cache.places import FilePlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scheduler.cache.places import Place

KEEPER = Path(__file__).with_name("keeper.py")


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(processes: ExitStack, what: str, where: str, argument: int) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(KEEPER), what, where, str(argument)]
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


async def test_trap_6_a_process_killed_while_it_keeps_answers_loses_none_that_it_had_written(
    place: Place, processes: ExitStack
) -> None:
    seed = 11
    chance = random.Random(seed)
    written: dict[int, int] = {}
    for round_ in range(4):
        process = start(processes, "put", place.where, round_)
        lines(process, 1)
        told = lines(process, chance.randrange(1, 25))
        process.kill()
        assert process.stdout is not None
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.wait()
        written |= {int(number): round_ for number in told}
        place.check()
    async with cache_at(place.where) as cache:
        for number, round_ in written.items():
            kept = await cache.get(name(number))
            assert kept is not None, f"{number} of seed {seed}"
            assert kept.value == content(round_, number)
        cache.drop({"tag 0"})  # the lock was not left behind
        await cache.flush()
        assert cache.mark is not None
    place.check()


async def test_processes_that_write_at_once_neither_block_nor_harm_each_other(
    place: Place, processes: ExitStack
) -> None:
    together = [start(processes, "put", place.where, number) for number in range(3)]
    for process in together:
        lines(process, 1)
    told = [lines(process, 15) for process in together]
    for process in together:
        process.kill()
        process.wait()
    place.check()
    async with cache_at(place.where) as cache:
        for seed, numbers in enumerate(told):
            for number in map(int, numbers):
                kept = await cache.get(name(number))
                assert kept is not None
                assert kept.value == content(seed, number)


async def test_what_one_process_drops_is_gone_at_once_while_others_go_on_keeping(
    place: Place, processes: ExitStack
) -> None:
    together = [start(processes, "put", place.where, number) for number in range(2)]
    async with cache_at(place.where) as cache:
        for process in together:
            lines(process, 1)
        for _ in range(5):
            told = [int(number) for process in together for number in lines(process, 6)]
            cache.drop({"tag 0"})
            found = {number: await cache.get(name(number)) for number in told}
            assert {number for number, kept in found.items() if kept is None} == {
                number for number in told if number % 3 == 0
            }


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
    process = start(processes, "full", str(path), 200_000)
    before, after = lines(process, 2)
    assert process.wait() == 0
    assert 0 < int(before.split()[1]) < 30
    assert after == "kept 0"
    assert process.stderr is not None
    assert "cannot be used" in process.stderr.read()
    async with DiskCache(path) as cache:
        assert [await cache.get(name(number)) for number in range(30)] == [None] * 30
    FilePlace(path).check()
