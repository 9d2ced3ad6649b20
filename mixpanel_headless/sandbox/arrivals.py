"""A request as it arrived, and the line that the log keeps of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import attrs

from mixpanel_headless.sandbox.routes import Route, find_route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORM = "application/x-www-form-urlencoded"


@attrs.frozen(slots=False)
class Arrival:
    """Everything of an HTTP request that decides its answer."""

    method: str
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    authorization: str | None = attrs.field(default=None, repr=False)
    content_type: str = ""
    body: bytes = attrs.field(default=b"", repr=False)
    takes_gzip: bool = False
    origin: str = ""
    """Where the caller found the service: scheme, host and port."""
    every: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    """All values of each parameter of the query string; `query` has the first."""

    @cached_property
    def route(self) -> Route:
        """Where the path leads."""
        return find_route(self.path)

    @property
    def malformed(self) -> bool:
        """Whether there is a body that is neither a form nor JSON."""
        return bool(self.body) and self.content_type != FORM and self.document is None

    @cached_property
    def document(self) -> Any:
        """The JSON body; None when there is none or it cannot be read."""
        import msgspec

        try:
            return msgspec.json.decode(self.body) if self.body else None
        except (msgspec.DecodeError, RecursionError):
            return None

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Named values of the body, a form or a JSON object, under those of the query string."""
        if self.content_type == FORM:
            named: dict[str, Any] = dict(parse_qsl(self.body.decode(errors="replace")))
        else:
            named = dict(self.document) if isinstance(self.document, dict) else {}
        return {**named, **self.query}


@attrs.frozen
class Logged:
    """One line of the log: `status` is None after a cut; `time` is the box's clock on arrival, `took` seconds of work."""

    method: str
    path: str
    status: int | None
    counted: bool
    time: float
    took: float


@attrs.frozen
class Counters:
    """Totals since the box opened (`foreign`: slots that a fault spent), and how much of the query limits is taken now.

    `failed` are cuts and answers of 500 and above; `used` counts the query window, foreign slots included.
    """

    arrived: int
    counted: int
    refused: int
    failed: int
    foreign: int
    running: int
    used: int
