"""What becomes of budgets whose files are damaged, cut or removed while processes count in them."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import pytest

from request_scheduler import Budget, Refused, Window
from request_scheduler.stores import Denied
from request_scheduler.stores.sqlite import SqliteStore
from tests.scheduler.breaker import cut, overwrite, parts_of
from tests.scheduler.service import fullest_window
from tests.scheduler.stores.agents import Agents, said
from tests.scheduler.stores.conftest import Hand, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

SIXTEEN = Budget("query", (Window(16, 60.0),), margin=0.0)


@pytest.fixture
def new_process(portal: BlockingPortal, path: Path) -> Iterator[Callable[[], Hand]]:
    """Makes processes that share one file and one time; they wait for it while it is lost."""
    times, hands = Times(), list[Hand]()

    def make() -> Hand:
        hand = Hand(SqliteStore(path, timeline=times.timeline(), on_loss="wait"), portal, times)
        hand.store.define(SIXTEEN)
        hand.open()
        hands.append(hand)
        return hand

    yield make
    for hand in hands:
        hand.close()


def aside(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.glob("*damaged*"))


def check_full_for_one_window(*hands: Hand) -> None:
    """The first that finds out may have to ask again in a second; then everybody waits for the same moment."""
    start = hands[0].now
    hands[0].reserve()
    for hand in hands:
        assert hand.denied() == pytest.approx(start + 60.0)
    hands[0].now = start + 60.0
    hands[0].spend(8)
    hands[-1].spend(8)
    assert isinstance(hands[0].reserve(), Denied)


@pytest.mark.parametrize(
    "suffixes", [(), ("",), ("-wal", "-shm"), ("", "-wal", "-shm"), ("", "-wal", "-shm", "-lock")], ids=" ".join
)
def test_files_that_are_overwritten_in_use_are_set_aside_by_one_process_and_count_as_full_for_all(
    new_process: Callable[[], Hand], path: Path, suffixes: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    one, two = new_process(), new_process()
    one.spend(16)
    if suffixes == ("",):
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # or all is in the log, and nothing is lost
    overwrite(parts_of(path, *suffixes))
    check_full_for_one_window(two, one)
    assert aside(path) == ["budget-v1.sqlite.damaged-1"]
    assert caplog.text.count("was damaged") == 1


def test_a_folder_that_is_overwritten_again_and_again_never_stalls_those_who_wait(
    new_process: Callable[[], Hand], path: Path
) -> None:
    one, two = new_process(), new_process()
    for _ in range(3):
        overwrite(parts_of(path))
        check_full_for_one_window(one, two)
        two.now += 60.0


def test_a_process_that_only_looks_finds_out_as_well(new_process: Callable[[], Hand], path: Path) -> None:
    hand = new_process()
    assert isinstance(hand.store, SqliteStore)
    hand.spend(16)
    hand.denied()
    hand.look()
    assert not hand.store._ledger.changed(hand.now)
    overwrite(parts_of(path))
    assert hand.store._ledger.changed(hand.now)


def test_a_log_that_was_lost_after_a_part_of_it_was_written_back_is_noticed(
    new_process: Callable[[], Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = new_process(), new_process()
    one.spend(4)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint")
    one.spend(12)
    overwrite(parts_of(path, "-wal", "-shm"))
    check_full_for_one_window(two, one)
    assert "its last transactions are missing" in caplog.text


def test_a_file_that_was_set_back_to_an_earlier_state_while_nobody_used_it_is_noticed(
    new_process: Callable[[], Hand], path: Path
) -> None:
    hand = new_process()
    hand.spend(4)
    hand.close()
    earlier = path.read_bytes()
    hand = new_process()
    hand.spend(12)
    hand.close()
    path.write_bytes(earlier)
    check_full_for_one_window(new_process())


def test_what_a_machine_lost_with_its_power_is_not_taken_for_damage(
    portal: BlockingPortal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times = Times()

    def spend(count: int) -> bytes:
        hand = Hand(SqliteStore(path, timeline=times.timeline()), portal, times)
        hand.store.define(SIXTEEN)
        hand.open()
        hand.spend(count)
        hand.close()
        return path.read_bytes()

    earlier = spend(1)
    assert spend(3) != earlier
    path.write_bytes(earlier)
    times.boot, times.wall = "second run", times.wall + 60.0
    spend(16)
    assert not caplog.records


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_what_lies_beside_the_file_cannot_be_removed_unnoticed(
    new_process: Callable[[], Hand], path: Path, suffix: str
) -> None:
    one, two = new_process(), new_process()
    one.spend(16)
    (part,) = parts_of(path, suffix)
    part.unlink()
    three = new_process()
    two.reserve()
    for hand in (one, two, three):
        assert isinstance(hand.reserve(), Denied)


def test_an_index_that_is_cut_ends_no_process_and_loses_nothing(
    new_process: Callable[[], Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = new_process(), new_process()
    one.spend(8)
    (index,) = parts_of(path, "-shm")
    for size in (0, 100, 1000):
        cut(index, size)
        two.spend(2)
        assert (one.used(), two.used()) == (two.used(), one.used())
    cut(index)
    one.spend(2)
    assert isinstance(two.reserve(), Denied)
    cut(index)
    one.close()
    assert not caplog.records


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm"), ("", "-lock", "-wal", "-shm")], ids=" ".join)
def test_files_that_are_emptied_in_use_count_as_full(
    new_process: Callable[[], Hand], path: Path, suffixes: tuple[str, ...]
) -> None:
    one, two = new_process(), new_process()
    one.spend(16)
    for part in parts_of(path, *suffixes):
        cut(part)
    for hand in (one, two):
        assert isinstance(hand.reserve(), Denied)
        assert isinstance(hand.reserve(), Denied)


@pytest.mark.parametrize("content", ["'no JSON'", "CAST(x'FF00FF' AS TEXT)", '\'{"no": "pause"}\''])
def test_rows_that_mean_nothing_are_damage_too(
    new_process: Callable[[], Hand], path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    hand = new_process()
    hand.refuse(hand.take(), Refused(OSError("429"), kind="window"))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute(f"UPDATE pauses SET pause = {content}").rowcount == 1
        database.commit()
    check_full_for_one_window(hand)
    assert "was damaged" in caplog.text


@pytest.mark.parametrize("suffixes", [(), ("-wal", "-shm")], ids=["all", "log"])
def test_four_processes_whose_files_are_overwritten_three_times_in_a_row_all_go_on_and_keep_to_the_limit(
    path: Path, tmp_path: Path, suffixes: tuple[str, ...]
) -> None:
    with Agents(str(path), tmp_path / "journal") as agents:
        for _ in range(4):
            agents.start(budget=(12, 0.5, 5), calls=10_000, loud=True, **{"for": 60.0})
        agents.go()
        for turn in range(3):
            for process in agents.processes:
                assert said(process) == "sent\n"
            overwrite(parts_of(path, *suffixes), Random(turn))
            broken = time.monotonic()
            for name, process in enumerate(agents.processes):
                while not any(moment > broken and by == str(name) for moment, by in agents.sent()):
                    assert said(process) == "sent\n", "it has nothing more to send, or stalls until its time is over"
        assert fullest_window([moment for moment, _ in agents.sent()], 0.5) <= 12
    assert 1 <= len(aside(path)) <= 3, "what is overwritten just after it was written back is no loss"
