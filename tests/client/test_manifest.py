"""The file of a batch: what is in it is found, whatever happened to the file."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import mixpanel_headless as mp
import request_scheduler as rs
from mixpanel_headless.manifest import RECENT, Manifest, Places

if TYPE_CHECKING:
    from pathlib import Path


def digest(number: int) -> str:
    return hashlib.blake2b(str(number).encode(), digest_size=16).hexdigest()


def answer(value: object) -> rs.Answer[object]:
    return rs.Answer(value, "network", 1_700_000_000.0)


def test_every_place_that_was_put_is_found_and_no_other() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    numbers = random.Random(seed).sample(range(10**9), 5 * RECENT)
    places, known = Places(), numbers[: 4 * RECENT]
    for place, number in enumerate(known):
        places.put(digest(number), place)
    assert [places.get(digest(number)) for number in known] == list(range(len(known)))
    assert {places.get(digest(number)) for number in numbers[len(known) :]} == {None}


def test_an_answer_is_found_in_the_run_that_kept_it_and_written_once(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    with Manifest(path) as manifest:
        for value in ("first", "again"):
            manifest.keep(digest(1), answer(value))
        found = manifest.find(digest(1))
    assert found is not None
    assert (found.value, found.origin, found.cost) == ("first", "cache", 0)
    assert len(path.read_bytes().splitlines()) == 1


def test_two_questions_that_look_alike_in_the_index_are_told_apart(tmp_path: Path) -> None:
    with Manifest(tmp_path / "batch.jsonl") as manifest:
        manifest.keep("ab" * 16, answer(1))
        assert manifest.find("ab" * 8 + "cd" * 8) is None


@pytest.mark.parametrize("text", ["event,count\nLogin,3\n", '{"answers": []}\n'])
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text(text)
    with pytest.raises(mp.ConfigError, match="not the file of a batch"):
        Manifest(path)
    assert path.read_text() == text


def test_a_file_whose_first_line_was_cut_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_text('{"dig')
    for _ in range(2):
        with Manifest(path) as manifest:
            manifest.keep(digest(1), answer(1))
            found = manifest.find(digest(1))
            assert found is not None
            assert found.value == 1
    assert len(path.read_bytes().splitlines()) == 2


FULL = """
import resource, signal, sys
from pathlib import Path
import request_scheduler as rs
from mixpanel_headless.manifest import Manifest
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, most = Path(sys.argv[1]), int(sys.argv[2])
answer = rs.Answer("x" * 300, "network", 1_700_000_000.0)
with Manifest(path) as manifest:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    for number in range(4):
        manifest.keep(str(number) * 32, answer)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    manifest.keep("f" * 32, answer)
"""


def test_a_disk_that_was_full_costs_only_the_answers_of_that_time(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", FULL, str(path), "1000"]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stderr
    with Manifest(path) as manifest:
        kept = [manifest.find(name) is not None for name in ("0" * 32, "1" * 32, "2" * 32, "3" * 32, "f" * 32)]
    assert kept == [True, True, False, False, True]
    assert told.count("answers of the batch cannot be kept") == 1
