"""The project whose questions the engine answers: its clock, its calendar and its saved definitions."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING, Any, Literal

import attrs

from mixpanel_headless.errors import shown

from .errors import BadQuery

if TYPE_CHECKING:
    from collections.abc import Mapping


def _known_zone(_: Any, __: Any, name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError) as problem:
        raise BadQuery(f"{shown(name)} is not a time zone.") from problem
    if not isinstance(name, str):  # a tuple of names passes for a path
        raise BadQuery(f"{shown(name)} is not a time zone.")


def _aware(_: Any, __: Any, now: dt.datetime | None) -> None:
    if now is not None and now.tzinfo is None:
        raise BadQuery("The project's now needs a time zone.")


@attrs.frozen(kw_only=True)
class Project:
    """Everything outside the events that an answer depends on.

    `now` pins the clock; None reads the machine's. `custom_events` maps an id to
    `{"name": ..., "alternatives": [{"event": ..., "filters": [...]}]}`, `cohorts` an id to a raw cohort.
    """

    id: int = 1
    timezone: str = attrs.field(default="UTC", validator=_known_zone)
    week_start: Literal["monday", "sunday"] = attrs.field(
        default="monday", validator=attrs.validators.in_(("monday", "sunday"))
    )
    now: dt.datetime | None = attrs.field(default=None, validator=_aware)
    session_timeout: int = attrs.field(default=1800, validator=attrs.validators.in_(range(60, 86401)))
    case_sensitive_filters: bool = False
    last_includes_today_as_unit: bool = False
    custom_events: Mapping[int, Mapping[str, Any]] = attrs.field(factory=dict)
    cohorts: Mapping[int, Mapping[str, Any]] = attrs.field(factory=dict)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The project's time zone as an object."""
        return zoneinfo.ZoneInfo(self.timezone)

    def clock(self) -> dt.datetime:
        """The moment at which a query starts, in project time."""
        return (self.now or dt.datetime.now(dt.UTC)).astimezone(self.zone)
