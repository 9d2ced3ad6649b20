"""Changes as commands: an option for each field, a plan instead of the change, and a word before what is for good."""

from __future__ import annotations

import functools
import json
import os
import pty
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from mixpanel_headless.cli import cli
from mixpanel_headless.cli.naming import operations
from mixpanel_headless.cli.operations import definition_of
from mixpanel_headless.cli.parameters import slots_of
from mixpanel_headless.sandbox import Sandbox
from tests.cli.conftest import MP, environment, read_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox([]) as box:
        yield box


@pytest.fixture
def keeping() -> Iterator[Sandbox]:
    with Sandbox([]) as box:
        yield box


def run(box: Sandbox, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=box.environment())


def planned(box: Sandbox, *arguments: str) -> dict[str, Any]:
    before = len(box.requests)
    result = run(box, *arguments, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert len(box.requests) == before
    (change,) = json.loads(result.stdout)["changes"]
    told: dict[str, Any] = change
    return told


def test_each_field_is_an_option_and_a_dry_run_sends_nothing(box: Sandbox) -> None:
    change = planned(box, "cohorts", "create", "--name", "Payers", "--description", "They pay")
    assert change["body"] == {"name": "Payers", "description": "They pay"}


def test_fields_can_be_given_as_json_and_options_win(box: Sandbox) -> None:
    change = planned(box, "cohorts", "create", "--params", '{"name": "a", "is_locked": true}', "--name", "b")
    assert change["body"] == {"name": "b", "is_locked": True}


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (
            ("dashboards", "create", "--title", "A", "--rows", '{"contents": [{"content_type": "text", "content_params": {}}]}'),
            {"title": "A", "rows": [{"contents": [{"content_type": "text", "content_params": {}}]}]},
        ),
        (
            ("anomalies", "bulk-update", "--status", "open", "--anomalies", '[{"id": 1, "anomaly_class": "Event"}, {"id": 2, "anomaly_class": "Event"}]'),
            {"status": "open", "anomalies": [{"id": 1, "anomalyClass": "Event"}, {"id": 2, "anomalyClass": "Event"}]},
        ),
        (
            ("drop-filters", "create", "--event-name", "A", "--filters", '[{"a": 1}]'),
            {"event_name": "A", "filters": [{"a": 1}]},
        ),
        (("drop-filters", "create", "--event-name", "A", "--filters", "[]"), {"event_name": "A", "filters": []}),
    ],
)  # fmt: skip
def test_a_field_of_several_values_is_json(box: Sandbox, line: tuple[str, ...], body: dict[str, Any]) -> None:
    assert planned(box, *line)["body"] == body


@pytest.mark.parametrize("fields", ["[]", "[null]", '["a"]', "[[]]"])
def test_fields_that_are_no_object_are_refused_by_name(box: Sandbox, fields: str) -> None:
    refused = run(box, "dashboards", "create", "--params", fields)
    assert refused.exit_code == 2
    assert "no JSON object" in refused.stderr


def test_a_result_that_is_nested_too_deep_to_be_written_is_told(keeping: Sandbox) -> None:
    pytest.importorskip("jq")
    told = run(keeping, "inspect", "events", "--jq", '{"a":' * 2000 + "1" + "}" * 2000)
    assert told.exit_code == 8
    assert "nested too deep" in told.stderr


def test_bytes_that_are_no_text_do_not_spoil_an_error(box: Sandbox) -> None:
    told = run(box, "dashboards", "get", "1", "--json", "--freshness", "\udc80")
    assert json.loads(told.stderr)["code"] == "USAGE_ERROR"


def test_a_metric_is_saved_as_queries_take_it(keeping: Sandbox) -> None:
    definition = '{"event": "Login", "math": "unique"}'
    result = run(
        keeping, "metrics", "create", "--name", "Logins", "--definition", definition, "--display", '{"prefix": "a"}'
    )
    saved = json.loads(result.stdout)["definition"]
    assert (saved["behavior"]["name"], saved["measurement"]["math"]) == ("Login", "unique")
    assert saved["display"] == {"prefix": "a"}


