"""How far the data keep to their schemas, and days on which there were more or fewer events than were to be expected."""

from __future__ import annotations

import itertools
import json
import statistics
from datetime import timedelta
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import read_digits
from mixpanel_headless.sandbox.entities import rows_in
from mixpanel_headless.sandbox.replies import Rejected
from mixpanel_headless.sandbox.routes import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

DAYS = 30
BEFORE = 7
"""Days from which the next one is foretold."""
SPREAD = 3
"""Standard deviations beyond which a day is an anomaly."""
STATUSES = ("open", "dismissed")


@attrs.define
class Anomalies:
    """The ids of the anomalies that were told, and the states that were set."""

    ids: dict[tuple[str, str], int] = attrs.field(factory=dict)
    states: dict[int, Json] = attrs.field(factory=dict)


def audit(request: Request, *, properties: bool) -> list[Any]:
    """In what ways the data break the schemas that are registered; the two parts as the service sends them."""
    engine = request.source.engine
    registry = request.source.saved.governed.registry(engine.schemas())
    types = {row["name"]: row["type"] for row in engine.property_definitions("Event")}
    violations: list[Json] = []
    for event in engine.event_definitions():
        schema = registry.get(("event", event["name"]))
        if schema is None:
            violations.append({"violation": "Unexpected Event", "name": event["name"], "count": event["count"]})
        elif properties:
            seen = engine.top_properties(event["name"], 5000)
            violations += [{**row, "event": event["name"]} for row in breaches(schema, seen, types)]
    return [violations, {"computed_at": request.now}]


def breaches(schema: Json, seen: Mapping[str, Mapping[str, int]], types: Mapping[str, str]) -> Iterator[Json]:
    """What of an event's properties its schema does not allow."""
    known = schema.get("properties")
    for name, told in seen.items():
        wanted = known.get(name) if isinstance(known, dict) else None
        if wanted is None:
            yield {"violation": "Unexpected Property", "name": name, "count": told["count"]}
        elif isinstance(wanted, dict) and wanted.get("type") and types.get(name) not in kinds_in(wanted["type"]):
            problem = f"Expected {wanted['type']}, got {types.get(name)}"
            yield {
                "violation": "Property Type Error", "name": name, "count": told["count"],
                "propertyTypeError": problem,
            }  # fmt: skip


def kinds_in(wanted: Any) -> set[str]:
    """The engine's words for the types that a schema allows."""
    named = set(wanted) if isinstance(wanted, list) else {wanted}
    return {{"integer": "number", "array": "list"}.get(str(one), str(one)) for one in named} | (
        {"datetime"} if "string" in named else set()
    )


def anomalies(request: Request) -> list[Json]:
    """The anomalies of the last days, the newest first, with the states that they were given."""
    engine, kept = request.source.engine, request.source.saved.anomalies
    today = engine.project.clock().date()
    names = [row["name"] for row in engine.event_definitions()]
    if not names:
        return []
    span = {"from_date": str(today - timedelta(days=DAYS + BEFORE)), "to_date": str(today - timedelta(days=1))}
    counts = engine.event_counts({"event": json.dumps(names), "type": "general", "unit": "day", **span})
    events = {
        row["name"]: row["id"] for row in request.source.saved.governed.described("event", [{"name": n} for n in names])
    }
    found = []
    for name, days in counts["data"]["values"].items():
        for row in unexpected(days):
            number = kept.ids.setdefault((name, row["timestamp"]), len(kept.ids) + 1)
            of_event = {"id": number, "event": events[name], "eventName": name, "project": request.project}
            state = {"status": "open", "anomalyClass": "Event", **kept.states.get(number, {})}
            found.append({**row, **of_event, **state})
    return sorted(found, key=lambda row: (row["timestamp"], row["id"]), reverse=True)


def unexpected(days: Mapping[str, int]) -> Iterator[Json]:
    """The days whose number lies far from that of the days before; days before the first event foretell nothing."""
    ordered = list(itertools.dropwhile(lambda day: day[1] == 0, sorted(days.items())))
    for place in range(BEFORE, len(ordered)):
        before = [count for _, count in ordered[place - BEFORE : place]]
        mean, spread = statistics.fmean(before), SPREAD * statistics.pstdev(before)
        day, count = ordered[place]
        lower, upper = max(0, floor(mean - spread)), ceil(mean + spread)
        if not lower <= count <= upper:
            variance = f"{100 * (count - mean) / mean:.1f}" if mean else "100"
            yield {
                "timestamp": f"{day[:10]}T00:00:00", "actualCount": count, "predictedUpper": upper,
                "predictedLower": lower, "percentVariance": variance,
            }  # fmt: skip


def list_anomalies(request: Request) -> Json:
    """The anomalies that are asked for."""
    query = request.arrival.query
    rows = [
        row
        for row in anomalies(request)
        if query.get("status") in (None, row["status"]) and query.get("event_id") in (None, str(row["event"]))
    ]
    return {"anomalies": rows[: read_digits(query.get("limit"))]}


def change_anomalies(request: Request) -> Json:
    """Dismiss anomalies, or open them again: one that stands in the body, or several, all or none."""
    status, several = request.body.get("status"), request.body.get("anomalies")
    if status not in STATUSES:
        raise Rejected(400, f"status must be one of {', '.join(STATUSES)}")
    rows = [request.body] if several is None else rows_in(request.body, "anomalies")
    known = [row["id"] for row in anomalies(request)]
    for row in rows:
        if row.get("id") not in known:
            raise Rejected(404, f"Anomaly {str(row.get('id'))[:40]} does not exist")
    for row in rows:
        request.source.saved.anomalies.states.setdefault(row["id"], {})["status"] = status
    return {"updated": len(rows)}


VOLUME = rf"{SCOPE}/data-definitions/data-volume-anomalies"
ROUTES: tuple[tuple[str, str, Callable[[Request], Any]], ...] = (
    ("GET", rf"{SCOPE}/data-definitions/audit", lambda request: audit(request, properties=True)),
    ("GET", rf"{SCOPE}/data-definitions/audit-events-only", lambda request: audit(request, properties=False)),
    ("GET", VOLUME, list_anomalies),
    ("PATCH", VOLUME, change_anomalies),
    ("PATCH", f"{VOLUME}/bulk", change_anomalies),
)
