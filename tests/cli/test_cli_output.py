"""Results in every format."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import attrs
import click
import pytest

from mixpanel_headless.cli.output import (
    FORMATS,
    Format,
    Shape,
    compile_filter,
    default_format,
    write_result,
    write_stream,
)
from mixpanel_headless.errors import MissingExtraError
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


def test_what_has_no_view_of_its_own_is_drawn_by_field_or_by_row() -> None:
    assert [line.split() for line in written({"id": 5, "tags": ["a"]}, "table").splitlines() if "5" in line] == [
        ["id", "5"]
    ]
    rows = written([{"id": 5}, {"id": 6, "name": "x"}], "table")
    assert [line.split() for line in rows.splitlines() if "6" in line] == [["6", "x"]]
    assert written("text", "table") == "text\n"


def test_numbers_that_name_things_are_drawn_as_they_are_typed() -> None:
    listed = written([{"id": 1234567, "project_id": 12345, "count": 9876}], "table")
    assert {"1234567", "12345", "9,876"} <= set(listed.split())
    one = written({"id": 1234567, "creatorId": 4444, "count": 9876}, "table")
    assert {"1234567", "4444", "9,876"} <= set(one.split())


def test_one_thing_in_plain_has_a_line_for_each_field() -> None:
    assert written({"id": 5, "private": False, "tags": ["a"], "note": None}, "plain").splitlines() == [
        "id\t5", "private\tfalse", 'tags\t["a"]', "note\t",
    ]  # fmt: skip
    assert written([{"tags": {"a": True}}], "plain") == '{"a":true}\n'


def test_rows_of_different_fields_have_all_columns() -> None:
    assert written([{"id": 5}, {"id": 6, "name": "x"}], "csv").splitlines() == ["id,name", "5,", "6,x"]


def test_a_file_is_written_as_it_is(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_result(b"a,b\n\xff", "json")
    assert capfdbinary.readouterr().out == b"a,b\n\xff"


def test_a_filter_gives_a_line_for_each_result() -> None:
    pytest.importorskip("jq")
    file = io.StringIO()
    write_result(TOP, Shape.choose("jsonl", ".[].event"), file)
    assert file.getvalue() == '"Sign Up"\n"Log, In"\n'


@pytest.mark.parametrize(("how", "text", "said"), [(None, ".[", "cannot be read"), ("csv", ".", "goes with")])
def test_a_filter_that_cannot_be_is_refused(how: Format | None, text: str, said: str) -> None:
    pytest.importorskip("jq")
    with pytest.raises(click.UsageError, match=said):
        Shape.choose(how, text)


@pytest.mark.parametrize("text", ["$ENV.MP_SECRET", "env", ".[] | env.MP_SECRET", "{a: env}"])
def test_a_filter_does_not_read_the_environment(text: str) -> None:
    pytest.importorskip("jq")
    with pytest.raises(click.UsageError, match="environment"):
        compile_filter(text)


def test_a_field_called_env_is_a_field() -> None:
    pytest.importorskip("jq")
    assert list(compile_filter("{env: .env}")({"env": 1})) == [{"env": 1}]


def test_a_filter_without_jq_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jq", None)
    with pytest.raises(MissingExtraError, match="jq"):
        Shape.choose(None, ".")


def test_a_value_without_structure_is_one_cell() -> None:
    assert written(5, "csv") == "value\n5\n"


def test_cells_of_csv_are_json_where_they_are_no_text_or_number() -> None:
    rows = written([{"on": True, "where": {"plan": None}, "tags": ["red"]}], "csv").splitlines()
    assert rows[1] == 'true,"{""plan"":null}","[""red""]"'
    table = Listing([TopEvent("x", 1, 0.5)]).table
    file = io.StringIO()
    attrs.evolve(table, rows=[(False, {"a": [None]}, ("b",))]).to_csv(file)
    assert file.getvalue().splitlines()[1] == 'false,"{""a"":[null]}","[""b""]"'


def test_a_stream_has_the_same_cells() -> None:
    file = io.StringIO()
    write_stream([{"on": True, "tags": ["red"]}], Shape("csv"), file)
    assert file.getvalue().splitlines()[1] == 'true,"[""red""]"'


def test_one_thing_in_json_lines_keeps_its_structure() -> None:
    assert json.loads(written({"id": 5, "tags": []}, "jsonl")) == {"id": 5, "tags": []}
