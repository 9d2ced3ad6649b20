"""What an operation returns: one request as a value; and the message that it becomes on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import urlencode

import attrs
import msgspec

from request_scheduler.value import value

from .errors import InvalidArgumentError, WorkspaceScopeError, shown
from .query.fields import is_whole, is_whole_text
from .replies import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dispatch import Prepared
    from .options import Pin
    from .replies import Reply
    from .results.provenance import Provenance

Json: TypeAlias = Any
R = TypeVar("R")
Base = Literal["query", "app", "export", "web", "signed"]
"""Which of the service's roots a path stands below; `web` is what people look at.

A `signed` path is a whole address, which the service gave out and whose parameters are its key: it goes out without the
credentials, and its parameters show nowhere.
"""
Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Lifetime = Literal["none", "discovery", "range"]
"""How long an answer may be served again: never, until discovery is cleared, or by the days that it speaks of."""
Params: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Query parameters as text; one with several values stands in the query string once for each."""


class Scope(Enum):
    """Whose things a path of the App API speaks of; the value is what comes before the path."""

    USER = ""
    PROJECT = "/projects/{project}"
    WORKSPACE_IF_PINNED = "/workspaces/{workspace}"
    """The pinned data view's; the whole project's while none is pinned."""
    PROJECT_AND_WORKSPACE = "/projects/{project}/workspaces/{workspace}"
    """Those of a data view: of the pinned one, or of the one that stands for the project, which is looked up."""

    def prefix(self, pin: Pin, workspace: int | None = None) -> str:
        """What comes before a path for one pin; `workspace` wins over the pinned one."""
        view = workspace or pin.workspace
        if view is None and self is Scope.WORKSPACE_IF_PINNED:
            return Scope.PROJECT.prefix(pin)
        if view is None and self is Scope.PROJECT_AND_WORKSPACE:
            raise WorkspaceScopeError(
                "This call needs a workspace (data view), and none is pinned.",
                hint="Pin one with use(workspace=...), or give what resolve_workspace_id() returns.",
                sent=False,
            )
        return self.value.format(project=pin.project, workspace=view)


def accept_any(tree: Json) -> None:
    """Nothing in the body of this 2xx answer makes it an error."""


@value(eq=False)
class Request(Generic[R]):
    """One request, without credentials: where it goes, what it asks, how long its answer lives, how it is read.

    `accept` raises when a 2xx body says that the call failed; it runs once for each answer, before anybody shares it.
    `read` runs once for each caller and must not change the tree, which callers share. Two requests are never equal:
    `canonical` and the address say which calls may share an answer.
    """

    verb: Verb
    base: Base
    path: str
    read: Callable[[Json, Provenance], R]
    params: Params = attrs.field(factory=dict)
    body: Mapping[str, Json] | None = None
    form: bool = False
    """Whether the body goes out as the fields of a form rather than as JSON."""
    content: bytes | None = attrs.field(default=None, repr=False)
    """What goes out as it is in place of a body, such as a file."""
    decode: Callable[[Reply], Json] = decode
    """How the body becomes a tree."""
    redirects: bool = False
    """Whether a redirect is an answer too; nothing ever follows one with the credentials."""
    accept: Callable[[Json], None] = accept_any
    lifetime: Lifetime = "none"
    shape: type = object
    """What the JSON of a sound answer is; any other is read as it comes, but never kept."""
    closes_on: str | None = None
    """For lifetime "range": the last day that the answer speaks of (ISO), or None for "until now"."""
    names_project: bool = True
    """Whether `project_id` goes into the query string; insights carries it in the body."""
    workspace: int | None = None
    """Overrides the pinned workspace in the query string."""
    scope: Scope = Scope.USER
    """Whose thing `path` names, for the App API."""
    ids: tuple[str, ...] = ()
    """The ids and names in `path`, the first of which is the thing that the request is about."""
    entities: int | None = None
    """How many things a bulk call touches, where neither its path nor its body tells."""
    sweeps: bool = False
    """Whether it also deletes all that it does not name."""
    replaces: bool = False
    """Whether it changes what is there, though calls of its operation make something new."""
    kind: Any = None
    """What the answer of the App API becomes, for plans to foresee one."""
    paged: bool = False
    """Whether the answer is a list that may come in pages; they are asked for one after the other and read as one."""
    retries: int = 0
    """How often it is sent again after a server error or a broken connection, also if the caller asks for no retries."""
    canonical: bytes | None = None
    """The same for questions that are equal though spelled differently; without it the whole request is compared."""
    ready: Prepared | None = attrs.field(default=None, init=False, repr=False)
    """As it was last made ready to be sent; requests are kept where they are asked again."""

    def full_path(self, pin: Pin) -> str:
        """The path below the base for one pin."""
        return self.path if self.scope is Scope.USER else self.scope.prefix(pin, self.workspace) + self.path

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once: it only reads."""
        return self.base not in {"app", "signed"} or self.verb == "GET"


@value
class Message:
    """One HTTP request, ready to send; its headers hold the credentials and never show."""

    verb: str
    url: str
    params: Params = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    timeout: float = 503.0

    def __str__(self) -> str:
        return f"{self.verb} {self.url}"


def query_params(**values: str | int | None) -> dict[str, str]:
    """Query parameters as decimal text; those that are None are left out."""
    return {name: _as_text(name, value) for name, value in values.items() if value is not None}


def check_params(params: Params) -> Params:
    """The same parameters; InvalidArgumentError for one with half of a character, which libraries leave out silently."""
    for name, values in params.items():
        for text in (values,) if isinstance(values, str) else values:
            if not is_whole_text(text):
                raise InvalidArgumentError(
                    f"{name} is {shown(text)}.", hint=f"Give {name} as text of whole characters."
                )
    return params


def write_body(body: Mapping[str, Json], *, form: bool = False) -> bytes:
    """A body as it is sent, JSON or the fields of a form; InvalidArgumentError for what cannot be."""
    try:
        if form:
            return urlencode(body).encode()
        # The encoder leaves half as much room again as the text needs; answers keep it, so it is cut to size.
        return bytes(memoryview(msgspec.json.encode(body)))
    except RecursionError:
        raise InvalidArgumentError("The arguments are nested too deep, or hold themselves.", hint=PLAIN_HINT) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidArgumentError(f"The arguments are no JSON: {error}.", hint=PLAIN_HINT) from None


PLAIN_HINT = "Look for numbers of more than 64 bits, text with half of a character, and objects that are no JSON."


def _as_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if is_whole(value) and value.bit_length() < 64:
        return str(value)
    raise InvalidArgumentError(f"{name} is {shown(value)}.", hint=f"Give {name} as text, or as a number if it is one.")
