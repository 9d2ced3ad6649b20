"""What a sandbox holds: an engine filled from files and rows, or with the generated shop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from mixpanel_headless.engine import Engine

Rows = str | os.PathLike[str] | Mapping[str, Any]


def open_engine(
    events: Iterable[Rows],
    profiles: Iterable[Rows],
    *,
    project: int,
    timezone: str,
    now: datetime | None,
    columns: Mapping[str, str | None],
) -> Engine:
    """An engine over these events and profiles; the shop when there are neither."""
    from mixpanel_headless.engine import Engine, Project

    event_items, profile_items = list(events), list(profiles)
    engine = Engine(Project(id=project, timezone=timezone, now=now))
    try:
        if not event_items and not profile_items:
            fill_with_shop(engine, now)
        load(event_items, engine.add_events, lambda path: engine.load_events(path, **columns))
        load(profile_items, engine.add_profiles, engine.load_profiles)
    except BaseException:
        engine.close()
        raise
    return engine


def fill_with_shop(engine: Engine, now: datetime | None) -> None:
    """Put the generated shop into an engine."""
    from mixpanel_headless.engine.generate import generate_shop

    events, profiles = generate_shop() if now is None else generate_shop(end=now.date())
    engine.add_events(events)
    engine.add_profiles(profiles)


def load(items: list[Rows], add: Callable[[list[dict[str, Any]]], object], read: Callable[[str], object]) -> None:
    """Read each file where it stands, and add the rows in one go."""
    rows = [dict(item) for item in items if isinstance(item, Mapping)]
    for item in items:
        if not isinstance(item, Mapping):
            read(os.fspath(item))
    if rows:
        add(rows)
