"""What befalls calls is told in the words of the command line, once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mixpanel_headless.cli.notes import notes_on_stderr
from mixpanel_headless.logs import log_refusal, logger
from mixpanel_headless.sandbox import Sandbox
from mixpanel_headless.sandbox.faults import shedding
from tests.cli.conftest import run_mp

if TYPE_CHECKING:
    import pytest

REFUSED = (
    "The service refused a request because of its limits: somebody else spends them too."
    " It is sent again when there is room.\n"
)


def test_a_refusal_is_told_in_words() -> None:
    with Sandbox() as box:
        box.inject(shedding())
        done = run_mp("query", "insights", "Sign Up", "--format", "csv", variables=box.environment())
    assert done.returncode == 0
    assert done.stderr.startswith(REFUSED)
    assert "event=" not in done.stderr


def test_what_happens_again_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with notes_on_stderr():
        for _ in range(3):
            log_refusal("query", "default", "unknown")
        logger().warning("lines are no events", lines=3, day="2026-01-01")
    assert capsys.readouterr().err == f"{REFUSED}Warning: lines are no events (lines: 3, day: 2026-01-01).\n"


def test_after_the_command_a_programs_own_logging_decides_again() -> None:
    before = list(logging.getLogger("mixpanel_headless").handlers)
    with notes_on_stderr():
        pass
    assert logging.getLogger("mixpanel_headless").handlers == before
