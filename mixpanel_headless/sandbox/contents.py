"""What a sandbox holds: an engine filled from files and rows, or with the generated shop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, shown

if TYPE_CHECKING:
    from datetime import datetime

    from mixpanel_headless.engine import Engine

Rows = str | os.PathLike[str] | Mapping[str, Any]


@attrs.frozen
class Contents:
    """An engine and how many rows have gone into it."""

    engine: Engine
    events: int = 0
    profiles: int = 0


def open_contents(
    events: Iterable[Rows],
    profiles: Iterable[Rows],
    *,
    project: int,
    timezone: str,
    now: datetime | None,
    columns: Mapping[str, str | None],
) -> Contents:
    """An engine over these events and profiles; the shop when there are neither."""
    from mixpanel_headless.engine import Engine, Project

    event_items, profile_items = list(events), list(profiles)
    engine = Engine(Project(id=project, timezone=timezone, now=now))
    try:
        if not event_items and not profile_items:
            event_items, profile_items = generate(now)
        return Contents(
            engine,
            load(event_items, engine.add_events, lambda path: engine.load_events(path, **columns)),
            load(profile_items, engine.add_profiles, engine.load_profiles),
        )
    except BaseException:
        engine.close()
        raise


def generate(now: datetime | None) -> tuple[list[Rows], list[Rows]]:
    """The events and profiles of the generated shop, up to the project's day."""
    from mixpanel_headless.engine.generate import generate_shop

    events, profiles = generate_shop() if now is None else generate_shop(end=now.date())
    return list(events), list(profiles)


def load(items: list[Any], add: Callable[[list[dict[str, Any]]], object], read: Callable[[str], int]) -> int:
    """Add the rows in one go, read each file, and count both."""
    for place, item in enumerate(items):
        if not isinstance(item, str | os.PathLike | Mapping):
            hint = "Give paths of files, and rows as objects."
            raise InvalidArgumentError(f"Item {place} of the sandbox's contents is {shown(item)}.", hint=hint)
    rows = [dict(item) for item in items if isinstance(item, Mapping)]
    if rows:
        add(rows)
    return len(rows) + sum(read(os.fspath(item)) for item in items if not isinstance(item, Mapping))
