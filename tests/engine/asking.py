"""Short spellings of the wire JSON that the engine's tests ask."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from mixpanel_headless.engine import Engine, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON = dict[str, Any]
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def event(name: str, user: str, moment: str, /, **properties: Any) -> JSON:
    """An event at an ISO moment in UTC."""
    time = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC).timestamp()
    return {"event": name, "properties": {"distinct_id": user, "time": int(time), **properties}}


def profile(user: str, /, **properties: Any) -> JSON:
    return {"$distinct_id": user, "$properties": properties}


def filled(*events: JSON, profiles: Sequence[JSON] = (), **settings: Any) -> Engine:
    """An engine over these events, whose clock stands at NOW."""
    engine = Engine(Project(**{"now": NOW, **settings}))
    engine.add_events(events)
    engine.add_profiles(profiles)
    return engine


def metric(name: str, math: str = "total", of: str | None = None, **measurement: Any) -> JSON:
    """A show clause; `of` is the property that the math is over, `behavior` more of the behavior."""
    behavior = {"type": "event", "name": name, "resourceType": "events", "filtersDeterminer": "all", "filters": []}
    behavior.update(measurement.pop("behavior", {}))
    shown = {key: measurement.pop(key) for key in ("label", "hidden") if key in measurement}
    if of is not None:
        measurement["property"] = {"name": of, "resourceType": measurement.pop("resource", "events")}
    clause: JSON = {"type": "metric", "behavior": behavior, "measurement": {"math": math, **measurement}}
    if "label" in shown:
        clause["name"] = shown["label"]
    if shown.get("hidden"):
        clause["isHidden"] = True
    return clause


def formula(definition: str, name: str | None = None, referenced: Sequence[JSON] = ()) -> JSON:
    clause: JSON = {"type": "formula", "definition": definition, "measurement": {}, "referencedMetrics": [*referenced]}
    return {**clause, "name": name} if name else clause


def where(name: str, operator: str, value: Any = None, kind: str = "string", **more: Any) -> JSON:
    """A filter clause on an event property, unless `resourceType` says otherwise."""
    own = {"resourceType": "events", "filterType": kind, "defaultType": kind, "filterOperator": operator}
    return {**own, "filterValue": value, "value": name, **more}


def by(name: str, kind: str = "string", **more: Any) -> JSON:
    """A group clause on an event property, unless `resourceType` says otherwise."""
    own = {"value": name, "propertyName": name, "resourceType": "events", "propertyType": kind}
    return {**own, "propertyDefaultType": kind, **more}


def report(
    *shows: JSON,
    dates: tuple[str, str] = ("2026-01-05", "2026-01-07"),
    unit: str = "day",
    chart: str = "bar",
    filters: Sequence[JSON] = (),
    groups: Sequence[JSON] = (),
    time: JSON | None = None,
    **display: Any,
) -> JSON:
    """A bookmark; whole-range unless `chart` says otherwise."""
    span = time or {"dateRangeType": "between", "unit": unit, "value": list(dates)}
    sections = {"show": [*shows], "time": [span], "filter": [*filters], "group": [*groups]}
    return {"sections": sections, "displayOptions": {"chartType": chart, "analysis": "linear", **display}}


def only(answer: JSON) -> Any:
    """The one series of an answer; the bare number where it is a single whole-range value."""
    [series] = answer["series"].values()
    return series["all"] if set(series) == {"all"} else series


def segments(answer: JSON) -> JSON:
    """Segment → number of a whole-range answer with one breakdown, `$overall` left out."""
    return {name: leaf["all"] for name, leaf in only(answer).items() if name != "$overall"}


def points(answer: JSON) -> list[Any]:
    """The plotted numbers of the one series, in order."""
    return list(only(answer).values())
