"""What a project says of its data: the Lexicon over what was seen, the schema registry, its enforcement, its context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox import custom_events
from mixpanel_headless.sandbox.entities import rows_in
from mixpanel_headless.sandbox.histories import Journal
from mixpanel_headless.sandbox.replies import Rejected, Told
from mixpanel_headless.sandbox.routes import SCOPE
from mixpanel_headless.sandbox.schemas import checked, documented, key_of, merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

Key = tuple[str, str]
"""Whose it is, `Event` or `User` for properties and the type for schemas, and the name."""
EVENT = "event"
SORTS = {"Event": "All Events and Properties", "User": "All User Profile Properties"}
"""What may be exported, by whose it is."""


@attrs.define
class Governed:
    """What was said by clients; what the data tell stands below it."""

    journal: Journal = attrs.field(factory=Journal)
    said: dict[Key, Json] = attrs.field(factory=dict)
    ids: dict[Key, int] = attrs.field(factory=dict)
    schemas: dict[Key, Json | None] = attrs.field(factory=dict)
    """Schemas that were given; None for one that was deleted though the data tell it."""
    enforcement: Json | None = None
    contexts: dict[str, str] = attrs.field(factory=dict)

    def described(self, kind: str, seen: list[Json]) -> list[Json]:
        """What is known of things of a kind: those that were seen, then those that were only spoken of."""
        names = {row["name"] for row in seen}
        spoken = [{"name": name} for owner, name in self.said if owner == kind and name not in names]
        return [self._entry(kind, row) for row in (*seen, *spoken)]

    def _entry(self, kind: str, row: Json) -> Json:
        key = (kind, row["name"])
        return {**row, "id": self.ids.setdefault(key, len(self.ids) + 1), **self.said.get(key, {})}

    def say(self, kind: str, row: Json, seen: list[Json], now: str) -> Json:
        """What is known of a thing after a row about it; it is named, or has an id."""
        if row.get("name") is None and row.get("id") is None:
            raise Rejected(400, "name or id is a required field")
        name = None if row.get("name") is None else text_in(row, "name")
        if name is None:
            known = (own for (owner, own), number in self.ids.items() if owner == kind and number == row.get("id"))
            if (name := next(known, None)) is None:
                raise Rejected(404, f"No {kind} has the id {str(row.get('id'))[:40]}")
        changes = {field: value for field, value in row.items() if field not in {"name", "id"}}
        before = self.said.get((kind, name), {})
        self.said[kind, name] = {**before, **changes}
        self.journal.note(kind, name, before, self.said[kind, name], now)
        return next(entry for entry in self.described(kind, seen) if entry["name"] == name)

    def registry(self, seen: list[Json]) -> dict[Key, Json]:
        """All schemas: those that the data tell, unless another one was given."""
        told = {(one["entityType"], one["name"]): documented(one["schemaJson"]) for one in seen}
        return {key: schema for key, schema in {**told, **self.schemas}.items() if schema is not None}


def text_in(body: Json, field: str) -> str:
    """The text in a field of a body."""
    if not isinstance(text := body.get(field), str):
        raise Rejected(400, f"{field} must be a text")
    return text


def told(request: Request) -> Governed:
    return request.source.saved.governed


def listed(kind: str, found: list[Json], request: Request) -> list[Json]:
    """What is known of things of a kind, of some names if that is asked."""
    wanted = request.arrival.every.get("name[]")
    return [entry for entry in told(request).described(kind, found) if wanted is None or entry["name"] in wanted]


def event_definitions(request: Request) -> list[Json]:
    """The lexicon's events, or the custom ones."""
    if request.arrival.query.get("custom_event") == "true":
        return custom_events.definitions(request)
    return listed(EVENT, request.source.engine.event_definitions(), request)


def property_definitions(request: Request) -> list[Json]:
    """The lexicon's properties of events or of users."""
    kind = request.arrival.query.get("resourceType") or "Event"
    found = listed(kind, request.source.engine.property_definitions(kind), request)
    if request.arrival.query.get("includeDensity") == "true":
        return found
    return [{key: value for key, value in entry.items() if key != "densityLocal"} for entry in found]


