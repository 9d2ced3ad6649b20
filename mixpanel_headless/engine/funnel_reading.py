"""What a funnel clause asks for, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import is_whole
from mixpanel_headless.query.funnel_rules import LONGEST_WINDOW, MAX_CONSTANTS, MAX_STEPS

from .attempts import Course
from .errors import BadQuery, Unsupported
from .matching import step_label
from .measures import aggregate
from .reading import listing, mapping, refuse_unknown, text
from .times import FIXED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .project import Project

BEHAVIOR_KEYS = frozenset({"type", "name", "id", "resourceType", "behaviors", "conversionWindowDuration",
    "conversionWindowUnit", "funnelOrder", "exclusions", "aggregateBy", "funnelReentryMode", "dataset", "search",
    "label", "filtersDeterminer", "filters"})  # fmt: skip
STEP_KEYS = frozenset({"type", "name", "id", "resourceType", "filters", "filtersDeterminer", "behaviors",
    "funnelOrder", "renamed", "dataset", "search", "label"})  # fmt: skip
EXCLUSION_KEYS = frozenset({"event", "steps", "filters", "filtersDeterminer"})
MEASUREMENT_KEYS = frozenset({"math", "property", "stepIndex", "percentile", "perUserAggregation"})
RATES = {
    "conversion_rate": "unique",
    "conversion_rate_unique": "unique",
    "conversion_rate_total": "total",
    "conversion_rate_session": "session",
}
COUNTS = {"unique": "unique", "total": "total", "general": "total", "session": "session"}
PROPERTY_MATHS = ("average", "median", "min", "max", "p25", "p75", "p90", "p99", "custom_percentile", "percentile")
REENTRY = {"": False, "default": False, "basic": False, "optimized": True, "aggressive": True}
DEFAULT_WINDOW = (7, "day")


@attrs.frozen
class Exclusion:
    """An event that ends an attempt which has done at least `first` and fewer than `beyond` steps."""

    event: Mapping[str, Any]
    first: int
    beyond: int


@attrs.frozen
class Funnel:
    """One funnel, and what is measured of it.

    `counting` tells which attempts count: the first of each person (`unique`), all (`total`), or one for each session
    (`session`); `value` is the SQL of an aggregate over `x`, the number of `target` on the events of a step.
    """

    name: str
    steps: Sequence[Mapping[str, Any]]
    labels: Sequence[str]
    exclusions: Sequence[Exclusion]
    constants: Sequence[Mapping[str, Any]]
    course: Course
    by_session: bool
    counting: str
    as_rate: bool
    step: int
    target: Mapping[str, Any] | None = None
    value: str | None = None

    @property
    def empty(self) -> int | None:
        """The number of a window without attempts."""
        return 0 if self.value is None or self.value.startswith("fsum") else None

    @property
    def takes_first_attempt(self) -> bool:
        """Whether only a person's first attempt matters, along steps that come one after another."""
        in_order = all(len(group) == 1 for group in self.course.groups)
        return in_order and self.counting == "unique" and not self.course.optimized


def read_funnel(clause: Mapping[str, Any], project: Project) -> Funnel:
    """The funnel of a show clause; a saved one is refused by name."""
    behavior = mapping(clause.get("behavior"), "behavior")
    if behavior.get("id") is not None and not behavior.get("behaviors"):
        raise Unsupported("a saved funnel (a behavior with an id)")
    refuse_unknown(behavior, BEHAVIOR_KEYS, "funnel")
    if behavior.get("filters"):
        raise Unsupported("filters of a whole funnel other than those of its steps and of the report")
    measurement = mapping(clause.get("measurement") or {}, "measurement")
    refuse_unknown(measurement, MEASUREMENT_KEYS, "measurement")
    steps = _steps(behavior)
    labels = [step_label(step, project) for step in steps]
    name = text(clause, "name") or text(behavior, "name") or f"{labels[0]} through {labels[-1]}"
    window, by_session = _window(behavior)
    counting, as_rate, target, value = _measured(measurement, by_session)
    exclusions = [_exclusion(entry, len(steps)) for entry in listing(behavior.get("exclusions"), "exclusions")]
    course = Course(
        groups=_groups(behavior, steps),
        exclusions=[(exclusion.first, exclusion.beyond) for exclusion in exclusions],
        window=window,
        optimized=_optimized(behavior),
        once_a_place=counting == "session",
    )
    return Funnel(
        name=name,
        steps=steps,
        labels=[f"{place}. {label}" for place, label in enumerate(labels, 1)],
        exclusions=exclusions,
        constants=_constants(behavior),
        course=course,
        by_session=by_session,
        counting=counting,
        as_rate=as_rate,
        step=_step_index(measurement, len(steps)),
        target=target,
        value=value,
    )


