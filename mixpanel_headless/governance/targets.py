"""What a call is about, read from its request: ids from the path, ids and names from the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

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
    if facts.bulk:
        entities = tuple(entity_of(entry) for rows in body.values() if is_list(rows) for entry in rows)
        listed = any(map(is_list, body.values()))
        return Target(entities, len(entities) if listed else request.entities)
    named = entity_of(body)
    ids = request.ids or ((named.id,) if named.id is not None else ())
    known = facts.verb == "create" or bool(named.names and not request.ids)
    names = tuple(dict.fromkeys([*named.names, *(name for name in ids if not name.isdigit())]))
    if not ids and not names:
        return Target()
    return Target((Entity(ids[0] if ids else None, ids[1:], names, known),))


def entity_of(entry: Any) -> Entity:
    """One row of a bulk call, or a body: an id, or an object that holds one."""
    if not isinstance(entry, Mapping):
        text = str(entry)
        return Entity(text, names=() if text.isdigit() else (text,), named=not text.isdigit())
    found = next((entry[field] for field in ID_FIELDS if is_id(entry.get(field))), None)
    names = tuple(dict.fromkeys(entry[field] for field in NAME_FIELDS if isinstance(entry.get(field), str)))
    return Entity(None if found is None else str(found), names=names, named=found is None)


def is_id(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
