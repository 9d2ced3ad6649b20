"""The legacy funnel endpoint: a saved funnel by date, step by step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mixpanel_headless.query.language import Access, parse

from .errors import BadQuery, Unsupported
from .funnel_reading import read_funnel
from .funnels import compute_funnel
from .matching import CUSTOM, display_name
from .metrics import Question
from .periods import read_periods
from .reading import choice, listing, mapping, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .funnel_reading import Funnel
    from .funnels import Progress
    from .project import Project
    from .tables import Store

OVERALL = "$overall"
UNITS, LENGTH_UNITS = ("day", "week", "month"), ("day", "hour", "minute", "second")
LONGEST = {"day": 90, "hour": 90 * 24, "minute": 90 * 1440, "second": 90 * 86_400}
DEFAULT_SEGMENTS, MAX_SEGMENTS = 255, 10_000
RESOURCES = {"properties": "events", "user": "people"}


def legacy_funnel(store: Store, params: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `/funnels` for the saved report `params`: people who enter in each period, split by `on`."""
    clause, sections = _clause(params, parameters), mapping(params.get("sections"), "sections")
    if text(parameters, "where"):
        raise Unsupported("where of a saved funnel")
    funnel, found = read_funnel(clause, store.project), read_periods(parameters, store.project, UNITS)
    on, groups = text(parameters, "on"), []
    if on:
        groups.append(_group(on))
    filters = listing(sections.get("filter"), "sections.filter")
    question = Question(store, store.tables(), store.project.clock(), filters, groups, found.unit)
    table = compute_funnel(question, funnel, found.windows).table
    limit = whole_number(parameters, "limit", DEFAULT_SEGMENTS, most=MAX_SEGMENTS)
    segments = sorted((path for path in table if path), key=lambda path: (-_entered(table[path]), path))[:limit]
    events = [_event(step, store.project) for step in funnel.steps]
    data: dict[str, Any] = {}
    for place, date in enumerate(found.dates):
        steps = _steps(table[()][place], events, funnel)
        if on:
            cells = {path[0]: _steps(table[path][place], events, funnel) for path in segments}
            data[date] = {OVERALL: steps, **cells}
        else:
            data[date] = {"steps": steps, "analysis": _analysis(table[()][place])}
    return {"meta": {"dates": found.dates}, "data": data}


def _clause(params: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The report's funnel, counted by people, with the window that the parameters want."""
    shows = listing(mapping(params.get("sections"), "sections").get("show"), "sections.show")
    if len(shows) != 1 or mapping(shows[0], "A show clause").get("type") == "formula":
        raise Unsupported("a saved funnel report of several metrics")
    behavior = {**mapping(shows[0].get("behavior"), "behavior")}
    if behavior.get("type") != "funnel":
        raise BadQuery("The report is no funnel.")
    unit = choice(parameters, "length_unit", LENGTH_UNITS, "day")
    if length := whole_number(parameters, "length", 0, least=0, most=LONGEST[unit]):
        behavior |= {"conversionWindowDuration": length, "conversionWindowUnit": unit}
    return {"type": "metric", "behavior": behavior, "measurement": {"math": "unique"}}


def _group(on: str) -> dict[str, Any]:
    """The breakdown of an expression that is a property, or of a bare name."""
    name, resource = on, "events"
    if "[" in on:
        node = parse(on, "on")
        if not isinstance(node, Access) or node.source not in RESOURCES:
            raise Unsupported("a saved funnel's on other than a property")
        name, resource = node.name, RESOURCES[node.source]
    return {"value": name, "propertyName": name, "resourceType": resource, "propertyType": "string"}


def _event(step: Mapping[str, Any], project: Project) -> dict[str, Any]:
    name = text(step, "name")
    label = text(step, "renamed") or display_name(step, project)
    event: dict[str, Any] = {"event": name, "goal": name}
    if label != name:
        event["step_label"] = label
    if name.startswith(CUSTOM):
        event |= {"custom_event": True, "custom_event_id": int(name.removeprefix(CUSTOM))}
    return event


def _steps(progress: Progress, events: Sequence[Mapping[str, Any]], funnel: Funnel) -> list[dict[str, Any]]:
    return [
        {
            "count": progress.counts[step],
            "avg_time": _seconds(progress.times[step]) if step else None,
            "avg_time_from_start": _seconds(progress.times_from_start[step]) if step else None,
            "step_conv_ratio": progress.rate(step, step - 1) if step else 1,
            "overall_conv_ratio": progress.rate(step, 0) if step else 1,
            **events[step],
        }
        for step in range(len(funnel.steps))
    ]


def _seconds(time: float | None) -> int | None:
    """Whole seconds, a half rounded up."""
    return None if time is None else math.floor(time + 0.5)


def _entered(points: Sequence[Progress]) -> int:
    return sum(progress.counts[0] for progress in points)


def _analysis(progress: Progress) -> dict[str, int]:
    """`worst` is the place of the step before which the most people were lost, in proportion; 0 without any."""
    counts, last = progress.counts, len(progress.counts)
    rates = [progress.rate(step, step - 1) for step in range(1, last)]
    worst = rates.index(min(rates)) + 1 if counts[0] else 0
    return {"completion": counts[-1], "starting_amount": counts[0], "steps": last, "worst": worst}
