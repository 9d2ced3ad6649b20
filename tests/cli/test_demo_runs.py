"""The demo from its first line to its exit code."""

from __future__ import annotations

import gzip
import io
import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from mixpanel_headless.cli.demo.show import show_demo
from tests.cli.conftest import DATA, FLIGHTS, MP, environment, run_mp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def test_a_small_demo_of_the_shop_ends_well() -> None:
    done = run_mp("demo", "--calls", "40", "--hour", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Every answer is right, nothing was refused, and no question was paid for twice." in done.stdout


def test_real_flights_are_answered_rightly_with_less_requests_than_questions() -> None:
    done = run_mp("demo", "--events", str(FLIGHTS), "--calls", "150", "--hour", "1", "--json")
    figures = json.loads(done.stdout)
    assert done.returncode == 0
    assert figures["right"] == figures["answered"] == 150 - figures["refused_here"]
    assert figures["counted"] <= figures["distinct"] < figures["answered"]
    assert figures["counted"] == figures["origins"]["network"] > 60
    assert figures["refused_by_service"] == 0
    assert min(figures["origins"].values()) > 0


def test_an_hour_that_is_no_number_is_refused_by_its_own_name() -> None:
    done = run_mp("demo", "--hour", "nan")
    assert done.returncode == 2
    assert "--hour" in done.stderr
    assert "window" not in done.stderr


def test_columns_of_a_csv_file_can_be_named() -> None:
    done = run_mp(
        "demo", "--events", str(DATA / "ecom.csv.gz"), "--calls", "30", "--hour", "1", "--json",
        "--user-column", "user_id", "--event-column", "event", "--time-column", "timestamp",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["faults"] == []


def test_a_single_agent_with_a_single_call_ends_well() -> None:
    assert run_mp("demo", "--agents", "1", "--calls", "1", "--hour", "1", "--json").returncode == 0


def run_here(**options: Any) -> tuple[int, str]:
    file = io.StringIO()
    code = show_demo(Console(file=file, width=80), calls=30, hour=1.0, **options)
    return code, file.getvalue()


def test_a_wrong_answer_is_found_and_ends_with_1() -> None:
    def falsified(params: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"series": {"Page View [Total Events]": {"all": -1}}, "headers": ["$metric"]}

    code, text = run_here(compute=falsified)
    assert code == 1
    assert "another series than the events give" in " ".join(text.split())


def test_a_demo_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    assert run_here()[0] == 0
    assert set(threading.enumerate()) <= before


def test_the_same_seed_asks_the_same_questions() -> None:
    first, second = (json.loads(run_here(as_json=True, seed=5)[1]) for _ in range(2))
    assert [first[name] for name in ("answered", "distinct", "counted", "refused_here")] == [
        second[name] for name in ("answered", "distinct", "counted", "refused_here")
    ]


def test_ctrl_c_while_calls_wait_ends_with_the_figures_so_far_and_130() -> None:
    process = subprocess.Popen(
        [*MP, "demo", "--hour", "60"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert any("60 requests counted" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, "")
    assert rest.rstrip().endswith("Interrupted: these are the figures up to then.")


def test_a_missing_file_is_refused_before_anything_starts() -> None:
    done = run_mp("demo", "--events", "nowhere.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere.jsonl" in done.stderr


def test_a_file_that_is_not_events_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl.gz"
    good = '{"event": "Buy", "properties": {"distinct_id": "ann", "time": 1735732800}}'
    path.write_bytes(gzip.compress(f"{good}\nnot an event\n".encode()))
    done = run_mp("demo", "--events", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}, line 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_events_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    done = run_mp("demo", "--events", str(path))
    assert done.returncode == 2
    assert "no events" in done.stderr


def test_without_duckdb_the_error_names_the_extra() -> None:
    program = "import sys; sys.modules['duckdb'] = None; from mixpanel_headless.cli import main; main()"
    done = subprocess.run(
        [MP[0], "-c", program, "demo"], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert "pip install 'mixpanel-headless[analytics]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("--agents", "0"), ("--calls", "0"), ("--hour", "0"), ("--seed", "x")])
def test_numbers_that_make_no_sense_are_usage_errors(arguments: tuple[str, str]) -> None:
    assert run_mp("demo", *arguments).returncode == 2
