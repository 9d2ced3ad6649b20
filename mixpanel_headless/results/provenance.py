"""Where an answer came from, how old it is, and what it cost."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import attrs
import msgspec

from request_scheduler.value import value

from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Origin = Literal["network", "flight", "cache", "fused", "sliced", "mirror", "given", "planned"]


@value
class SentRequest:
    """A request as it goes out, kept as its bytes: as trees, the questions of a large batch outweigh its answers."""

    method: str
    path: str
    params: Mapping[str, str | tuple[str, ...]]
    body: bytes | None = None

    def unpack(self) -> dict[str, Any]:
        """The request as provenance tells it, a new tree each time."""
        body = {} if self.body is None else msgspec.json.decode(self.body)
        return {"method": self.method, "path": self.path, "parameters": {**self.params, **body}}


@attrs.frozen(kw_only=True)
class Provenance:
    """One answer's origin, age and price.

    `network`: this call sent the request. `flight`: an equal call had sent it already. `cache`: known from before.
    `fused`: one request answered several questions. `sliced`: cut from a wider answer. `mirror`: computed locally.
    `given`: made by the program itself, from no request. `planned`: foreseen in a dry run; nobody was asked.
    """

    origin: Origin
    computed_at: datetime
    age: float = 0.0  # seconds between computed_at and the handing out
    cost: int = 0  # requests charged to this call
    waited: float = 0.0  # seconds in the queue
    _request: SentRequest | Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)
    _digest: str = attrs.field(default="", repr=False)

    @cached_property
    def request(self) -> dict[str, Any]:
        """The request as `method`, `path` and `parameters`; credentials are never part of it."""
        return self._unpack()

    @cached_property
    def digest(self) -> str:
        """Names the request: equal for equal requests, whatever order their parameters are written in."""
        if self._digest:
            return self._digest
        text = json.dumps(self.request, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def parameter(self, name: str) -> Any:
        """One of the request's parameters, a copy of the caller's own; None when it has none of that name."""
        return self._unpack().get("parameters", {}).get(name)

    def _unpack(self) -> dict[str, Any]:
        request = self._request
        return request.unpack() if isinstance(request, SentRequest) else copy_tree(dict(request))

    def to_dict(self) -> dict[str, Any]:
        """The provenance as JSON-ready data."""
        return {
            "origin": self.origin,
            "computed_at": self.computed_at.isoformat(),
            "age": self.age,
            "cost": self.cost,
            "waited": self.waited,
            "request": copy_tree(self.request),
            "digest": self.digest,
        }

    def __str__(self) -> str:
        if self.origin == "given":
            return "given"
        parts = [self.origin, plural(self.cost, "request")]
        if self.age >= 0.05:
            parts.append(f"{span(self.age)} old")
        if self.waited >= 0.05:
            parts.append(f"waited {span(self.waited)}")
        return ", ".join(parts)


def given() -> Provenance:
    """The provenance of a result that the program made itself."""
    from datetime import UTC, datetime

    return Provenance(origin="given", computed_at=datetime.now(UTC))


def plural(number: int, noun: str) -> str:
    """A number with its noun: `1 request`, `2,000 requests`."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def span(seconds: float) -> str:
    """A length of time in the unit that fits: `2.3 s`, `4 min`, `3.5 h`, `2.1 d`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
