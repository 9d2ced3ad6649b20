"""Results in the formats that people and programs read."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TextIO, get_args

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mixpanel_headless.results.table import Table

Format = Literal["table", "json", "jsonl", "csv", "plain"]
FORMATS: tuple[str, ...] = get_args(Format)
WHOLE = "--format csv or json"
"""Where a terminal's reader finds what a table leaves out."""
PROGRAMS = ("json", "jsonl")
"""The formats that programs read, with which errors are JSON too."""
FILTERED = ("json", "jsonl", "plain")
"""The formats of what a jq filter gives; plain has texts without quotes."""


class Shape(NamedTuple):
    """How a caller wants a result: in which format, and what of it."""

    format_name: Format | None = None
    select: Callable[[Any], Iterable[Any]] | None = None

    @classmethod
    def choose(cls, format_name: Format | None, jq_filter: str | None) -> Shape:
        """What the options say; a usage error for those that do not go together."""
        if jq_filter is not None and (format_name or "json") not in FILTERED:
            raise click.UsageError(f"--jq goes with --format {', '.join(FILTERED)}, not with {format_name}.")
        return cls(format_name, None if jq_filter is None else compile_filter(jq_filter))

    @property
    def for_programs(self) -> bool:
        """Whether errors are JSON as well."""
        return self.format_name in PROGRAMS


ENVIRONMENT = re.compile(r"""\$ENV|\$__prog|(?<![\w.$"'])env\b(?!\s*:)""")
"""The ways of jq to the environment variables; `.env` and `{env: ...}` are fields."""


def compile_filter(text: str) -> Callable[[Any], Iterable[Any]]:
    """What a jq filter makes of JSON; a usage error for one that jq cannot read."""
    try:
        import jq
    except ImportError:
        from mixpanel_headless.errors import MissingExtraError

        raise MissingExtraError("--jq", "jq") from None
    if ENVIRONMENT.search(text):
        raise click.UsageError("--jq may not read the environment, which holds credentials.")
    try:
        program = jq.compile(text)
    except ValueError as error:
        raise click.UsageError(f"--jq cannot be read: {str(error).splitlines()[0]}.") from None

    def select(tree: Any) -> Iterator[Any]:
        try:
            yield from program.input_text(encode(tree))
        except ValueError as error:
            raise click.UsageError(f"--jq does not fit the result: {str(error).splitlines()[0]}.") from None

    return select


def default_format(file: TextIO) -> Format:
    """A table for people, JSON for everything that is not a terminal."""
    return "table" if file.isatty() else "json"


def write_result(result: Any, shape: Shape | Format | None = None, file: TextIO | None = None) -> None:
    """Write what a call gave; None, the result of a call for its effect, writes nothing."""
    if result is None:
        return
    format_name, select = shape if isinstance(shape, Shape) else (shape, None)
    file = file or sys.stdout
    if isinstance(result, bytes):
        file.flush()
        file.buffer.write(result)
    elif select is not None:
        write_selected(select(plain(result)), format_name, file)
    else:
        WRITERS[format_name or default_format(file)](result, file)
    file.flush()


def write_selected(found: Iterable[Any], format_name: Format | None, file: TextIO) -> None:
    """One line for each result of a jq filter."""
    for one in found:
        click.echo(one if format_name == "plain" and isinstance(one, str) else encode(one), file=file)


def write_stream(rows: Iterable[Any], shape: Shape, file: TextIO | None = None) -> None:
    """Write rows as they come; a terminal that does not show them is told how many there are."""
    file = file or sys.stdout
    counted = count_rows(rows) if sys.stderr.isatty() and not file.isatty() else rows
    if shape.select is not None:
        for row in counted:
            write_selected(shape.select(plain(row)), shape.format_name, file)
    else:
        STREAM_WRITERS[shape.format_name or "jsonl"](counted, file)
    file.flush()


def count_rows(rows: Iterable[Any]) -> Iterator[Any]:
    """The same rows, with their number on stderr while they come."""
    from rich.console import Console

    with Console(stderr=True).status("0 rows") as status:
        for number, row in enumerate(rows, 1):
            if number % 1000 == 0:
                status.update(f"{number:,} rows")
            yield row


def stream_lines(rows: Iterable[Any], file: TextIO) -> None:
    """One line of JSON a row."""
    file.writelines(encode(plain(row)) + "\n" for row in rows)


def stream_json(rows: Iterable[Any], file: TextIO) -> None:
    """One list, a line for each row."""
    between = "[\n"
    for row in rows:
        file.write(between + encode(plain(row)))
        between = ",\n"
    file.write("[]\n" if between == "[\n" else "\n]\n")


def stream_csv(rows: Iterable[Any], file: TextIO) -> None:
    """A header of the first row's fields, and the rows; one with other fields ends it with an error."""
    import csv

    from mixpanel_headless.results.table import csv_cells

    writer, columns = csv.writer(file), None
    for number, row in enumerate(map(plain, rows), 1):
        if columns is None:
            columns = list(row)
            writer.writerow(columns)
        if row.keys() != set(columns):
            raise click.ClickException(f"Row {number} has other fields than the first; use --format jsonl.")
        writer.writerow(csv_cells(row[name] for name in columns))


