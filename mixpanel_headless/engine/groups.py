"""Breakdowns: the segments that an event falls into, one nesting level for each clause."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from . import cohorts, filters, frequency
from .errors import BadQuery, Unsupported
from .expressions import Value, pointer, value_of_json
from .properties import PROPERTY_KEYS, property_name, property_value
from .reading import listing, mapping, number, refuse_unknown, text
from .times import local_ms

if TYPE_CHECKING:
    from .scopes import Scope

UNSET = "undefined"
NOT_A_NUMBER = "$non_numeric_values"
REMAINING = "$remaining_values"
AUTOMATIC_BUCKETS = 12
MAX_NUMBER_BUCKETS = 1_000
LARGEST_BUCKETED = 1e15
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Extent = Callable[[str], tuple[float, float] | None]  # SQL of a number → its least and greatest value


@attrs.frozen
class Grouping:
    """One level of segments: SQL of the label, or of the labels when an event can have several."""

    header: str
    sql: str
    many: bool = False
    order: Sequence[str] = ()  # the natural order of labels, where there is one


def grouping(clause: Any, scope: Scope, extent: Extent) -> Grouping:
    """The level that a group clause adds; `extent` looks at the data when buckets are chosen by it."""
    clause = mapping(clause, "A breakdown")
    refuse_unknown(clause, PROPERTY_KEYS, "breakdown")
    if clause.get("cohorts") is not None:
        return _cohorts(clause, scope)
    if clause.get("behavior") is not None:
        value = frequency.value(clause["behavior"], scope)
        return _numbers(clause, str(clause.get("value") or "Frequency"), value, scope, extent)
    name = property_name(clause)
    value = property_value(clause, scope)
    if clause.get("listItemGroup") is not None:
        return _sub_property(clause["listItemGroup"], name, value, scope)
    if clause.get("customGroups"):
        return _text_groups(clause["customGroups"], name, value, scope)
    cast = text(clause, "typeCast")
    kind = cast or text(clause, "propertyType", "string")
    if kind == "number":
        return _numbers(clause, name, _cast_number(clause, value), scope, extent)
    if kind == "datetime":
        return _datetime(text(clause, "unit"), name, value, scope)
    if cast == "boolean":
        return Grouping(name, _truth(value))
    if kind in {"string", "boolean", "list", "object"}:
        return _exact(name, value)
    raise Unsupported(f"propertyType {kind!r} in a breakdown")


def _exact(name: str, value: Value) -> Grouping:
    """Each distinct value; each distinct item where the property holds lists."""
    if not value.may_be_list:
        return Grouping(name, f"coalesce({value.text}, '{UNSET}')")
    items = f"list_transform({value.items}, lambda item: item ->> '$')"
    return Grouping(name, _never_empty(items), many=True)


def _never_empty(labels: str) -> str:
    distinct = f"list_distinct({labels})"  # which also drops NULL
    return f"(CASE WHEN len({distinct}) > 0 THEN {distinct} ELSE ['{UNSET}'] END)"


def _sub_property(inner: Any, name: str, value: Value, scope: Scope) -> Grouping:
    if not isinstance(inner, Mapping) or not isinstance(inner.get("propertyName"), str):
        raise BadQuery("listItemGroup needs a propertyName.")
    place = scope.statement.bind(pointer(inner["propertyName"]))
    labels = f"list_transform({value.items}, lambda item: {value_of_json(f'json_extract(item, {place})').text})"
    return Grouping(f"{name}.{inner['propertyName']}", _never_empty(labels), many=True)


def _text_groups(groups: Any, name: str, value: Value, scope: Scope) -> Grouping:
    """The label of the first group that the value passes."""
    branches = []
    for group in groups if isinstance(groups, list) else [None]:
        if not isinstance(group, Mapping) or not isinstance(group.get("segmentLabel"), str):
            raise BadQuery("customGroups needs a list of {filterOperator, filterValue, segmentLabel}.")
        test = filters.value_condition({"filterType": "string", **group}, value, scope)
        branches.append(f"WHEN {test} THEN {scope.statement.bind(group['segmentLabel'])}")
    unset = f"WHEN NOT {value.is_set} THEN '{UNSET}'"
    return Grouping(name, f"(CASE {unset} {' '.join(branches)} ELSE '{REMAINING}' END)")


def _truth(value: Value) -> str:
    false = f"{value.kind} IS NULL OR {value.text} IN ('false', '0', '')"
    return f"(CASE WHEN {false} THEN 'false' ELSE 'true' END)"


def _cast_number(clause: Mapping[str, Any], value: Value) -> Value:
    if clause.get("typeCast") != "number":
        return value
    number = f"CASE WHEN {value.kind} = 'VARCHAR' THEN TRY_CAST({value.text} AS DOUBLE) ELSE {value.number} END"
    return attrs.evolve(value, number=f"({number})")


def _datetime(unit: str, name: str, value: Value, scope: Scope) -> Grouping:
    local = local_ms(value.instant, scope.statement.project.zone)
    stamp = f"make_timestamp({local} * 1000)"
    iso = "'%Y-%m-%dT%H:%M:%S'"
    order: Sequence[str] = ()
    if not unit:
        label = f"strftime({stamp}, {iso})"
    elif unit == "hour_of_day":
        label, order = f"CAST(hour({stamp}) AS VARCHAR)", [str(hour) for hour in range(24)]
    elif unit == "day_of_week":
        label, order = f"{scope.statement.bind(list(DAYS))}[isodow({stamp})]", DAYS
    elif unit in {"minute", "hour", "day", "month", "quarter", "year"}:
        label = f"strftime(date_trunc('{unit}', {stamp}), {iso})"
    elif unit == "week":
        back = 1 if scope.statement.project.week_start == "sunday" else 0
        shifted = f"date_trunc('week', {stamp} + INTERVAL {back} DAY) - INTERVAL {back} DAY"
        label = f"strftime({shifted}, {iso})"
    else:
        raise Unsupported(f"breakdown unit {unit!r}")
    return Grouping(name, f"coalesce({label}, '{UNSET}')", order=order)


def _cohorts(clause: Mapping[str, Any], scope: Scope) -> Grouping:
    """One segment for each cohort that holds the person, none when no cohort does."""
    entries = clause["cohorts"]
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        raise BadQuery("cohorts must be a list of cohorts.")
    labels = []
    for entry in entries:
        name = str(entry.get("name") or "")
        label = f"Not In {name}" if entry.get("negated") else name
        test = cohorts.membership(entry, scope)
        labels.append(f"CASE WHEN {test} THEN {scope.statement.bind(label)} END")
    return Grouping("$cohorts", f"list_distinct([{', '.join(labels)}])", many=True)


def _numbers(clause: Mapping[str, Any], name: str, value: Value, scope: Scope, extent: Extent) -> Grouping:
    custom = mapping(clause.get("customBucket") or {}, "customBucket")
    if custom.get("disabled"):
        return _labelled(name, value, value.text)
    edges = _edges(clause, custom, value, extent)
    if edges is None:
        return _labelled(name, value, value.text)
    label, names = bucketed(edges, value.number, scope.statement.bind)
    return _labelled(name, value, label, names)


def bucketed(edges: Sequence[float], number: str, bind: Callable[[Any], str]) -> tuple[str, list[str]]:
    """SQL of the label of a number's bucket, and all labels in order, the under and the over included."""
    within = [bucket_label(low, high) for low, high in itertools.pairwise(edges)]
    names = [f"< {plain(edges[0])}", *within, f"≥ {plain(edges[-1])}"]
    place = f"len(list_filter({bind(list(edges))}::DOUBLE[], lambda edge: edge <= {number})) + 1"
    return f"{bind(names)}[{place}]", names


