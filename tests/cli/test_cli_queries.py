"""Questions as commands: the same answers as the client's calls, from conditions and JSON that people type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

import mixpanel_headless as mp
from mixpanel_headless.cli import cli
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = 1_735_732_800  # 2025-01-01T12:00:00Z
HAPPENED = [
    ("Sign Up", "ann", "free", 5),
    ("Sign Up", "bob", "pro", 20),
    ("Sign Up", "cy", "free", 30),
    ("Log In", "ann", "free", 0),
]
ROWS = [
    {
        "event": event,
        "properties": {
            "distinct_id": user,
            "time": NOON + number * 60,
            "$insert_id": f"{number}",
            "plan": plan,
            "amount": amount,
        },
    }
    for number, (event, user, plan, amount) in enumerate(HAPPENED)
]
DAYS = ("--from-date", "2025-01-01", "--to-date", "2025-01-02")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(ROWS) as box:
        yield box


def run(box: Sandbox, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=box.environment())


def answer(box: Sandbox, *arguments: str) -> Any:
    result = run(box, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def counted(box: Sandbox, *arguments: str) -> list[int]:
    """How often something happened on the first day, by segment."""
    series = answer(box, "query", "insights", *arguments, *DAYS)["series"]
    (one,) = series.values()
    return [next(iter(dates.values())) for dates in one.values()] if "$overall" in one else [next(iter(one.values()))]


def test_insights_are_the_answer_of_the_call(box: Sandbox) -> None:
    asked = answer(box, "query", "insights", "Sign Up", *DAYS, "--group-by", "plan", "--math", "unique")
    with box.workspace() as ws:
        told = ws.query("Sign Up", from_date="2025-01-01", to_date="2025-01-02", group_by="plan", math="unique")
    assert asked["series"] == told.to_dict()["series"]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('plan == "pro"', 1),
        ('plan != "pro"', 2),
        ('plan == "free" and amount >= 10', 1),
        ('plan in ["pro", "team"]', 1),
        ('not plan in ["pro"]', 2),
        ('plan == "pro" or plan == "free"', 3),
        ('"re" in properties["plan"]', 2),
        ("defined(plan)", 3),
        ("not defined(plan)", 0),
        ("5 < amount", 2),
        ('{"between": ["amount", 5, 20]}', 2),
    ],
)
def test_a_condition_is_typed_as_an_expression_or_as_a_constructor(box: Sandbox, condition: str, count: int) -> None:
    assert counted(box, "Sign Up", "--where", condition) == [count]


def test_a_metric_is_json_of_its_fields(box: Sandbox) -> None:
    metric = '{"event": "Sign Up", "math": "unique", "filters": ["plan == \\"free\\""]}'
    assert counted(box, metric) == [2]


def test_a_value_can_stand_in_a_file(box: Sandbox, tmp_path: Any) -> None:
    file = tmp_path / "month.json"
    file.write_text('{"relative": "month"}')
    asked = answer(box, "query", "insights", "Sign Up", *DAYS, "--time-comparison", f"@{file}")
    assert asked["params"]["displayOptions"]["timeComparison"] == {"type": "relative", "value": "month"}


def test_funnels_take_names_and_steps(box: Sandbox) -> None:
    step = '{"event": "Log In", "filters": [{"equals": ["plan", "free"]}]}'
    result = run(box, "query", "funnel", "Sign Up", step, *DAYS, "--format", "csv")
    assert [line.split(",")[1:3] for line in result.stdout.splitlines()[1:]] == [["Sign Up", "3"], ["Log In", "1"]]


def test_retentions_take_both_events(box: Sandbox) -> None:
    asked = answer(box, "query", "retention", "Sign Up", "--return-event", "Log In", *DAYS, "--retention-unit", "day")
    (series,) = asked["series"].values()
    assert next(iter(series.values()))["counts"][0] == 1


def test_flows_and_users_and_older_reports_are_commands_too(box: Sandbox) -> None:
    assert answer(box, "query", "flow", "Sign Up", *DAYS)["steps"]
    assert answer(box, "query", "segmentation", "Sign Up", *DAYS)["total"] == 3
    assert answer(box, "query", "user", "--mode", "aggregate")


def test_a_bookmark_is_asked_from_json(box: Sandbox) -> None:
    bookmark = answer(box, "query", "insights", "Sign Up", *DAYS)["params"]
    assert answer(box, "query", "run-params", json.dumps(bookmark))["params"] == bookmark
    piped = CliRunner().invoke(cli, ["query", "run-params", "@-"], env=box.environment(), input=json.dumps(bookmark))
    assert json.loads(piped.stdout)["params"] == bookmark


def refused(box: Sandbox, *arguments: str) -> dict[str, Any]:
    before = box.counted
    result = run(box, *arguments, "--json")
    assert result.exit_code == 2, result.output
    assert box.counted == before
    problem: dict[str, Any] = json.loads(result.stderr)
    return problem


def test_an_unknown_field_is_answered_with_the_nearest(box: Sandbox) -> None:
    problem = refused(box, "query", "insights", '{"event": "Sign Up", "mat": "unique"}')
    assert problem["message"] == "EVENTS: mat: Metric has no such field; did you mean 'math'?"


def test_a_missing_field_is_named(box: Sandbox) -> None:
    problem = refused(box, "query", "insights", "Sign Up", "--where", '{"between": ["amount", 5]}')
    assert problem["message"] == "--where: between.max_val: between needs it."


def test_json_that_is_none_is_refused_with_its_place(box: Sandbox) -> None:
    problem = refused(box, "query", "insights", "Sign Up", "--where", '{"equals": [plan]}')
    assert "line 1 column 13" in problem["message"]


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ('plan == "pro" or amount > 1', "filters_combinator"),
        ("amount + 1 > 2", "Name it as"),
        ("plan == pro", "in quotes"),
        ("not amount > 3", "opposite"),
        ("plan == null", "defined"),
        ('seen > "2025-01-01"', "day after"),
        ("plan", "Compare a property"),
    ],
)
def test_a_condition_that_no_report_has_is_refused_with_the_way_out(box: Sandbox, condition: str, hint: str) -> None:
    problem = refused(box, "query", "insights", "Sign Up", "--where", condition)
    assert problem["code"] == "CONDITION_NOT_POSSIBLE"
    assert hint in problem["hint"]


def test_an_expression_that_ends_early_is_refused_with_its_place(box: Sandbox) -> None:
    assert refused(box, "query", "insights", "Sign Up", "--where", "plan ==")["message"].startswith(
        "--where, character 8"
    )


def test_what_the_project_holds_is_inspected(box: Sandbox) -> None:
    assert "Sign Up" in {entry["name"] for entry in answer(box, "inspect", "lexicon-schemas")}
    assert run(box, "inspect", "schema-graph").exit_code == 0


def test_an_unknown_command_is_answered_with_the_nearest(box: Sandbox) -> None:
    assert "did you mean 'funnel'?" in refused(box, "query", "funel")["message"]


def test_an_unknown_option_is_json_for_who_asks_for_json(box: Sandbox) -> None:
    problem = refused(box, "query", "insights", "Sign Up", "--grup-by", "plan")
    assert "--group-by" in problem["message"]
    assert problem["hint"].endswith("query insights --help.")


@pytest.mark.parametrize(
    ("condition", "place", "meant"),
    [('plan = "free"', 6, "'='"), ('plan == "free" && amount > 5', 16, "'&'"), ("!defined(plan)", 1, "'!'")],
)
def test_a_sign_of_another_language_is_answered_with_the_one_that_is_meant(
    box: Sandbox, condition: str, place: int, meant: str
) -> None:
    before = box.counted
    result = run(box, "query", "insights", "Sign Up", "--where", condition)
    right = {"'='": "'=='", "'&'": "'and'", "'!'": "'not'"}[meant]
    assert f"where, character {place}: {meant} means nothing here; write {right}." in result.stderr
    assert (result.exit_code == 0, box.counted) == (False, before)


def test_help_shows_fields_and_allowed_values() -> None:
    shown = CliRunner().invoke(cli, ["query", "funnel", "--help"]).stdout
    flat = " ".join(shown.split())
    assert "[loose|any]" in flat
    assert "FunnelStep: event, label?, filters?, filters_combinator? (all | any)" in flat
    assert "starts_with" in flat


def test_help_tells_the_exit_codes_of_the_errors() -> None:
    flat = " ".join(CliRunner().invoke(cli, ["query", "--help"]).stdout.split())
    assert f"{mp.AuthenticationError.exit_code} the credentials were refused (401);" in flat
    assert "130 interrupted" in flat


def test_an_age_and_a_patience_are_options_of_every_command(box: Sandbox, tmp_path: Path) -> None:
    kept = {**box.environment(), "MP_STORE": "sqlite", "MP_CACHE": "disk", "MP_STATE_DIR": str(tmp_path)}
    asked = ("query", "insights", "Sign Up", *DAYS, "--unit", "week", "--json")
    before = box.counted
    for wishes in (
        (),
        ("--max-age", "1000", "--priority", "interactive", "--deadline", "60"),
        ("--freshness", "fresh"),
    ):
        assert CliRunner().invoke(cli, [*asked, *wishes], env=kept).exit_code == 0
    assert box.counted - before == 2


def test_another_project_is_asked_for(box: Sandbox) -> None:
    result = run(box, "query", "insights", "Sign Up", *DAYS, "--project", "5", "--json")
    assert result.exit_code == 8
    assert "project 5" in json.loads(result.stderr)["message"]


@pytest.mark.parametrize("condition", ['plan == "pro"', 'user["plan"] == "pro"', 'properties["plan"] == "pro"'])
def test_profiles_are_chosen_by_conditions_and_by_selectors(condition: str) -> None:
    people = [{"$distinct_id": who, "$properties": {"plan": plan}} for who, plan in (("a", "pro"), ("b", "free"))]
    with Sandbox(ROWS, profiles=people) as box:
        found = answer(box, "query", "user", "--where", condition, "--mode", "profiles", "--no-limit")["profiles"]
        assert [profile["distinct_id"] for profile in found] == ["a"]


def test_a_condition_on_profiles_that_no_filter_says_is_refused_before_it_is_sent(box: Sandbox) -> None:
    problem = refused(box, "query", "user", "--where", 'plan == "pro" or amount > 5')
    assert "is no condition of a report" in problem["message"]
