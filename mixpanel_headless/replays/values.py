"""The parts of a session recording as values, and how its raw events are read, however damaged."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import ParamValidationError
from mixpanel_headless.query.fields import is_whole
from mixpanel_headless.results.table import Table

if TYPE_CHECKING:
    import pandas as pd

Json = Any
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""
SIGNED_SECONDS = 300.0
"""For how long a signed address is good."""


def fields(value: Json) -> dict[str, Json]:
    """An object as it is, and no fields for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """A list as it is, and no items for anything else."""
    return value if isinstance(value, list) else []


def number(value: Json) -> float | None:
    """A finite number, None for anything else."""
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return value if usable else None


def node_id(value: Json) -> int | None:
    """The id of a node, None for what is none."""
    return value if is_whole(value) else None


def moment_of(event: Json) -> int:
    """When an event happened, in milliseconds since 1970; 0 when that cannot be told."""
    at = number(fields(event).get("timestamp"))
    return int(at) if at is not None and 0 < at <= LATEST else 0


class Row:
    """A value that is one row of a table."""

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-ready data."""
        return attrs.asdict(self)  # type: ignore[arg-type] # subclasses are attrs classes

    @property
    def df(self) -> pd.DataFrame:
        """One row (extra `pandas`)."""
        row = self.to_dict()
        return Table(tuple(row), [tuple(row.values())]).to_pandas()


@attrs.frozen(kw_only=True)
class ReplaySummary(Row):
    """A recording that can be fetched; `start_time` is in milliseconds since 1970."""

    replay_id: str
    distinct_id: str | None
    project_id: int
    start_time: int
    retention_days: int


@attrs.frozen(kw_only=True)
class ReplayEvent(Row):
    """A Mixpanel event that came during a recording; `event_time` is in seconds since 1970."""

    replay_id: str
    event_name: str
    event_time: int
    properties: dict[str, Any] | None = None


@attrs.frozen(kw_only=True)
class UserAction(Row):
    """What somebody did; `timestamp` is in milliseconds since 1970, `url` where it happened."""

    timestamp: int
    action: str
    target_node_id: int | None = None
    target_desc: str = ""
    url: str | None = None
    metadata: dict[str, Any] = attrs.field(factory=dict)
    description: str = ""

    @property
    def is_click(self) -> bool:
        """Whether something was clicked; to move the focus is no click."""
        return self.action == "click" and self.metadata.get("interaction") != "focused"


@attrs.frozen(kw_only=True)
class SignedReplay:
    """Where the files of a recording can be fetched for five minutes; `query_string` is the key, and does not show."""

    replay_id: str
    url: str
    query_string: str = attrs.field(repr=False)
    env: str = "prod"
    signed_at: float = attrs.field(factory=time.time)

    def __attrs_post_init__(self) -> None:
        if not self.url.endswith("/"):
            raise ParamValidationError(
                "The signed address has no `/` at its end.", "SR1_URL_NO_TRAILING_SLASH", path="url"
            )
        if not self.query_string:
            raise ParamValidationError("The signed address has no key.", "SR2_EMPTY_QUERY_STRING", path="query_string")

    @property
    def expires_at(self) -> float:
        """Until when the address is good, in seconds since 1970."""
        return self.signed_at + SIGNED_SECONDS

    @property
    def is_expired(self) -> bool:
        """Whether the address is good no longer."""
        return time.time() >= self.expires_at

    def file(self, place: int, retention_days: int) -> str:
        """The address of one file."""
        return f"{self.url}{place:04d}-{retention_days}.json?{self.query_string}"

    def to_dict(self) -> dict[str, Any]:
        """The address as JSON-ready data, its key included."""
        return {"_warning": "query_string is a key that is good for five minutes", **attrs.asdict(self)}