def test_the_question_of_a_report_is_an_option_as_its_other_fields_are(keeping: Sandbox, tmp_path: Path) -> None:
    question = run(keeping, "query", "insights", "Login", "--jq", ".params").stdout
    (tmp_path / "question.json").write_text(question)
    given = ("--name", "Logins", "--bookmark-type", "insights", "--params", f"@{tmp_path / 'question.json'}")
    refused = run(keeping, "reports", "create", *given)
    assert "Missing option '--dashboard-id'." in refused.stderr
    board = json.loads(run(keeping, "dashboards", "create", "--title", "Board", "--json").stdout)["id"]
    saved = run(keeping, "reports", "create", *given, "--dashboard-id", str(board), "--json")
    assert json.loads(saved.stdout)["params"] == json.loads(question)
    fields = run(keeping, "reports", "update", str(json.loads(saved.stdout)["id"]), "--fields", '{"name": "All"}')
    assert json.loads(fields.stdout)["name"] == "All"


def test_a_table_is_made_of_the_file_that_is_named(keeping: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_text("plan,price\npro,9\n")
    result = run(keeping, "lookup-tables", "upload", "--name", "Plans", "--file-path", str(tmp_path / "plans.csv"))
    assert json.loads(result.stdout)["name"] == "Plans"


def test_a_field_that_is_needed_is_named_before_anything_is_sent(box: Sandbox) -> None:
    result = run(box, "cohorts", "create", "--json")
    assert result.exit_code == 2
    assert "name" in json.loads(result.stderr)["message"]
    assert not box.requests


def test_allowed_values_of_a_field_are_shown_and_checked(box: Sandbox) -> None:
    shown = CliRunner().invoke(cli, ["flags", "update", "--help"]).stdout
    assert "--status [enabled|disabled|archived]" in shown
    result = run(box, "flags", "update", "some-id", "--status", "off", "--json")
    assert (result.exit_code, box.counted) == (2, 0)
    assert "'enabled', 'disabled', 'archived'" in json.loads(result.stderr)["message"]


def test_an_update_of_nothing_names_what_could_be_given(box: Sandbox) -> None:
    for given in ((), ("--params", "{}")):
        result = run(box, "dashboards", "update", "7", *given)
        assert result.exit_code == 2
        assert "Nothing is given to change. Give some of --title, --description," in result.stderr
    assert "--markdown" in run(box, "dashboards", "update-text-card", "7", "8").stderr
    assert not box.requests


def test_what_would_delete_many_things_unseen_asks_for_a_word(box: Sandbox) -> None:
    result = run(box, "cohorts", "bulk-delete", "1", "2", "--json")
    assert result.exit_code == 5
    assert "--yes" in json.loads(result.stderr)["hint"]
    assert not box.requests


def test_a_policy_holds_for_commands_too(box: Sandbox) -> None:
    result = CliRunner().invoke(
        cli, ["cohorts", "create", "--name", "x", "--json"], env={**box.environment(), "MP_POLICY": "read_only"}
    )
    assert result.exit_code == 5
    assert json.loads(result.stderr)["code"] == "POLICY_DENIED"
    assert not box.requests


def test_json_can_clear_a_field_that_no_option_can() -> None:
    (slot,) = (slot for slot in slots_of(definition_of(operations()["cohorts"]["update"])) if slot.name == "params")
    typed = {name: None for one in slot.parameters if (name := one.name)}
    assert slot.read({**typed, "params": '{"description": null}'}) == {"description": None}
    assert slot.read({**typed, "params__name": "x"}) == {"name": "x"}


def at_a_terminal(box: Sandbox, answer: bytes, *arguments: str) -> tuple[int, bytes]:
    """The exit code of `mp`, and what its terminal shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*MP, *arguments], env=environment(**box.environment()), stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer)
    shown = b"".join(iter(functools.partial(read_terminal, ours), b""))
    os.close(ours)
    return process.wait(60), shown


def test_at_a_terminal_a_deletion_is_asked_about_with_id_and_name() -> None:
    with Sandbox([]) as box:
        made = json.loads(run(box, "dashboards", "create", "--title", "Growth", "--json").stdout)["id"]
        code, shown = at_a_terminal(box, b"n\n", "dashboards", "delete", str(made))
        assert code == 1
        assert f"delete dashboard {made} (Growth): this cannot be taken back. Go on? [y/N]" in shown.decode()
        assert {request.method for request in box.requests[1:]} == {"GET"}
        assert at_a_terminal(box, b"y\n", "dashboards", "delete", str(made))[0] == 0
        assert json.loads(run(box, "dashboards", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    "arguments",
    [("dashboards", "delete", "7"), ("business-context", "clear"), ("lexicon", "delete-tag", "old")],
)
def test_without_a_terminal_a_deletion_waits_for_a_word(box: Sandbox, arguments: tuple[str, ...]) -> None:
    result = run(box, *arguments, "--json")
    assert result.exit_code == 5
    told = json.loads(result.stderr)
    assert told["code"] == "CONFIRMATION_NEEDED"
    assert told["hint"] == "Look at it with --dry-run, and confirm it with --yes."
    assert not box.requests


def test_a_policy_that_allows_a_deletion_is_word_enough() -> None:
    with Sandbox([]) as box:
        made = json.loads(run(box, "dashboards", "create", "--title", "Growth", "--json").stdout)["id"]
        variables = {**box.environment(), "MP_POLICY": "admin"}
        assert CliRunner().invoke(cli, ["dashboards", "delete", str(made)], env=variables).exit_code == 0
        assert json.loads(run(box, "dashboards", "list", "--json").stdout) == []


def test_what_is_made_belongs_to_the_project_and_its_changes_are_found_by_it() -> None:
    with Sandbox([], project=77) as box:
        made = json.loads(run(box, "cohorts", "create", "--name", "a", "--json").stdout)
        assert made["project_id"] == 77
        rows = json.loads(run(box, "audit", "log", "--project", "77", "--json").stdout)
        assert [row["kind"] for row in rows] == ["intent", "outcome"]
        assert json.loads(run(box, "audit", "log", "--project", "78", "--json").stdout) == []
        assert "given" not in run(box, "audit", "log", "--format", "table").stdout


def test_a_plan_of_one_change_is_told_in_the_singular(box: Sandbox) -> None:
    told = run(box, "cohorts", "create", "--name", "a", "--dry-run", "--format", "table").stdout
    assert "1 request, token" in told
    assert "1 requests" not in told


def test_things_are_made_listed_and_deleted_with_a_word() -> None:
    with Sandbox([]) as box:
        made = [json.loads(run(box, "cohorts", "create", "--name", name, "--json").stdout)["id"] for name in ("a", "b")]
        listed = json.loads(run(box, "cohorts", "list", "--json").stdout)
        assert [(cohort["id"], cohort["name"]) for cohort in listed] == [(made[0], "a"), (made[1], "b")]
        gone = run(box, "cohorts", "bulk-delete", *map(str, made), "--yes")
        assert (gone.exit_code, gone.stdout) == (0, "")
        assert gone.stderr == f"deleted cohorts {made[0]} (a), {made[1]} (b)\n"
        assert json.loads(run(box, "cohorts", "list", "--json").stdout) == []


def test_a_confirmed_deletion_says_what_is_gone_and_is_never_called_denied() -> None:
    with Sandbox([]) as box:
        made = [json.loads(run(box, "cohorts", "create", "--name", name, "--json").stdout)["id"] for name in "abc"]
        assert run(box, "cohorts", "delete", str(made[0]), "--yes").stderr == f"deleted cohort {made[0]} (a)\n"
        assert run(box, "cohorts", "delete", str(made[1]), "--yes", "--json").stderr == ""
        assert run(box, "cohorts", "bulk-delete", str(made[2]), "--yes", "--json").exit_code == 0
        variables = {**box.environment(), "MP_POLICY": str(asks_about_creation(box))}
        result = CliRunner().invoke(cli, ["cohorts", "create", "--name", "d", "--yes", "--json"], env=variables)
        assert result.exit_code == 0
        rows = json.loads(run(box, "audit", "log", "--json").stdout)
    assert {row.get("outcome") for row in rows} == {None, "done"}
    assert "confirm verbs=['create']" in {row["rule"] for row in rows}


def asks_about_creation(box: Sandbox) -> Path:
    """A policy that wants what is made to be confirmed, in a file that goes with the sandbox."""
    path = Path(box.environment()["MP_STATE_DIR"]) / "policy.toml"
    path.write_text('[[confirm]]\nverbs = ["create"]\n')
    return path


def test_what_was_not_confirmed_is_written_down_as_denied() -> None:
    with Sandbox([]) as box:
        assert run(box, "cohorts", "bulk-delete", "1", "2").exit_code == 5
        assert [row["outcome"] for row in json.loads(run(box, "audit", "log", "--json").stdout)] == ["denied"]


def test_all_of_something_is_deleted_only_when_that_is_said() -> None:
    with Sandbox([]) as box:  # allows five such requests a minute
        for given in ((), ("--entity-type", "event")):
            refused = run(box, "schemas", "delete", *given, "--yes")
            assert (refused.exit_code, "--all" in refused.stderr) == (2, True)
        assert (
            run(box, "schemas", "delete", *("--entity-type", "event", "--entity-name", "Foo"), "--all").exit_code == 2
        )
        (change,) = json.loads(run(box, "schemas", "delete", "--all", "--dry-run", "--json").stdout)["changes"]
        told = [one["path"] for one in change["diff"]]
        assert ("event/Login" in told, len(told)) == (True, change["count"])
        gone = run(box, "schemas", "delete", "--entity-type", "event", "--entity-name", "Login", "--yes")
        assert (gone.exit_code, gone.stderr) == (0, "deleted schemas event/Login\n")
        assert run(box, "schemas", "delete", "--all", "--yes").stderr == f"deleted schemas * ({len(told) - 1})\n"


def test_what_is_not_there_is_an_error_of_a_dry_run_too() -> None:
    for command in (("cohorts", "delete", "9"), ("dashboards", "update", "9", "--title", "Q")):
        with Sandbox([]) as empty:
            result = run(empty, *command, "--dry-run", "--json")
        assert result.exit_code == 8
        assert f"{command[0][:-1]} 9" in json.loads(result.stderr)["message"]


def test_a_refusal_names_commands_instead_of_calls(box: Sandbox) -> None:
    told = run(box, "cohorts", "get", "9")
    assert "cohort 9: " in told.stderr
    assert "Hint: Look at what mp cohorts list gives." in told.stderr
    asked = json.loads(run(box, "cohorts", "get", "9", "--json").stderr)
    assert asked["hint"] == "Look at what mp cohorts list gives."


def test_wrong_credentials_have_one_exit_code_whatever_is_asked(box: Sandbox) -> None:
    variables = {**box.environment(), "MP_SECRET": "wrong"}
    codes = [
        CliRunner().invoke(cli, command, env=variables).exit_code
        for command in (["inspect", "me"], ["cohorts", "list"])
    ]
    assert codes == [4, 4]


@pytest.mark.parametrize(
    ("command", "without"),
    [
        (("cohorts", "create"), {"--source", "--freshness", "--max-age"}),
        (("cohorts", "delete"), {"--source", "--freshness", "--max-age"}),
        (("cohorts", "list"), {"--source", "--dry-run", "--yes"}),
        (("query", "user"), {"--source"}),
        (("query", "frequency"), {"--source"}),
        (("replays", "sign"), {"--source"}),
        (("mirror", "status"), {"--deadline", "--priority", "--tenant", "--source", "--yes"}),
        (("mirror", "drop"), {"--deadline", "--priority", "--tenant", "--source", "--dry-run"}),
    ],
)
def test_a_command_has_no_option_without_effect(command: tuple[str, ...], without: set[str]) -> None:
    shown = CliRunner().invoke(cli, [*command, "--help"]).stdout
    assert "Options:" in shown
    assert not without & set(re.findall(r"--[a-z-]+", shown.partition("Options:")[2].partition("Exit codes")[0]))


def test_dropping_the_mirror_is_confirmed_and_said() -> None:
    with Sandbox([]) as box:
        refused = run(box, "mirror", "drop", "--json")
        assert (refused.exit_code, json.loads(refused.stderr)["hint"]) == (5, "Confirm it with --yes.")
        assert json.loads(run(box, "mirror", "drop", "--yes", "--json").stdout)["dropped"] is True
