"""Help that can be copied, lists in the command line's own words, and errors that name options."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mixpanel_headless.cli import cli
from mixpanel_headless.cli.listing import EXAMPLES, rows_of
from mixpanel_headless.cli.naming import derived_groups, operations
from mixpanel_headless.cli.operations import definition_of, help_of
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result


ALERT = json.dumps({"bookmark_id": 1, "condition": {}, "frequency": 3600, "paused": True, "subscriptions": []})


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def mp(box: Sandbox, line: str) -> Result:
    return CliRunner().invoke(cli, shlex.split(line), env=box.environment())


def said(box: Sandbox, line: str) -> str:
    """What a command that is refused says before anything is sent."""
    before = box.counted
    result = mp(box, line)
    assert result.exit_code == 2, result.output
    assert box.counted == before
    return result.stderr


def examples_of(group: str) -> list[str]:
    """The commands that the help of a group shows, as they are copied from the terminal."""
    shown = CliRunner().invoke(cli, [group, "--help"], env={"COLUMNS": "80"}).stdout
    lines = shown.partition("Examples:")[2].partition("Exit codes")[0]
    joined = re.sub(r"\\\n\s*", "", lines)
    return [line.strip().removeprefix("mp ") for line in joined.splitlines() if line.strip()]


@pytest.mark.parametrize("group", EXAMPLES)
def test_the_examples_of_a_groups_help_run_as_they_are_copied(
    group: str, box: Sandbox, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    lines = examples_of(group)
    assert len(lines) >= 2
    for line in lines:
        result = mp(box, line)
        assert result.exit_code == 0, f"{line}: {result.output}"


@pytest.mark.parametrize("group", sorted(derived_groups()))
def test_lists_of_commands_have_no_words_that_only_programs_know(group: str) -> None:
    for name, text in rows_of(group):
        assert not re.search(r"Error\b|\bNone\b|build_|extra\[|details\[", text), f"{name}: {text}"


@pytest.mark.parametrize("group", sorted(operations()))
def test_what_is_raised_stands_in_a_paragraph_of_its_own_which_help_pages_leave_out(group: str) -> None:
    for name, method in operations()[group].items():
        text = help_of(definition_of(method))
        assert not re.search(r"\bRaises |[a-z]Error\b|others: those of", text), f"{name}: {text}"


def test_lists_name_other_calls_as_commands_and_arguments_as_options() -> None:
    rows = {group: dict(rows_of(group)) for group in ("dashboards", "flags", "alerts", "mirror")}
    assert "contents come with mp dashboards get" in rows["dashboards"]["list"]
    assert "mp flags restore brings it back" in rows["flags"]["archive"]
    assert "everybody's with --skip-user-filter" in rows["alerts"]["list"]
    assert "for calls with --source mirror or --source auto" in rows["mirror"]["sync"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("query insights Login --math average", "Error: --math-property: math 'average' is computed over a property"),
        ("query insights Login --math percentile --math-property x", "needs a --percentile-value, such as 95"),
        ("query insights Login --group-by '{\"foo\": 1}'", "Error: --group-by: foo: GroupBy has no such field"),
        ("query insights Login --where 'country = 1'", "Error: --where, character 9: '=' means nothing here"),
        ("query flow Login --forward 9", "Error: --forward is 9; it goes from 0 to 5."),
        ("query retention Login", "Error: --return-event: "),
        ("cohorts create", "Error: Missing option '--name'."),
        ("flags create --name N --key K --ruleset []", "Error: --ruleset: expected an object, got a list."),
        (f"alerts create --params '{ALERT}' --name {'x' * 60}", "Error: --name: 60 long; at most 50 go in."),
        ("cohorts create --name X --params '{\"nam\": 1}'", "Error: nam: no such field; did you mean 'name'?"),
        ("replays list --distinct-id U", "between --from-date and --to-date; give both"),
        ("cohort list", "No such command 'cohort'; did you mean 'cohorts'?"),
    ],
)
def test_what_is_wrong_is_told_in_the_words_of_the_command_line(line: str, told: str, box: Sandbox) -> None:
    error = said(box, line)
    assert told in error
    assert "error(s)" not in error


def test_an_answer_that_is_not_kept_is_told_with_the_option_that_asks_for_kept_ones_only(box: Sandbox) -> None:
    told = mp(box, "query insights Unasked --freshness offline").stderr
    assert told.startswith("Error: No answer for query is in the cache.\n")
    assert "without --freshness offline, so" in told


def test_a_word_that_resembles_no_command_is_only_refused(box: Sandbox) -> None:
    assert "did you mean" not in said(box, "xyzzy")


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        ("query insights Login --from-date 2026-13-01", "--from-date", "'2026-13-01' does not exist in the calendar."),
        ("query segmentation Login --from-date foo --to-date bar", "--from-date", "'foo' is not a day in the form"),
        ("query insights Login --to-date 2026-01-01", "--to-date", "--to-date needs a --from-date."),
        ("flags create --name N --key K --ruleset []", "--ruleset", "expected an object, got a list"),
    ],
)
def test_errors_in_json_name_what_was_typed(line: str, path: str, message: str, box: Sandbox) -> None:
    problem = json.loads(said(box, f"{line} --json"))
    details = problem["details"]
    (detail,) = details.get("errors") or details.get("fields") or [details | {"message": problem["message"]}]
    assert detail["path"] == path
    assert message in problem["message"]
    assert message in detail["message"]


def test_a_note_names_options_as_they_are_typed(box: Sandbox) -> None:
    shown = mp(box, "query user --mode profiles --limit 1 --format table").stdout
    assert "--limit N for more, --no-limit for all" in " ".join(shown.split())
