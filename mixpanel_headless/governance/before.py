"""What a thing is before a call changes it, read by the operation that reads such things."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from mixpanel_headless.errors import APIError

from .targets import Entity, Target, entity_of

if TYPE_CHECKING:
    from mixpanel_headless.dispatch import Asked

UNKNOWN = "unknown"


@attrs.frozen
class Before:
    """A thing as JSON, None if there is none or nothing reads it; `known` says which."""

    tree: dict[str, Any] | None = None
    known: bool = False

    @property
    def digest(self) -> str:
        """Equal for equal things; "" for what is not known."""
        return digest_of(self.tree) if self.known else ""

    def name(self, target: Target | None) -> Target | None:
        """The target of a call with the names that the thing has now."""
        if target is None or not self.known or self.tree is None or not target.entities:
            return target
        first, *others = target.entities
        names = tuple(dict.fromkeys([*first.names, *entity_of(self.tree).names]))
        return attrs.evolve(target, entities=(Entity(first.id, first.parts, names, True), *others))


async def read_before(asked: Asked[Any]) -> Before:
    """The thing that a call is about, for one request at most, in the same project and view; of many things none."""
    facts, ids = asked.operation.facts, asked.request.ids
    for name in facts.before:
        reader = getattr(type(asked.surface), name, None)
        if reader is None:
            continue
        takes = required(reader)
        if takes > len(ids):
            continue
        surface = (asked.surface.twin if asked.surface.blocking else asked.surface).view(pin=asked.pin)
        try:
            found = await getattr(surface, name)(*ids[:takes])
        except APIError as error:
            return Before(None, known=error.status_code == 404)
        return pick(found, ids[0] if ids else None)
    return Before()


def required(reader: Any) -> int:
    """How many arguments an operation needs."""
    parameters = list(inspect.signature(reader.origin).parameters.values())[1:]
    return sum(one.default is one.empty and one.kind is not one.KEYWORD_ONLY for one in parameters)


def pick(found: Any, id_: str | None) -> Before:
    """What was read as JSON; of a list, the one thing with that id."""
    if not isinstance(found, Sequence) or isinstance(found, (str, bytes)):
        tree = tree_of(found)
        return Before(tree, known=tree is not None)
    rows = [tree for one in found if (tree := tree_of(one)) is not None]
    return Before(next((row for row in rows if id_ in {entity_of(row).id, *entity_of(row).names}), None), known=True)


def tree_of(found: Any) -> dict[str, Any] | None:
    if hasattr(found, "to_wire"):
        found = found.to_wire()
    return found if isinstance(found, dict) else None


def digest_of(tree: Any) -> str:
    """A digest of JSON that does not depend on the order of its names."""
    return hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()