def change_events(request: Request) -> Json | list[Json]:
    """What is said of an event, or of several, from now on."""
    if custom_events.KEY in request.body:
        return custom_events.change(request)
    seen = request.source.engine.event_definitions()
    if "events" in request.body:
        return [told(request).say(EVENT, row, seen, request.now) for row in rows_in(request.body, "events")]
    return told(request).say(EVENT, request.body, seen, request.now)


def forget_event(request: Request) -> Json:
    """Delete what is said of an event."""
    if custom_events.KEY in request.body:
        return custom_events.delete(request)
    name = str(request.body.get("name"))
    if (said := told(request).said.pop((EVENT, name), None)) is not None:
        told(request).journal.note(EVENT, name, said, None, request.now)
    return {}


def tracking(request: Request) -> Json:
    """How an event reaches the project: how often, and from which libraries."""
    name = request.arrival.query.get("event_name", "")
    seen = next((row for row in request.source.engine.event_definitions() if row["name"] == name), None)
    if seen is None:
        return {}
    return {
        "eventName": name,
        "count": seen["count"],
        "libraries": request.source.engine.property_values("mp_lib", name),
    }


def exported(request: Request) -> Json:
    """All that is known of the events and properties whose sorts are asked for."""
    sorts, engine = request.arrival.query.get("export_type", ""), request.source.engine
    owners = [owner for owner, sort in SORTS.items() if sort in sorts]
    events = told(request).described(EVENT, engine.event_definitions()) if "Event" in owners else []
    known = [told(request).described(owner, engine.property_definitions(owner)) for owner in owners]
    return {"events": events, "properties": [row for rows in known for row in rows]}


def change_properties(request: Request) -> Json | list[Json]:
    """What is said of a property, or of several, from now on."""

    def say(row: Json) -> Json:
        kind = text_in(row, "resourceType") if row.get("resourceType") else "Event"
        return told(request).say(kind, row, request.source.engine.property_definitions(kind), request.now)

    return (
        [say(row) for row in rows_in(request.body, "properties")] if "properties" in request.body else say(request.body)
    )


def schemas(request: Request) -> Any:
    """Schemas, of one kind if that is asked; one alone comes bare."""
    kind, name = request.parts.get("kind"), request.parts.get("name") or request.arrival.query.get("entity_name")
    found = told(request).registry(request.source.engine.schemas())
    if name is None:
        rows = ((owner, own, schema) for (owner, own), schema in found.items() if kind in (None, owner))
        return [{"entityType": owner, "name": own, "schemaJson": schema} for owner, own, schema in rows]
    if (str(kind), name) not in found:
        raise Rejected(404, f"There is no schema of the {kind} {name[:80]!r}")
    return Told(found[str(kind), name], bare=True)


def given(request: Request) -> Iterator[tuple[Key, Json]]:
    """The schemas in a body: one whose name the path has, or several."""
    if "name" in request.parts:
        yield key_of(request.parts["kind"], request.parts["name"]), request.body
        return
    for entry in rows_in(request.body, "entries"):
        if not isinstance(schema := entry.get("schemaJson"), dict):
            raise Rejected(400, "schemaJson must be an object")
        yield key_of(text_in(entry, "entityType"), text_in(entry, "name")), schema


def put_schemas(request: Request) -> Json:
    """Register schemas in the place of those that are there; of several, how many, and how many had to go first."""
    new = {key: checked(schema) for key, schema in given(request)}
    one = "name" in request.parts
    truncates = not one and request.body.get("truncate") is True
    deleted = forget_schemas(request, request.body.get("entityType")) if truncates else 0
    told(request).schemas.update(new)
    return next(iter(new.values())) if one else {"added": len(new), "deleted": deleted}


