"""What a project keeps and programs change: boards, cohorts, flags, alerts and so on, each kind as `kinds` knows it.

Each kind is a list below an address: it is read, made, changed and deleted one by one or several at once, as the App API
does it. The sandbox keeps what it is given and fills in what the service would; it checks what must be there.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox.histories import USER, Journal, number_in
from mixpanel_headless.sandbox.kinds import Kind, flaws_in, kind_at
from mixpanel_headless.sandbox.replies import Rejected, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_headless.models.params import Params
    from mixpanel_headless.sandbox.app import Request
    from mixpanel_headless.sandbox.replies import Json

FIRST_ID = 2001
PAGE = 1000
SECRETS = frozenset({"password"})
"""Fields that the service takes and never tells."""
FILTERS = frozenset({"bookmark_id", "data_group_id"})
"""Parameters that let only those through whose field says the same."""


@attrs.frozen
class Switch:
    """What an address below a thing does to it, and of which status it must be, if that matters."""

    changes: Mapping[str, Any]
    needs: str = ""
    takes: str = ""
    """The field of the body that is kept as well."""


SWITCHES: Mapping[tuple[str, str], Switch] = {
    ("POST", "favorites"): Switch({"is_favorited": True}), ("DELETE", "favorites"): Switch({"is_favorited": False}),
    ("POST", "pin"): Switch({"pinned_date": "now"}), ("DELETE", "pin"): Switch({"pinned_date": None}),
    ("PUT", "launch"): Switch({"status": "active", "start_date": "now"}, needs="draft"),
    ("PUT", "force_conclude"): Switch({"status": "concluded", "end_date": "now"}, needs="active", takes="end_date"),
    ("PATCH", "decide"): Switch({}, needs="concluded"),
    ("POST", "archive"): Switch({"archived": True}), ("DELETE", "archive"): Switch({"archived": False}),
    ("PUT", "test-users"): Switch({}, takes="users"),
}  # fmt: skip


@attrs.define
class Entities:
    """The things of all kinds by id; whoever reads or writes holds the lock of what is saved."""

    journal: Journal = attrs.field(factory=Journal)
    things: dict[str, dict[str, Json]] = attrs.field(factory=dict)
    changed: Callable[[str, str, Json | None], None] = attrs.field(default=lambda kind, number, thing: None)
    """Told what was made, changed or deleted (None)."""
    last_id: int = FIRST_ID

    def answer(self, request: Request) -> Any:
        """What an address answers; None for one that is of no kind."""
        found = kind_at(request.arrival.route.endpoint)
        if found is None:
            return None
        kind, rest = found
        if not rest:
            return self._all(kind, request)
        if rest[0] in {"bulk-delete", "bulk-update"} and request.arrival.method == "POST":
            return self._several(kind, rest[0], request)
        return self._one(kind, rest, request)

    def new_id(self) -> int:
        """An id that no other thing has had."""
        self.last_id += 1
        return self.last_id

    def own(self, kind: str) -> dict[str, Json]:
        """The things of a kind by id."""
        return self.things.setdefault(kind, {})

    def thing(self, kind: str, number: object) -> Json:
        """One thing; Rejected says that there is none."""
        found = self.own(kind).get(str(number))
        if found is None:
            raise Rejected(404, f"{kind} {str(number)[:40]} does not exist")
        return found

    def add(self, kind: Kind, given: Json, request: Request) -> Json:
        """A new thing; Rejected for one that lacks something, is there already or is one too many."""
        check_required(kind, given)
        check(kind.made_of, given)
        if kind.most is not None and len(self.own(kind.path)) >= kind.most:
            raise Rejected(400, f"{kind.path}: there are {kind.most} already, as many as there may be")
        self._check_unique(kind, given)
        number: Any = str(uuid.uuid4()) if kind.text_id else self.new_id()
        now = request.moment if kind.zoned else request.now
        stamps = {"project_id": request.project, "created": now, "modified": now}
        thing = kind.filled({**kind.defaults, **shown(kind, given), **stamps, kind.id_field: number})
        self.own(kind.path)[str(number)] = thing
        self._tell(kind, str(number), None, thing, request)
        return thing

    def change(self, kind: Kind, thing: Json, changes: Json, request: Request) -> Json:
        """A thing after a change."""
        check(kind.changed_by, changes)
        self._check_unique(kind, changes, thing)
        before = dict(thing)
        now = request.moment if kind.zoned else request.now
        thing.update({**shown(kind, changes), "modified": now, kind.id_field: thing[kind.id_field]})
        self._tell(kind, str(thing[kind.id_field]), before, thing, request)
        return thing

    def delete(self, kind: Kind, number: str, request: Request) -> None:
        """Delete a thing for good."""
        self._tell(kind, number, self.own(kind.path).pop(number), None, request)

    def _tell(self, kind: Kind, number: str, before: Json | None, after: Json | None, request: Request) -> None:
        self.journal.note(kind.path, number, before, after, request.now)
        self.changed(kind.path, number, after)

    def _all(self, kind: Kind, request: Request) -> Any:
        body = fields_in(request)
        match request.arrival.method:
            case "GET":
                return self._page(kind, request)
            case "POST" if "delete" not in body:
                made = self._shown(kind, self.add(kind, body, request), request)
                return Told(made, status=kind.made, bare=kind.bare)
            case "POST" | "DELETE" | "PATCH":
                return self._by_body(kind, body, request)
        raise Rejected(405, f"Method {request.arrival.method} is not allowed")

    def _page(self, kind: Kind, request: Request) -> Any:
        query = request.arrival.query
        ids = set(query["ids"].split(",")) if query.get("ids") else None
        rows = [thing for number, thing in self.own(kind.path).items() if ids is None or number in ids]
        if query.get("include_archived") != "true":
            rows = [thing for thing in rows if not thing.get("archived")]
        for name in FILTERS & query.keys():
            rows = [thing for thing in rows if str(thing.get(name)) == query[name]]
        rows = [self.present(kind, thing, request) for thing in rows if fits(kind, thing, query)]
        if kind.shape == "map":
            return {str(thing[kind.id_field]): thing for thing in rows}
        start = number_in(request, "cursor", 0)
        if start + PAGE < len(rows):
            return Told(rows[start : start + PAGE], pagination={"next_cursor": str(start + PAGE), "page_size": PAGE})
        return Told(rows[start:], bare=kind.bare)

    def _one(self, kind: Kind, rest: list[str], request: Request) -> Any:
        thing, method = self.thing(kind.path, rest[0]), request.arrival.method
        if len(rest) > 1:
            return self._switch(kind, thing, rest[1], request)
        match method:
            case "GET":
                return self._shown(kind, thing, request, after=False)
            case "PATCH" | "PUT":
                fields = fields_in(request)
                if method == "PUT" and kind.whole:
                    check_required(kind, fields)
                    fields = kind.given_anew(fields)
                return self._shown(kind, self.change(kind, thing, fields, request), request)
            case "DELETE":
                self.delete(kind, rest[0], request)
                return {kind.id_field: thing[kind.id_field]}
        raise Rejected(405, f"Method {method} is not allowed")

    def _switch(self, kind: Kind, thing: Json, what: str, request: Request) -> Any:
        method, body = request.arrival.method, fields_in(request)
        if what == "duplicate" and method == "POST":
            copy = {name: value for name, value in thing.items() if name not in {kind.id_field, kind.unique}}
            named = {kind.unique: f"{thing[kind.unique]}-copy"} if kind.unique else {}
            return self._shown(kind, self.add(kind, {**copy, **named, **body}, request), request)
        if (method, what) not in SWITCHES:
            raise Rejected(404, f"{method} {kind.path}/.../{what} does not exist")
        switch = SWITCHES[method, what]
        if switch.needs and thing.get("status") != switch.needs:
            raise Rejected(409, f"{kind.path}: {what} is for those that are {switch.needs}, not {thing.get('status')}")
        changes = {name: request.now if value == "now" else value for name, value in switch.changes.items()}
        if what == "decide":
            changes["status"] = "success" if body.get("success") else "fail"
        if body.get(switch.takes):
            changes[switch.takes] = body[switch.takes]
        return self._shown(kind, self.change(kind, thing, changes, request), request)

    def _by_body(self, kind: Kind, body: Json, request: Request) -> Any:
        """A change whose things stand in the body, as some kinds have it."""
        pairs = self._named(kind, body)
        if request.arrival.method in {"DELETE", "POST"}:
            self._delete_all(kind, pairs, request)
            return self._rest(kind, request) if kind.shape == "all" else {}
        changed = [self.change(kind, thing, row, request) for thing, row in pairs]
        if kind.shape == "map":
            return {str(thing[kind.id_field]): thing for thing in changed}
        return self._shown(kind, changed[0], request) if changed else {}

    def _several(self, kind: Kind, what: str, request: Request) -> Any:
        pairs = self._named(kind, fields_in(request))
        if what == "bulk-delete":
            self._delete_all(kind, pairs, request)
            return {}
        for thing, row in pairs:
            self.change(kind, thing, row, request)
        return {}

    def _delete_all(self, kind: Kind, pairs: list[tuple[Json, Json]], request: Request) -> None:
        for number in dict.fromkeys(str(thing[kind.id_field]) for thing, _ in pairs):
            self.delete(kind, number, request)

    def _named(self, kind: Kind, body: Json) -> list[tuple[Json, Json]]:
        """Each thing that a body names, by `toy_ids`, in rows or by itself, with its fields; Rejected if one is none."""
        ids = next((value for name, value in body.items() if name.endswith("_ids") and isinstance(value, list)), None)
        rows = next((value for value in body.values() if isinstance(value, list) and value and are_rows(value)), None)
        if ids is not None:
            return [(self.thing(kind.path, number), {}) for number in ids]
        if rows is not None and kind.id_field not in body:
            return [(self.thing(kind.path, row.get(kind.id_field)), row) for row in rows]
        if kind.unique in body and kind.id_field not in body:
            alike = (thing for thing in self.own(kind.path).values() if thing.get(kind.unique) == body[kind.unique])
            return [(self.thing(kind.path, next(alike, {}).get(kind.id_field)), body)]
        return [(self.thing(kind.path, body.get(kind.id_field)), body)]

    def _check_unique(self, kind: Kind, given: Json, besides: Json | None = None) -> None:
        value, own = given.get(kind.unique) if kind.unique else None, self.own(kind.path).values()
        if value is not None and any(one.get(kind.unique) == value for one in own if one is not besides):
            raise Rejected(409, f"{kind.path}: the {kind.unique} {str(value)[:80]!r} is taken")

    def _shown(self, kind: Kind, thing: Json, request: Request, *, after: bool = True) -> Any:
        if kind.shape == "map":
            return {str(thing[kind.id_field]): thing}
        return self._rest(kind, request) if kind.shape == "all" and after else self.present(kind, thing, request)

    def _rest(self, kind: Kind, request: Request) -> list[Json]:
        return [self.present(kind, thing, request) for thing in self.own(kind.path).values()]

    def present(self, kind: Kind, thing: Json, request: Request) -> Json:
        """A thing as the service shows it: with things of other kinds in the place of their ids."""
        if kind.path == "annotations":
            tags = [own for number in thing.get("tags") or () if (own := self.own("annotations/tags").get(str(number)))]
            named = [{"id": tag["id"], "name": tag["name"]} for tag in tags]
            thing = {**thing, "tags": named, "user": {"id": USER, "first_name": "sandbox", "last_name": ""}}
        if kind.path == "annotations/tags":
            notes = self.own("annotations").values()
            return {**thing, "has_annotations": any(thing["id"] in (note.get("tags") or ()) for note in notes)}
        if kind.path == "alerts/custom":
            report = request.source.saved.reports.get(thing["bookmark_id"], {"id": thing["bookmark_id"]})
            return {**thing, "bookmark": {name: report.get(name) for name in ("id", "name", "type")}}
        return {name: value for name, value in thing.items() if not kind.shows or name in kind.shows}


def check_required(kind: Kind, given: Json) -> None:
    """Raise Rejected for a field that lacks."""
    for name in kind.required:
        if given.get(name) is None or given[name] == "":
            raise Rejected(400, f"{name}: required field")


def check(takes: type[Params] | None, given: Json) -> None:
    """Raise Rejected for fields whose values are of the wrong kind."""
    if takes and (flaws := flaws_in(takes, given)):
        raise Rejected(400, "; ".join(f"{name}: {flaw}" for name, flaw in flaws))


def fits(kind: Kind, thing: Json, query: Mapping[str, str]) -> bool:
    """Whether an annotation is of the days and has one of the tags that are asked for."""
    if kind.path != "annotations":
        return True
    day, tags = str(thing["date"])[:10], set(query["tags"].split(",")) if query.get("tags") else None
    if tags is not None and tags.isdisjoint(map(str, thing.get("tags") or ())):
        return False
    return query.get("fromDate", "")[:10] <= day and (not query.get("toDate") or day <= query["toDate"][:10])


def shown(kind: Kind, given: Json) -> Json:
    """What is told again of what was given, under the service's names."""
    return {kind.told_as(name): value for name, value in given.items() if name not in SECRETS and name != "delete"}


def rows_in(body: Json, field: str) -> list[Json]:
    """The objects in a field of a body."""
    rows = body.get(field)
    if not isinstance(rows, list) or not are_rows(rows):
        raise Rejected(400, f"{field} must be a list of objects")
    return rows


def are_rows(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def fields_in(request: Request) -> Json:
    """The JSON object that was sent; none is one without fields."""
    return {} if request.arrival.document is None else request.body
