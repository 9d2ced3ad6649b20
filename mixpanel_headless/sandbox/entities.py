"""What a project keeps and programs change: boards, cohorts, flags, alerts and so on, by one table of what they are.

Each kind is a list below an address: it is read, made, changed and deleted one by one or several at once, as the App API
does it. The sandbox keeps what it is given and fills in what the service would; it checks what must be there.
"""

from __future__ import annotations

import re
import threading
import uuid
from typing import TYPE_CHECKING, Any, Literal

import attrs

from mixpanel_headless.sandbox.replies import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]
Shape = Literal["plain", "map", "all"]
"""What an answer holds: the thing itself, an object by id, or, after a change, all things of the kind."""
FIRST_ID = 2001
PAGE = 1000


@attrs.frozen
class Kind:
    """One kind of things: below which address, what it must have, and how the service calls and answers it."""

    path: str
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    id_field: str = "id"
    text_id: bool = False
    bulk: str = ""
    """The field of a bulk call: `X_ids` of those to delete, and the list of those to change."""
    shape: Shape = "plain"
    unique: str = ""
    """A field that no two of them have alike."""


KINDS: tuple[Kind, ...] = (
    Kind("dashboards", ("title",), {"is_private": False, "can_view": True, "ancestors": []}, bulk="dashboard"),
    Kind("cohorts", ("name",), {"is_visible": True, "verified": False, "count": None}, bulk="cohort"),
    Kind("annotations", ("date", "description"), {"tags": []}),
    Kind("annotations/tags", ("name",), unique="name"),
    Kind("webhooks", ("name", "url"), {"is_enabled": True, "auth_type": None}, text_id=True),
    Kind("alerts/custom", ("name", "condition"), {"paused": False, "valid": True}, bulk="alert"),
    Kind("experiments", ("name",), {"status": "draft", "variants": [], "metrics": []}, text_id=True),
    Kind("feature-flags", ("name", "key"), {"status": "disabled", "tags": []}, text_id=True, unique="key"),
    Kind("custom_properties", ("name", "resourceType"), {"isVisible": True}, id_field="customPropertyId"),
    Kind("metrics", ("name", "type", "definition"), {"verified": False}, bulk="metric", shape="map", unique="name"),
    Kind("behaviors", ("name", "type", "definition"), {"verified": False}, bulk="behavior", shape="map", unique="name"),
    Kind("data-definitions/tags", ("name",), unique="name"),
    Kind("data-definitions/events/drop-filters", ("event_name", "filters"), {"active": True}, shape="all"),
    Kind(
        "data-definitions/events/deletion-requests",
        ("eventName", "fromDate", "toDate"),
        {"status": "Submitted", "deletedEventsCount": 0, "requestingUser": {"id": 1}, "filters": []},
        shape="all",
    ),
)
LONGEST_FIRST = sorted(KINDS, key=lambda kind: -len(kind.path))
"""A kind whose address begins as another's comes before it."""
SECRETS = frozenset({"password"})
"""Fields that the service takes and never tells."""
SWITCHES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("POST", "favorites"): {"is_favorited": True}, ("DELETE", "favorites"): {"is_favorited": False},
    ("POST", "pin"): {"pinned_date": "now"}, ("DELETE", "pin"): {"pinned_date": None},
    ("PUT", "launch"): {"status": "active"}, ("PUT", "force_conclude"): {"status": "concluded"},
    ("POST", "archive"): {"archived": True}, ("DELETE", "archive"): {"archived": False},
    ("PUT", "test-users"): {},
}  # fmt: skip
"""What an address below a thing does to it."""
WORDS = frozenset({
    "alert-count", "blueprints", "blueprints-all", "bookmarks", "erf", "limits", "preview-filters", "rca", "screenshot", "test",
    "validate", "validate-alerts-for-bookmark",
})  # fmt: skip
"""What stands in an id's place in an address and is none."""