def merge_schemas(request: Request) -> Json | list[Json]:
    """Register schemas, each merged into the one that is there."""
    known, new = told(request).registry(request.source.engine.schemas()), dict(given(request))
    merged = {key: checked(merge(known.get(key, {}), schema)) for key, schema in new.items()}
    told(request).schemas.update(merged)
    if "name" in request.parts:
        return next(iter(merged.values()))
    return [{"entityType": kind, "name": name, "status": "ok"} for kind, name in merged]


def delete_schemas(request: Request) -> Json:
    """Delete one schema, those of a kind, or all."""
    name = request.parts.get("name") or request.arrival.query.get("entity_name")
    return {"delete_count": forget_schemas(request, request.parts.get("kind"), name)}


def forget_schemas(request: Request, kind: str | None = None, name: str | None = None) -> int:
    """How many schemas were deleted."""
    found = told(request).registry(request.source.engine.schemas())
    gone = [key for key in found if kind in (None, key[0]) and name in (None, key[1])]
    told(request).schemas.update(dict.fromkeys(gone))
    return len(gone)


def enforcement(request: Request) -> Json:
    """How strictly schemas are kept, only some fields of it if that is asked."""
    found = told(request).enforcement
    if found is None:
        raise Rejected(404, "Schema enforcement is not set up")
    wanted = request.arrival.query.get("fields")
    return {field: value for field, value in found.items() if wanted is None or field in wanted.split(",")}


def change_enforcement(request: Request) -> Json:
    """Keep schemas from now on (POST), or keep them otherwise, in part (PATCH) or wholly (PUT)."""
    method, known = request.arrival.method, told(request)
    if (method == "POST") != (known.enforcement is None):
        raise Rejected(*((409, "Schema enforcement is set up") if method == "POST" else (404, "It is not set up")))
    kept = known.enforcement if method == "PATCH" else None
    known.enforcement = {**(kept or {"id": 1, "state": "ingested"}), **request.body, "lastModified": request.now}
    return known.enforcement


def drop_enforcement(request: Request) -> Json:
    """Keep schemas no more."""
    enforcement(request)
    told(request).enforcement = None
    return {}


def context(request: Request) -> Json:
    """What the project or its organization, whatever its id, says of itself, after it was changed if it is to be."""
    owner = "organization" if "organization" in request.parts else "project"
    if request.arrival.method == "PUT":
        told(request).contexts[owner] = text_in(request.body, "content")
    return {"content": told(request).contexts.get(owner, "")}


def both_contexts(request: Request) -> Json:
    """What the organization and the project say of themselves."""
    contexts = told(request).contexts
    return {"org_context": contexts.get("organization", ""), "project_context": contexts.get("project", "")}


PLACES: dict[str, dict[str, Callable[[Request], Any]]] = {
    rf"{SCOPE}/data-definitions/events": {
        "GET": event_definitions, "PATCH": change_events, "DELETE": forget_event,
    },
    rf"{SCOPE}/data-definitions/events/tracking-metadata": {"GET": tracking},
    rf"{SCOPE}/data-definitions/export": {"GET": exported},
    rf"{SCOPE}/data-definitions/properties": {"GET": property_definitions, "PATCH": change_properties},
    rf"{SCOPE}/schemas(?:/(?P<kind>[^/]+)(?:/(?P<name>[^/]+))?)?": {
        "GET": schemas, "POST": put_schemas, "PATCH": merge_schemas, "DELETE": delete_schemas,
    },
    rf"{SCOPE}/data-definitions/schema": {
        "GET": enforcement, "DELETE": drop_enforcement,
        **dict.fromkeys(("POST", "PATCH", "PUT"), change_enforcement),
    },
    rf"{SCOPE}/business-context": {"GET": context, "PUT": context},
    r"organizations/(?P<organization>\d+)/business-context": {"GET": context, "PUT": context},
    rf"{SCOPE}/business-context/chain": {"GET": both_contexts},
}  # fmt: skip
ROUTES = tuple((method, pattern, answer) for pattern, answers in PLACES.items() for method, answer in answers.items())
"""The addresses of all this, as the App API's table takes them."""