def _steps(behavior: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = [mapping(step, "A funnel step") for step in listing(behavior.get("behaviors"), "behaviors")]
    if not 2 <= len(steps) <= MAX_STEPS:
        raise BadQuery(f"A funnel has 2 to {MAX_STEPS} steps, not {len(steps)}.")
    for step in steps:
        refuse_unknown(step, STEP_KEYS, "funnel step")
    return steps


def _window(behavior: Mapping[str, Any]) -> tuple[int, bool]:
    """The conversion window in milliseconds, or in sessions after the first; and whether it is in sessions."""
    duration, unit = DEFAULT_WINDOW
    if behavior.get("conversionWindowDuration") is not None:
        duration = behavior["conversionWindowDuration"]
    unit = text(behavior, "conversionWindowUnit", unit)
    if unit not in LONGEST_WINDOW:
        raise BadQuery(f"conversionWindowUnit must be one of {', '.join(LONGEST_WINDOW)}, not {unit!r}.")
    fewest = 2 if unit == "second" else 1
    if not is_whole(duration) or not fewest <= duration <= LONGEST_WINDOW[unit]:
        raise BadQuery(f"conversionWindowDuration must be {fewest} to {LONGEST_WINDOW[unit]} {unit}s.")
    if unit == "session":
        return duration - 1, True
    return duration * FIXED_SECONDS[unit] * 1000, False


def _order(clause: Mapping[str, Any], default: str) -> str:
    order = text(clause, "funnelOrder", default)
    if order not in {"loose", "any"}:
        raise BadQuery(f"funnelOrder must be 'loose' or 'any', not {order!r}.")
    return order


def _groups(behavior: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Neighbouring steps of any order together, every other step by itself."""
    overall = _order(behavior, "loose")
    free = [overall == "any" and _order(step, overall) == "any" for step in steps]
    groups: list[list[int]] = []
    for place, is_free in enumerate(free):
        if is_free and place and free[place - 1]:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _optimized(behavior: Mapping[str, Any]) -> bool:
    mode = text(behavior, "funnelReentryMode")
    if mode not in REENTRY:
        raise BadQuery(f"funnelReentryMode must be default, basic, aggressive or optimized, not {mode!r}.")
    return REENTRY[mode]


def _exclusion(entry: Any, count: int) -> Exclusion:
    entry = mapping(entry, "An exclusion")
    refuse_unknown(entry, EXCLUSION_KEYS, "exclusion")
    span = mapping(entry.get("steps") or {"from": 1, "to": count}, "An exclusion's steps")
    first, beyond = span.get("from"), span.get("to")
    for place in (first, beyond):
        if not is_whole(place) or not 1 <= place <= count:
            raise BadQuery(f"An exclusion's steps go from 1 to {count}, not from {first!r} to {beyond!r}.")
    assert isinstance(first, int)
    assert isinstance(beyond, int)
    if beyond < first:
        raise BadQuery(f"An exclusion's steps go forward, not from {first} to {beyond}.")
    event = {"type": "event", "name": entry.get("event"), "filters": entry.get("filters")}
    return Exclusion({**event, "filtersDeterminer": entry.get("filtersDeterminer")}, first, beyond)


def _constants(behavior: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    constants = [mapping(one, "An aggregateBy entry") for one in listing(behavior.get("aggregateBy"), "aggregateBy")]
    if len(constants) > MAX_CONSTANTS:
        raise BadQuery(f"A funnel holds at most {MAX_CONSTANTS} properties constant, not {len(constants)}.")
    return constants


def _measured(
    measurement: Mapping[str, Any], by_session: bool
) -> tuple[str, bool, Mapping[str, Any] | None, str | None]:
    """Which attempts count, whether a rate is asked for, and the aggregate over a property with the property."""
    math_name = text(measurement, "math", "conversion_rate_unique")
    if measurement.get("perUserAggregation"):
        raise Unsupported("perUserAggregation of a funnel")
    target = measurement.get("property")
    if target is not None:
        target = mapping(target, "measurement.property")
    if math_name in PROPERTY_MATHS or (math_name in {"total", "general"} and target is not None):
        if target is None:
            raise BadQuery(f"The funnel math {math_name!r} needs a property.")
        return "total", False, target, aggregate(math_name, "x", measurement)
    if math_name == "histogram":
        raise Unsupported("math 'histogram' of a funnel")
    counting = RATES.get(math_name) or COUNTS.get(math_name)
    if counting is None:
        raise BadQuery(f"{math_name!r} is not a math of funnels.")
    if counting == "session" and not by_session:
        raise BadQuery(f"The funnel math {math_name!r} needs a conversionWindowUnit of sessions.")
    return counting, math_name in RATES, None, None


def _step_index(measurement: Mapping[str, Any], count: int) -> int:
    index = measurement.get("stepIndex")
    if index is None:
        return count - 1
    if not is_whole(index) or not 0 <= index < count:
        raise BadQuery(f"stepIndex must be 0 to {count - 1}, not {index!r}.")
    return index
