"""Data frames; the one place that imports pandas, polars and pyarrow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from mixpanel_headless.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from .table import Table

Kind = Literal["nothing", "bool", "int", "float", "text", "time"]
LARGEST: Final = 2**63 - 1
EXACT: Final = 2**53
"""Up to here every whole number is a float too."""
_KINDS: Final[dict[type, Kind]] = {
    type(None): "nothing", bool: "bool", int: "int", float: "float", str: "text", datetime: "time",
}  # fmt: skip


@attrs.frozen
class Column:
    """A column whose values are all of one kind, or None."""

    name: str
    kind: Kind
    values: list[Any]


def to_pandas(table: Table) -> pd.DataFrame:
    """The table as a new data frame, dates as text; raises MissingExtraError when pandas is not installed."""
    import_extra("pandas", "A data frame", "pandas")
    import pandas as pd

    return pd.DataFrame(list(table.rows), columns=list(table.columns))


def to_polars(table: Table) -> pl.DataFrame:
    """The table as a new polars frame, dates as text; raises MissingExtraError when polars is not installed."""
    import_extra("polars", "A polars frame", "polars")
    import polars as pl

    types = {
        "nothing": pl.Null(),
        "bool": pl.Boolean(),
        "int": pl.Int64(),
        "float": pl.Float64(),
        "text": pl.String(),
        "time": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame([pl.Series(one.name, one.values, dtype=types[one.kind]) for one in typed_columns(table)])


def to_arrow(table: Table) -> pa.Table:
    """The table as a new arrow table, dates as text; raises MissingExtraError when pyarrow is not installed."""
    import_extra("pyarrow", "An arrow table", "arrow")
    import pyarrow as pa

    types = {
        "nothing": pa.null(),
        "bool": pa.bool_(),
        "int": pa.int64(),
        "float": pa.float64(),
        "text": pa.string(),
        "time": pa.timestamp("us", "UTC"),
    }
    columns = typed_columns(table)
    return pa.table([pa.array(one.values, types[one.kind]) for one in columns], names=[one.name for one in columns])


def import_extra(package: str, feature: str, extra: str) -> ModuleType:
    """The package; MissingExtraError, which names the extra that brings it, when it is not installed."""
    try:
        return import_module(package)
    except ModuleNotFoundError as missing:
        if missing.name != package:  # the package is there, something that it needs is not
            raise
        raise MissingExtraError(feature, extra) from missing


def typed_columns(table: Table) -> list[Column]:
    """The table by columns, each with the one kind that holds all its values without loss; text holds any."""
    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.columns)
    return [_column(_encodable(name), list(values)) for name, values in zip(table.columns, columns, strict=True)]


def _column(name: str, values: list[Any]) -> Column:
    kinds = {_KINDS.get(type(value)) for value in values} - {"nothing"}
    numbers = [value for value in values if type(value) is int] if "int" in kinds else []
    if kinds == {"int", "float"} and _within(numbers, EXACT):
        return Column(name, "float", [None if value is None else float(value) for value in values])
    kind = kinds.pop() if len(kinds) == 1 else None if kinds else "nothing"
    if kind is None or kind == "text" or not _within(numbers, LARGEST):
        return Column(name, "text", [None if value is None else _text(value) for value in values])
    if kind == "time":
        return Column(name, "time", [None if value is None else _moment(value) for value in values])
    return Column(name, kind, values)


def _within(numbers: Iterable[int], largest: int) -> bool:
    return all(-largest <= number <= largest for number in numbers)


def _text(value: Any) -> str:
    return _encodable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _encodable(text: str) -> str:
    """The text, halves of characters (which JSON allows and no frame holds) written out."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _moment(value: datetime) -> datetime:
    """A moment in UTC; one without a zone is taken as UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
