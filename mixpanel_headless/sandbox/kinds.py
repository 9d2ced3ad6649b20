"""Which things a project keeps, read from the operations that make and read them; a new family needs no word here.

Where such things stand, what one must have and what it is, the definitions say already: `create_toy` takes `CreateToyParams`, and
`get_toy` or `list_toys` says below which address a `Toy` is.
"""

from __future__ import annotations

import functools
import re
from inspect import getattr_static, signature
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin
from urllib.parse import unquote

import attrs

from mixpanel_headless.governance.foresight import sketch
from mixpanel_headless.models.entity import Entity, wire_name
from mixpanel_headless.operation import evaluate
from mixpanel_headless.sandbox.histories import USER
from mixpanel_headless.sandbox.routes import SCOPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.operation import Operation
    from mixpanel_headless.request import Request

Shape = Literal["plain", "map", "all"]
"""What an answer holds: the thing itself, an object by id, or, after a change, all things of the kind."""


@attrs.frozen
class Kind:
    """One kind of things: below which address, what it must have, and how the service calls and answers it."""

    path: str
    required: tuple[str, ...]
    entity: type[Entity]
    """What a thing is read as; what that must have and nobody gave is blank."""
    id_field: str = "id"
    text_id: bool = False
    shape: Shape = "plain"
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    unique: str = ""
    """A field that no two of them have alike."""
    most: int | None = None
    """How many there may be."""

    def filled(self, thing: dict[str, Any]) -> dict[str, Any]:
        """A thing with something blank in the place of each field that it must have and lacks."""
        return sketch(self.entity, thing, None)

    def told_as(self, name: str) -> str:
        """What the service calls a field that is given by the name of an attribute."""
        field = attrs.fields_dict(self.entity).get(name)
        return wire_name(field) if field else name


UNSAID: dict[str, dict[str, Any]] = {
    "dashboards": {"defaults": {"is_private": False, "can_view": True, "ancestors": []}},
    "cohorts": {"defaults": {"is_visible": True, "verified": False, "count": None}},
    "annotations/tags": {"unique": "name"},
    "webhooks": {"defaults": {"is_enabled": True}},
    "alerts/custom": {"defaults": {"valid": True}, "most": 50},
    "experiments": {"defaults": {"status": "draft", "variants": [], "metrics": []}},
    "feature-flags": {"defaults": {"status": "disabled", "tags": []}, "unique": "key", "most": 100},
    "custom_properties": {"defaults": {"isVisible": True}},
    "metrics": {"defaults": {"verified": False}, "unique": "name", "required": ("name", "type", "definition")},
    "behaviors": {"defaults": {"verified": False}, "unique": "name", "required": ("name", "type", "definition")},
    "data-definitions/tags": {"unique": "name"},
    "data-definitions/events/drop-filters": {"defaults": {"active": True}, "most": 30},
    "data-definitions/events/deletion-requests": {
        "defaults": {"status": "Submitted", "requestingUser": {"id": USER}, "filters": []},
    },
}
"""What the service does and no operation says: what a new thing is unless it is told otherwise, and what it refuses."""


@functools.cache
def kinds() -> dict[str, Kind]:
    """Every kind by its address."""
    from mixpanel_headless.operation import Operation
    from mixpanel_headless.workspace import Workspace

    found = ((name, getattr_static(Workspace, name)) for name in dir(Workspace))
    calls = {name: call for name, call in found if isinstance(call, Operation)}
    made = (kind_made_by(call, calls) for call in calls.values())
    return {kind.path: attrs.evolve(kind, **UNSAID.get(kind.path, {})) for kind in made if kind}


def kind_made_by(call: Operation[..., Any], calls: Mapping[str, Operation[..., Any]]) -> Kind | None:
    """The kind of what a call makes; None for a call that makes nothing that another one reads."""
    makes = re.fullmatch(r"(_?)create_(\w+)", call.name)
    if makes is None:
        return None
    names = [f"{hidden}{verb}_{makes[2]}{end}" for hidden in ("", "_") for verb, end in READERS]
    reader = next((calls[name] for name in names if name in calls), None)
    request = asked(reader) if reader else None
    if request is None or request.params:
        return None
    entity = (get_args(request.kind) or (request.kind,))[0]
    if not (isinstance(entity, type) and issubclass(entity, Entity)) or (key := id_of(entity)) is None:
        return None
    path = request.path.strip("/")
    many, given_back = get_origin(request.kind) is list, str(signature(call.origin).return_annotation)
    return Kind(
        path=path.rpartition("/")[0] if request.ids else path,
        required=required_by(call),
        entity=entity,
        id_field=wire_name(key),
        text_id=key.type is not int,
        shape="map" if many and request.ids else "all" if given_back.startswith("Listing[") else "plain",
    )


READERS = (("get", ""), ("list", "s"), ("list", ""))
"""What the name of a call that reads a thing begins and ends with, around its noun."""


def asked(reader: Operation[..., Any]) -> Request[Any] | None:
    """The request for some thing, or for all of a kind; None where that takes more than an id."""
    needed = [one for one in list(signature(reader.origin).parameters.values())[1:] if one.default is one.empty]
    if not {one.annotation for one in needed} <= {"int", "str", "str | int"}:
        return None
    return reader.build(None, *("1" if one.annotation == "str" else 1 for one in needed))


def id_of(entity: type[Entity]) -> attrs.Attribute[Any] | None:
    """The field that tells a thing from others of its kind."""
    attrs.resolve_types(entity)
    fields = attrs.fields_dict(entity)
    own = (field for name, field in fields.items() if name.endswith("_id") and field.default is attrs.NOTHING)
    return fields.get("id") or next(own, None)


def required_by(call: Operation[..., Any]) -> tuple[str, ...]:
    """What must be given to make a thing, by the service's names."""
    params = signature(call.origin).parameters.get("params")
    if params is None:
        return ()
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(evaluate(params.annotation, call.origin))
    return tuple(wire_name(field) for field in fields if field.default is attrs.NOTHING)


@functools.cache
def longest_first() -> tuple[str, ...]:
    """The addresses of the kinds; one that begins as another does comes before it."""
    return tuple(sorted(kinds(), key=lambda path: -len(path)))


def kind_at(endpoint: str) -> tuple[Kind, list[str]] | None:
    """The kind that an address below a project or workspace is of, and what of the address stands below it."""
    scoped = re.fullmatch(rf"{SCOPE}/(?P<place>.*)", endpoint.strip("/"))
    place = scoped["place"] if scoped else ""
    for path in longest_first():
        if place == path or place.startswith(path + "/"):
            return kinds()[path], [unquote(part) for part in place[len(path) :].split("/") if part]
    return None
