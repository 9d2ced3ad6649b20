"""An answer with nothing in it says so, and what may have been meant if that is known already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mixpanel_headless.sandbox import Sandbox
from tests.cli.conftest import run_mp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = [
    {"event": event, "properties": {"distinct_id": "ann", "time": 1_735_732_800, "$insert_id": event}}
    for event in ("Sign Up", "Log In")
]
DAYS = ("--from-date", "2025-01-01", "--to-date", "2025-01-02")


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(ROWS) as box:
        yield box


def told(box: Sandbox, *arguments: str, group: str = "query", days: tuple[str, ...] = DAYS) -> str:
    done = run_mp(group, *arguments, *days, variables=box.environment())
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_an_unknown_event_is_answered_with_the_nearest_if_names_are_known_for_nothing(box: Sandbox) -> None:
    run_mp("inspect", "events", variables=box.environment())
    asked = box.counted
    meant = "There are no events named 'sign up'; did you mean 'Sign Up'?\n"
    assert told(box, "insights", "sign up") == meant
    assert told(box, "funnel", "sign up", "Log In") == meant
    assert told(box, "retention", "sign up", "Log In") == meant
    assert box.counted == asked + 3


def test_names_are_not_asked_for_to_say_so(box: Sandbox) -> None:
    assert (
        told(box, "insights", "sign up") == "The answer is empty; mp inspect events lists the events that there are.\n"
    )
    assert box.counted == 1


def test_a_condition_that_nothing_meets_is_told_where_properties_are_listed(box: Sandbox) -> None:
    said = told(box, "insights", "Sign Up", "--where", 'paln == "pro"')
    assert said == (
        "Every number is 0 where that holds; mp inspect properties EVENT lists the properties that there are.\n"
    )


def test_an_export_in_which_there_is_nothing_says_so_too(box: Sandbox, tmp_path: Path) -> None:
    empty = "The answer is empty; mp inspect events lists the events that there are.\n"
    assert told(box, "events", "--events", "sign up", group="export") == empty
    assert told(box, "event-files", str(tmp_path / "files"), "--events", "sign up", group="export") == empty
    run_mp("inspect", "events", variables=box.environment())
    meant = "There are no events named 'sign up'; did you mean 'Sign Up'?\n"
    assert told(box, "events", "--events", "sign up", group="export") == meant
    assert told(box, "events", group="export") == ""
    assert told(box, "profiles", group="export", days=()) == "The answer is empty.\n"


def test_an_answer_that_holds_something_needs_no_word(box: Sandbox) -> None:
    assert told(box, "insights", "Sign Up") == ""


def test_a_program_that_reads_errors_as_json_is_told_by_the_answer(box: Sandbox) -> None:
    done = run_mp("query", "insights", "sign up", "--json", *DAYS, variables=box.environment())
    assert (done.stderr, json.loads(done.stdout)["series"]) == ("", {})
