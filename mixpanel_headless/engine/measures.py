"""What is computed over the events of a bucket and segment: one SQL aggregate, or one per person and one over those."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from .errors import BadQuery, Unsupported
from .labels import measure_label
from .properties import property_name
from .reading import mapping, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping

QUANTILES = {"median": 0.5, "p25": 0.25, "p75": 0.75, "p90": 0.9, "p99": 0.99}
TRAILING_DAYS = {"dau": 1, "wau": 7, "mau": 30}
PEOPLE_MATHS = ("unique", "cumulative_unique", *TRAILING_DAYS)
NUMBER_MATHS = ("average", "min", "max", "numeric_summary", "custom_percentile", *QUANTILES)
PROPERTY_MATHS = (*NUMBER_MATHS, "unique_values", "most_frequent", "first_value")
INNER = {
    "total": "fsum(x)",
    "average": "favg(x)",
    "min": "min(x)",
    "max": "max(x)",
    "unique_values": "nullif(count(DISTINCT k), 0)",  # someone without a value has none, not 0
}


@attrs.frozen
class Measure:
    """The aggregates of one math, over rows with `person`, `t`, `seq`, `session`, `x` (number) and `k` (identity).

    With `inner`, rows first collapse to one `v` for each `per`, and `outer` reads those. `rank` orders segments
    when there are too many: higher stays.
    """

    label: str
    outer: str
    rank: str
    inner: str | None = None
    per: str = "person"
    empty: int | None = 0  # the value of a bucket without data
    days: int | None = None  # trailing local days that a bucket reads
    from_start: bool = False  # whether a bucket reads from the start of the range
    property: Mapping[str, Any] | None = None
    sessions: bool = False
    histogram: bool = False  # whether a last level tells the values of `v` apart by bucket
    decoded: bool = False  # whether the result is an identity to be turned back into a value


def read_measure(measurement: Any) -> Measure:
    """The measure that a clause asks for; a math without its property counts events, as the service does."""
    measurement = mapping(measurement, "measurement")
    math_name = text(measurement, "math", "total")
    math_name = {"general": "total", "percentile": "custom_percentile"}.get(math_name, math_name)
    target = measurement.get("property")
    if target is not None:
        target = mapping(target, "measurement.property")
    if measurement.get("multiAttribution") or math_name == "multi_attribution":
        raise Unsupported("math 'multi_attribution'")
    if per_user := text(measurement, "perUserAggregation"):
        return _per_user(math_name, per_user, target, measurement)
    if math_name == "histogram":
        return _histogram(target, None)
    if math_name in PEOPLE_MATHS or math_name == "sessions":
        return _counted(math_name)
    if math_name != "total" and math_name not in PROPERTY_MATHS:
        raise BadQuery(f"{math_name!r} is not a math.")
    if target is None:
        return Measure(measure_label("total", None), "count(*)", rank="count(*)")
    return _of_property(math_name, target, measurement)


def _counted(math_name: str) -> Measure:
    label = measure_label(math_name, None)
    if math_name == "sessions":
        return Measure(label, "count(DISTINCT session)", rank="count(DISTINCT session)", sessions=True)
    people = "count(DISTINCT person)"
    days = TRAILING_DAYS.get(math_name)
    return Measure(label, people, rank=people, days=days, from_start=math_name == "cumulative_unique")


def _of_property(math_name: str, target: Mapping[str, Any], measurement: Mapping[str, Any]) -> Measure:
    percent = _percent(measurement) if math_name == "custom_percentile" else None
    label = measure_label(math_name, property_name(target), percent)
    if math_name == "total":
        return Measure(label, "fsum(x)", rank="fsum(x)", property=target)
    if math_name == "unique_values":
        return Measure(label, "count(DISTINCT k)", rank="count(DISTINCT k)", property=target)
    if math_name == "first_value":
        first = "first(k ORDER BY t, seq) FILTER (k IS NOT NULL)"
        return Measure(label, first, rank="count(k)", empty=None, property=target, decoded=True)
    if math_name == "most_frequent":
        top = "first(k ORDER BY v DESC, TRY_CAST(substr(k, 2) AS DOUBLE), k) FILTER (k IS NOT NULL)"
        return Measure(label, top, rank="sum(v)", inner="count(*)", per="k", empty=None, property=target, decoded=True)
    outer = aggregate(math_name, "x", measurement)
    rank = {"min": "-min(x)", "max": "max(x)"}.get(math_name, "count(x)")
    return Measure(label, outer, rank=rank, empty=None, property=target)


def _per_user(math_name: str, inner: str, target: Mapping[str, Any] | None, measurement: Mapping[str, Any]) -> Measure:
    if math_name in {*PEOPLE_MATHS, "sessions"}:
        raise BadQuery(f"perUserAggregation does not go with math {math_name!r}.")
    if inner not in INNER:
        raise BadQuery(f"{inner!r} is not a perUserAggregation.")
    if math_name == "histogram":
        return _histogram(target, inner)
    if math_name not in {"total", "unique_values", *NUMBER_MATHS}:
        raise Unsupported(f"math {math_name!r} with perUserAggregation")
    name = property_name(target) if target is not None else None
    sql = INNER[inner] if name is not None else "count(*)"
    percent = _percent(measurement) if math_name == "custom_percentile" else None
    label = measure_label(math_name, name, percent, inner if name else "total")
    outer = {"total": "fsum(v)", "unique_values": "count(DISTINCT v)"}.get(math_name)
    return Measure(
        label,
        outer or aggregate(math_name, "v", measurement),
        rank="count(v)",
        inner=sql,
        empty=0 if outer else None,
        property=target,
    )


def _histogram(target: Mapping[str, Any] | None, per_user: str | None) -> Measure:
    """How many events, or people, have a value in each bucket; `$overall` has all that have a value."""
    name = property_name(target) if target is not None else None
    if name is None and per_user is None:
        return Measure(measure_label("total", None), "count(*)", rank="count(*)")
    inner, per = ("any_value(x)", "seq, x") if per_user is None else (INNER[per_user] if name else "count(*)", "person")
    label = measure_label("histogram", name, None, None if per_user is None else per_user if name else "total")
    return Measure(label, "count(v)", rank="count(v)", inner=inner, per=per, property=target, histogram=True)


def aggregate(math_name: str, column: str, measurement: Mapping[str, Any]) -> str:
    """SQL of a math over a column of numbers; the measurement holds its percentile, if it takes one."""
    if math_name in QUANTILES:
        return f"quantile_cont({column}, {QUANTILES[math_name]})"
    if math_name in {"custom_percentile", "percentile"}:
        return f"quantile_cont({column}, {_percent(measurement) / 100!r})"
    if math_name == "numeric_summary":
        return (
            f"struct_pack(count := count({column}), mean := favg({column}), var := var_pop({column}),"
            f" sum_of_squares := fsum({column} * {column}))"
        )
    plain = {"total": "fsum({})", "general": "fsum({})", "average": "favg({})", "min": "min({})", "max": "max({})"}
    return plain[math_name].format(column)


def _percent(measurement: Mapping[str, Any]) -> float:
    percent = number(measurement.get("percentile"))
    if not 0 <= percent <= 100:
        raise BadQuery("custom_percentile needs a percentile from 0 to 100.")
    return percent


def plain_value(value: Any, measure: Measure) -> Any:
    """A result as JSON has it: whole floats as integers, nothing for what is not a number."""
    if value is None:
        return measure.empty
    if isinstance(value, dict):
        return {key: plain_value(item, measure) for key, item in value.items()}
    if measure.decoded and isinstance(value, str):
        return _decoded(value)
    return tidy(float(value)) if isinstance(value, float) else value


def _decoded(identity: str) -> Any:
    if identity[0] == "n":
        return tidy(float(identity[1:]))
    return identity[1:] == "true" if identity[0] == "B" else identity[1:]


def tidy(value: float) -> int | float | None:
    """A number for an answer; None when it is not finite."""
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value
