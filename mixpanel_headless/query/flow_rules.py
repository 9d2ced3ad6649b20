"""What a flow question may ask, argument by argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from mixpanel_headless.errors import ValidationError, shown

from .fields import is_positive_integer, is_whole
from .filters import Filter
from .groups import group_problems
from .names import is_no_name
from .rules import Rule, choice, flag, problems
from .steps import MAX_FLOW_STEPS, FlowStep
from .vocabulary import Combinator, FlowCount, FlowMode, FlowWindowUnit, among

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .flow_query import FlowQuery

MAX_CARDINALITY: Final = 50
MAX_WINDOW: Final = {"day": 366, "week": 52, "month": 12}


def flow_problems(query: FlowQuery) -> Iterator[ValidationError]:
    """Everything that is wrong with the arguments, in the order in which a caller reads them."""
    yield from problems(_STEPS, query)
    for position, step in enumerate(query.steps):
        yield from _step_problems(step, f"steps[{position}]")
    for code, name in (("FL_TYPE_FORWARD", "forward"), ("FL_TYPE_REVERSE", "reverse")):
        yield from _tail_problems(code, name, getattr(query, name))
    yield from _direction_problems(query)
    yield from query.range.problems()
    yield from problems(_CHOICES, query)
    yield from problems(_WINDOW, query)
    for code, name in _NAMES:
        for position, item in enumerate(getattr(query, name)):
            if is_no_name(item):
                complaint = f"{shown(item)} names no event"
                yield ValidationError(query.path(name, position), f"{complaint}; give event names.", code)
    for position, condition in enumerate(query.where):
        yield from _condition_problems(condition, query.path("where", position))
    for position, segment in enumerate(query.segments):
        yield from group_problems(segment, query.path("segments", position))


def _step_problems(step: Any, path: str) -> Iterator[ValidationError]:
    if not isinstance(step, FlowStep):
        complaint = f"{shown(step)} is no step; give the name of an event or a FlowStep"
        yield ValidationError(path, f"{complaint}.", "FL_INVALID_STEP_TYPE")
        return
    yield from problems(_STEP, step, path)
    for code, name in (("FL_TYPE_FORWARD", "forward"), ("FL_TYPE_REVERSE", "reverse")):
        if (steps := getattr(step, name)) is not None:
            yield from _tail_problems(code, f"{path}.{name}", steps)
    for position, condition in enumerate(step.filters):
        yield from _condition_problems(condition, f"{path}.filters[{position}]")


def _tail_problems(code: str, path: str, steps: object) -> Iterator[ValidationError]:
    if not is_whole(steps):
        complaint = f"it counts events, from 0 to {MAX_FLOW_STEPS}"
        yield ValidationError(path, f"{path} is {shown(steps)}; {complaint}.", code)


def _direction_problems(query: FlowQuery) -> Iterator[ValidationError]:
    steps = [step for step in query.steps if isinstance(step, FlowStep)]
    if steps and all(query.tail(step) == (0, 0) for step in steps):
        complaint = "forward and reverse are both 0, so the flow would show its steps alone"
        yield ValidationError("forward", f"{complaint}; make one of them 1 or more.", "FL5_NO_DIRECTION")


def _condition_problems(condition: object, path: str) -> Iterator[ValidationError]:
    if not isinstance(condition, Filter):
        yield ValidationError(path, f"{shown(condition)} is no condition; give a Filter.", "V25_INVALID_FILTER_TYPE")
    elif isinstance(condition.property, str) and is_no_name(condition.property):
        complaint = f"the property's name is blank or holds control characters: {shown(condition.property)}"
        yield ValidationError(path, f"{complaint}.", "FL_FILTER_CONTROL_CHAR")


_STEPS: tuple[Rule[FlowQuery], ...] = (
    Rule("FL1_NO_STEPS", "event", lambda q: not q.steps, "a flow passes through at least one event."),
)
_STEP: tuple[Rule[FlowStep], ...] = (
    Rule(
        "FL_INVALID_EVENT_TYPE",
        "event",
        lambda s: not isinstance(s.event, str),
        "a step is an event, by its name, not {0.event!r}.",
    ),
    choice("FL_INVALID_FILTERS_COMBINATOR", "filters_combinator", get_args(Combinator)),
)


_CHOICES: tuple[Rule[FlowQuery], ...] = (
    choice("FL_INVALID_COUNT_TYPE", "count_type", get_args(FlowCount)),
    choice("FL_INVALID_MODE", "mode", get_args(FlowMode)),
    choice("FL_INVALID_WINDOW_UNIT", "conversion_window_unit", get_args(FlowWindowUnit)),
    Rule(
        "FL6_CARDINALITY_RANGE",
        "cardinality",
        lambda q: not is_positive_integer(q.cardinality) or q.cardinality > MAX_CARDINALITY,
        f"cardinality is {{0.cardinality!r}}; a step shows 1 to {MAX_CARDINALITY} events, whole numbers.",
    ),
    flag("FL_TYPE_COLLAPSE_REPEATED", "collapse_repeated"),
    Rule(
        "DG1_INVALID_DATA_GROUP_ID",
        "data_group_id",
        lambda q: q.data_group_id is not None and not is_positive_integer(q.data_group_id),
        "data_group_id is {0.data_group_id!r}; it must be an integer above 0.",
    ),
)


def _too_wide(query: FlowQuery) -> bool:
    unit, window = query.conversion_window_unit, query.conversion_window
    return is_positive_integer(window) and among(unit, MAX_WINDOW) and window > MAX_WINDOW[unit]


_WINDOW: tuple[Rule[FlowQuery], ...] = (
    Rule(
        "FL7_CONVERSION_WINDOW_POSITIVE",
        "conversion_window",
        lambda q: not is_positive_integer(q.conversion_window),
        "conversion_window is {0.conversion_window!r}; it counts whole {0.conversion_window_unit}s, 1 or more.",
    ),
    Rule(
        "FL7_CONVERSION_WINDOW_MAX",
        "conversion_window",
        _too_wide,
        "conversion_window is {0.conversion_window}; it can be "
        + ", ".join(f"{most} {unit}s" for unit, most in MAX_WINDOW.items())
        + " at most.",
    ),
    Rule(
        "FL9_SESSION_REQUIRES_SESSION_WINDOW",
        "count_type",
        lambda q: q.count_type == "session" and q.conversion_window_unit != "session",
        "count_type='session' needs conversion_window=1 and conversion_window_unit='session'.",
    ),
    Rule(
        "FL10_SESSION_WINDOW_REQUIRES_ONE",
        "conversion_window",
        lambda q: q.conversion_window_unit == "session" and q.conversion_window != 1,
        "conversion_window is {0.conversion_window!r}; a flow lies inside 1 session.",
    ),
)
_NAMES: Final = (
    ("FL_INVALID_HIDDEN_EVENT_TYPE", "hidden_events"),
    ("FL_INVALID_EXCLUSION_TYPE", "exclusions"),
)
