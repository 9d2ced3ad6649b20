"""The words that a query may use, as types for the editor and as sets for the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection

Unit = Literal["hour", "day", "week", "month", "quarter"]
Mode = Literal["timeseries", "total", "table"]
FunnelMode = Literal["steps", "trends", "table"]
RetentionMode = Literal["curve", "trends", "table"]
Math = Literal[
    "total",
    "unique",
    "dau",
    "wau",
    "mau",
    "sessions",
    "cumulative_unique",
    "average",
    "median",
    "min",
    "max",
    "p25",
    "p75",
    "p90",
    "p99",
    "percentile",
    "custom_percentile",
    "histogram",
    "unique_values",
    "most_frequent",
    "first_value",
    "multi_attribution",
    "numeric_summary",
]
FunnelMath = Literal[
    "conversion_rate",
    "conversion_rate_unique",
    "conversion_rate_total",
    "conversion_rate_session",
    "unique",
    "total",
    "session",
    "average",
    "median",
    "min",
    "max",
    "p25",
    "p75",
    "p90",
    "p99",
    "custom_percentile",
    "histogram",
]
RetentionMath = Literal["retention_rate", "unique", "total", "average"]
PerUser = Literal["total", "average", "min", "max", "unique_values"]
SegmentMethod = Literal["all", "first"]
Combinator = Literal["all", "any"]
ResourceType = Literal["events", "people"]
InputResourceType = Literal["event", "user"]
PropertyType = Literal["string", "number", "boolean", "datetime", "list", "object"]
ItemType = Literal["string", "number", "boolean", "datetime"]
DateUnit = Literal["hour", "day", "week", "month"]
WindowUnit = Literal["second", "minute", "hour", "day", "week", "month", "session"]
FunnelOrder = Literal["loose", "any"]
ReentryMode = Literal["default", "basic", "aggressive", "optimized"]
RetentionUnit = Literal["day", "week", "month"]
Alignment = Literal["birth", "interval_start"]
UnboundedMode = Literal["none", "carry_back", "carry_forward", "consecutive_forward"]
BehaviorType = Literal["simple", "funnel", "retention"]
SavedType = Literal["metric", "formula", "warehouse"]
ComparisonType = Literal["relative", "absolute-start", "absolute-end"]
ComparisonUnit = Literal["day", "week", "month", "quarter", "year"]
FrequencyOperator = Literal["is at least", "is at most", "is equal to", "is greater than", "is less than"]
Quantifier = Literal["any", "all"]
SessionEvent = Literal["start", "end"]
ReportType = Literal["insights", "funnels", "retention", "flows"]
UserMode = Literal["aggregate", "profiles"]
UserAggregate = Literal["count", "extremes", "percentile", "numeric_summary"]
SortOrder = Literal["ascending", "descending"]
FlowMode = Literal["sankey", "paths", "tree"]
FlowCount = Literal["unique", "total", "session"]
FlowWindowUnit = Literal["day", "week", "month", "session"]

UNITS = frozenset(get_args(Unit))
RETENTION_UNITS = frozenset(get_args(RetentionUnit))
MATHS = frozenset(get_args(Math)) - {"percentile"}  # as on the wire, where it is custom_percentile
FUNNEL_MATHS = frozenset(get_args(FunnelMath))
RETENTION_MATHS = frozenset(get_args(RetentionMath))
PER_USER = frozenset({*get_args(PerUser), "session_replay_id_value"})

MATHS_OF_USERS = frozenset({"unique", "dau", "wau", "mau", "sessions", "cumulative_unique"})
MATHS_OF_PROPERTIES = frozenset(get_args(Math)) - MATHS_OF_USERS
MATHS_NEEDING_PROPERTY = MATHS_OF_PROPERTIES - {"total"}
PERCENTILE_MATHS = frozenset({"percentile", "custom_percentile"})
FUNNEL_MATHS_OF_PROPERTIES = frozenset(
    {"total", "average", "median", "min", "max", "p25", "p75", "p90", "p99", "histogram"}
)
RETENTION_MATHS_OF_PROPERTIES = frozenset({"total", "average"})

DATASET = "$mixpanel"


def among(word: object, words: Collection[str]) -> bool:
    """Whether this is one of the words; what is no text is none of them."""
    return isinstance(word, str) and word in words
