"""Tables as polars and arrow frames."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.errors import MissingExtraError
from mixpanel_headless.results.discovery import Listing, TopEvent
from mixpanel_headless.results.table import Table
from tests.results.conftest import Answer, days

if TYPE_CHECKING:
    from collections.abc import Callable

HALF = "\ud83d"


def rows_of_polars(table: Table) -> list[tuple[Any, ...]]:
    pytest.importorskip("polars")
    return table.to_polars().rows()


def rows_of_arrow(table: Table) -> list[tuple[Any, ...]]:
    pytest.importorskip("pyarrow")
    frame = table.to_arrow()
    return list(zip(*(column.to_pylist() for column in frame.columns), strict=True))


rows_in_both = pytest.mark.parametrize("rows", [rows_of_polars, rows_of_arrow], ids=["polars", "arrow"])


def test_an_answer_is_a_polars_frame_with_a_column_of_whole_numbers(answer: Answer) -> None:
    polars = pytest.importorskip("polars")
    frame = answer({"Login": dict(zip(days(2), [3, 4], strict=True))}).pl()
    assert dict(frame.schema) == {"date": polars.String, "event": polars.String, "count": polars.Int64}
    assert frame["count"].to_list() == [3, 4]


def test_an_answer_is_an_arrow_table_with_a_column_of_whole_numbers(answer: Answer) -> None:
    pytest.importorskip("pyarrow")
    frame = answer({"Login": dict(zip(days(2), [3, 4], strict=True))}).arrow()
    assert [(field.name, str(field.type)) for field in frame.schema] == [
        ("date", "string"),
        ("event", "string"),
        ("count", "int64"),
    ]
    assert frame["count"].to_pylist() == [3, 4]


@rows_in_both
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([True, None, False], [True, None, False]),
        ([None, None], [None, None]),
        ([2**63], ["9223372036854775808"]),
        ([2**53 + 1, 0.5], ["9007199254740993", "0.5"]),
        (["gold", 3, True, None], ["gold", "3", "true", None]),
        ([["a", 1], {"b": None}], ['["a", 1]', '{"b": null}']),
        ([f"a{HALF}"], [r"a\ud83d"]),
    ],
    ids=["numbers", "truths", "nothing", "beyond 64 bits", "beyond floats", "several kinds", "nested", "half a sign"],
)
def test_a_column_has_the_one_kind_that_holds_all_its_values(
    rows: Callable[[Table], list[tuple[Any, ...]]], given: list[Any], kept: list[Any]
) -> None:
    assert [value for (value,) in rows(Table(("x",), [(value,) for value in given]))] == kept


@rows_in_both
def test_a_moment_is_the_same_moment_in_utc(rows: Callable[[Table], list[tuple[Any, ...]]]) -> None:
    moment = datetime(2026, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    ((value,),) = rows(Table(("time",), [(moment,)]))
    assert (value, value.utcoffset()) == (moment, timedelta(0))


@rows_in_both
def test_an_answer_without_rows_keeps_its_columns(rows: Callable[[Table], list[tuple[Any, ...]]]) -> None:
    assert rows(Table(("date", "count"), [])) == []


def test_columns_of_one_name_all_stay_under_names_of_their_own() -> None:
    table = Table(("event", "time", "event", "event_2"), [("Login", 1, "a property", 2)])
    assert table.columns == ("event", "time", "event_3", "event_2")
    assert table.to_dicts() == [{"event": "Login", "time": 1, "event_3": "a property", "event_2": 2}]


@pytest.mark.parametrize(
    ("package", "extra", "view"), [("polars", "polars", Table.to_polars), ("pyarrow", "arrow", Table.to_arrow)]
)
def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    package: str, extra: str, view: Callable[[Table], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError) as caught:
        view(Table(("x",), [(1,)]))
    assert f"mixpanel-headless[{extra}]" in str(caught.value)


def test_a_list_from_discovery_has_the_same_views() -> None:
    pytest.importorskip("polars")
    events = Listing([TopEvent("Login", 30, 0.5), TopEvent("Pay", 3, -0.25)])
    assert events.pl().rows() == [("Login", 30, 0.5), ("Pay", 3, -0.25)]
    assert events.df["event"].tolist() == ["Login", "Pay"]
    assert events.summary(rows=1).splitlines()[:3] == [
        "2 entries",
        "event | count | percent_change",
        "Login | 30 | 0.5",
    ]
    assert events.summary(rows=1).splitlines()[3] == "... 1 of 2 rows left out; see .table"


def test_moments_without_a_zone_are_taken_as_utc() -> None:
    pytest.importorskip("polars")
    moments = Table(("time",), [(datetime(2026, 1, 5),), (datetime(2026, 1, 5, tzinfo=UTC),)])  # noqa: DTZ001
    first, second = moments.to_polars()["time"].to_list()
    assert first == second
