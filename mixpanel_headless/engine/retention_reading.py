"""What a retention clause asks for, read and checked."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import is_whole
from mixpanel_headless.query.funnel_rules import MAX_BUCKETS

from .errors import BadQuery, Unsupported
from .matching import step_label
from .reading import listing, mapping, refuse_unknown, text
from .times import FIXED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .project import Project
    from .times import Range

BEHAVIOR_KEYS = frozenset({"type", "name", "id", "resourceType", "behaviors", "retentionUnit", "retentionAlignmentType",
    "retentionCustomBucketSizes", "retentionUnboundedMode", "retentionType", "dataset", "search", "label",
    "filtersDeterminer"})  # fmt: skip
SIDE_KEYS = frozenset({"type", "name", "id", "resourceType", "filters", "filtersDeterminer", "behaviors", "renamed",
    "dataset", "search", "label"})  # fmt: skip
MEASUREMENT_KEYS = frozenset({"math", "property", "retentionBucketIndex", "retentionCumulative"})
MATHS = ("retention_rate", "unique", "total", "average")
MODES = ("none", "carry_back", "carry_forward", "consecutive_forward")
FEWEST_BUCKETS = 2
MOST_BUCKETS = {"hour": 61, "day": 61, "week": 53, "month": 25, "quarter": 25}


@attrs.frozen
class Retention:
    """One retention, and what is measured of it.

    Bucket k holds the returns whose offset from the birth, in units, lies from `edges[k]` on and below the next edge.
    """

    name: str
    birth: Mapping[str, Any]
    comeback: Mapping[str, Any]
    unit: str
    by_calendar: bool
    edges: Sequence[int]
    mode: str
    math: str
    target: Mapping[str, Any] | None
    bucket: int

    @property
    def width(self) -> int:
        """The number of buckets."""
        return len(self.edges) - 1

    @property
    def sums(self) -> bool:
        """Whether returns, or a property of theirs, are added up, rather than members counted."""
        return self.math in {"total", "average"}


def read_retention(clause: Mapping[str, Any], project: Project, span: Range) -> Retention:
    """The retention of a show clause over a range; a saved one is refused by name."""
    behavior = mapping(clause.get("behavior"), "behavior")
    if behavior.get("id") is not None and not behavior.get("behaviors"):
        raise Unsupported("a saved retention (a behavior with an id)")
    refuse_unknown(behavior, BEHAVIOR_KEYS, "retention")
    measurement = mapping(clause.get("measurement") or {}, "measurement")
    refuse_unknown(measurement, MEASUREMENT_KEYS, "measurement")
    birth, comeback = _sides(behavior)
    unit = _one_of(behavior, "retentionUnit", tuple(MOST_BUCKETS), "day")
    edges = _edges(behavior, unit, span)
    math_name, target = _one_of(measurement, "math", MATHS, "retention_rate"), measurement.get("property")
    born, back = step_label(birth, project), step_label(comeback, project)
    return Retention(
        name=text(clause, "name") or text(behavior, "name") or f"{born} and then {back}",
        birth=birth,
        comeback=comeback,
        unit=unit,
        by_calendar=_one_of(behavior, "retentionAlignmentType", ("birth", "interval_start"), "birth") != "birth",
        edges=edges,
        mode=_mode(behavior, measurement),
        math=math_name,
        target=None if target is None or math_name not in {"total", "average"} else mapping(target, "property"),
        bucket=_bucket(measurement, len(edges) - 1),
    )


def _one_of(clause: Mapping[str, Any], key: str, words: Sequence[str], default: str) -> str:
    word = text(clause, key, default)
    if word not in words:
        raise BadQuery(f"{key} must be one of {', '.join(words)}, not {word!r}.")
    return word


def _sides(behavior: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The events of birth and of return; a compounded retention has the same for both."""
    sides = [mapping(side, "A side of a retention") for side in listing(behavior.get("behaviors"), "behaviors")]
    if len(sides) != 2:
        raise BadQuery(f"A retention has 2 behaviors, the birth and the return, not {len(sides)}.")
    for side in sides:
        refuse_unknown(side, SIDE_KEYS, "retention behavior")
    kind = _one_of(behavior, "retentionType", ("birth", "compounded", "addiction"), "birth")
    if kind == "addiction":
        raise Unsupported("retentionType 'addiction'")
    return (sides[1], sides[1]) if kind == "compounded" else (sides[0], sides[1])


def _edges(behavior: Mapping[str, Any], unit: str, span: Range) -> list[int]:
    """The offsets at which buckets begin and end: as given, else one unit each for as long as the range."""
    sizes = listing(behavior.get("retentionCustomBucketSizes"), "retentionCustomBucketSizes")
    for size in sizes:
        if not is_whole(size) or not 1 <= size <= MAX_BUCKETS * 10:
            raise BadQuery(f"retentionCustomBucketSizes holds whole numbers from 1, not {size!r}.")
    if len(sizes) > MAX_BUCKETS:
        raise BadQuery(f"A retention has at most {MAX_BUCKETS} buckets, not {len(sizes)}.")
    if not sizes:
        covered = math.ceil((span.end - span.start).total_seconds() / FIXED_SECONDS[unit])
        sizes = [1] * min(max(covered, FEWEST_BUCKETS), MOST_BUCKETS[unit])
    return [0, *itertools.accumulate(sizes)]


def _mode(behavior: Mapping[str, Any], measurement: Mapping[str, Any]) -> str:
    mode = _one_of(behavior, "retentionUnboundedMode", MODES, "none")
    cumulative = measurement.get("retentionCumulative")
    if cumulative not in (None, True, False):
        raise BadQuery(f"retentionCumulative must be true or false, not {cumulative!r}.")
    if cumulative and mode not in {"none", "carry_forward"}:
        raise BadQuery(f"retentionCumulative does not go with retentionUnboundedMode {mode!r}.")
    return "carry_forward" if cumulative else mode


def _bucket(measurement: Mapping[str, Any], width: int) -> int:
    bucket = measurement.get("retentionBucketIndex")
    if bucket is None:
        return 0
    if not is_whole(bucket) or not 0 <= bucket < width:
        raise BadQuery(f"retentionBucketIndex must be 0 to {width - 1}, not {bucket!r}.")
    return bucket
