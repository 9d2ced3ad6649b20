"""How the charts of a report are sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import ValidationError, shown
from mixpanel_headless.suggestions import nearest

from .bookmark_rules import CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHART_FIELDS: Final = frozenset({"sortBy", "colSortAttrs", "sortOrder", "valueField", "viewNLimit"})
_COLUMN_FIELDS: Final = frozenset({"sortBy", "sortOrder", "valueField", "viewNLimit", "sortValue"})
_ORDERS: Final = frozenset({"asc", "desc"})


def sorting_problems(sorting: object) -> Iterator[ValidationError]:
    """What is wrong with the `sorting` block of a bookmark (`S1` to `S5`)."""
    if not isinstance(sorting, dict):
        yield ValidationError("sorting", "sorting is an object, with a key for each chart.", "S5_NOT_A_DICT")
        return
    for chart, how in sorting.items():
        path = f"sorting.{chart}"
        if chart not in CHARTS:
            complaint = f"Invalid chart type {shown(chart)}"
            yield ValidationError(path, complaint, "S4_UNKNOWN_CHART_TYPE", "warning", nearest(chart, CHARTS))
        elif not isinstance(how, dict):
            yield ValidationError(path, "the sorting of a chart is an object.", "S5_NOT_A_DICT")
        else:
            yield from _chart_problems(how, path)


def _chart_problems(how: dict[str, Any], path: str) -> Iterator[ValidationError]:
    columns = how.get("colSortAttrs", [])
    if how.get("sortBy") == "column" and "colSortAttrs" not in how:
        yield ValidationError(
            f"{path}.colSortAttrs", "sorting by column names the columns.", "S2_MISSING_COL_SORT_ATTRS"
        )
    if not isinstance(columns, list):
        yield ValidationError(f"{path}.colSortAttrs", "the columns are a list.", "S2_MISSING_COL_SORT_ATTRS")
        columns = []
    yield from _unknown_fields(how, _CHART_FIELDS, path)
    for position, column in enumerate(columns):
        place = f"{path}.colSortAttrs[{position}]"
        if not isinstance(column, dict):
            yield ValidationError(place, "a column is an object.", "S5_NOT_A_DICT")
            continue
        yield from _unknown_fields(column, _COLUMN_FIELDS, place)
        if column.get("sortOrder", "asc") not in _ORDERS:
            order = column["sortOrder"]
            yield ValidationError(f"{place}.sortOrder", f"{shown(order)} is neither asc nor desc.", "S1_INVALID_ORDER")


def _unknown_fields(value: dict[str, Any], known: frozenset[str], path: str) -> Iterator[ValidationError]:
    for name in value:
        if name not in known:
            yield ValidationError(f"{path}.{name}", "Extra inputs are not permitted", "S3_UNKNOWN_FIELD")
