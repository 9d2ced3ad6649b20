"""Profiles of users, page by page, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from mixpanel_headless.query.fields import is_whole

from .report import check_answer
from .table import Table
from .trees import copy_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .provenance import Provenance

FIRST = ("distinct_id", "last_seen")


@attrs.frozen(kw_only=True)
class ProfilePage:
    """One page of profiles, and what it takes to ask for the next one."""

    profiles: list[dict[str, Any]]
    mark: int
    """Equal for pages that hold the same profiles, be they as they were or not."""
    session_id: str | None
    page_size: int
    total: int
    provenance: Provenance

    @classmethod
    def from_reply(cls, reply: Mapping[str, Any], provenance: Provenance) -> Self:
        """The page of a decoded answer that `check_profiles` has accepted."""
        return cls.read(reply, provenance, read_profile)

    @classmethod
    def as_sent(cls, reply: Mapping[str, Any], provenance: Provenance) -> Self:
        """The same with the service's own objects."""
        return cls.read(reply, provenance, lambda row: row)

    @classmethod
    def read(
        cls, reply: Mapping[str, Any], provenance: Provenance, read: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Self:
        """The page with each profile as `read` makes it."""
        rows = [row for row in reply["results"] if isinstance(row, dict)]
        return cls(
            profiles=[read(row) for row in rows],
            mark=hash(tuple([str(row.get("$distinct_id") or row) for row in rows])),
            session_id=reply.get("session_id") or None,
            page_size=_whole(reply.get("page_size")),
            total=_whole(reply.get("total")),
            provenance=provenance,
        )


def check_profiles(reply: Any) -> None:
    """Raises QueryError unless the decoded answer is a page of profiles."""
    check_answer(reply, lambda answer: isinstance(answer.get("results"), list), "list of profiles")


def read_profile(row: Mapping[str, Any]) -> dict[str, Any]:
    """A profile as `distinct_id`, `last_seen` (None when nobody knows) and its other `properties`."""
    properties = row.get("$properties")
    properties = copy_tree(properties) if isinstance(properties, dict) else {}
    last_seen = properties.pop("$last_seen", None)
    return {"distinct_id": str(row.get("$distinct_id") or ""), "last_seen": last_seen, "properties": properties}


def profile_table(profiles: Sequence[Mapping[str, Any]]) -> Table:
    """One row a profile: `distinct_id`, `last_seen`, then the properties by name, without their leading `$`.

    A property keeps its `$`, or stands as `properties.<name>`, where its column would carry the name of another one.
    """
    names = name_columns({name for profile in profiles for name in profile["properties"]})
    rows = [
        (profile["distinct_id"], profile["last_seen"], *map(profile["properties"].get, names)) for profile in profiles
    ]
    return Table((*FIRST, *names.values()), rows)


def name_columns(properties: Iterable[str]) -> dict[str, str]:
    """The column of each property, in the order of the columns; no two are alike."""
    columns: dict[str, str] = {}
    taken = set(FIRST)
    for name in sorted(properties, key=lambda name: (name.removeprefix("$"), name.startswith("$"))):
        choices = (name.removeprefix("$"), name, f"properties.{name}")
        columns[name] = next((choice for choice in choices if choice not in taken), f"properties.{name}")
        taken.add(columns[name])
    return columns


def _whole(value: object) -> int:
    return value if is_whole(value) else 0
