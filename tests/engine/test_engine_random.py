"""Random events: the engine's numbers against a second, plain computation of the same questions."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.asking import JSON, by, event, filled, metric, only, report, where

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
HOURS = st.integers(0, 24 * 4 - 1)  # one day more than the asked range
VALUES = st.one_of(
    st.none(), st.sampled_from(["x", "X", "", "1"]), st.booleans(), st.integers(-3, 12), st.sampled_from([0.5, 2.0])
)
PROPERTIES = st.fixed_dictionaries(
    {}, optional={"p": VALUES, "n": VALUES, "tags": st.lists(st.sampled_from("abc"), max_size=3)}
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["u1", "u2", "u3"]), HOURS, PROPERTIES), max_size=25
)
Row = tuple[str, str, int, dict[str, Any]]
relaxed = settings(max_examples=20)


def wire(row: Row) -> JSON:
    name, user, hour, properties = row
    return event(name, user, (START + dt.timedelta(hours=hour)).isoformat()[:19], **properties)


def answer(rows: Sequence[Row], shown: JSON, **more: Any) -> dict[str, Any]:
    with filled(*map(wire, rows), event("A", "nobody", "2020-01-01T00:00:00")) as engine:
        series: dict[str, Any] = only(engine.insights(report(shown, chart="line", **more)))
        return series


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_text(value: Any) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if is_number(value) and value == int(value) else str(value)


def expected(rows: Sequence[Row], keys: Callable[[dict[str, Any]], set[str]], value: Callable[[list[Row]], Any]) -> Any:
    """Segment → the three days' values, by brute force."""
    found: dict[str, list[list[Row]]] = defaultdict(lambda: [[], [], []])
    found["$overall"]
    for row in rows:
        if row[0] == "A" and row[2] < 72:
            for key in {"$overall", *keys(row[3])}:
                found[key][row[2] // 24].append(row)
    return {key: [value(day) for day in days] for key, days in found.items()}


def plotted(series: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: list(leaf.values()) for name, leaf in series.items()}


@relaxed
@given(EVENTS)
def test_totals_by_segment(rows: list[Row]) -> None:
    found = plotted(answer(rows, metric("A"), groups=[by("p")]))
    assert found == expected(rows, lambda own: {as_text(own.get("p"))}, len)


@relaxed
@given(EVENTS)
def test_users_by_item_of_a_list(rows: list[Row]) -> None:
    found = plotted(answer(rows, metric("A", "unique"), groups=[by("tags", "list")]))
    assert found == expected(
        rows, lambda own: set(own.get("tags") or ["undefined"]), lambda day: len({user for _, user, _, _ in day})
    )


@relaxed
@given(EVENTS)
def test_sums_and_averages(rows: list[Row]) -> None:
    def numbers(day: list[Row]) -> list[float]:
        return [own["n"] for _, _, _, own in day if is_number(own.get("n"))]

    sums = plotted(answer(rows, metric("A", "total", of="n"), groups=[by("p")]))
    assert sums == expected(rows, lambda own: {as_text(own.get("p"))}, lambda day: sum(numbers(day)))
    means = list(answer(rows, metric("A", "average", of="n")).values())
    brute = expected(rows, lambda _: set(), lambda day: sum(numbers(day)) / len(numbers(day)) if numbers(day) else None)
    assert means == pytest.approx(brute["$overall"])


@relaxed
@given(EVENTS)
def test_the_maximum_that_each_user_has_on_average(rows: list[Row]) -> None:
    def value(day: list[Row]) -> float | None:
        best: dict[str, float] = {}
        for _, user, _, own in day:
            if is_number(own.get("n")):
                best[user] = max(own["n"], best.get(user, own["n"]))
        return sum(best.values()) / len(best) if best else None

    found = list(answer(rows, metric("A", "average", of="n", perUserAggregation="max")).values())
    assert found == pytest.approx(expected(rows, lambda _: set(), value)["$overall"])


FILTERS: list[tuple[JSON, Callable[[Any], bool]]] = [
    (where("p", "equals", ["x"]), lambda p: isinstance(p, str) and p.lower() == "x"),
    (where("p", "does not equal", ["x", "1"]), lambda p: not (isinstance(p, str) and p.lower() in {"x", "1"})),
    (where("p", "contains", ""), lambda p: isinstance(p, str)),
    (where("p", "is set"), lambda p: p is not None),
    (where("p", "is greater than", 1, "number"), lambda p: is_number(p) and p > 1),
    (where("p", "not between", [0, 5], "number"), lambda p: is_number(p) and not 0 <= p <= 5),
    (where("p", "does not equal", 2, "number"), lambda p: not (is_number(p) and p == 2)),
    (where("p", "true", None, "boolean"), lambda p: p is True),
]


@relaxed
@given(EVENTS, st.lists(st.sampled_from(range(len(FILTERS))), max_size=3), st.sampled_from(["all", "any"]))
def test_filters_joined_by_all_or_any(rows: list[Row], chosen: list[int], determiner: str) -> None:
    join = all if determiner == "all" or not chosen else any
    shown = metric("A", behavior={"filters": [FILTERS[one][0] for one in chosen], "filtersDeterminer": determiner})
    kept = [row for row in rows if join(FILTERS[one][1](row[3].get("p")) for one in chosen)]
    assert list(answer(rows, shown).values()) == expected(kept, lambda _: set(), len)["$overall"]


@relaxed
@given(EVENTS, st.integers(1, 4))
def test_a_rolling_mean_is_the_mean_of_the_last_buckets(rows: list[Row], size: int) -> None:
    counts = expected(rows, lambda _: set(), len)["$overall"]
    found = list(answer(rows, metric("A"), analysis="rolling", rollingWindowSize=size).values())
    padded = [0] * (size - 1) + counts
    assert found == pytest.approx([sum(padded[place : place + size]) / size for place in range(3)])


@relaxed
@given(EVENTS)
def test_an_overall_of_users_is_never_more_than_the_sum_of_its_segments_nor_less_than_the_largest(
    rows: list[Row],
) -> None:
    found = plotted(answer(rows, metric("A", "unique"), groups=[by("p")]))
    overall = found.pop("$overall")
    for day, count in enumerate(overall):
        parts = [points[day] for points in found.values()]
        assert max(parts, default=0) <= count <= sum(parts)
