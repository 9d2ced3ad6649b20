"""The tables behind the structure checks of a bookmark; every subject is a JSON object."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias, get_args

from mixpanel_headless.suggestions import nearest

from .fields import is_positive_integer
from .operators import ALIASES, OPERATORS
from .rules import Rule
from .vocabulary import FUNNEL_MATHS, MATHS, MATHS_NEEDING_PROPERTY, PER_USER, RETENTION_MATHS, Combinator, among

Object: TypeAlias = "dict[str, Any]"

CHARTS: Final = frozenset(
    {
        "bar",
        "bar-stacked",
        "column",
        "stacked-column",
        "line",
        "stacked-line",
        "pie",
        "table",
        "metric",
        "insights-metric",
        "funnel-steps",
        "retention-curve",
    }
)
WIRE_UNITS: Final = frozenset(
    {"second", "minute", "hour", "day", "week", "month", "quarter", "year", "session", "day_of_week", "hour_of_day"}
)
RANGE_TYPES: Final = frozenset({"between", "in the last", "since", "on", "relative_after"})
BEHAVIOR_TYPES: Final = frozenset(
    {"event", "custom-event", "simple", "cohort", "people", "funnel", "retention", "addiction", "formula", "metric"}
)
PROPERTY_TYPES: Final = frozenset({"string", "number", "boolean", "datetime", "list", "object"})
FILTER_OPERATORS: Final = frozenset({*OPERATORS, *ALIASES})
DETERMINERS: Final = frozenset(get_args(Combinator))
_OWN_MATHS: Final = {"funnel": FUNNEL_MATHS, "retention": RETENTION_MATHS}
MAX_FILTER_VALUES: Final = 1_000


def maths_of(clause: Object) -> frozenset[str]:
    """The maths that the behavior of a show clause allows."""
    kind = clause["behavior"].get("type")
    return _OWN_MATHS[kind] if among(kind, _OWN_MATHS) else MATHS


def _measurement(clause: Object) -> Object:
    measurement = clause.get("measurement")
    return measurement if isinstance(measurement, dict) else {}


def is_cohort(clause: Object) -> bool:
    """Whether the behavior of a show clause is the size of a cohort."""
    return bool(clause["behavior"].get("type") == "cohort")


def _unknown(value: object, known: frozenset[str]) -> bool:
    return value is not None and not (isinstance(value, str) and value in known)


DISPLAY_RULES: tuple[Rule[Object], ...] = (
    Rule("B5_MISSING_CHART_TYPE", "chartType", lambda d: not d.get("chartType"), "a report needs a chart type."),
    Rule(
        "B6_INVALID_CHART_TYPE",
        "chartType",
        lambda d: bool(d.get("chartType")) and _unknown(d["chartType"], CHARTS),
        "there is no chart type {0[chartType]!r}.",
        lambda d: nearest(d["chartType"], CHARTS),
    ),
)

COHORT_RULES: tuple[Rule[Object], ...] = (
    Rule(
        "B22_COHORT_BEHAVIOR_ID",
        "behavior.id",
        lambda c: "id" in c["behavior"] and not is_positive_integer(c["behavior"]["id"]),
        "Cohort behavior id must be a positive integer",
    ),
    Rule(
        "B22_COHORT_MISSING_IDENTIFIER",
        "behavior",
        lambda c: not c["behavior"].keys() & {"id", "raw_cohort"},
        "Cohort behavior must have either 'id' (saved cohort) or 'raw_cohort' (inline definition)",
    ),
    Rule(
        "B23_COHORT_RESOURCE_TYPE",
        "behavior.resourceType",
        lambda c: c["behavior"].get("resourceType", "cohorts") != "cohorts",
        "Cohort behavior resourceType must be 'cohorts' (got {0[behavior][resourceType]!r})",
    ),
    Rule(
        "B24_COHORT_MATH",
        "measurement.math",
        lambda c: _measurement(c).get("math", "unique") != "unique",
        "Cohort behavior math must be 'unique' (got {0[measurement][math]!r})",
    ),
)

BEHAVIOR_RULES: tuple[Rule[Object], ...] = (
    Rule(
        "B7_UNKNOWN_BEHAVIOR_TYPE",
        "behavior.type",
        lambda c: _unknown(c["behavior"].get("type"), BEHAVIOR_TYPES),
        "behavior type {0[behavior][type]!r} is not known here.",
        lambda c: nearest(c["behavior"]["type"], BEHAVIOR_TYPES),
        severity="warning",
    ),
    Rule(
        "B8_MISSING_EVENT_NAME",
        "behavior.name",
        lambda c: c["behavior"].get("type") == "event" and not c["behavior"].get("name"),
        "an event needs a name.",
    ),
)

MEASUREMENT_RULES: tuple[Rule[Object], ...] = (  # of a clause whose measurement is an object
    Rule(
        "B9_INVALID_MATH",
        "measurement.math",
        lambda c: not is_cohort(c) and _unknown(c["measurement"].get("math"), maths_of(c)),
        "there is no math {0[measurement][math]!r} here.",
        lambda c: nearest(c["measurement"]["math"], maths_of(c)),
    ),
    Rule(
        "B10_MATH_WITHOUT_PROPERTY",
        "measurement.property",
        lambda c: (
            among(c["measurement"].get("math"), MATHS_NEEDING_PROPERTY)
            and maths_of(c) is MATHS
            and not c["measurement"].get("property")
            and not c["measurement"].get("perUserAggregation")
        ),
        "math {0[measurement][math]!r} without a property counts events instead.",
        severity="warning",
    ),
    Rule(
        "B11_INVALID_PER_USER",
        "measurement.perUserAggregation",
        lambda c: _unknown(c["measurement"].get("perUserAggregation"), PER_USER),
        "there is no aggregation {0[measurement][perUserAggregation]!r} per user.",
        lambda c: nearest(c["measurement"]["perUserAggregation"], PER_USER),
    ),
)

DETERMINER_RULES: tuple[Rule[Object], ...] = (
    Rule(
        "B19_INVALID_FILTERS_DETERMINER",
        "behavior.filtersDeterminer",
        lambda c: _unknown(c["behavior"].get("filtersDeterminer"), DETERMINERS),
        "Invalid filtersDeterminer {0[behavior][filtersDeterminer]!r}. Valid (2 total): ['all', 'any']",
        severity="warning",
    ),
)

TIME_RULES: tuple[Rule[Object], ...] = (
    Rule(
        "B12_INVALID_DATE_RANGE_TYPE",
        "dateRangeType",
        lambda t: _unknown(t.get("dateRangeType"), RANGE_TYPES),
        "there is no date range {0[dateRangeType]!r}.",
        lambda t: nearest(t["dateRangeType"], RANGE_TYPES),
    ),
    Rule(
        "B13_UNKNOWN_UNIT",
        "unit",
        lambda t: _unknown(t.get("unit"), WIRE_UNITS),
        "unit {0[unit]!r} is not known here.",
        lambda t: nearest(t["unit"], WIRE_UNITS),
        severity="warning",
    ),
)


def _is_not_finite(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(item, float) and not math.isfinite(item) for item in values)


FILTER_RULES: tuple[Rule[Object], ...] = (
    Rule(
        "B15_UNKNOWN_FILTER_TYPE",
        "filterType",
        lambda f: _unknown(f.get("filterType"), PROPERTY_TYPES),
        "filter type {0[filterType]!r} is not known here.",
        lambda f: nearest(f["filterType"], PROPERTY_TYPES),
        severity="warning",
    ),
    Rule(
        "B16_UNKNOWN_OPERATOR",
        "filterOperator",
        lambda f: _unknown(f.get("filterOperator"), FILTER_OPERATORS),
        "operator {0[filterOperator]!r} is not known here.",
        lambda f: nearest(f["filterOperator"], OPERATORS),
        severity="warning",
    ),
    Rule(
        "B18_MISSING_FILTER_PROPERTY",
        "",
        lambda f: not any(f.get(key) for key in ("value", "propertyName", "customPropertyId", "customProperty")),
        "the filter names no property.",
    ),
    Rule("B20_EMPTY_FILTER_VALUE", "filterValue", lambda f: f.get("filterValue") == [], "no value is given."),
    Rule(
        "B20B_FILTER_VALUE_NOT_FINITE",
        "filterValue",
        lambda f: _is_not_finite(f.get("filterValue")),
        "{0[filterValue]} cannot be sent; give finite numbers.",
    ),
    Rule(
        "B21_FILTER_VALUE_TOO_MANY",
        "filterValue",
        lambda f: isinstance(f.get("filterValue"), list) and len(f["filterValue"]) > MAX_FILTER_VALUES,
        f"a filter compares with at most {MAX_FILTER_VALUES} values.",
    ),
)

GROUP_RULES: tuple[Rule[Object], ...] = (
    Rule(
        "B17_UNKNOWN_GROUP_TYPE",
        "propertyType",
        lambda g: _unknown(g.get("propertyType"), PROPERTY_TYPES),
        "property type {0[propertyType]!r} is not known here.",
        lambda g: nearest(g["propertyType"], PROPERTY_TYPES),
        severity="warning",
    ),
)
