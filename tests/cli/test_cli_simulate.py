"""`mp simulate` from its options to its exit code."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import MP, environment, run_mp

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ("simulate", "--agents", "10", "--hours", "3")


def test_it_tells_what_the_budget_gave_as_lines() -> None:
    done = run_mp(*SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "simulated: 3.0 h (1 machine)"
    assert any(line.startswith("nightly: asked 60, ") for line in lines)
    assert not any("Interrupted" in line for line in lines)


def test_json_is_the_whole_report_and_the_same_for_the_same_seed() -> None:
    first, second, other = (run_mp(*SMALL, "--json", "--seed", seed).stdout for seed in "445")
    assert first == second != other
    report = json.loads(first)
    assert report["answered"] == report["asked"] - report["unanswered"]
    assert report["fullest_window"] <= 60
    assert {"agents", "people", "nightly"} == set(report["tenants"])


def test_a_terminal_gets_tables() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*MP, *SMALL], env=environment(TERM="xterm"), stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux's end of a terminal
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert "What happened" in shown.decode()
    assert "By tenant and priority" in shown.decode()


def test_each_switch_changes_what_it_says() -> None:
    def figures(*switches: str) -> dict[str, int]:
        report: dict[str, int] = json.loads(run_mp(*SMALL, "--json", *switches).stdout)
        return report

    assert figures("--no-cache")["saved_by_cache"] == 0
    assert figures("--no-coalescing")["saved_by_coalescing"] == 0
    assert figures("--no-shares")["share_error"] is None
    assert figures("--no-budget", "--limit", "20")["refused"] > 0
    assert figures("--limit", "20")["fullest_window"] == 20


def test_a_workload_file_is_simulated_and_options_go_before_it(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text('limit = 7\n[[tenants]]\nname = "t"\njobs = [{ calls = 30, questions = 30 }]\n')
    report = json.loads(run_mp("simulate", "--workload", str(path), "--json").stdout)
    assert (report["answered"], report["fullest_window"]) == (30, 7)
    assert 4 * 3600 < report["makespan"] < 4.1 * 3600
    report = json.loads(run_mp("simulate", "--workload", str(path), "--limit", "30", "--json").stdout)
    assert (report["fullest_window"], report["makespan"] < 60) == (30, True)


def test_the_example_of_the_help_is_a_workload(tmp_path: Path) -> None:
    from mixpanel_headless.cli.simulate import EXAMPLE

    lines = EXAMPLE.split("file:\n")[1].split("\n\n")[0].splitlines()
    path = tmp_path / "example.toml"
    path.write_text("\n".join(line.strip() for line in lines))
    done = run_mp("simulate", "--workload", str(path), "--hours", "4", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tenants"]["nightly"]["answered"] == 60


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--agents", "0"), "--agents"),
        (("--hours", "0"), "--hours"),
        (("--limit", "x"), "--limit"),
        (("--machines", "65"), "--machines"),
        (("--reserve", "60"), "reserve is 60 of a limit of 60; leave the others at least 1."),
        (("--workload", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_arguments_that_make_no_sense_are_usage_errors(arguments: tuple[str, str], complaint: str) -> None:
    done = run_mp("simulate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_an_unknown_field_is_refused_with_its_file_its_place_and_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text('[[tenants]]\nname = "t"\nagnets = 3\n')
    done = run_mp("simulate", "--workload", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}: tenants[1].agnets is unknown; did you mean 'agents'?" in done.stderr


def test_agents_and_a_workload_file_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text('[[tenants]]\nname = "t"\nagents = 3\n')
    done = run_mp("simulate", "--workload", str(path), "--agents", "3")
    assert done.returncode == 2
    assert "--workload names its own tenants" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_figures_so_far_and_130(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*MP, "simulate", "--agents", "2000", "--hours", "8000"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        assert process.stderr.readline().startswith("Hour ")
        process.send_signal(number)
        shown, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert all(line.startswith("Hour ") for line in errors.splitlines())
    assert shown.rstrip().endswith("Interrupted: the figures up to then.")
