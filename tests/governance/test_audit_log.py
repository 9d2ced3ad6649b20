"""The log of changes holds together, and shows where it does not."""

from __future__ import annotations

import json
import random
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.governance.journal import Journal, open_journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 40


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = open_journal(tmp_path, segment_bytes=2_000)
    for number in range(ROWS):
        made.append({"kind": "outcome", "number": number})
    return made


def flaws(journal: Journal) -> list[tuple[str, int]]:
    return [(found.flaw, found.seq) for found in journal.inspect()]


def test_a_log_that_nobody_touched_is_whole_over_all_its_files(journal: Journal) -> None:
    assert flaws(journal) == []
    assert [row["seq"] for row in journal.rows()] == list(range(1, ROWS + 1))
    assert len(journal.segments()) > 2


def test_files_of_others_are_left_alone(journal: Journal) -> None:
    (foreign := journal.folder / "zzz.jsonl").write_text("theirs\n")
    journal.append({"kind": "outcome"})
    assert (foreign.read_text(), flaws(journal), len(list(journal.rows()))) == ("theirs\n", [], ROWS + 1)


def test_only_the_owner_may_read_it(journal: Journal) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [*journal.folder.iterdir()]}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700


def test_any_edited_byte_is_found_and_located(journal: Journal) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(200):
        path = chance.choice(journal.segments())
        sound = path.read_bytes()
        place = chance.randrange(len(sound))
        broken = bytearray(sound)
        broken[place] = chance.choice([byte for byte in range(256) if byte != sound[place]])
        path.write_bytes(broken)
        line = sound[:place].count(b"\n")
        seq = json.loads(sound.splitlines()[line])["seq"]
        found = journal.inspect()
        path.write_bytes(sound)
        assert found, (seed, place)
        assert (found[0].seq, found[0].file) == (seq, path.name), (seed, place, bytes(broken[place - 20 : place + 20]))


def rewritten(journal: Journal, change: Callable[[list[bytes]], list[bytes]]) -> Journal:
    path = journal.segments()[1]
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    return journal


def first_of_the_second_file(journal: Journal) -> int:
    first: int = json.loads(journal.segments()[1].read_bytes().splitlines()[0])["seq"]
    return first


def test_a_dropped_row_is_named(journal: Journal) -> None:
    seq = first_of_the_second_file(journal)
    assert flaws(rewritten(journal, lambda lines: [lines[0], *lines[2:]])) == [("dropped", seq + 1)]


def test_a_dropped_file_is_named_row_by_row(journal: Journal) -> None:
    first, after = first_of_the_second_file(journal), int(journal.segments()[2].stem)
    journal.segments()[1].unlink()
    assert flaws(journal) == [("dropped", seq) for seq in range(first, after)]


def test_rows_dropped_at_the_end_are_named(journal: Journal) -> None:
    path = journal.segments()[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert flaws(journal) == [("dropped", ROWS)]


def test_writing_on_does_not_hide_what_was_dropped_at_the_end(journal: Journal) -> None:
    path = journal.segments()[-1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    journal.append({"kind": "outcome"})
    assert flaws(journal) == [("dropped", ROWS)]


def test_reordered_rows_are_named(journal: Journal) -> None:
    seq = first_of_the_second_file(journal)
    assert flaws(rewritten(journal, lambda lines: [lines[1], lines[0], *lines[2:]])) == [("reordered", seq)]


def test_a_repeated_row_is_named(journal: Journal) -> None:
    seq = first_of_the_second_file(journal)
    assert flaws(rewritten(journal, lambda lines: [lines[0], lines[0], *lines[1:]])) == [("repeated", seq)]


def test_a_row_with_a_sum_of_its_own_is_foreign_to_those_around_it(journal: Journal, tmp_path: Path) -> None:
    other = open_journal(tmp_path / "other", segment_bytes=2_000)
    for number in range(ROWS):
        other.append({"kind": "outcome", "number": -number})
    theirs = other.segments()[1].read_bytes().splitlines(keepends=True)
    seq = first_of_the_second_file(journal)
    found = flaws(rewritten(journal, lambda lines: [lines[0], theirs[1], *lines[2:]]))
    assert found == [("foreign", seq + 1), ("foreign", seq + 2)]


def test_a_writer_that_died_before_it_could_say_how_far_it_came_leaves_a_whole_log(journal: Journal) -> None:
    head = (journal.folder / "head").read_bytes()
    journal.append({"kind": "outcome"})
    (journal.folder / "head").write_bytes(head)
    assert flaws(journal) == []
    journal.append({"kind": "outcome"})
    assert (flaws(journal), len([*journal.rows()])) == ([], ROWS + 2)


def test_a_torn_row_shows_and_the_log_goes_on(journal: Journal) -> None:
    path = journal.segments()[-1]
    path.write_bytes(path.read_bytes()[:-10])
    assert flaws(journal) == [("torn", ROWS)]
    journal.append({"kind": "outcome"})
    assert [seq for _, seq in flaws(journal)] == [ROWS]


def test_what_cannot_be_written_whole_leaves_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    write = os.write

    def write_half(file: int, line: bytes) -> int:
        return write(file, line[: len(line) // 2])

    monkeypatch.setattr(os, "write", write_half)  # as a disk that fills does
    with pytest.raises(OSError, match="full"):
        journal.append({"kind": "outcome"})
    monkeypatch.undo()
    assert (flaws(journal), len([*journal.rows()])) == ([], ROWS)


def test_eight_processes_that_write_at_once_lose_and_tear_no_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.governance.writer", str(tmp_path), "50", "20000"]
    writers = [subprocess.Popen(command) for _ in range(8)]
    assert [writer.wait(60) for writer in writers] == [0] * 8
    journal = open_journal(tmp_path)
    rows = list(journal.rows())
    assert flaws(journal) == []
    written: dict[Any, list[int]] = {}
    for row in rows:
        written.setdefault(row["process"], []).append(row["number"])
    assert sorted(written.values()) == [list(range(50))] * 8


def test_a_log_without_the_word_of_how_far_it_came_is_not_whole(journal: Journal) -> None:
    segment = journal.segments()[-1]
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    (journal.folder / "head").unlink()
    assert flaws(journal) == [("dropped", 0)]


def test_a_log_whose_end_may_have_been_cut_never_looks_whole_again(journal: Journal) -> None:
    segment = journal.segments()[-1]
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    (journal.folder / "head").write_text("junk")
    for _ in range(2):
        journal.append({"kind": "outcome"})
        assert flaws(journal) == [("dropped", ROWS)]


def test_a_folder_in_the_place_of_a_file_is_as_if_its_rows_were_gone(journal: Journal) -> None:
    path = journal.segments()[-1]
    path.unlink()
    path.mkdir()
    assert {kind for kind, _ in flaws(journal)} == {"dropped"}
