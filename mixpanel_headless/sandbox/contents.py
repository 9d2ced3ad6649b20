"""What a sandbox holds: an engine filled from files and rows, or with the generated shop."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, shown
from mixpanel_headless.sandbox.recordings import Recording, record_shop

if TYPE_CHECKING:
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
    now: dt.datetime | None,
    columns: Mapping[str, str | None],
) -> Contents:
    """An engine over these events and profiles; the shop when there are neither."""
    from mixpanel_headless.engine import Engine, Project

    event_items, profile_items = list(events), list(profiles)
    engine = Engine(Project(id=project, timezone=timezone, now=now))
    try:
        if not event_items and not profile_items:
            shop = open_shop((now or dt.datetime.now(dt.UTC)).date())
            return Contents(
                engine, engine.add_event_lines(shop.events), engine.add_profile_lines(shop.profiles), shop.recordings
            )
        return Contents(
            engine,
            load(event_items, engine.add_events, lambda path: engine.load_events(path, **columns)),
            load(profile_items, engine.add_profiles, engine.load_profiles),
        )
    except BaseException:
        engine.close()
        raise


@attrs.frozen
class Shop:
    """The generated shop, as lines of JSON: a fifth of the memory of what they say."""

    events: Sequence[str]
    profiles: Sequence[str]
    recordings: Mapping[str, Recording]


@functools.lru_cache(maxsize=1)
def open_shop(end: dt.date) -> Shop:
    """The shop up to this day; kept, for tests open one sandbox after another."""
    from mixpanel_headless.engine.generate import generate_shop
    from mixpanel_headless.engine.loading import encode

    events, profiles = generate_shop(end=end)
    recorded, recordings = record_shop(events)
    lines, people = ([line for _, line in encode(rows, "the shop")] for rows in (recorded, profiles))
    return Shop(lines, people, recordings)


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