def _labelled(name: str, value: Value, label: str, order: Sequence[str] = ()) -> Grouping:
    sql = (
        f"(CASE WHEN {value.number} IS NOT NULL THEN {label} WHEN {value.kind} IS NULL THEN '{UNSET}'"
        f" ELSE '{NOT_A_NUMBER}' END)"
    )
    return Grouping(name, sql, order=[*order, NOT_A_NUMBER, UNSET] if order else ())


def _edges(clause: Mapping[str, Any], custom: Mapping[str, Any], value: Value, extent: Extent) -> list[float] | None:
    """The bounds of the number buckets: given, even between given ends, or chosen from the data."""
    if clause.get("groups"):
        return _given_edges(clause["groups"])
    size, low, high = (_number_or_none(custom.get(key)) for key in ("bucketSize", "min", "max"))
    if size is not None and size <= 0:
        raise BadQuery("bucketSize must be above 0.")
    if size is not None and low is not None and high is not None:
        return even_edges(low, high, size)
    found = extent(value.number)
    return None if found is None else aligned_edges(*found, size, low, high)


def aligned_edges(
    least: float, greatest: float, size: float | None = None, low: float | None = None, high: float | None = None
) -> list[float]:
    """Bounds at multiples of the bucket size around the values; what is not given is chosen."""
    if max(abs(least), abs(greatest)) > LARGEST_BUCKETED:
        raise Unsupported(f"automatic buckets between {least} and {greatest}")
    size = size or nice_width(least, greatest)
    first, last = math.floor(least / size) * size, (math.floor(greatest / size) + 1) * size
    return even_edges(first if low is None else low, last if high is None else high, size)


def even_edges(low: float, high: float, size: float) -> list[float]:
    """Bounds from `low` in steps of `size`, the last one at `high`."""
    if high <= low:
        raise BadQuery("The bucket's max must be above its min.")
    if (high - low) / size > MAX_NUMBER_BUCKETS:
        raise BadQuery(f"The breakdown has more than {MAX_NUMBER_BUCKETS} buckets.")
    count = math.ceil((high - low) / size - 1e-9)
    return [*(round(low + place * size, 10) for place in range(count)), round(high, 10)]  # 0.3, not 0.1 + 0.1 + 0.1


def nice_width(low: float, high: float) -> float:
    """The least 1, 2 or 5 x 10^k that needs at most twelve aligned buckets; at least 1 between whole numbers."""
    exponent = math.floor(math.log10((high - low) / AUTOMATIC_BUCKETS)) if high > low else 0
    if low == int(low) and high == int(high):
        exponent = max(exponent, 0)
    for power in range(exponent, exponent + 3):
        for digit in (1, 2, 5):
            width = digit * 10.0**power
            if math.floor(high / width) - math.floor(low / width) < AUTOMATIC_BUCKETS:
                return width
    raise Unsupported(f"automatic buckets between {low} and {high}")


def bucket_label(low: float, high: float) -> str:
    """`0 - 10`: the lower bound belongs to the bucket, the upper one to the next."""
    return f"{plain(low)} - {plain(high)}"


def plain(value: float) -> str:
    """A number without a needless fraction."""
    value = round(value, 10)
    return str(int(value)) if value == int(value) else repr(value)


def _given_edges(groups: Any) -> list[float]:
    edges = [number(edge) for edge in listing(groups, "groups")]
    if len(edges) < 2 or edges != sorted(set(edges)):
        raise BadQuery("groups must be ascending numbers.")
    return edges


def _number_or_none(value: Any) -> float | None:
    return None if value is None else number(value)
