"""What a sandbox holds: an engine filled from files and rows, or with the generated shop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, shown
from mixpanel_headless.sandbox.recordings import Recording, record_shop

if TYPE_CHECKING:
    from datetime import datetime

    from mixpanel_headless.engine import Engine

Rows = str | os.PathLike[str] | Mapping[str, Any]


@attrs.frozen
class Contents:
    """An engine, how many rows have gone into it, and the session recordings by id."""

    engine: Engine
    events: int = 0
    profiles: int = 0
    recordings: Mapping[str, Recording] = attrs.field(factory=dict)


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

    event_items, profile_items, recordings = list(events), list(profiles), dict[str, Recording]()
    engine = Engine(Project(id=project, timezone=timezone, now=now))
    try:
        if not event_items and not profile_items:
            event_items, profile_items, recordings = generate(now)
        return Contents(
            engine,
            load(event_items, engine.add_events, lambda path: engine.load_events(path, **columns)),
            load(profile_items, engine.add_profiles, engine.load_profiles),
            recordings,
        )
    except BaseException:
        engine.close()
        raise


def generate(now: datetime | None) -> tuple[list[Rows], list[Rows], dict[str, Recording]]:
    """The events, profiles and session recordings of the generated shop, up to the project's day."""
    from mixpanel_headless.engine.generate import generate_shop

    events, profiles = generate_shop() if now is None else generate_shop(end=now.date())
    recorded, recordings = record_shop(events)
    return list(recorded), list(profiles), recordings


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
