"""Profiles in files: some pages to each, and a list that was cut gone on with."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import mixpanel_headless as mp
from mixpanel_headless.exports import pages
from mixpanel_headless.sandbox import snapshots
from mixpanel_headless.sandbox.faults import failing
from tests.exports.test_stream_profiles import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_headless.exports.writing import Format
    from mixpanel_headless.sandbox import Sandbox
    from tests.exports.conftest import Script

BOTH = pytest.mark.parametrize("form", ["parquet", "jsonl.gz"])
PEOPLE = [
    {"$distinct_id": f"u{number:03d}", "$properties": {"plan": "pro", "n": number, "big": 2**70}}
    for number in range(95)
]
USERS = [person["$distinct_id"] for person in PEOPLE]


@pytest.fixture
def people(open_box: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Ninety-five people on ten pages, four to a file."""
    monkeypatch.setattr(snapshots, "PAGE_SIZE", 10)
    monkeypatch.setattr(pages, "PAGES", 4)
    return open_box(events=[], profiles=PEOPLE, now=datetime(2026, 1, 8, tzinfo=UTC))


def rows(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".gz":
        return [json.loads(line) for line in gzip.open(file)]
    found = duckdb.execute(f"SELECT distinct_id, last_seen, properties FROM read_parquet('{file}')").fetchall()
    return [{"distinct_id": user, "last_seen": seen, "properties": json.loads(text)} for user, seen, text in found]


def users(folder: Path) -> list[str]:
    return sorted(row["distinct_id"] for file in sorted(folder.glob("profiles-*")) for row in rows(file))


@BOTH
def test_some_pages_become_a_file_and_all_cost_one_query(people: Sandbox, tmp_path: Path, form: Format) -> None:
    with people.workspace() as ws:
        done = ws.export_profiles(tmp_path, format=form)
        assert ws.budget().used == 1
    assert [(file.name, file.rows) for file in done.files] == [
        (f"profiles-00000.{form}", 40), (f"profiles-00001.{form}", 40), (f"profiles-00002.{form}", 15)
    ]  # fmt: skip
    assert users(tmp_path) == USERS
    found = {row["distinct_id"]: row["properties"] for row in rows(tmp_path / done.files[0].name)}
    assert all(found[name]["big"] == 2**70 for name in found)


@BOTH
def test_a_list_that_was_cut_is_gone_on_with_for_nothing(people: Sandbox, tmp_path: Path, form: Format) -> None:
    people.inject(failing(404, "gone for now"), after=6)
    with people.workspace() as ws:
        with pytest.raises(mp.QueryError):
            ws.export_profiles(tmp_path, format=form)
        people.heal()
        done = ws.export_profiles(tmp_path, format=form)
        assert ws.budget().used == 1
    assert done.requests == 7
    assert users(tmp_path) == USERS


def test_a_list_that_the_service_has_forgotten_is_begun_anew(
    people: Sandbox, open_box: Callable[..., Sandbox], tmp_path: Path
) -> None:
    people.inject(failing(404, "gone for now"), after=6)
    with people.workspace() as ws, pytest.raises(mp.QueryError):
        ws.export_profiles(tmp_path)
    manifest = json.loads((tmp_path / "export.json").read_text())
    (tmp_path / "export.json").write_text(json.dumps({**manifest, "session": "forgotten"}))
    people.heal()
    with people.workspace() as ws:
        ws.export_profiles(tmp_path)
    assert users(tmp_path) == USERS


def test_an_export_that_came_to_its_end_is_made_anew(play: Callable[..., Script], tmp_path: Path) -> None:
    script = play(page(0, None, "u1", "u2"), page(0, None, "u3"))
    with script.workspace() as ws:
        ws.export_profiles(tmp_path)
        done = ws.with_options(freshness="fresh").export_profiles(tmp_path)
    assert (done.rows, users(tmp_path)) == (1, ["u3"])


def test_an_export_leaves_a_service_that_repeats_pages_for_ever(
    play: Callable[..., Script], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGES", 2)
    script = play(*(page(number, "s" if number < 8 else None, f"u{number % 3}") for number in range(9)))
    with script.workspace() as ws, pytest.raises(mp.InvalidResponseError, match="Page 3 of the profiles repeats"):
        ws.export_profiles(tmp_path)
    assert users(tmp_path) == ["u0", "u1"], "what was whole before is kept"


@BOTH
def test_nobody_is_an_empty_file(play: Callable[..., Script], tmp_path: Path, form: Format) -> None:
    with play(page(0, "s")).workspace() as ws:
        done = ws.export_profiles(tmp_path, format=form)
    assert [file.rows for file in done.files] == [0]
