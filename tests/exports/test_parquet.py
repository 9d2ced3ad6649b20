"""The files that exports write: every reader of Parquet finds in them what the service sent."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow.parquet
import pytest

from mixpanel_headless.exports import columns
from mixpanel_headless.exports.writing import event_file

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("event_name", "event_time", "distinct_id", "insert_id", "properties")


def write(folder: Path, lines: list[bytes], at_once: int = 20) -> tuple[Path, int, int]:
    """A file of these lines, and how many rows and bad lines it was told to have."""
    path = folder / "events.parquet"
    with event_file(path, "parquet") as file:
        file.begin()
        for start in range(0, len(lines), at_once):
            file.add(b"".join(line + b"\n" for line in lines[start : start + at_once]))
        counts = file.finish()
    return path, counts.rows, counts.bad


def some_event(chance: random.Random, *, plain: bool) -> dict[str, Any]:
    """An event of any shape that the service may send, or of one that is quickly read."""
    times = [1767571200, 0, 4294967295] if plain else [1767571200123, 1767571200.5, -1]
    properties: dict[str, Any] = {"time": chance.choice(times)}
    if chance.random() < 0.9:
        properties["distinct_id"] = chance.choice(["u1", "", "Zoë", "\U0001f600", 'quo"te\\'])
    if chance.random() < 0.8:
        properties["$insert_id"] = "".join(chance.choices("abcdef0123456789", k=chance.randrange(16, 40)))
    if not plain and chance.random() < 0.05:
        properties["distinct_id"] = chance.choice([7, None, [1, "a"]])
    filler: Any = chance.choice(
        [None, 2**70, 0.1, True, ["x"], {"deep": {"er": []}}, "é" * chance.randrange(400), "\x00\n"]
    )
    return {"event": chance.choice(["Login", "Käufe", ""]), "properties": {**properties, "filler": filler}}


def expected(event: dict[str, Any]) -> tuple[Any, ...]:
    properties = event["properties"]
    time = properties["time"] / (1000 if properties["time"] > 4294967295 else 1)
    user = properties.get("distinct_id", "")
    text = (user or "") if isinstance(user, str | None) else json.dumps(user)
    return event["event"], datetime.fromtimestamp(time, UTC), text, properties.get("$insert_id"), properties


def read_by_duckdb(path: Path) -> list[tuple[Any, ...]]:
    found = duckdb.execute(f"SELECT * REPLACE (epoch_us(event_time) AS event_time) FROM '{path}'").fetchall()
    return [(name, datetime.fromtimestamp(us / 1e6, UTC), *rest) for name, us, *rest in found]


def read_by_pyarrow(path: Path) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in NAMES) for row in pyarrow.parquet.read_table(path).to_pylist()]


def read_by_polars(path: Path) -> list[tuple[Any, ...]]:
    return pl.read_parquet(path).rows()


@pytest.mark.parametrize("read", [read_by_duckdb, read_by_pyarrow, read_by_polars])
def test_every_reader_finds_the_same_events(read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    monkeypatch.setattr(columns, "ROWS", 300)
    events = [some_event(chance, plain=number % 100 < 60) for number in range(2000)]
    path, rows, bad = write(
        tmp_path, [json.dumps(event, ensure_ascii=chance.random() < 0.5).encode() for event in events]
    )
    found = [(*row[:4], json.loads(row[4])) for row in read(path)]
    assert found == [expected(event) for event in events]
    assert (rows, bad) == (2000, 0)


def test_times_tell_readers_what_they_can_pass_over(tmp_path: Path) -> None:
    lines = [b'{"event":"A","properties":{"time":%d}}' % second for second in (1767571205, 1767571200, 1767571203)]
    group = pyarrow.parquet.ParquetFile(write(tmp_path, lines)[0]).metadata.row_group(0)
    statistics = group.column(1).statistics
    assert (statistics.min.timestamp(), statistics.max.timestamp()) == (1767571200, 1767571205)


def test_properties_stay_as_they_were_written(tmp_path: Path) -> None:
    text = '{"time":1767571200, "x":1.0e2,"y":"\\u00e9", "big":123456789012345678901234567890}'
    path, *_ = write(tmp_path, [b'{"event":"A","properties":' + text.encode() + b"}"])
    assert read_by_duckdb(path)[0][4] == text


@pytest.mark.parametrize("neighbour", [b'{"time":0.5}', b'{"time":0,"x":NaN}', b"no event"])
def test_properties_stay_so_beside_an_event_that_is_slowly_read(neighbour: bytes, tmp_path: Path) -> None:
    text = '{"time":1767571200, "x":1.0e2,"y":"\\u00e9", "big":123456789012345678901234567890}'
    lines = [b'{"event":"A","properties":' + one + b"}" for one in (text.encode(), neighbour)]
    path, *_ = write(tmp_path, lines)
    assert read_by_duckdb(path)[0][4] == text


@pytest.mark.parametrize("value", [b'"\xff"', b'"\xed\xa0\x80"', b"012", b'"a\tb"', b"[1,]"])
def test_a_line_that_no_reader_would_take_is_no_event(tmp_path: Path, value: bytes) -> None:
    line = b'{"event":"A","properties":{"time":1767571200,"x":%b}}'
    path, rows, bad = write(tmp_path, [line % b"1", line % value, line % b"2"])
    assert (rows, bad) == (2, 1)
    assert [json.loads(row[4])["x"] for row in read_by_duckdb(path)] == [1, 2]


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b'"\\ud800"'])
def test_what_only_python_reads_as_json_is_kept_as_text(tmp_path: Path, value: bytes) -> None:
    path, rows, bad = write(tmp_path, [b'{"event":"A","properties":{"time":1767571200,"x":%b}}' % value])
    assert (rows, bad) == (1, 0)
    assert read_by_duckdb(path)[0][4] == f'{{"time":1767571200,"x":{value.decode()}}}'


def test_no_events_are_a_file_without_rows(tmp_path: Path) -> None:
    path, rows, bad = write(tmp_path, [b"", b"  "])
    assert (rows, bad, read_by_duckdb(path), read_by_pyarrow(path)) == (0, 0, [], [])
