"""Commands made from calls: against a local Mixpanel, and from definitions of every shape."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence  # noqa: TC003 - read at run time by the commands
from typing import TYPE_CHECKING, Any, Literal

import click
import pytest
from click.testing import CliRunner

from mixpanel_headless.cli import cli
from mixpanel_headless.cli.naming import operations
from mixpanel_headless.cli.operations import definition_of, help_of, operation_command, read_arguments
from mixpanel_headless.cli.parameters import slots_of
from mixpanel_headless.query.dates import Day  # noqa: TC001 - read at run time by the commands
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

NOON = 1_735_732_800  # 2025-01-01T12:00:00Z
ROWS = [
    {"event": event, "properties": {"distinct_id": user, "time": NOON, "$insert_id": f"{number}", "plan": plan}}
    for number, (event, user, plan) in enumerate(
        [("Sign Up", "ann", "free"), ("Sign Up", "bob", "pro"), ("Sign Up", "cy", "free"), ("Log In", "ann", "free")]
    )
]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(ROWS) as box:
        yield box


def mp(box: Sandbox, *arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments, env=box.environment())
    assert result.exit_code == 0, result.output
    return result.stdout


def test_events_are_listed_one_a_line(box: Sandbox) -> None:
    assert mp(box, "inspect", "events", "--format", "plain") == "Log In\nSign Up\n"


def test_a_program_gets_json_without_asking(box: Sandbox) -> None:
    assert json.loads(mp(box, "inspect", "events")) == ["Log In", "Sign Up"]


def test_options_of_a_call_are_options_of_its_command(box: Sandbox) -> None:
    assert json.loads(mp(box, "inspect", "events", "--limit", "1", "--json")) == ["Sign Up"]


def test_arguments_of_a_call_are_arguments_of_its_command(box: Sandbox) -> None:
    assert json.loads(mp(box, "inspect", "property-values", "plan", "--event", "Sign Up")) == ["free", "pro"]


def test_a_name_that_does_not_exist_is_answered_with_the_nearest(box: Sandbox) -> None:
    result = CliRunner().invoke(cli, ["inspect", "properties", "sign up"], env=box.environment())
    assert result.exit_code == 8
    assert "did you mean 'Sign Up'?" in result.stderr


def test_a_table_is_drawn_on_request(box: Sandbox) -> None:
    drawn = mp(box, "inspect", "properties", "Sign Up", "--format", "table")
    assert "plan" in drawn
    assert "1 entry" in drawn


def test_the_budget_shows_the_limits_of_the_settings(box: Sandbox) -> None:
    report = json.loads(mp(box, "budget", "--json"))
    assert (report["limit"], report["used"], report["concurrency"]) == (60, box.counted, 5)


def test_the_budget_fits_into_one_row(box: Sandbox) -> None:
    header, row = csv.reader(io.StringIO(mp(box, "budget", "--format", "csv")))
    assert dict(zip(header, row, strict=True))["limit"] == "60"


def test_a_choice_outside_the_literal_is_refused_before_anything_is_sent(box: Sandbox) -> None:
    before = box.counted
    result = CliRunner().invoke(cli, ["inspect", "top-events", "--type", "most"], env=box.environment())
    assert result.exit_code == 2
    assert "'general', 'unique', 'average'" in result.output
    assert box.counted == before


def example(
    self: object,
    name: str,
    *,
    kind: Literal["a", "b"] = "a",
    limit: int | None = None,
    share: float = 0.5,
    day: Day | None = None,
    names: Sequence[str] = (),
    loud: bool = False,
    must: str,
) -> None:
    """Says `name`.

    Twice, but not with `kind="a"`.

    Raises ValueError for nothing.

    - `limit`, `share`: how much of it, where `kind` has
      a measure.
    """


def parameters(define: Any) -> dict[str | None, click.Parameter]:
    return {parameter.name: parameter for slot in slots_of(define) for parameter in slot.parameters}


def test_a_parameter_without_default_becomes_an_argument() -> None:
    assert isinstance(parameters(example)["name"], click.Argument)


def test_a_keyword_without_default_becomes_a_required_option() -> None:
    assert isinstance(parameters(example)["must"], click.Option)
    assert parameters(example)["must"].required


def test_a_literal_becomes_a_choice() -> None:
    kind = parameters(example)["kind"].type
    assert isinstance(kind, click.Choice)
    assert tuple(kind.choices) == ("a", "b")


@pytest.mark.parametrize(("name", "kind"), [("limit", click.INT), ("share", click.FLOAT), ("day", click.STRING)])
def test_a_scalar_keeps_its_type(name: str, kind: object) -> None:
    assert parameters(example)[name].type is kind


def test_a_sequence_becomes_an_option_that_can_be_repeated() -> None:
    assert parameters(example)["names"].multiple


def test_none_can_be_asked_for_where_the_call_has_another_default() -> None:
    def define(self: object, *, limit: int | None = 1, name: str | None = None) -> None: ...

    assert {"limit", "no_limit", "name"} == parameters(define).keys()
    assert read_arguments(slots_of(define), {"limit": None, "no_limit": True, "name": None}) == {"limit": None}
    assert read_arguments(slots_of(define), {"limit": None, "no_limit": False, "name": None}) == {}


def test_an_option_of_the_call_itself_goes_before_one_that_all_commands_share(box: Sandbox, tmp_path: Path) -> None:
    days = ("--from-date", "2025-01-01", "--to-date", "2025-01-01")
    told = mp(box, "export", "event-files", str(tmp_path), *days, "--format", "jsonl.gz", "--no-progress")
    assert json.loads(told)["format"] == "jsonl.gz"


def test_a_flag_can_be_denied() -> None:
    loud = parameters(example)["loud"]
    assert (loud.opts, loud.secondary_opts) == (["--loud"], ["--no-loud"])


def test_an_underscore_becomes_a_dash() -> None:
    def define(self: object, *, from_date: str | None = None) -> None: ...

    assert parameters(define)["from_date"].opts == ["--from-date"]


def test_the_docstring_is_the_help_page() -> None:
    assert help_of(example) == "Says NAME.\n\nTwice, but not with --kind a."


def test_what_another_docstring_says_of_the_arguments_is_on_the_help_page() -> None:
    shown = " ".join(CliRunner().invoke(cli, ["query", "funnel", "--help"]).stdout.split())
    assert "STEPS: 2 to 100 events in their order" in shown
    assert "--last INTEGER So many days before today, and today: 5 covers six days" in shown
    assert "build_" not in shown


def test_other_calls_are_named_as_commands() -> None:
    shown = " ".join(CliRunner().invoke(cli, ["query", "report-link", "--help"]).stdout.split())
    assert "the requests of mp report-links resolve, unless its result is given" in shown


def test_what_a_docstring_says_of_an_argument_stands_at_its_option() -> None:
    made = parameters(example)
    assert isinstance(made["limit"], click.Option)
    assert made["limit"].help == "How much of it, where --kind has a measure."
    assert isinstance(made["share"], click.Option)
    assert made["share"].help == "How much of it, where --kind has a measure. [default: 0.5]"


@pytest.mark.parametrize("group", sorted(operations()))
def test_every_option_says_what_it_means(group: str) -> None:
    silent = [
        f"{name} {option.opts[0]}"
        for name, method in operations()[group].items()
        for slot in slots_of(definition_of(method))
        for option in slot.parameters
        if isinstance(option, click.Option)
        and not re.sub(r"Can be repeated\.|One of .*\.|\[(?:default: .*|required)\]", "", option.help or "").strip()
    ]
    assert silent == []


@pytest.mark.parametrize("group", sorted(operations()))
def test_brackets_in_a_usage_stand_around_what_may_be_left_out(group: str) -> None:
    for name, method in operations()[group].items():
        command = operation_command(method, name)
        for one in command.params:
            shown = one.make_metavar(click.Context(command))
            if isinstance(one, click.Argument):
                assert shown.startswith("[") is not one.required, f"{name} {shown}"


def test_a_set_of_many_values_is_told_with_what_the_option_means() -> None:
    shown = " ".join(CliRunner().invoke(cli, ["query", "insights", "--help"]).stdout.split())
    assert "--math MATH What is counted, or computed from a property. One of total, unique, dau, wau," in shown


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("query insights", "--from-date DATE "),
        ("export event-files", "[OPTIONS] TO"),
        ("deletions create-request", "--from-date DATE "),
        ("lookup-tables upload", "--file-path PATH "),
        ("annotations create", "--date MOMENT "),
        ("replays fetch-replays", "--retention-by-id JSON "),
    ],
)
def test_options_say_what_is_typed_after_them(command: str, shown: str) -> None:
    assert shown in CliRunner().invoke(cli, [*command.split(), "--help"]).stdout


def test_an_argument_that_has_a_default_can_stand_in_its_place_or_be_named(box: Sandbox) -> None:
    days = ("--from-date", "2025-01-01", "--to-date", "2025-01-01", "--retention-unit", "day", "--jq", ".cohorts")
    placed = mp(box, "query", "retention", "Sign Up", "Log In", *days)
    assert json.loads(placed)["2025-01-01"]["first"] == 3
    assert mp(box, "query", "retention", "Sign Up", "--return-event", "Log In", *days) == placed
    both = ("query", "retention", "Sign Up", "Log In", "--return-event", "Log In")
    result = CliRunner().invoke(cli, both, env=box.environment())
    assert result.exit_code == 2
    assert "RETURN_EVENT is given as an argument and as --return-event; give one of them." in result.stderr


def test_a_type_without_a_form_on_the_command_line_is_named() -> None:
    def define(self: object, *, table: complex) -> None: ...

    with pytest.raises(TypeError, match="complex"):
        parameters(define)


def test_what_is_not_given_is_left_to_the_call() -> None:
    typed = {
        "name": "",
        "kind": None,
        "limit": None,
        "share": None,
        "day": None,
        "names": (),
        "loud": False,
        "must": "x",
    }
    assert read_arguments(slots_of(example), typed) == {"name": "", "loud": False, "must": "x"}
