"""Every call of the client is a command, by its name alone or by one fact on its definition."""

from __future__ import annotations

import inspect
import subprocess
import sys
from inspect import getattr_static

import click
import pytest

import mixpanel_headless as mp
from mixpanel_headless.cli.naming import calls_of, command_name, derived_groups, operations
from mixpanel_headless.cli.operations import operation_command
from mixpanel_headless.cli.root import COMMANDS
from mixpanel_headless.operation import Named

WITHOUT = {"as_completed", "budget", "clear_discovery_cache", "estimate", "gather", "plan"}
"""`mp budget` is a command of its own; the others take calls, or what one process keeps in memory."""
MADE = {(group, name): method for group, commands in operations().items() for name, method in commands.items()}


def test_every_call_is_a_command_but_those_that_say_no() -> None:
    calls = {name for name in dir(mp.Workspace) if isinstance(getattr_static(mp.Workspace, name), Named)}
    public = {name for name in calls if not name.startswith("_")}
    assert public - {method.name for method in MADE.values()} == WITHOUT


def test_every_group_is_listed_by_mp() -> None:
    assert operations().keys() == derived_groups().keys()
    assert operations().keys() <= COMMANDS.keys()


def test_the_list_of_a_group_is_read_from_the_definitions_as_they_are_written() -> None:
    made = {group: {name: inspect.getdoc(method) for name, method in commands.items()}
            for group, commands in operations().items()}  # fmt: skip
    assert {group: calls_of(group) for group in made} == made


def test_the_list_of_a_group_loads_no_family() -> None:
    program = "import sys; from mixpanel_headless.cli import cli; cli.main(['query', '--help'], standalone_mode=False);"
    program += "sys.exit(any(name.startswith(('mixpanel_headless.families', 'mixpanel_headless.workspace', 'aiohttp')) for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "insights" in done.stdout


@pytest.mark.parametrize(("group", "name"), sorted(MADE))
def test_a_command_can_be_made_and_has_help(group: str, name: str) -> None:
    command = operation_command(MADE[group, name], name)
    assert "Exit codes: 0 done" in " ".join(command.get_help(click.Context(command)).split())


@pytest.mark.parametrize(
    ("family", "call", "command"),
    [
        ("cohorts", "list_cohorts_full", "list"),
        ("funnels", "query_funnel", "funnel"),
        ("dashboards", "add_report_to_dashboard", "add-report"),
        ("feature_flags", "set_flag_test_users", "set-test-users"),
        ("bookmarks", "bulk_delete_bookmarks", "bulk-delete"),
        ("anomalies", "update_anomaly", "update"),
        ("business_context", "get_business_context_chain", "get-chain"),
        ("definitions", "list_lexicon_tags", "list-tags"),
        ("discovery", "top_events", "top-events"),
        ("a_new_kinds", "get_a_new_kind", "get"),
    ],
)
def test_the_name_of_a_command_is_that_of_the_call_without_the_noun(family: str, call: str, command: str) -> None:
    assert command_name(family, call) == command


def test_calls_that_would_have_one_name_have_two() -> None:
    assert operations()["replays"]["sign"].name == "sign_replay"
    assert operations()["replays"]["sign-replays"].name == "sign_replays"
