"""Flows: a question as keywords, checked and put into the form that the service reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import BookmarkValidationError

from .bookmark import validate_bookmark
from .dates import DEFAULT_LAST, Day, Range
from .dates import today as current_day
from .flow_filters import flow_filters, step_filters
from .flow_query import AnyFlowStep, FlowQuery
from .flow_rules import flow_problems
from .groups import AnyGroup, as_groups, group_clauses
from .steps import FlowStep, check_tails
from .vocabulary import FlowMode, among

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from .filters import Filter
    from .vocabulary import FlowCount, FlowWindowUnit

DEFAULT_FORWARD: Final = 3
_SHAPES: Final[dict[str, tuple[str, str]]] = {
    "sankey": ("sankey", "graph"),
    "paths": ("top-paths", "list"),
    "tree": ("sankey", "tree"),
}
"""The chart and the merge type that stand for each mode in a bookmark."""
_BY_MERGE: Final[dict[str, FlowMode]] = {"graph": "sankey", "list": "paths", "tree": "tree"}
_BY_CHART: Final[dict[str, FlowMode]] = {"top-paths": "paths", "paths": "paths", "tree": "tree"}


def build_flow_params(
    event: AnyFlowStep | Sequence[AnyFlowStep],
    *,
    forward: int = DEFAULT_FORWARD,
    reverse: int = 0,
    from_date: Day | None = None,
    to_date: Day | None = None,
    last: int = DEFAULT_LAST,
    conversion_window: int = 7,
    conversion_window_unit: FlowWindowUnit = "day",
    count_type: FlowCount = "unique",
    cardinality: int = 3,
    collapse_repeated: bool = False,
    hidden_events: str | Sequence[str] | None = None,
    mode: FlowMode = "sankey",
    where: Filter | Sequence[Filter] | None = None,
    data_group_id: int | None = None,
    segments: AnyGroup | Sequence[AnyGroup] | None = None,
    exclusions: str | Sequence[str] | None = None,
    today: dt.date | None = None,
) -> dict[str, Any]:
    """The bookmark of a flow report, ready to be sent: what users do after an event, and before it.

    Raises `BookmarkValidationError` with every problem at once, `ParamValidationError` for a condition that flows lack.

    - `event`: one event or several, which a flow passes in this order.
    - `forward`: how many events to show after each, 0 to 5, where a step has no number of its own.
    - `reverse`: how many events to show before each, 0 to 5, where a step has no number of its own.
    - `conversion_window`: how long after its first event a flow may go on, in units of `conversion_window_unit`.
    - `conversion_window_unit`: what `conversion_window` counts.
    - `count_type`: whether users (unique), flows (total) or sessions are counted.
    - `cardinality`: how many of the commonest events a column shows, 1 to 50.
    - `collapse_repeated`: an event that follows itself counts once.
    - `hidden_events`: events that are left out of flows.
    - `exclusions`: events that end the flows they stand in.
    - `mode`: events and the ways between them (sankey), whole ways (paths), or both as a tree.
    - `segments`: properties to break the answer down by.
    - others: those of `build_params`.
    """
    given = (("where", where), ("segments", segments), ("hidden_events", hidden_events), ("exclusions", exclusions))
    query = FlowQuery(
        steps=event,
        forward=forward,
        reverse=reverse,
        range=Range(from_date, to_date, last, today or current_day()),
        conversion_window=conversion_window,
        conversion_window_unit=conversion_window_unit,
        count_type=count_type,
        cardinality=cardinality,
        collapse_repeated=collapse_repeated,
        hidden_events=hidden_events,
        exclusions=exclusions,
        mode=mode,
        where=where,
        segments=as_groups(segments),
        data_group_id=data_group_id,
        whole=frozenset([name for name, value in given if not isinstance(value, (list, tuple))]),
    )
    check_tails(forward, reverse)
    if found := list(flow_problems(query)):
        raise BookmarkValidationError(found)
    params = _bookmark(query)
    if found := validate_bookmark(params, "flows"):
        raise BookmarkValidationError(found)
    return params


def flow_mode(params: Mapping[str, Any]) -> FlowMode:
    """The mode that a flow bookmark is made for: by what it merges flows into, else by its chart; else sankey."""
    merge, chart = params.get("flows_merge_type"), params.get("chartType")
    if among(merge, _BY_MERGE):
        return _BY_MERGE[merge]  # type: ignore[index]  # it is one of the keys
    return _BY_CHART[chart] if among(chart, _BY_CHART) else "sankey"  # type: ignore[index]  # as above


def _bookmark(query: FlowQuery) -> dict[str, Any]:
    chart, merge = _SHAPES[query.mode]
    return {
        "steps": [_step(query, step, position) for position, step in enumerate(query.steps)],
        "date_range": query.range.flow_range(),
        "chartType": chart,
        "flows_merge_type": merge,
        "count_type": query.count_type,
        "cardinality_threshold": query.cardinality,
        "version": 2,
        "conversion_window": {"unit": query.conversion_window_unit, "value": query.conversion_window},
        "anchor_position": 1,
        "collapse_repeated": query.collapse_repeated,
        "show_custom_events": True,
        "hidden_events": list(query.hidden_events),
        "exclusions": list(query.exclusions),
        **({} if query.data_group_id is None else {"data_group_id": query.data_group_id}),
        **flow_filters(query.where, [query.path("where", position) for position in range(len(query.where))]),
        **({"segments": group_clauses(query.segments)} if query.segments else {}),
    }


def _step(query: FlowQuery, step: FlowStep, position: int) -> dict[str, Any]:
    forward, reverse = query.tail(step)
    return {
        "event": step.event,
        "step_label": step.label or step.event,
        "forward": forward,
        "reverse": reverse,
        "bool_op": "or" if step.filters_combinator == "any" else "and",
        "property_filter_params_list": step_filters(step.filters, f"steps[{position}].filters"),
        **({"session_event": step.session_event} if step.session_event else {}),
    }