@attrs.define
class Entities:
    """The things of all kinds by id; any thread may read and write."""

    things: dict[str, dict[str, Json]] = attrs.field(factory=dict)
    lock: threading.RLock = attrs.field(factory=threading.RLock, init=False)
    changed: Callable[[str, str, Json | None], None] = attrs.field(default=lambda kind, number, thing: None)
    """Told what was made, changed or deleted (None)."""
    project: int = 0
    """Which project they say that they belong to."""
    _ids: int = FIRST_ID

    def answer(self, method: str, endpoint: str, body: Any, query: Mapping[str, str], now: str) -> Any:
        """What the address answers, None for an address that is of no kind."""
        found = kind_at(endpoint)
        if found is None:
            return None
        kind, rest = found
        with self.lock:
            own = self.things.setdefault(kind.path, {})
            if not rest:
                return self._all(kind, own, method, body, query, now)
            if rest[0] in {"bulk-delete", "bulk-update"} and method == "POST":
                return self._several(kind, own, rest[0], fields_in(body), now)
            return self._one(kind, own, method, rest, body, now)

    def _all(self, kind: Kind, own: dict[str, Json], method: str, body: Any, query: Mapping[str, str], now: str) -> Any:
        match method:
            case "GET":
                return self._page(kind, own, query)
            case "POST" if "delete" not in fields_in(body):
                return self._shown(kind, own, self._add(kind, own, fields_in(body), now))
            case "POST" | "DELETE" | "PATCH":
                return self._by_body(kind, own, method, fields_in(body), now)
        raise Rejected(405, f"Method {method} is not allowed")

    def _page(self, kind: Kind, own: dict[str, Json], query: Mapping[str, str]) -> Any:
        ids = set(query["ids"].split(",")) if query.get("ids") else None
        rows = [thing for number, thing in own.items() if ids is None or number in ids]
        if query.get("include_archived") != "true":
            rows = [thing for thing in rows if not thing.get("archived")]
        if kind.shape == "map":
            return {str(thing[kind.id_field]): thing for thing in rows}
        start = int(query["cursor"]) if query.get("cursor", "").isdigit() else 0
        if start + PAGE < len(rows):
            return Paged(rows[start : start + PAGE], {"next_cursor": str(start + PAGE), "page_size": PAGE})
        return rows[start:]

    def _one(self, kind: Kind, own: dict[str, Json], method: str, rest: list[str], body: Any, now: str) -> Any:
        thing = own.get(rest[0])
        if thing is None and rest[0] in WORDS:
            raise Rejected(501, f"{method} {kind.path}/{rest[0]} is not supported by the sandbox yet")
        if thing is None:
            raise Rejected(404, f"{kind.path} {rest[0][:40]} does not exist")
        if len(rest) > 1:
            return self._switch(kind, own, method, thing, rest[1], fields_in(body), now)
        match method:
            case "GET":
                return self._shown(kind, own, thing, after=False)
            case "PATCH" | "PUT":
                return self._shown(kind, own, self._change(kind, own, thing, fields_in(body), now))
            case "DELETE":
                self._delete(kind, own, rest[0])
                return {}
        raise Rejected(405, f"Method {method} is not allowed")

    def _switch(
        self, kind: Kind, own: dict[str, Json], method: str, thing: Json, what: str, body: Json, now: str
    ) -> Any:
        if what == "history" and method == "GET":
            return {"results": [], "pagination": None, "events": [], "count": 0}
        if what == "duplicate" and method == "POST":
            copy = {name: value for name, value in thing.items() if name != kind.id_field and name != kind.unique}
            named = {kind.unique: f"{thing[kind.unique]}-copy"} if kind.unique else {}
            return self._shown(kind, own, self._add(kind, own, {**copy, **named, **body}, now))
        if what == "decide" and method == "PATCH":
            return self._change(kind, own, thing, {"status": "success" if body.get("success") else "fail"}, now)
        if (method, what) not in SWITCHES:
            raise Rejected(404, f"{method} {kind.path}/.../{what} is not supported by the sandbox yet")
        switched = SWITCHES[method, what]
        return self._change(kind, own, thing, {k: now if v == "now" else v for k, v in switched.items()}, now)

    def _by_body(self, kind: Kind, own: dict[str, Json], method: str, body: Json, now: str) -> Any:
        """A change whose thing stands in the body, as some kinds have it."""
        if kind.bulk and kind.shape == "map":
            pairs = self._listed(kind, own, body)
            if method == "DELETE":
                for thing, _ in pairs:
                    self._delete(kind, own, str(thing["id"]))
                return {}
            return {str(thing["id"]): self._change(kind, own, thing, row, now) for thing, row in pairs}
        if "name" in body and kind.path.endswith("tags"):
            named = next((thing for thing in own.values() if thing.get("name") == body["name"]), None)
            thing = self._found(kind, own, named and named[kind.id_field])
        else:
            thing = self._found(kind, own, body.get("id"))
        if method in {"DELETE", "POST"}:
            self._delete(kind, own, str(thing[kind.id_field]))
            return list(own.values()) if kind.shape == "all" else {}
        return self._shown(kind, own, self._change(kind, own, thing, body, now))

    def _several(self, kind: Kind, own: dict[str, Json], what: str, body: Json, now: str) -> Any:
        if what == "bulk-delete":
            ids = [str(one) for one in body.get(f"{kind.bulk}_ids") or ()]
            for number in ids:
                self._found(kind, own, number)
            for number in ids:
                self._delete(kind, own, number)
            return {}
        for thing, row in self._listed(kind, own, body):
            self._change(kind, own, thing, row, now)
        return {}

    def _listed(self, kind: Kind, own: dict[str, Json], body: Json) -> list[tuple[Json, Json]]:
        """Each thing that a bulk call names, with the fields it gives; Rejected if one of them does not exist."""
        rows = [fields_in(row) for row in body.get(f"{kind.bulk}s") or ()]
        return [(self._found(kind, own, row.get("id")), row) for row in rows]

    def _found(self, kind: Kind, own: dict[str, Json], number: Any) -> Json:
        if str(number) not in own:
            raise Rejected(404, f"{kind.path} {str(number)[:40]} does not exist")
        return own[str(number)]

    def _add(self, kind: Kind, own: dict[str, Json], given: Json, now: str) -> Json:
        for name in kind.required:
            if given.get(name) is None or given[name] == "":
                raise Rejected(400, f"{name}: required field")
        self._check_unique(kind, own, given)
        self._ids += 1
        number: Any = str(uuid.uuid4()) if kind.text_id else self._ids
        stamps = {"project_id": self.project, "created": now, "modified": now}
        thing = {**kind.defaults, **shown(given), **stamps, kind.id_field: number}
        if kind.path.endswith("drop-filters"):
            thing = {**thing, "eventName": given["event_name"]}
        own[str(number)] = thing
        self.changed(kind.path, str(number), given)
        return thing

    def _change(self, kind: Kind, own: dict[str, Json], thing: Json, changes: Json, now: str) -> Json:
        self._check_unique(kind, own, changes, thing)
        thing.update({**shown(changes), "modified": now, kind.id_field: thing[kind.id_field]})
        self.changed(kind.path, str(thing[kind.id_field]), thing)
        return thing

    def _delete(self, kind: Kind, own: dict[str, Json], number: str) -> None:
        del own[number]
        self.changed(kind.path, number, None)

    def _check_unique(self, kind: Kind, own: dict[str, Json], given: Json, besides: Json | None = None) -> None:
        value = given.get(kind.unique) if kind.unique else None
        if value is not None and any(one.get(kind.unique) == value for one in own.values() if one is not besides):
            raise Rejected(409, f"{kind.path}: the {kind.unique} {str(value)[:80]!r} is taken")

    def _shown(self, kind: Kind, own: dict[str, Json], thing: Json, *, after: bool = True) -> Any:
        if kind.shape == "map":
            return {str(thing[kind.id_field]): thing}
        return list(own.values()) if kind.shape == "all" and after else thing


@attrs.frozen
class Paged:
    """Some rows of a list, and what asks for the others."""

    rows: list[Json]
    pagination: Json


def shown(given: Json) -> Json:
    """What is told again of what was given."""
    return {name: value for name, value in given.items() if name not in SECRETS and name != "delete"}


def kind_at(endpoint: str) -> tuple[Kind, list[str]] | None:
    """The kind that an address below a project or workspace is of, and what of the address stands below it."""
    scoped = re.fullmatch(r"projects/\d+/workspaces/\d+/(.*)|(?:projects|workspaces)/\d+/(.*)", endpoint.strip("/"))
    place = (scoped[1] or scoped[2]) if scoped else ""
    for kind in LONGEST_FIRST:
        if place == kind.path or place.startswith(kind.path + "/"):
            return kind, [part for part in place[len(kind.path) :].split("/") if part]
    return None


def fields_in(body: Any) -> Json:
    """The JSON object that was sent; none is one without fields."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Rejected(400, "Invalid JSON: the body must be an object")
    return body
