"""Requests to the App API: its verbs as constructors, so that an operation is one line.

get("alerts/custom/", list[CustomAlert], scope=Scope.WORKSPACE_IF_PINNED, bookmark_id=bookmark_id)
patch(at("dashboards/{}", dashboard_id), Dashboard, scope=Scope.WORKSPACE_IF_PINNED, json=changes)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_origin, overload
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import attrs

from .convert import structure
from .errors import InvalidArgumentError, InvalidResponseError, shown
from .query.fields import is_whole, is_whole_text, plain_text
from .replies import decode, decode_nothing, read_page, read_rows, unwrap
from .request import Json, Request, Scope, Verb, accept_any
from .results.discovery import Listing
from .results.trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .models.params import Params
    from .replies import Reply
    from .results.provenance import Provenance

E = TypeVar("E")

Body: TypeAlias = "Mapping[str, Json] | Params | None"
QueryValue: TypeAlias = "str | int | Sequence[str] | None"


class Constructor:
    """Makes requests with one HTTP verb.

    `kind` is what the answer becomes: an entity, a list of them, `object` for JSON as it is, None where it says nothing.

    `path` stands below the scope and keeps its trailing slash, or the lack of one, as the service has it. The other
    keyword arguments are the query string: None is left out, True is `true`, a list stands there once for each item; a
    name that is no identifier goes in as `**{"name[]": names}`. A list's later pages are asked for too, a request each.
    """

    def __init__(self, verb: Verb) -> None:
        self.verb: Verb = verb

    @overload
    def __call__(
        self,
        path: str,
        kind: type[list[E]],
        /,
        *,
        scope: Scope = ...,
        json: Body = ...,
        form: Mapping[str, str] | None = ...,
        inside: str | None = ...,
        lifetime: Literal["none", "discovery"] = ...,
        **query: QueryValue,
    ) -> Request[Listing[E]]: ...
    @overload
    def __call__(
        self,
        path: str,
        kind: type[E],
        /,
        *,
        scope: Scope = ...,
        json: Body = ...,
        form: Mapping[str, str] | None = ...,
        inside: str | None = ...,
        lifetime: Literal["none", "discovery"] = ...,
        **query: QueryValue,
    ) -> Request[E]: ...
    @overload
    def __call__(
        self,
        path: str,
        kind: None = ...,
        /,
        *,
        scope: Scope = ...,
        json: Body = ...,
        form: Mapping[str, str] | None = ...,
        inside: str | None = ...,
        lifetime: Literal["none", "discovery"] = ...,
        **query: QueryValue,
    ) -> Request[None]: ...
    def __call__(
        self,
        path: str,
        kind: Any = None,
        /,
        *,
        scope: Scope = Scope.PROJECT,
        json: Body = None,
        form: Mapping[str, str] | None = None,
        inside: str | None = None,
        lifetime: Literal["none", "discovery"] = "none",
        **query: QueryValue,
    ) -> Request[Any]:
        paged = get_origin(kind) is list
        shape = Shape(kind, f"{self.verb} {path}", inside, changes=self.verb != "GET")
        return Request(
            self.verb,
            "app",
            f"/{path}",
            shape.read,
            {name: text for name, value in query.items() if (text := query_text(value)) is not None},
            form if json is None else write_body(json),
            form=form is not None,
            decode=decode if kind is not None else decode_nothing,
            accept=accept_any if lifetime == "none" else shape.read,  # what is kept must be sound
            lifetime=lifetime,
            scope=scope,
            ids=path.ids if isinstance(path, Place) else (),
            kind=kind,
            paged=paged,
        )


def write_body(json: Mapping[str, Json] | Params) -> Mapping[str, Json]:
    """A body as JSON, with the `*Params` in it as they are sent."""
    from .models.params import to_wire

    body: Mapping[str, Json] = to_wire(json)
    return body


class Place(str):
    """A path that knows the ids and names in it, as they are written without percent signs."""

    __slots__ = ("ids",)
    ids: tuple[str, ...]


def at(path: str, *names: str | int) -> Place:
    """A path with names or ids in its braces, each percent-encoded as one segment that leads nowhere else."""
    place = Place(path.format(*map(segment, names)))
    place.ids = tuple(map(plain_text, names))
    return place


def segment(name: str | int) -> str:
    """One segment of a path; InvalidArgumentError for what none can be."""
    whole = is_whole(name) and name.bit_length() < 64
    text = plain_text(name) if whole or isinstance(name, str) else name
    if not is_whole_text(text) or not text.strip() or text in {".", ".."}:
        raise InvalidArgumentError(f"An id is {shown(name)}.", hint="Give the id or name as the service lists it.")
    return quote(text, safe="")


def query_text(value: QueryValue) -> str | tuple[str, ...] | None:
    """A value as the query string has it; None for one that is left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return tuple(value) or None
    if isinstance(value, int) and value.bit_length() > 63:
        raise InvalidArgumentError(f"A parameter is {shown(value)}.", hint="Give a number of at most 64 bits.")
    return str(value)


@attrs.frozen
class Shape:
    """What an answer becomes: an entity of `kind`, a list of them, JSON as it is (`object`), or nothing (None).

    It may stand `inside` a field of the answer. A call that `changes` something, and promises what there is now, may be
    answered with nothing: then there is nothing.
    """

    kind: Any
    source: str
    inside: str | None = None
    changes: bool = False

    def read(self, tree: Json, provenance: Provenance | None = None) -> Any:
        """What an answer holds, without its envelope."""
        kind = self.kind
        if kind is None:
            return None
        if get_origin(kind) is list:
            nothing = self.changes and isinstance(tree, dict) and tree.keys() <= {"status"}
            rows = [] if nothing else structure(self.open(read_rows(tree)), kind, self.source)
            return Listing(rows, provenance=provenance)
        if kind is object:
            return copy_tree(unwrap(tree))
        entity = structure(self.open(read_page(tree) if is_page(kind) else unwrap(tree)), kind, self.source)
        if attrs.has(kind) and hasattr(entity, "provenance"):
            return attrs.evolve(entity, provenance=provenance)
        return entity

    def open(self, tree: Json) -> Json:
        """What stands inside; an answer that lacks the field is taken for what should stand in it."""
        found = isinstance(tree, dict) and self.inside is not None and self.inside in tree
        return tree[self.inside] if found else tree


def is_page(kind: Any) -> bool:
    """Whether an answer is one page of a list that callers walk themselves."""
    from .models.entity import Page

    return isinstance(kind, type) and issubclass(kind, Page)


get = Constructor("GET")
post = Constructor("POST")
put = Constructor("PUT")
patch = Constructor("PATCH")
delete = Constructor("DELETE")


def joined(names: Sequence[str | int] | None) -> str | None:
    """Ids or names as one value of a query string, with commas between; None for none."""
    return ",".join(map(str, names)) if names else None


def signed(verb: Verb, url: str, read: Callable[[Reply], Json], content: bytes | None = None) -> Request[Any]:
    """A request to an address that the service gave out; it carries no credentials, and its key shows nowhere."""
    split = urlsplit(url)
    if split.scheme not in {"http", "https"} or not split.netloc:
        raise InvalidResponseError("The service gave out an address that is none.", sent=True)
    pairs: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(split.query, keep_blank_values=True):
        pairs[name] = (*pairs.get(name, ()), value)
    address = urlunsplit((split.scheme, split.netloc, split.path, "", ""))
    return Request(verb, "signed", address, lambda tree, _: tree, pairs, content=content, decode=read)