def stream_plain(rows: Iterable[Any], file: TextIO) -> None:
    """The values of each row, tabs between them."""
    file.writelines(plain_row(plain(row).values()) + "\n" for row in rows)


STREAM_WRITERS: dict[Format, Callable[[Iterable[Any], TextIO], None]] = {
    "jsonl": stream_lines,
    "json": stream_json,
    "csv": stream_csv,
    "plain": stream_plain,
}


def write_table(result: Any, file: TextIO) -> None:
    """As rich draws it; a long one says what it leaves out. What has no view of its own is drawn by field, or by row."""
    import attrs
    from rich.console import Console

    from mixpanel_headless.cli.failures import as_typed, typed_names
    from mixpanel_headless.results.terminal import TerminalTable, terminal_table

    if hasattr(result, "__rich__"):
        view = result.__rich__()
        if isinstance(view, TerminalTable):
            view = attrs.evolve(view, whole=WHOLE, note=as_typed(view.note, typed_names()))
        Console(file=file).print(view)
        return
    fields = plain(result)
    if not isinstance(fields, dict | list):
        click.echo(str(fields), file=file)
        return
    from mixpanel_headless.results.table import Table
    from mixpanel_headless.results.views import NOTHING, format_cell

    if isinstance(fields, dict) and not hasattr(result, "table"):
        rows = list(zip(fields, map(format_cell, fields, cells(fields.values())), strict=True))
        rows.sort(key=lambda row: row[1] == NOTHING)  # of many fields those that say something are shown
        table = Table(("field", "value"), rows)
    else:
        table = table_of(result)
    Console(file=file).print(terminal_table(table, whole=WHOLE))


def write_json(result: Any, file: TextIO) -> None:
    """The whole result, indented."""
    import msgspec

    click.echo(msgspec.json.format(encode(plain(result)), indent=2), file=file)


def write_lines(result: Any, file: TextIO) -> None:
    """One line of JSON an entry or one thing, or a row of the table."""
    if isinstance(result, list):
        entries = plain(result)
    else:
        fields = plain(result)
        entries = [fields] if isinstance(fields, dict) and not hasattr(result, "table") else table_of(result).to_dicts()
    for entry in entries:
        click.echo(encode(entry), file=file)


def write_csv(result: Any, file: TextIO) -> None:
    """A header and the rows of the table."""
    table_of(result).to_csv(file)


def write_plain(result: Any, file: TextIO) -> None:
    """The rows without header, tabs between the fields, or of one thing its fields by name: for grep, cut, while read."""
    fields = None if hasattr(result, "table") else plain(result)
    for row in fields.items() if isinstance(fields, dict) else table_of(result):
        click.echo(plain_row(row), file=file)


def plain_row(row: Iterable[Any]) -> str:
    """One row, tabs between its fields."""
    from mixpanel_headless.results.views import printable

    return "\t".join(
        "" if field is None else printable(field if isinstance(field, str) else plain_value(field)) for field in row
    )


def plain_value(value: Any) -> str:
    """What is no text, as JSON writes it where that has a way."""
    return encode(value) if isinstance(value, bool | dict | list) else str(value)


WRITERS: dict[Format, Callable[[Any, TextIO], None]] = {
    "table": write_table,
    "json": write_json,
    "jsonl": write_lines,
    "csv": write_csv,
    "plain": write_plain,
}


def plain(result: Any) -> Any:
    """The result as JSON-ready data."""
    from mixpanel_headless.convert import to_plain

    return to_plain(result)


def table_of(result: Any) -> Table:
    """The result as rows: its own table, or one row with the fields of its top level."""
    from mixpanel_headless.results.table import Table

    table = getattr(result, "table", None)
    if isinstance(table, Table):
        return table
    fields = plain(result)
    if isinstance(fields, list) and all(isinstance(entry, dict) for entry in fields):
        columns = tuple(dict.fromkeys(name for entry in fields for name in entry))
        return Table(columns, [tuple(cells(entry.get(name) for name in columns)) for entry in fields])
    if isinstance(fields, list):
        return Table(("value",), [tuple(cells([entry])) for entry in fields])
    if not isinstance(fields, dict):
        fields = {"value": fields}
    return Table(tuple(fields), [tuple(cells(fields.values()))])


def cells(values: Iterable[Any]) -> list[Any]:
    """Values that fit into one field each: what has an inner structure becomes JSON."""
    return [encode(value) if isinstance(value, dict | list) else value for value in values]


def encode(value: Any) -> str:
    """The value as compact JSON."""
    import msgspec

    from mixpanel_headless.errors import InvalidResponseError

    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        text = "The answer is nested too deep to be written."
        raise InvalidResponseError(text, hint="Choose a part of it with --jq.") from None
