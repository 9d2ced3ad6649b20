"""Results in the formats that people and programs read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO, get_args

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_headless.results.table import Table

Format = Literal["table", "json", "jsonl", "csv", "plain"]
FORMATS: tuple[str, ...] = get_args(Format)


def default_format(file: TextIO) -> Format:
    """A table for people, JSON for everything that is not a terminal."""
    return "table" if file.isatty() else "json"


def write_result(result: Any, format_name: Format | None = None, file: TextIO | None = None) -> None:
    """Write what a call gave; None, the result of a call for its effect, writes nothing."""
    if result is None:
        return
    file = file or sys.stdout
    WRITERS[format_name or default_format(file)](result, file)
    file.flush()


def write_table(result: Any, file: TextIO) -> None:
    """As rich draws it; a long one says what it leaves out."""
    from rich.console import Console

    Console(file=file).print(result)


def write_json(result: Any, file: TextIO) -> None:
    """The whole result, indented."""
    import msgspec

    click.echo(msgspec.json.format(encode(plain(result)), indent=2), file=file)


def write_lines(result: Any, file: TextIO) -> None:
    """One line of JSON an entry, or a row of the table."""
    entries = plain(result) if isinstance(result, list) else table_of(result).to_dicts()
    for entry in entries:
        click.echo(encode(entry), file=file)


def write_csv(result: Any, file: TextIO) -> None:
    """A header and the rows of the table."""
    table_of(result).to_csv(file)


def write_plain(result: Any, file: TextIO) -> None:
    """The rows without header, tabs between the fields: for grep, cut and while read."""
    from mixpanel_headless.results.views import printable

    for row in table_of(result):
        click.echo("\t".join("" if field is None else printable(str(field)) for field in row), file=file)


WRITERS: dict[Format, Callable[[Any, TextIO], None]] = {
    "table": write_table,
    "json": write_json,
    "jsonl": write_lines,
    "csv": write_csv,
    "plain": write_plain,
}


def plain(result: Any) -> Any:
    """The result as JSON-ready data."""
    if isinstance(result, list):
        return [plain(entry) for entry in result]
    return result.to_dict() if hasattr(result, "to_dict") else result


def table_of(result: Any) -> Table:
    """The result as rows: its own table, or one row with the fields of its top level."""
    from mixpanel_headless.results.table import Table

    table = getattr(result, "table", None)
    if isinstance(table, Table):
        return table
    fields = plain(result)
    if not isinstance(fields, dict):
        fields = {"value": fields}
    return Table(tuple(fields), [tuple(cells(fields.values()))])


def cells(values: Iterable[Any]) -> list[Any]:
    """Values that fit into one field each: what has an inner structure becomes JSON."""
    return [encode(value) if isinstance(value, dict | list) else value for value in values]


def encode(value: Any) -> str:
    """The value as compact JSON."""
    import msgspec

    return msgspec.json.encode(value).decode()
