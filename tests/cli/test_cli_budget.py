"""`mp budget` tells what other programs have spent, and can be left running."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mixpanel_headless.cli import cli
from mixpanel_headless.cli.budget import keep_watching
from mixpanel_headless.results.budget import BudgetReport
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

REPORT = BudgetReport(
    limit=60, window=3600.0, used=1, left=59, next_slot=0.0, running=0, concurrency=5, paused_for=0.0, learned=False,
    queue={}, spent={"nightly": 1}, counters={},
)  # fmt: skip


def test_it_counts_what_another_program_has_spent(tmp_path: Path) -> None:
    with Sandbox() as box:
        env = {**box.environment(), "MP_STATE_DIR": str(tmp_path), "MP_STORE": "sqlite"}
        with box.workspace(store="sqlite", state_dir=tmp_path) as ws, ws.task("nightly"):
            ws.query("Sign Up", from_date="2026-01-05", to_date="2026-01-07")
            result = CliRunner().invoke(cli, ["budget", "--json"], env=env)
        assert box.counted == 1
    report = json.loads(result.stdout)
    assert (report["used"], report["left"], report["spent"]) == (1, 59, {"nightly": 1})


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
