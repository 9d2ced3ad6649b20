"""`mp budget` tells what other programs have spent, and can be left running."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import attrs
import pytest

from mixpanel_headless.cli.budget import keep_watching
from mixpanel_headless.results.budget import BudgetReport
from mixpanel_headless.sandbox import Sandbox
from tests.cli.conftest import run_mp

REPORT = BudgetReport(
    limit=60, window=3600.0, used=1, left=59, next_slot=0.0, running=0, concurrency=5, paused_for=0.0, learned=False,
    queue={}, spent={"nightly": 1}, counters={},
)  # fmt: skip


def mp(box: Sandbox, *arguments: str) -> dict[str, Any]:
    done = run_mp(*arguments, "--json", variables=box.environment())
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_it_counts_what_another_shell_has_spent_in_the_same_sandbox() -> None:
    with Sandbox() as box:
        mp(box, "query", "insights", "Sign Up", "--tenant", "nightly")
        assert box.counted == 1
        report = mp(box, "budget")
    assert (report["used"], report["left"], report["spent"]) == (1, 59, {"nightly": 1})


def test_it_tells_of_the_project_that_was_asked_for() -> None:
    with Sandbox() as box:
        mp(box, "query", "insights", "Sign Up")
        assert mp(box, "budget", "--project", "7")["used"] == 0
        assert mp(box, "budget", "--project", str(box.project))["used"] == 1


def test_a_pause_is_not_told_as_room() -> None:
    paused = str(attrs.evolve(REPORT, paused_for=60.0, next_slot=60.0))
    assert (
        "1 of 60 queries known to be used in 1.0 h, but the service refused more: paused for 1 min, next in 1 min"
        in paused
    )
    assert "left" not in paused
    assert "59 left" in str(REPORT)


def test_in_plain_each_figure_has_a_line_of_its_own() -> None:
    with Sandbox() as box:
        done = run_mp("budget", "--format", "plain", variables=box.environment())
    rows = dict(line.split("\t") for line in done.stdout.splitlines())
    assert (rows["left"], rows["learned"], rows["held_by"]) == ("60", "false", "[]")


@pytest.mark.parametrize("as_json", [True, False])
def test_watching_writes_one_line_a_look_until_interrupted(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_watching(lambda: REPORT, as_json=as_json, pause=pause)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert set(lines) == {lines[0]}
    if as_json:
        assert json.loads(lines[0])["left"] == 59
    else:
        assert lines[0].startswith("1 of 60 queries used")


def test_it_loads_nothing_that_opens_connections() -> None:
    code = """
import sys
from mixpanel_headless.accounts.settings import resolve_settings
from mixpanel_headless.cli.budget import read_budget

assert read_budget(resolve_settings(project=1, username="u", secret="s", store="memory")).left == 60
assert "aiohttp" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
