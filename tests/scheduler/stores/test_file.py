"""The file of the SQLite store: who may read it, and what happens when it is damaged, full, gone or out of reach."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from request_scheduler import Budget, Refused, Settlement, Spend, Window
from request_scheduler.stores import Denied, StoreLost
from request_scheduler.stores.sqlite import SqliteStore
from request_scheduler.stores.sqlite.lock import check_local
from tests.scheduler.stores.conftest import Hand, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

    from request_scheduler.stores import OnLoss

SIXTEEN = Budget("query", (Window(16, 60.0),), margin=0.0)


@pytest.fixture
def open_hand(portal: BlockingPortal, path: Path) -> Iterator[Callable[..., Hand]]:
    hands: list[Hand] = []

    def make(on_loss: OnLoss = "wait") -> Hand:
        times = Times()
        hand = Hand(SqliteStore(path, timeline=times.timeline(), on_loss=on_loss), portal, times)
        hand.store.define(SIXTEEN)
        hand.open()
        hands.append(hand)
        return hand

    yield make
    for hand in hands:
        hand.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_their_owner_may_read_the_files(open_hand: Callable[..., Hand], path: Path) -> None:
    open_hand().spend(1)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert len(list(path.parent.iterdir())) == 4


def test_a_damaged_file_is_set_aside_said_loudly_and_counts_as_full(
    open_hand: Callable[..., Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)
    hand = open_hand()
    assert hand.denied() == pytest.approx(1060.0)
    assert "damaged" in caplog.text
    assert (path.parent / "budget-v1.sqlite.damaged-1").read_bytes().startswith(b"this is no database")
    hand.now = 1060.0
    hand.spend(16)


def test_a_file_that_is_damaged_while_open_is_set_aside_too(
    open_hand: Callable[..., Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hand = open_hand()
    hand.spend(3)
    hand.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    hand = open_hand()
    hand.reserve()
    hand.now += 1.0
    assert isinstance(hand.reserve(), Denied)
    assert "damaged" in caplog.text


def test_a_format_of_the_future_is_refused(open_hand: Callable[..., Hand], path: Path) -> None:
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreLost, match="format 99"):
        open_hand()


def test_a_file_of_the_first_format_keeps_its_log(open_hand: Callable[..., Hand], path: Path) -> None:
    hand = open_hand()
    hand.spend(2)
    hand.close()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP TABLE landings; DROP TABLE leads; DROP TABLE shares; DROP TABLE written; PRAGMA user_version = 1;"
            "CREATE TABLE leads (flight TEXT PRIMARY KEY, holder TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE shares (lane TEXT NOT NULL, tenant TEXT NOT NULL, holder TEXT NOT NULL, start REAL NOT NULL,"
            " PRIMARY KEY (lane, tenant, holder)) WITHOUT ROWID;"
        )
    heir = open_hand()
    heir.spend(1)
    assert heir.used() == 3


def block_writes(path: Path) -> sqlite3.Connection:
    """Make every write fail as it does on a full disk."""
    database = sqlite3.connect(path, isolation_level=None)
    for table in ("held", "spent"):
        database.execute(f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'full'); END")
    return database


def unblock(database: sqlite3.Connection) -> None:
    for table in ("held", "spent"):
        database.execute(f"DROP TRIGGER full_{table}")
    database.close()


def test_while_the_file_is_lost_calls_wait(open_hand: Callable[..., Hand], path: Path) -> None:
    hand = open_hand("wait")
    database = block_writes(path)
    assert hand.denied() == pytest.approx(1001.0)
    unblock(database)
    hand.take()


def test_while_the_file_is_lost_calls_fail_if_asked_to(open_hand: Callable[..., Hand], path: Path) -> None:
    hand = open_hand("error")
    database = block_writes(path)
    with pytest.raises(StoreLost):
        hand.reserve()
    unblock(database)


def test_while_the_file_is_lost_calls_go_on_by_an_eighth_which_is_counted_later(
    open_hand: Callable[..., Hand], path: Path
) -> None:
    hand = open_hand("cautious")
    database = block_writes(path)
    first, second = hand.take(), hand.take()
    assert hand.denied() == pytest.approx(1001.0)
    hand.settle(first)
    hand.settle(second, Settlement.UNKNOWN)
    unblock(database)
    hand.take()
    assert hand.used() == 3


def test_a_refusal_teaches_the_cautious_share_its_share_of_the_real_limit(
    open_hand: Callable[..., Hand], path: Path
) -> None:
    hand = open_hand("cautious")
    database = block_writes(path)
    told = Refused(OSError("429"), kind="window", quota=(Window(32, 60.0),))
    hand.refuse(hand.take(), told)
    (usage,) = hand.store.usage(hand.now)
    assert (usage.left, usage.lost) == (4, True)
    unblock(database)


def test_a_settlement_that_cannot_be_written_is_written_later(
    open_hand: Callable[..., Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hand = open_hand("wait")
    taken = hand.take()
    database = block_writes(path)
    hand.settle(taken)
    assert hand.held() == 1
    unblock(database)
    hand.portal.call(hand.store.refresh)
    assert (hand.held(), hand.used()) == (0, 1)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


def test_a_lease_that_could_not_be_written_is_not_taken_for_renewed(open_hand: Callable[..., Hand], path: Path) -> None:
    hand = open_hand("wait")
    hand.now += 25.0
    database = block_writes(path)
    hand.denied()
    unblock(database)
    hand.now += 1.0
    hand.take()
    other = open_hand()
    other.now = hand.now + 10.0
    assert other.held() == 1


def test_a_file_that_is_removed_under_a_process_is_not_spent_again_by_the_next_one(
    open_hand: Callable[..., Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = open_hand()
    one.spend(16)
    path.unlink()
    two = open_hand()
    assert two.denied() == pytest.approx(1060.0)
    assert "removed, moved or replaced" in caplog.text
    two.now = 1060.0
    two.spend(16)
    one.now = 1061.0
    assert isinstance(one.reserve(), Denied)


@pytest.mark.parametrize("emptied", [False, True])
def test_a_file_that_is_removed_or_emptied_while_nobody_uses_it_counts_as_full(
    open_hand: Callable[..., Hand], path: Path, emptied: bool
) -> None:
    hand = open_hand()
    hand.spend(16)
    hand.close()
    if emptied:
        path.write_bytes(b"")
    else:
        path.unlink()
    assert open_hand().denied() == pytest.approx(1060.0)


def test_a_folder_that_is_moved_away_or_emptied_under_a_process_is_noticed_at_its_next_transaction(
    open_hand: Callable[..., Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hand = open_hand()
    hand.spend(16)
    path.parent.rename(path.parent.with_name("elsewhere"))
    hand.now = 1010.0
    assert hand.denied() == pytest.approx(1070.0)
    assert "removed, moved or replaced" in caplog.text
    for file in path.parent.glob("budget-v1.sqlite*"):
        file.unlink()
    hand.now = 1020.0
    assert hand.denied() == pytest.approx(1080.0)


def test_who_began_anew_in_a_moved_folder_learns_from_those_who_counted_in_the_old_one(
    open_hand: Callable[..., Hand], path: Path
) -> None:
    one = open_hand()
    one.spend(16)
    path.parent.rename(path.parent.with_name("elsewhere"))
    two = open_hand()
    two.spend(1)
    one.used()
    assert isinstance(two.reserve(), Denied)


def test_a_file_that_takes_the_place_of_another_one_counts_as_full(open_hand: Callable[..., Hand], path: Path) -> None:
    hand = open_hand()
    hand.close()
    copy = path.read_bytes()
    one = open_hand()
    one.spend(16)
    path.unlink()
    path.write_bytes(copy)
    assert isinstance(one.reserve(), Denied)
    assert isinstance(open_hand().reserve(), Denied)


def test_several_processes_that_lose_their_file_wait_for_one_window_in_all(
    open_hand: Callable[..., Hand], path: Path
) -> None:
    one, two = open_hand(), open_hand()
    one.spend(16)
    path.unlink()
    one.now = 1005.0
    assert one.denied() == pytest.approx(1065.0)
    two.now = 1030.0
    assert two.denied() == pytest.approx(1065.0)


def test_what_was_in_flight_when_the_file_was_removed_counts_when_it_ends(
    open_hand: Callable[..., Hand], path: Path
) -> None:
    hand = open_hand()
    taken = hand.take()
    path.unlink()
    hand.now = 1055.0
    hand.settle(taken)
    assert hand.used() == 16 + 1


def test_processes_whose_lock_was_removed_agree_on_the_new_one(
    open_hand: Callable[..., Hand], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lock = path.with_name(path.name + "-lock")
    one = open_hand()
    one.spend(1)
    lock.unlink()
    two = open_hand()
    two.spend(1)
    assert (one.used(), two.used()) == (2, 2)
    for hand in (one, two):
        assert isinstance(hand.store, SqliteStore)
        held = hand.store._ledger._file._lock._file
        assert held is not None
        assert os.path.samestat(os.fstat(held), lock.stat())
    assert not caplog.records


def test_a_folder_on_a_network_is_refused(tmp_path: Path) -> None:
    far, near = tmp_path / "far away", tmp_path / "near"
    mounts = tmp_path / "mounts"
    place = str(far).replace(" ", "\\040")
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/share {place} nfs4 rw 0 0\n")
    with pytest.raises(StoreLost, match="network file system"):
        check_local(far / "state", mounts)
    check_local(near / "state", mounts)


def test_taking_in_what_others_wrote_is_no_news_to_them(open_hand: Callable[..., Hand], path: Path) -> None:
    one, two = open_hand(), open_hand()
    one.spend(1)
    onlooker = sqlite3.connect(path)
    before = onlooker.execute("PRAGMA data_version").fetchone()
    two.portal.call(two.store.refresh)
    assert two.used() == 1
    assert onlooker.execute("PRAGMA data_version").fetchone() == before
    onlooker.close()


def test_a_store_that_is_not_open_says_so(path: Path, portal: BlockingPortal) -> None:
    hand = Hand(SqliteStore(path), portal, Times())
    hand.store.define(SIXTEEN)
    with pytest.raises(StoreLost, match="not open"):
        hand.reserve(Spend("query"))


def test_two_schedulers_of_one_process_share_the_file(open_hand: Callable[..., Hand]) -> None:
    one, two = open_hand(), open_hand()
    one.spend(16)
    assert isinstance(two.reserve(), Denied)


def test_flights_that_have_landed_do_not_pile_up(open_hand: Callable[..., Hand], path: Path) -> None:
    hand = open_hand()
    for number in range(2100):
        hand.settle(hand.lead(f"digest {number}"), Settlement.REFUNDED)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM leads").fetchall() == [(0,)]
        assert database.execute("SELECT count(*) < 2000 FROM landings").fetchall() == [(1,)]
