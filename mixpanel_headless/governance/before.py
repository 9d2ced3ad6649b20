"""What a thing is before a call changes it, read by the operation that reads such things."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from mixpanel_headless.errors import APIError, InvalidResponseError, PolicyDenied

from .targets import Entity, entity_of

if TYPE_CHECKING:
    from mixpanel_headless.dispatch import Asked

    from .targets import Target


@attrs.frozen
class Before:
    """A thing as JSON, None if there is none or nothing reads it; `known` says which.

    Several things stand by their names, or by their ids, each None that a list of them lacks.
    """

    tree: dict[str, Any] | None = None
    known: bool = False
    several: bool = False
    listed: bool = False
    """Whether a list of such things was read, rather than the thing itself."""

    @property
    def digest(self) -> str:
        """Equal for equal things; "" for what is not known."""
        return digest_of(self.tree) if self.known else ""

    def name(self, target: Target | None) -> Target | None:
        """The target of a call with the names that the thing has now."""
        if target is None or not self.known or self.tree is None or not target.entities:
            return target
        if self.several:
            return attrs.evolve(target, entities=tuple(map(self.name_one, target.entities)))
        first, *others = target.entities
        names = tuple(dict.fromkeys([*first.names, *entity_of(self.tree).names]))
        return attrs.evolve(target, entities=(Entity(first.id, first.parts, names, True), *others))

    def name_one(self, entity: Entity) -> Entity:
        """One of several things with the names that it has now."""
        row = (self.tree or {}).get(entity.id or "")
        return entity if row is None else Entity(entity.id, entity.parts, entity_of(row).names, True)


async def read_before(asked: Asked[Any], target: Target | None) -> Before:
    """What a call is about, in the same project and view, for one request (for a list one a page)."""
    facts = asked.operation.facts
    if target is None or not target.entities:
        return Before()
    if facts.bulk and facts.named_by == 1:
        return await read_several(asked, target)
    if len(target.entities) != 1:
        return Before()
    entity = target.entities[0]
    ids = tuple(filter(None, (entity.id, *entity.parts)))
    for name in facts.before:
        reader = getattr(type(asked.surface), name, None)
        arguments = None if reader is None or not ids else arguments_of(reader, ids)
        if arguments is None:
            continue
        try:
            found = await getattr(looking(asked), name)(*arguments[0], **arguments[1])
        except (APIError, InvalidResponseError, PolicyDenied) as error:
            return Before(None, known=getattr(error, "status_code", None) == 404)
        return pick_addressed(found, asked) if facts.named_by > 1 else pick(found, ids[0])
    return Before()


async def read_several(asked: Asked[Any], target: Target) -> Before:
    """The things of a bulk call by their ids, from a list of all; nothing if there is none, or it cannot be had."""
    name = next((one for one in asked.operation.facts.before if hasattr(type(asked.surface), one)), None)
    if name is None:
        return Before()
    try:
        found = await getattr(looking(asked), name)()
    except (APIError, InvalidResponseError, PolicyDenied):
        return Before()
    rows = {entity_of(tree).id: tree for one in found if (tree := tree_of(one)) is not None}
    wanted = [one.id for one in target.entities if one.id is not None]
    return Before({one: rows.get(one) for one in wanted}, known=True, several=True, listed=True)


def looking(asked: Asked[Any]) -> Any:
    """The surface of a call, asking anew in its project and view."""
    surface = asked.surface.awaited
    return surface.view(pin=asked.pin, options=attrs.evolve(surface.options, freshness="fresh"))


def arguments_of(reader: Any, ids: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """How an operation is asked for a thing: by its ids, by its name among `names`, or for a list of all; None for no way."""
    needed = [one for one in list(inspect.signature(reader.origin).parameters.values())[1:] if one.default is one.empty]
    named = {one.name for one in needed if one.kind is one.KEYWORD_ONLY}
    count = len(needed) - len(named)
    lists = "Listing[" in str(reader.origin.__annotations__.get("return"))
    if count > len(ids) or not named <= {"names"} or not (count or lists):
        return None
    return ids[:count], ({"names": [ids[0]]} if named else {})


def pick(found: Any, id_: str) -> Before:
    """What was read as JSON; of a list, the one thing with that id."""
    if not isinstance(found, Sequence) or isinstance(found, (str, bytes)):
        tree = tree_of(found)
        return Before(tree, known=tree is not None)
    rows = [tree for one in found if (tree := tree_of(one)) is not None]
    own = next((row for row in rows if id_ in {entity_of(row).id, *entity_of(row).names}), None)
    return Before(own, known=True, listed=True)


def pick_addressed(found: Any, asked: Asked[Any]) -> Before:
    """Of a list the thing whose first texts are the names of a request's path, or by their names all that begin so."""
    wanted, size = asked.request.ids, asked.operation.facts.named_by
    rows = [tree for one in found if (tree := tree_of(one)) is not None]
    named = {tuple(text for text in row.values() if isinstance(text, str))[:size]: row for row in rows}
    if len(wanted) >= size:
        return Before(named.get(wanted[:size]), known=True, listed=True)
    fitting = {"/".join(names): row for names, row in named.items() if names[: len(wanted)] == wanted}
    return Before(fitting, known=True, several=True, listed=True)


def tree_of(found: Any) -> dict[str, Any] | None:
    if hasattr(found, "to_wire"):
        found = found.to_wire()
    return found if isinstance(found, dict) else None


def digest_of_request(asked: Asked[Any]) -> str:
    """Names a request: equal for those that send the same to the same place."""
    request = asked.request
    sent = [request.verb, request.full_path(asked.pin), dict(request.params), request.body, request.content]
    return digest_of(sent)


def token_of(asked: Asked[Any], before: Before) -> str:
    """Names one change of what is there now, on one host; other programs that mean the same have the same token."""
    host = asked.surface.settings.host("app")
    return digest_of([host, asked.operation.facts.full_name, digest_of_request(asked), before.digest])[:16]


def digest_of(tree: Any) -> str:
    """A digest of JSON that does not depend on the order of its names."""
    return hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()
