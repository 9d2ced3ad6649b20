"""What a call is about, read from its request: ids from the path, ids and names from the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import plain_text

if TYPE_CHECKING:
    from mixpanel_headless.request import Request

    from .facts import Facts

ID_FIELDS = ("id", "customEventId", "data-group-id")
NAME_FIELDS = ("name", "title", "display_name", "displayName", "event_name", "eventName")
"""Fields of a body that say what a thing is called, now or after the call."""


@attrs.frozen
class Entity:
    """One thing: its id, those of what it holds and the call names as well, and all that it is called."""

    id: str | None = None
    parts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    named: bool = True
    """Whether all its names are known."""

    def __str__(self) -> str:
        return self.id or (self.names[0] if self.names else "?")


@attrs.frozen
class Target:
    """The things that a call is about."""

    entities: tuple[Entity, ...] = ()
    count: int | None = 1
    """How many there are, None if nothing tells."""

    def __str__(self) -> str:
        return ", ".join(map(str, self.entities[:3])) + (
            f" and {len(self.entities) - 3} more" if self.entities[3:] else ""
        )


def target_of(request: Request[Any], facts: Facts) -> Target:
    """What a request is about."""
    body = request.body if isinstance(request.body, Mapping) else {}
    if facts.named_by > 1:
        return addressed(request.ids, facts)
    listed = [rows for rows in body.values() if is_list(rows)]
    entries = tuple(entity_of(entry) for rows in listed for entry in rows)
    if request.sweeps:
        return Target((*entries, Entity("*", named=False)), None)
    if facts.bulk:
        return Target(entries, len(entries) if listed else request.entities)
    own, creates = entity_of(body), facts.verb == "create"
    ids = request.ids or ((own.id,) if own.id is not None else ())
    names = tuple(dict.fromkeys([*own.names, *(name for name in ids if not name.isdigit())]))
    if not ids and not names:  # as the service has it for some, a call about one thing lists it
        return Target() if creates else Target(entries)
    first = ids[0] if ids else None if creates else names[0]
    return Target((Entity(first, ids[1:], names, creates or not ids),))


def addressed(ids: tuple[str, ...], facts: Facts) -> Target:
    """The thing that some names stand for together, or all things whose address begins with these."""
    if len(ids) < facts.named_by:  # of what nobody counts nobody knows the names either
        return Target((Entity("/".join([*ids, "*"]), ids),), None)
    own = ids[: facts.named_by]
    return Target((Entity("/".join(own), ids, own[-1:]),))


def entity_of(entry: Any) -> Entity:
    """One row of a bulk call, or a body: an id, or an object that holds one."""
    if not isinstance(entry, Mapping):
        text = plain_text(entry)
        return Entity(text, names=() if text.isdigit() else (text,), named=not text.isdigit())
    found = next((entry[field] for field in ID_FIELDS if is_id(entry.get(field))), None)
    names = tuple(dict.fromkeys(plain_text(entry[one]) for one in NAME_FIELDS if isinstance(entry.get(one), str)))
    return Entity(None if found is None else plain_text(found), names=names, named=found is None)


def is_id(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
