"""The events and properties of a project as its lexicon describes them: what was seen, how often, of which type."""

# ruff: noqa: S608 - only identifiers of this package are spliced; every name and value of a caller is bound

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .discovery import OWN_KEYS
from .errors import BadQuery
from .expressions import ISO_TIME

if TYPE_CHECKING:
    from .tables import Store

RESOURCES = {"Event": "events", "User": "profiles"}
KINDS = f"""
SELECT name, CASE WHEN kind IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN 'number' WHEN kind = 'BOOLEAN' THEN 'boolean'
  WHEN kind = 'ARRAY' THEN 'list' WHEN kind = 'OBJECT' THEN 'object'
  WHEN regexp_full_match(json ->> '$', '{ISO_TIME}') THEN 'datetime' ELSE 'string' END AS type,
  count(*) AS n, first(json ->> '$' ORDER BY seq) AS example
FROM (SELECT name, seq, json, json_type(json) AS kind FROM (SELECT name, seq, json_extract(properties,
        '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS json
      FROM (SELECT {{seq}} AS seq, properties, unnest(json_keys(properties)) AS name FROM {{table}})))
WHERE kind != 'NULL' AND NOT list_contains($own, name) GROUP BY 1, 2 ORDER BY name, n DESC, type
"""


def event_definitions(store: Store) -> list[dict[str, Any]]:
    """Each event by name, with the number of times that it happened."""
    sql = f"SELECT event, count(*) FROM {store.tables().name('events')} GROUP BY 1 ORDER BY 1"
    return [{**_described(name), "verified": False, "dropped": False, "count": n} for name, n in store.rows(sql)]


def property_definitions(store: Store, resource: str = "Event") -> list[dict[str, Any]]:
    """Each property of events or of users by name, with its commonest type; its density is the share of all that have it."""
    if resource not in RESOURCES:
        raise BadQuery(f"resourceType must be one of {', '.join(RESOURCES)}, not {resource!r}.")
    table = store.tables().name(RESOURCES[resource])
    sql = KINDS.replace("{table}", table).replace("{seq}", "seq" if resource == "Event" else "person")
    [(size,)] = store.rows(f"SELECT count(*) FROM {table}")
    found: dict[str, dict[str, Any]] = {}
    for name, kind, count, example in store.rows(sql, {"own": list(OWN_KEYS)}):
        typed = {"resourceType": resource, "type": kind, "exampleValue": example, "count": 0}
        entry = found.setdefault(name, {**_described(name), **typed})
        entry["count"] += count
    return [{**entry, "densityLocal": entry["count"] / size} for entry in found.values()]


def event_properties(store: Store) -> list[dict[str, Any]]:
    """Each event with the names of the properties that came with it."""
    sql = (
        f"SELECT event, name FROM {store.tables().name('event_keys')} WHERE NOT list_contains($own, name) ORDER BY 1, 2"
    )
    found: dict[str, list[dict[str, str]]] = {entry["name"]: [] for entry in event_definitions(store)}
    for event, name in store.rows(sql, {"own": list(OWN_KEYS)}):
        found[event].append({"name": name})
    return [{"name": event, "properties": names} for event, names in found.items()]


def schemas(store: Store) -> list[dict[str, Any]]:
    """A schema for each event and one for the users, as far as the data tell."""
    types = {entry["name"]: {"type": entry["type"]} for entry in property_definitions(store)}
    events = [
        (
            "event",
            entry["name"],
            {own["name"]: types[own["name"]] for own in entry["properties"] if own["name"] in types},
        )
        for entry in event_properties(store)
    ]
    user = {entry["name"]: {"type": entry["type"]} for entry in property_definitions(store, "User")}
    return [
        {"entityType": kind, "name": name, "schemaJson": {"properties": properties}}
        for kind, name, properties in [*events, ("profile", "$user", user)]
    ]


def _described(name: str) -> dict[str, Any]:
    return {"name": name, "displayName": None, "description": None, "hidden": False}
