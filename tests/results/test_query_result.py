from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from mixpanel_headless.errors import MissingExtraError, QueryError
from mixpanel_headless.results.insights import QueryResult

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance
    from tests.results.conftest import Answer

SERIES = {"Login": {"$overall": {"2026-01-05T00:00:00-05:00": 4}, "pro": {"2026-01-05T00:00:00-05:00": 3}}}


def reply() -> dict[str, Any]:
    return {
        "computed_at": "2026-01-08T00:00:00+00:00",
        "date_range": {"from_date": "2026-01-05", "to_date": "2026-01-07"},
        "headers": ["$metric", "plan"],
        "series": copy.deepcopy(SERIES),
        "meta": {"min_sampling_factor": 1.0, "report_sections": {"show": []}},
    }


def test_a_reply_becomes_a_result_with_every_part() -> None:
    result = QueryResult.from_reply(reply(), {"sections": {}})
    assert result.to_dict() == {
        "computed_at": "2026-01-08T00:00:00+00:00",
        "from_date": "2026-01-05",
        "to_date": "2026-01-07",
        "headers": ["$metric", "plan"],
        "series": SERIES,
        "params": {"sections": {}},
        "meta": {"min_sampling_factor": 1.0, "report_sections": {"show": []}},
    }


@pytest.mark.parametrize("odd", [None, 5, "text", ["list"]])
def test_parts_of_a_reply_that_are_missing_or_odd_are_empty(odd: Any) -> None:
    assert QueryResult.from_reply({"series": {}}, {}) == QueryResult()
    assert QueryResult.from_reply({"series": {}, "date_range": odd, "meta": odd}, {}) == QueryResult()
    assert QueryResult.from_reply({"series": {}, "date_range": {"to_date": 5}, "headers": {}}, {}) == QueryResult()


def test_a_result_can_be_made_from_keywords() -> None:
    result = QueryResult(
        computed_at="now",
        from_date="2026-01-05",
        to_date="2026-01-06",
        headers=["$metric"],
        series=SERIES,
        params={},
        meta={},
    )
    assert (result.computed_at, result.series, result.provenance.origin) == ("now", SERIES, "given")


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"error": "query timed out"}, "query timed out"),
        ({"error": "partial", "series": {}}, "partial"),
        ({"status": "ok", "results": {}}, "results"),
        ({"series": None}, "series"),
        ({"series": [1]}, "series"),
        ({"series": {"Login": [1, 2]}}, r"series of 'Login' is \[1, 2\]"),
        ({"series": {"Login": {"2026-01-01": 1}, "Visit": None}}, "series of 'Visit' is None"),
        ([], "list"),
        (None, "NoneType"),
    ],
)
def test_an_answer_without_a_series_is_a_query_error(body: Any, names: str) -> None:
    with pytest.raises(QueryError, match=names) as caught:
        QueryResult.check_reply(body)
    assert caught.value.status_code == 200
    assert caught.value.response_body == body


@pytest.mark.parametrize("part", ["headers", "series", "params", "meta"])
def test_changing_one_result_is_seen_by_no_other(part: str) -> None:
    shared = reply()
    params: dict[str, Any] = {"sections": {"show": [{}]}}
    mine, yours = (QueryResult.from_reply(shared, params) for _ in range(2))
    before = copy.deepcopy(yours.to_dict())
    own = getattr(mine, part)
    own.append("changed") if part == "headers" else own.clear()
    assert yours.to_dict() == before
    assert shared == reply()
    assert params == {"sections": {"show": [{}]}}


def test_changes_in_depth_stay_with_the_result_that_was_changed() -> None:
    shared = reply()
    mine, yours = (QueryResult.from_reply(shared, {}) for _ in range(2))
    mine.series["Login"]["pro"].clear()
    mine.meta["report_sections"]["show"].append("changed")
    assert yours.series == SERIES
    assert yours.meta == reply()["meta"]
    assert mine.series["Login"]["pro"] == {}


def test_the_table_shows_the_answer_as_it_was_given() -> None:
    result = QueryResult.from_reply(reply(), {})
    result.series.clear()
    assert len(result.table) == 2


def test_what_to_dict_gives_may_be_changed_freely() -> None:
    result = QueryResult.from_reply(reply(), {})
    result.to_dict()["series"]["Login"].clear()
    assert result.series == SERIES


def test_parts_cannot_be_replaced() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        QueryResult().series = {}


def test_equality_looks_at_values_and_not_at_where_they_came_from(provenance: Provenance) -> None:
    network = QueryResult.from_reply(reply(), {}, provenance)
    cached = QueryResult.from_reply(reply(), {}, attrs.evolve(provenance, origin="cache", cost=0))
    assert network == cached
    cached.series["Login"].clear()
    assert network != cached
    assert network != "a result"


def test_a_result_has_no_hash_because_its_parts_can_change() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(QueryResult())


def test_a_result_survives_pickling(answer: Answer) -> None:
    result = answer(SERIES)
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again.provenance == result.provenance


def test_a_repr_is_one_short_line(answer: Answer) -> None:
    result = answer({f"Metric {number}": {"all": number} for number in range(500)})
    assert repr(result) == (
        "<QueryResult 'Metric 0', 'Metric 1' and 498 more, 2026-01-05 to 2026-01-07, network, 1 request, waited 2.3 s>"
    )
    assert repr(QueryResult()) == "<QueryResult nothing, no dates, given>"


def test_a_data_frame_has_the_tables_columns_and_rows(answer: Answer) -> None:
    frame = answer(SERIES).df
    assert list(frame.columns) == ["date", "event", "segment", "count"]
    assert frame.to_numpy().tolist() == [
        ["2026-01-05T00:00:00", "Login", "$overall", 4],
        ["2026-01-05T00:00:00", "Login", "pro", 3],
    ]


def test_a_data_frame_without_rows_keeps_its_columns(answer: Answer) -> None:
    frame = answer({"Login": {}}, headers=["$metric", "plan"]).df
    assert list(frame.columns) == ["date", "event", "segment", "count"]
    assert frame.empty


def test_the_data_frame_is_built_once(answer: Answer) -> None:
    result = answer(SERIES)
    assert result.df is result.df


def test_without_pandas_a_data_frame_names_the_extra_and_the_table_still_works(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = answer(SERIES)
    with pytest.raises(MissingExtraError, match=r"mixpanel-headless\[pandas\]"):
        _ = result.df
    assert len(result.table) == 2


def test_a_pandas_that_cannot_start_is_not_called_missing(
    answer: Answer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "pandas.py").write_text("import a_module_that_pandas_needs\n")
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_pandas_needs"):
        _ = answer(SERIES).df


def test_reading_an_answer_loads_neither_pandas_nor_rich() -> None:
    program = (
        "import sys\n"
        "from mixpanel_headless.results.insights import QueryResult\n"
        "result = QueryResult.from_reply({'series': {'Login': {'all': 1}}}, {})\n"
        "result.table, result.to_dict(), result.summary(), result._repr_html_()\n"
        "print(sorted({'pandas', 'rich', 'aiohttp', 'duckdb'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
