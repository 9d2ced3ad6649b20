"""What the tests of the `mp` command share: processes without credentials, and facts to ask about."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.cli.demo.questions import make_catalogue
from mixpanel_headless.cli.demo.survey import EventFacts, Facts, NumberProperty, TextProperty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.cli.demo.questions import Catalogue

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
FLIGHTS = DATA / "flights-2013-01.jsonl.gz"
MP = [sys.executable, "-W", "error", "-m", "mixpanel_headless.cli"]


def environment(**more: str) -> dict[str, str]:
    """This process's variables without any setting of Mixpanel's, and the way to the packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scheduler")]), "COLUMNS": "120", **more}


def run_mp(*arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`mp` with these arguments, to its end."""
    return subprocess.run(
        [*MP, *arguments],
        env=environment(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read_terminal(terminal: int) -> bytes:
    """What a terminal shows next; nothing when its other side is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # as Linux says it
        return b""


@pytest.fixture
def facts() -> Facts:
    """Two events over a month."""
    texts = (TextProperty("plan", ("free", "pro", "team")), TextProperty("country", ("DE", "US")))
    numbers = (NumberProperty("amount", 12.5), NumberProperty("seats", 3.0))
    return Facts(
        (EventFacts("Invoice Paid", texts, numbers), EventFacts("Sign Up", texts[:1], numbers[1:])),
        dt.date(2025, 1, 1),
        dt.date(2025, 1, 31),
    )


@pytest.fixture
def catalogue(facts: Facts) -> Catalogue:
    """The questions about these events."""
    return make_catalogue(facts, seed=1)
