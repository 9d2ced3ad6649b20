"""The group of commands: lazy, complete, and quiet about what is below."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from mixpanel_headless.cli import COMMANDS, cli
from mixpanel_headless.cli.groups import Entry, RootGroup
from mixpanel_headless.errors import QueryError, TransportError
from tests.cli.conftest import MP, environment, run_mp

HEAVY = ("aiohttp", "anyio", "attrs", "cattrs", "duckdb", "msgspec", "pandas", "rich", "structlog")


@click.command()
@click.argument("how")
def fail(how: str) -> None:
    """End as `how` says."""
    raise {
        "interrupted": KeyboardInterrupt(),
        "grouped": ExceptionGroup("tasks", [TransportError("the wire is cut", hint="Mend it.")]),
        "refused": QueryError("no such thing"),
        "bug": ZeroDivisionError("a bug"),
    }[how]


FAILING = RootGroup(
    "mp", table={"fail": Entry(__name__, "fail", "Fail.")}, params=[click.Option(["-v", "--verbose"], is_flag=True)]
)


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from mixpanel_headless.cli import cli; cli.main(['--help'], prog_name='mp', standalone_mode=False);"
        f"print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert all(name in done.stdout for name in COMMANDS)
    assert done.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_has_a_help_page(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: cli {name}")


def test_the_version_is_printed() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.output.split()[0]) == (0, "mixpanel-headless")


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(cli, ["inspekt"])
    assert result.exit_code == 2
    assert "inspekt" in result.output


def test_without_credentials_the_error_says_what_is_missing_and_has_no_traceback() -> None:
    done = run_mp("inspect", "events")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("Error: Not configured. Missing credentials: MP_USERNAME")
    assert "Traceback" not in done.stderr


def test_a_caller_that_reads_json_gets_the_error_as_json() -> None:
    done = run_mp("inspect", "events", "--format", "json")
    assert done.returncode == 3
    assert json.loads(done.stderr)["code"] == "CONFIG_ERROR"


def test_the_hint_stands_on_a_line_of_its_own() -> None:
    result = CliRunner().invoke(FAILING, ["fail", "grouped"])
    assert (result.exit_code, result.output) == (7, "Error: the wire is cut\nHint: Mend it.\n")


def test_an_error_without_a_hint_is_one_line() -> None:
    result = CliRunner().invoke(FAILING, ["fail", "refused"])
    assert (result.exit_code, result.output) == (8, "Error: no such thing\n")


def test_verbose_shows_the_traceback() -> None:
    result = CliRunner().invoke(FAILING, ["-v", "fail", "refused"])
    assert result.exit_code == 8
    assert "Traceback" in result.output


def test_an_interrupted_command_ends_with_130() -> None:
    result = CliRunner().invoke(FAILING, ["fail", "interrupted"])
    assert (result.exit_code, result.output) == (130, "Interrupted.\n")


def test_a_bug_is_not_dressed_up_as_a_message() -> None:
    result = CliRunner().invoke(FAILING, ["fail", "bug"])
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen([*MP, "--help"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (141, b"")
