"""Every call of the client is a command, by its name alone or by one fact on its definition."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from inspect import getattr_static

import click
import pytest
from click.testing import CliRunner

import mixpanel_headless as mp
from mixpanel_headless.cli import cli
from mixpanel_headless.cli.listing import rows_of
from mixpanel_headless.cli.naming import aliases_of, calls_of, command_name, derived_groups, operations, spoken
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


@pytest.mark.parametrize(
    ("group", "typed", "meant"),
    [
        ("dashboards", "erf", "get-erf"),
        ("experiments", "erf", "list-erf"),
        ("inspect", "bookmarks", "list-bookmarks"),
        ("export", "export-events", "event-files"),
        ("export", "export_events", "event-files"),
        ("query", "query-funnel", "funnel"),
        ("metrics", "bulk-delete", "delete-metrics"),
        ("behaviors", "bulk-delete", "delete-behaviors"),
        ("alerts", "count", "get-count"),
    ],
)
def test_a_command_answers_to_the_calls_own_name_and_without_get(group: str, typed: str, meant: str) -> None:
    assert aliases_of(group)[typed] == meant
    asked, named = (CliRunner().invoke(cli, [group, word, "--help"]).stdout for word in (typed, meant))
    assert asked == named


@pytest.mark.parametrize("group", sorted(operations()))
def test_no_other_name_of_a_command_hides_a_command_or_is_listed(group: str) -> None:
    commands, others = calls_of(group), aliases_of(group)
    assert not others.keys() & commands.keys()
    assert set(others.values()) <= commands.keys()
    listed = CliRunner().invoke(cli, [group, "--help"]).stdout
    assert not [other for other in others if re.search(rf"^  {re.escape(other)}  ", listed, re.MULTILINE)]


def test_calls_of_one_word_are_named_as_commands_where_docstrings_call_them() -> None:
    assert "mp query saved-funnel asks one" in dict(rows_of("inspect"))["funnels"]
    assert "mp inspect funnels lists them" in dict(rows_of("query"))["saved-funnel"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"""Things to play with, such as `Toy`.\n\nMore."""\n', "Things to play with, such as Toy."),
        ('# Copyright 2026\n\n"""Things to play with."""\n', "Things to play with."),
        ('import attrs\n\nMOST = 5\n"""What goes in."""\n', "Building bricks"),
    ],
)
def test_a_group_says_what_its_file_says_of_itself_or_else_its_name(text: str, said: str) -> None:
    assert spoken("building_bricks", text) == said
