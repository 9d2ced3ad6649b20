"""Results in every format."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from mixpanel_headless.cli.output import FORMATS, Format, default_format, write_result
from mixpanel_headless.results.discovery import Listing, TopEvent

TOP = Listing([TopEvent("Sign Up", 3, 0.5), TopEvent("Log, In", 1, -1.0)])
NAMES = Listing(["plain", "tab\there", "Grüße"])


def written(result: Any, how: Format) -> str:
    file = io.StringIO()
    write_result(result, how, file)
    return file.getvalue()


def test_json_is_the_whole_result() -> None:
    assert json.loads(written(TOP, "json"))[0] == {"event": "Sign Up", "count": 3, "percent_change": 0.5}


def test_json_lines_hold_one_entry_each() -> None:
    assert [json.loads(line)["event"] for line in written(TOP, "jsonl").splitlines()] == ["Sign Up", "Log, In"]


def test_json_lines_of_names_are_texts() -> None:
    assert [json.loads(line) for line in written(NAMES, "jsonl").splitlines()] == list(NAMES)


def test_csv_has_a_header_and_quotes_what_needs_it() -> None:
    assert written(TOP, "csv").splitlines() == ["event,count,percent_change", "Sign Up,3,0.5", '"Log, In",1,-1.0']


def test_plain_rows_are_cut_by_tabs_and_hold_no_other_control_characters() -> None:
    assert written(TOP, "plain") == "Sign Up\t3\t0.5\nLog, In\t1\t-1.0\n"
    assert written(NAMES, "plain").splitlines()[1] == "tab\ufffdhere"


def test_a_table_shows_every_row() -> None:
    assert all(name in written(TOP, "table") for name in ("Sign Up", "Log, In"))


@pytest.mark.parametrize("how", FORMATS)
def test_a_call_for_its_effect_writes_nothing(how: Format) -> None:
    assert written(None, how) == ""


@pytest.mark.parametrize("how", FORMATS)
def test_an_empty_list_is_written_in_every_format(how: Format) -> None:
    assert "Traceback" not in written(Listing([]), how)


def test_a_pipe_gets_json_by_default() -> None:
    assert default_format(io.StringIO()) == "json"


def test_a_value_without_structure_is_one_cell() -> None:
    assert written(5, "csv") == "value\n5\n"
