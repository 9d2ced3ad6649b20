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
from mixpanel_headless.models.params import check_fields, fields_of
from mixpanel_headless.sandbox.histories import USER
from mixpanel_headless.sandbox.routes import SCOPE
from mixpanel_headless.signatures import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.models.params import Params
    from mixpanel_headless.operation import Operation
    from mixpanel_headless.request import Request

Shape = Literal["plain", "map", "all"]
"""What an answer holds: the thing itself, an object by id, or, after a change, all things of the kind."""


@attrs.frozen
class Kind:
    """One kind of things: below which address, what it must have, and how the service calls and answers it."""

    path: str
    entity: type[Entity]
    """What a thing is read as; what that must have and nobody gave is blank."""
    made_of: type[Params] | None = None
    changed_by: type[Params] | None = None
    """What is given to make one, and to change one."""
    required: tuple[str, ...] = ()
    id_field: str = "id"
    text_id: bool = False
    shape: Shape = "plain"
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    unique: str = ""
    """A field that no two of them have alike."""
    most: int | None = None
    """How many there may be."""
    shows: frozenset[str] = frozenset()
    """The fields that are shown, where that is not all that is known."""
    whole: bool = False
    """Whether a PUT replaces all that was given before."""
    made: int = 200
    """The status of an answer about a new one."""
    zoned: bool = False
    """Whether its moments have a zone."""
    bare: bool = False
    """Whether a list of them, and a new one, come without an envelope."""

    def filled(self, thing: dict[str, Any]) -> dict[str, Any]:
        """A thing with something blank in the place of each field that it must have and lacks."""
        return sketch(self.entity, thing, None)

    def given_anew(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a PUT changes that replaces all: what it does not give is as if it had never been given."""
        fields = fields_of(self.made_of).values() if self.made_of else ()
        return {name: self.defaults.get(name) for name in map(wire_name, fields)} | given

    def told_as(self, name: str) -> str:
        """What the service calls a field that is given by the name of an attribute."""
        field = attrs.fields_dict(self.entity).get(name)
        return wire_name(field) if field else name


EXPERIMENT = """
id name content_type description created creator_id creator_name creator_email modified deleted is_favorited pinned_date tags
hypothesis status variants metrics settings exposures_cache results_cache start_date end_date feature_flag
"""
FLAG = """
id project_id workspace_id name key description tags experiment_id status context data_group_id serving_method ruleset
is_experiment_active hash_salt reset_hash_salt content_type created creator_id creator_name creator_email modified is_favorited
pinned_date enabled_at deleted
"""
BY_US: dict[str, Any] = {"creator_id": USER, "creator_name": "sandbox", "creator_email": None}
UNSAID: dict[str, dict[str, Any]] = {
    "dashboards": {"defaults": {"is_private": False, "can_view": True, "ancestors": []}},
    "cohorts": {"defaults": {"is_visible": True, "verified": False, "count": None}},
    "annotations": {"shows": frozenset({"id", "date", "description", "user", "tags"}), "made": 201},
    "annotations/tags": {"unique": "name", "bare": True},
    "webhooks": {"defaults": {"is_enabled": True}},
    "alerts/custom": {"defaults": {"valid": True}, "most": 50},
    "experiments": {
        "defaults": {"content_type": "experiments", "status": "draft", "variants": [], "metrics": [], **BY_US},
        "shows": frozenset(EXPERIMENT.split()),
        "made": 201,
    },
    "feature-flags": {
        "defaults": {
            "content_type": "feature-flags",
            "status": "disabled",
            "tags": [],
            "context": "distinct_id",
            "serving_method": "client",
            "ruleset": {"variants": [], "rollout": []},
            **BY_US,
        },
        "shows": frozenset(FLAG.split()),
        "zoned": True,
        "whole": True,
        "unique": "key",
        "most": 100,
    },
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
    made_of = params_of(call)
    changer = calls.get(f"{makes[1]}update_{makes[2]}")
    return Kind(
        path=path.rpartition("/")[0] if request.ids else path,
        made_of=made_of,
        changed_by=params_of(changer) if changer else None,
        required=tuple(wire_name(field) for field in fields_of(made_of).values() if field.default is attrs.NOTHING)
        if made_of
        else (),
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


def params_of(call: Operation[..., Any]) -> type[Params] | None:
    """The class of the fields that a call takes."""
    taken = signature(call.origin).parameters.get("params")
    return None if taken is None else evaluate(taken.annotation, call.origin)


def flaws_in(takes: type[Params], given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the fields that a class knows, fields that lack and others aside."""
    names = {wire_name(field): name for name, field in fields_of(takes).items()}
    known = {name: value for name, value in given.items() if names.get(name, name) in fields_of(takes)}
    given_names = {names.get(name, name) for name, value in known.items() if value is not None}
    return [(path, flaw) for path, flaw in check_fields(takes, known)[1] if re.split(r"[.\[]", path)[0] in given_names]


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
