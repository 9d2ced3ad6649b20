"""Loading: export lines, CSV, Parquet and profiles; and what is said of a file that is something else."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from mixpanel_headless.engine import Engine, EventFileError, Project
from mixpanel_headless.errors import ClosedError, MissingExtraError
from tests.engine.asking import by, event, filled, metric, only, profile, report, segments, where

if TYPE_CHECKING:
    from pathlib import Path

GOOD = '{"event":"E","properties":{"distinct_id":"u","time":1767607200,"p":1}}'
JANUARY = report(metric("$all_events"), dates=("2026-01-01", "2026-01-31"))


def refusal(path: Path, **columns: Any) -> EventFileError:
    """What is said of the file; nothing of it may have been added."""
    with Engine() as engine:
        with pytest.raises(EventFileError) as caught:
            engine.load_events(path, **columns)
        assert engine.insights(JANUARY)["series"] == {}
    assert caught.value.file == str(path)
    return caught.value


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "malformed"),
        ('{"event":"E"}', "missing required field `properties`"),
        ('["E"]', "Expected `object`"),
        ('{"event":5,"properties":{"distinct_id":"u","time":1}}', "Expected `str`, got `int` - at `$.event`"),
        ('{"event":"E","properties":[]}', "at `$.properties`"),
        ('{"event":"E","properties":{"distinct_id":"u"}}', "`time`"),
        ('{"event":"E","properties":{"distinct_id":"u","time":"2026-01-01"}}', "at `$.properties.time`"),
        ('{"event":"E","properties":{"distinct_id":"u","time":-5}}', "`time` is not seconds"),
        ('{"event":"E","properties":{"distinct_id":"u","time":1e300}}', "`time` is not seconds"),
        ('{"event":"E","properties":{"time":1767607200}}', "`distinct_id` is missing"),
        ('{"event":"E","properties":{"distinct_id":"u","time":1767607200,"p":NaN}}', "invalid"),
        (GOOD + GOOD, "trailing"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_that_is_no_event_is_named_with_its_number_and_reason(
    tmp_path: Path, line: str, reason: str, packed: bool
) -> None:
    text = f"{GOOD}\n\n{line}\n{GOOD}\n".encode()
    path = tmp_path / ("events.jsonl.gz" if packed else "events.jsonl")
    path.write_bytes(gzip.compress(text) if packed else text)
    refused = refusal(path)
    assert refused.line == 3
    assert reason in refused.reason
    assert f"{path}, line 3: " in str(refused)


def test_a_file_cut_in_the_middle_of_its_gzip_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    lines = "\n".join(GOOD.replace('"p":1', f'"p":{number}') for number in range(5000))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    assert "cannot be read" in refusal(path).reason


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xff\xfe\x00\x01")
    assert refusal(path).line == 1


@pytest.mark.parametrize("wound", ['"p":"a\\ud800b"', '"p":"\\udc00"', '"p\\ud800":1', '"p":"a\\ud800"'])
def test_half_of_a_surrogate_pair_is_called_that(tmp_path: Path, wound: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join([GOOD, GOOD.replace('"p":1', wound)]))
    refused = refusal(path)
    assert (refused.line, "surrogate" in refused.reason) == (2, True)


def test_a_line_nested_beyond_measure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join([GOOD, GOOD.replace('"p":1', '"p":' + "[" * 5000 + "]" * 5000)]))
    assert (refusal(path).line, refusal(path).reason) == (2, "is nested too deep")


ROW = b"u1,Buy,1767607200,1\n"


@pytest.mark.parametrize("rows", [0, 1, 2000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("name", "header", "good", "bad"),
    [
        ("events.csv", b"user,event,time,p\n", ROW, ROW[:-2] + b"\xff\n"),
        ("events.jsonl", GOOD.encode() + b"\n", GOOD.encode() + b"\n", GOOD.encode() + b"\xff\n"),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_own_line(
    tmp_path: Path, name: str, header: bytes, good: bytes, bad: bytes, end: bytes, rows: int
) -> None:
    path = tmp_path / name
    path.write_bytes((header + good * rows + bad + good).replace(b"\n", end))
    assert refusal(path).line == rows + 2


@pytest.mark.parametrize(
    ("rows", "line"), [(b'u1,Buy,1767607200,"a"x\n', 3), (b'u1,Buy,1767607200,"a\n\n', 3), (b'"a\nb",Buy,5,"c"d\n', 3)]
)
def test_a_row_that_is_no_csv_is_told_with_the_line_on_which_it_starts(tmp_path: Path, rows: bytes, line: int) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"user,event,time,p\n" + ROW + rows)
    assert refusal(path).line == line


def test_a_header_that_is_no_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b'user,event,time,"p')
    assert refusal(path).line == 1


@pytest.mark.parametrize("digits", ["9" * 5000, "12345678901234567890", "1e400"])
def test_a_number_whose_digits_a_column_of_numbers_would_lose_makes_it_text(tmp_path: Path, digits: str) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"user,event,time,p\n" + ROW + f"u1,Buy,1767607200,{digits}\n".encode())
    with Engine() as engine:
        assert engine.load_events(path) == 2
        assert sorted(engine.property_values("p")) == sorted(["1", digits])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pipe.jsonl", f"{GOOD}\n".encode() * 2),
        ("pipe.jsonl.gz", gzip.compress(f"{GOOD}\n".encode() * 2, mtime=0)),
        ("pipe.csv", b"user,event,time,p\n" + ROW * 2),
    ],
)
def test_a_named_pipe_is_read_once(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    writer.start()
    with Engine() as engine:
        assert engine.load_events(path) == 2
    writer.join(10)
    assert not writer.is_alive()


def test_a_pipe_is_no_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe.parquet"
    os.mkfifo(path)
    assert "regular file" in refusal(path).reason


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.csv", "missing.parquet", "."])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path / name).line == 0


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + f"{GOOD}\r\n\r\n  \r\n{GOOD}".encode())
    with Engine() as engine:
        assert engine.load_events(path) == 2


def test_an_empty_file_holds_no_events(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("")
    with Engine() as engine:
        assert engine.load_events(path) == 0
        assert engine.insights(JANUARY)["series"] == {}


def test_a_second_load_adds_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(GOOD)
    with Engine() as engine:
        engine.load_events(path)
        assert only(engine.insights(JANUARY)) == 1
        engine.load_events(path)
        engine.add_events([event("F", "u", "2026-01-05T10:00:00")])
        assert only(engine.insights(JANUARY)) == 3


def test_more_events_than_one_batch_keep_their_order() -> None:
    with Engine() as engine:
        engine.add_events(event("E", "u", "2026-01-05T10:00:00", n=number) for number in range(45_000))
        first = report(metric("E", "first_value", of="n"))
        assert only(engine.insights(first)) == 0
        assert only(engine.insights(report(metric("E", "unique_values", of="n")))) == 45_000


def test_values_keep_their_json_types() -> None:
    values = ["1", 1, 1.0, True, None, [1], {"a": 1}, 2**60]
    with filled(*(event("E", "u", "2026-01-05T10:00:00", p=value) for value in values)) as engine:
        assert only(engine.insights(report(metric("E", "unique_values", of="p")))) == 5
        number = where("p", "equals", 1, kind="number")
        assert only(engine.insights(report(metric("E"), filters=[number]))) == 3


def write_csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_csv_file_gives_events_with_typed_properties(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "events.csv",
        "who,what,at,amount,zip,vip,note",
        'u1,Buy,2026-01-05 10:00:00,10,01234,true,"two\nlines"',
        "u2,Buy,2026-01-05T11:30:00+02:00,2.5,99999,false,",
        "u3,Buy,1767607200,,00501,,x",
    )
    columns = {"user_column": "who", "event_column": "what", "time_column": "at"}
    with Engine(Project(now=dt.datetime(2026, 3, 1, tzinfo=dt.UTC))) as engine:
        assert engine.load_events(path, **columns) == 3
        assert only(engine.insights(report(metric("Buy", "total", of="amount")))) == 12.5
        assert segments(engine.insights(report(metric("Buy"), groups=[by("zip")]))) == {
            "00501": 1,
            "01234": 1,
            "99999": 1,
        }
        assert only(engine.insights(report(metric("Buy"), filters=[where("vip", "true", kind="boolean")]))) == 1
        assert only(engine.insights(report(metric("Buy"), filters=[where("note", "is not set")]))) == 1
        hours = report(metric("Buy"), groups=[by("$time", "datetime", unit="hour_of_day")])
        assert segments(engine.insights(hours)) == {"9": 1, "10": 2}


@pytest.mark.parametrize(
    ("rows", "columns", "line", "reason"),
    [
        (["a,b,c", "1,2,3"], {}, 1, "no column of a usual name for the user"),
        (
            ["user,event,time"],
            {"time_column": "when"},
            1,
            "no column 'when'; give time_column one of: user, event, time",
        ),
        (["user,user,event,time"], {}, 1, "same name"),
        (["user,event,time", "u,E,2026-01-05", "u,E,yesterday"], {}, 3, "'yesterday' is not a time"),
        (["user,event,time", 'u,"E\nE",2026-01-05', ",E,2026-01-05"], {}, 4, "column 'user' is empty"),
        (["user,event,time", "u,,2026-01-05"], {}, 2, "column 'event' is empty"),
        (["user,event,time", "u,E"], {}, 2, "2 cells where the header has 3"),
        (["user,event,time", 'u,"E'], {}, 2, "cannot be read"),
        ([""], {}, 1, "empty"),
    ],
)
def test_a_csv_file_that_is_wrong_is_refused_by_line(
    tmp_path: Path, rows: list[str], columns: dict[str, str], line: int, reason: str
) -> None:
    refused = refusal(write_csv(tmp_path / "events.csv", *rows), **columns)
    assert refused.line == line
    assert reason in refused.reason


def test_a_parquet_file_gives_events(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    rows = "SELECT 'u' || n AS user_id, 'Buy' AS event, TIMESTAMP '2026-01-05 10:00:00' AS time, n AS amount,"
    extra = " CAST(1.5 AS DECIMAL(4, 2)) AS price, ['a', 'b'] AS tags, DATE '2026-01-01' AS since FROM range(3) t(n)"
    duckdb.sql(f"COPY ({rows}{extra}) TO '{path}' (FORMAT parquet)")
    with filled() as engine:
        assert engine.load_events(path) == 3
        assert only(engine.insights(report(metric("Buy", "total", of="amount")))) == 3
        assert only(engine.insights(report(metric("Buy", "total", of="price")))) == 4.5
        assert segments(engine.insights(report(metric("Buy"), groups=[by("tags", "list")]))) == {"a": 3, "b": 3}
        day = where("since", "was on", "2026-01-01", kind="datetime")
        assert only(engine.insights(report(metric("Buy"), filters=[day]))) == 3


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    path.write_text(GOOD)
    assert "is not a Parquet file" in refusal(path).reason


def test_a_name_with_wildcards_means_that_file(tmp_path: Path) -> None:
    for name in ("*.jsonl", "a.jsonl"):
        (tmp_path / name).write_text(GOOD)
    with Engine() as engine:
        assert engine.load_events(tmp_path / "*.jsonl") == 1


def test_a_later_profile_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "profiles.jsonl"
    path.write_text("\n".join(json.dumps(profile("u", tier=tier)) for tier in ("silver", "gold")))
    with filled(event("E", "u", "2026-01-05T10:00:00")) as engine:
        assert engine.load_profiles(path) == 2
        assert segments(engine.insights(report(metric("E"), groups=[by("tier", resourceType="people")]))) == {"gold": 1}


def test_a_line_that_is_no_profile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "profiles.jsonl"
    path.write_text(json.dumps(profile("u")) + "\n" + GOOD)
    with Engine() as engine, pytest.raises(EventFileError) as caught:
        engine.load_profiles(path)
    assert caught.value.line == 2


def test_events_that_were_handed_over_are_checked_as_well() -> None:
    with Engine() as engine:
        with pytest.raises(EventFileError, match="events, line 2"):
            engine.add_events([json.loads(GOOD), {"event": "E"}])
        with pytest.raises(EventFileError, match="events, line 1"):
            engine.add_events([{"event": "E", "properties": {"distinct_id": "u", "time": 1, "p": object()}}])


def test_a_device_s_events_belong_to_the_first_user_that_it_was_seen_with() -> None:
    def row(minute: int, **ids: str) -> dict[str, Any]:
        return {"event": "E", "properties": {"time": 1767607200 + 60 * minute, **ids}}

    events = [
        row(0, **{"$device_id": "d1"}),
        row(1, **{"$device_id": "d1", "$user_id": "ada"}),
        row(2, **{"$device_id": "d2"}),
        row(3, **{"$device_id": "d1", "$user_id": "ben"}),
        row(4, **{"$device_id": "d1"}),
    ]
    with filled(*events) as engine:
        found = segments(engine.insights(report(metric("E"), groups=[by("$distinct_id")])))
    assert found == {"ada": 3, "ben": 1, "$device:d2": 1}


def test_without_duckdb_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match="analytics"):
        Engine()


def test_ctrl_c_while_pandas_is_imported_is_not_swallowed(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise KeyboardInterrupt")
    event = {"event": "E", "properties": {"distinct_id": "u", "time": 1767607200}}
    program = f"from mixpanel_headless.engine import Engine\ntry:\n    Engine().add_events([{event}])\nexcept KeyboardInterrupt:\n    print('interrupted')"
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "interrupted\n"


def test_a_closed_engine_says_so() -> None:
    engine = filled(event("E", "u", "2026-01-05T10:00:00"))
    engine.close()
    with pytest.raises(ClosedError):
        engine.insights(JANUARY)
    with pytest.raises(ClosedError):
        engine.add_events([])
    engine.close()


def test_many_threads_get_the_answers_that_one_gets() -> None:
    events = [event("E", f"u{n % 7}", f"2026-01-{5 + n % 3:02}T10:00:00", p=n % 5) for n in range(2000)]
    questions = [report(metric("E", math), groups=[by("p")] if grouped else []) for math in ("total", "unique", "sessions")
                 for grouped in (True, False)]  # fmt: skip
    with filled(*events) as engine:
        expected = [engine.insights(question) for question in questions]
        found: list[Any] = [None] * 48

        def ask(place: int) -> None:
            found[place] = engine.insights(questions[place % len(questions)])

        threads = [threading.Thread(target=ask, args=(place,)) for place in range(48)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == expected * 8


def test_questions_during_a_load_get_an_answer_from_before_or_after_it() -> None:
    with filled(event("E", "u", "2026-01-05T10:00:00")) as engine:
        found: list[Any] = []

        def ask() -> None:
            found.extend(only(engine.insights(report(metric("E")))) for _ in range(30))

        thread = threading.Thread(target=ask)
        thread.start()
        for _ in range(5):
            engine.add_events([event("E", "u", "2026-01-05T10:00:00")])
        thread.join()
        assert only(engine.insights(report(metric("E")))) == 6
    assert len(found) == 30
    assert found == sorted(found)
    assert set(found) <= set(range(1, 7))


def test_a_packed_engine_answers_the_same_also_after_a_second_load() -> None:
    events = [event("E", f"u{number % 7}", f"2026-01-{5 + number % 3:02d}", n=number % 9) for number in range(500)]
    asked = report(metric("E"), groups=[by("n", "string")])
    with Engine(Project(now=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)), packed=True) as packed, filled(*events) as plain:
        packed.add_events(events[:200])
        packed.insights(asked)
        packed.add_events(events[200:])
        answer = packed.insights(asked)
        assert answer == plain.insights(asked)
    assert segments(answer)["3"] == 56
