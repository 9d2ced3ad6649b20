"""What a change would leave behind, and what the service would answer, as far as that can be foreseen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, Union, get_args, get_origin
from urllib.parse import quote

import attrs
import msgspec

from mixpanel_headless.errors import InvalidResponseError, MixpanelHeadlessError, ResponseValidationError
from mixpanel_headless.results.provenance import Provenance

if TYPE_CHECKING:
    from mixpanel_headless.request import Request

    from .facts import Facts

FIRST = 9_000_000_000
"""Ids that stand for those of things that are only planned begin below this, with a minus: no service gives such."""
MASKED = re.compile("password|secret|token|authorization", re.IGNORECASE)


class Difference(NamedTuple):
    """One field that a change changes; None also stands for one that is not there."""

    path: str
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> list[Difference]:
    """What is different afterwards, field by field; what hides from people shows as stars."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = dict.fromkeys([*before, *after])
        inner = [(f"{path}.{name}".lstrip("."), before.get(name), after.get(name)) for name in names]
        return [one for place, old, new in inner for one in differences(old, new, place)]
    if before == after:
        return []
    return [Difference(path, mask(path, before), mask(path, after))]


def mask(name: str, value: Any) -> Any:
    """A value without what nobody should read over a shoulder."""
    if isinstance(value, Mapping):
        return {str(key): mask(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(name, inner) for inner in value]
    return "***" if value and MASKED.search(name.rpartition(".")[2]) else value


def plain_body(request: Request[Any]) -> dict[str, Any] | None:
    """The body as plain JSON; ready JSON in it is read."""
    if request.body is None:
        return None
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(request.body))
    return body


def foresee_after(facts: Facts, before: dict[str, Any] | None, body: dict[str, Any] | None) -> dict[str, Any] | None:
    """The thing after a call: none after a deletion, else what there was with what the call says in its place."""
    return None if facts.verb == "delete" else {**(before or {}), **(body or {})}


def foresee_answer(request: Request[Any], after: dict[str, Any] | None, number: int | None) -> Any:
    """The answer to a call that is only planned; a thing that it would make has an id that stands for its own."""
    entity = request.kind if isinstance(request.kind, type) and attrs.has(request.kind) else None
    told = Provenance(origin="planned", computed_at=datetime.now(UTC))
    if get_origin(request.kind) is list:
        return foresee_rows(request, after or {}, number, told)
    tree: Any = dict(after or {})
    if entity is not None:
        tree = sketch(entity, tree, number)
    elif number is not None:
        tree["id"] = number
    for _ in range(2):
        try:
            return request.read(tree, told)
        except ResponseValidationError as error:  # what is sent may have another form than what is answered
            if entity is None:
                break
            spelled = {re.split(r"[.\[]", one.rpartition(" @ $.")[2])[0] for one in error.fields}
            kept = {name: value for name, value in tree.items() if name not in wires(entity, spelled)}
            tree = sketch(entity, kept, number)
    raise MixpanelHeadlessError(
        f"Nobody can foresee what {request.verb} {request.path} would be answered with.",
        hint="The change is in the plan; make calls that need its answer after it was applied.",
        code="UNFORESEEABLE",
        sent=False,
    )


def foresee_rows(request: Request[Any], after: dict[str, Any], number: int | None, told: Provenance) -> Any:
    """A list without rows; where the service answers with an object of rows by id, the one that is made or changed."""
    try:
        return request.read([], told)
    except InvalidResponseError:
        own = number or after.get("id") or next((int(one) for one in request.ids if one.lstrip("-").isdigit()), None)
        if own is None:
            return request.read({}, told)
        return request.read({str(own): sketch(get_args(request.kind)[0], {**after, "id": own}, number)}, told)


def wires(kind: Any, names: set[str]) -> set[str]:
    """Names of fields, and the service's names for them."""
    from mixpanel_headless.models.entity import wire_name

    return names | {wire_name(field) for field in attrs.fields(kind) if field.name in names}


def sketch(kind: Any, tree: dict[str, Any], number: int | None) -> dict[str, Any]:
    """What is known of an entity, and something in place of each field that it must have."""
    from mixpanel_headless.models.entity import wire_name

    attrs.resolve_types(kind)
    missing = {
        wire_name(field): blank(field.type, field.name == "id", number)
        for field in attrs.fields(kind)
        if field.default is attrs.NOTHING and tree.get(wire_name(field)) is None
    }
    return {**tree, **missing}


def blank(kind: Any, is_id: bool, number: int | None) -> Any:
    """Something of a kind."""
    if get_origin(kind) in (Union, UnionType):
        return None if type(None) in get_args(kind) else blank(get_args(kind)[0], is_id, number)
    if is_id and number is not None:
        return str(number) if kind is str else number
    if isinstance(kind, type) and attrs.has(kind):
        return sketch(kind, {}, None)
    if kind in (datetime, date):
        return datetime.now(UTC).isoformat()
    return {int: 0, float: 0.0, bool: False, str: ""}.get(kind, [] if get_origin(kind) is list else {})


def settle_ids(request: Request[Any], known: Mapping[str, str | int]) -> Request[Any]:
    """A request about things that were only planned, with the ids that they have been given."""
    if not known:
        return request
    path = "/".join(quote(str(known[part]), safe="") if part in known else part for part in request.path.split("/"))
    return attrs.evolve(
        request,
        path=path,
        ids=tuple(str(known.get(one, one)) for one in request.ids),
        params={name: settle(value, known) for name, value in request.params.items()},
        body=None if request.body is None else settle(plain_body(request), known),
    )


def settle(value: Any, known: Mapping[str, str | int]) -> Any:
    if isinstance(value, Mapping):
        return {name: settle(inner, known) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(settle(inner, known) for inner in value)
    if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value) in known:
        return type(value)(known[str(value)])
    return value
