"""Twelve seconds in which processes on one store are killed, clocks jump, and the store goes away for a while."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.redis_server import binary_of

SOAK = Path(__file__).resolve().parents[3] / "benchmarks" / "soak.py"


@pytest.mark.skipif(sys.platform != "linux", reason="a full disk is made by a limit that only Linux sets from outside")
@pytest.mark.parametrize("store", ["redis", "sqlite"])
def test_nothing_is_overspent_lost_stuck_or_leaked_while_processes_die_clocks_jump_and_the_store_is_lost(
    store: str,
) -> None:
    if store == "redis":
        binary_of()  # or skip
    seed = Random().randrange(1_000_000)
    print(f"seed {seed}")
    command = [sys.executable, str(SOAK), "--minutes", "0.2", "--store", store, "--seed", str(seed)]
    soak = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    report = json.loads(soak.stdout)
    print(json.dumps(report, indent=1))
    assert {name: one["value"] for name, one in report["goals"].items() if not one["met"]} == {}
    assert report["troubles"]["kills"] > 0
    assert report["fates"]["answered"] > 0
