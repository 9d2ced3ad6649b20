"""What the events hold that can be asked about; the engine is asked, so it costs no request."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError
from mixpanel_headless.query.insights import build_insights_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.engine import Engine

MOST_EVENTS = 8
MOST_PROPERTIES = 12
MOST_SEGMENTS = 25
"""A property with more values than these is no breakdown that people look at."""
EARLIEST = "2000-01-01"


@attrs.frozen
class TextProperty:
    """A property to filter and break down by, its most frequent values first."""

    name: str
    values: tuple[str, ...]


@attrs.frozen
class NumberProperty:
    """A property to measure, with a number that divides its values into two halves."""

    name: str
    middle: float


@attrs.frozen
class EventFacts:
    """One event and its properties, most frequent first."""

    name: str
    texts: tuple[TextProperty, ...] = ()
    numbers: tuple[NumberProperty, ...] = ()


@attrs.frozen
class Facts:
    """Events, most frequent first, and the days from the first to the last."""

    events: tuple[EventFacts, ...]
    first: dt.date
    last: dt.date


def survey(engine: Engine) -> Facts:
    """The facts of everything that an engine holds; raises InvalidArgumentError when that is nothing."""
    today = engine.project.clock().date().isoformat()
    names = [name for name in engine.event_names(EARLIEST, today, MOST_EVENTS) if not name.startswith("$")]
    months = days_with_events(engine, EARLIEST, today, "month")
    if not names or not months:
        raise InvalidArgumentError(
            "There are no events to ask about.", hint="Give a file with events: mp demo --events FILE."
        )
    end = min(dt.date.fromisoformat(today), months[-1] + dt.timedelta(days=31))
    days = days_with_events(engine, months[0].isoformat(), end.isoformat(), "day")
    return Facts(tuple(survey_event(engine, name, days) for name in names), days[0], days[-1])


def days_with_events(engine: Engine, first: str, last: str, unit: Any) -> list[dt.date]:
    """The first days of the buckets that hold events."""
    params = build_insights_params("$all_events", from_date=first, to_date=last, unit=unit)
    buckets = first_series(engine, params)
    return [dt.date.fromisoformat(moment[:10]) for moment, count in buckets.items() if count]


def first_series(engine: Engine, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of the only metric of a question; none when there is nothing to measure."""
    series: Mapping[str, Mapping[str, Any]] = engine.insights(params)["series"]
    return next(iter(series.values()), {})


def survey_event(engine: Engine, event: str, days: Sequence[dt.date]) -> EventFacts:
    """The properties of one event that can be measured or broken down by."""
    texts, numbers = [], []
    for name in engine.top_properties(event, MOST_PROPERTIES):
        values = engine.property_values(name, event, MOST_SEGMENTS + 1)
        if all(map(is_number, values)):
            middle = median_of(engine, event, name, days)
            if middle is not None and len(values) > 1:
                numbers.append(NumberProperty(name, middle))
        elif 2 <= len(values) <= MOST_SEGMENTS:
            texts.append(TextProperty(name, tuple(values)))
    return EventFacts(event, tuple(texts), tuple(numbers))


def median_of(engine: Engine, event: str, name: str, days: Sequence[dt.date]) -> float | None:
    """The median of a property; None when its values are texts that only look like numbers."""
    params = build_insights_params(
        event, math="median", math_property=name, from_date=days[0], to_date=days[-1], mode="total"
    )
    found = first_series(engine, params).get("all")
    return float(found) if isinstance(found, int | float) else None


def is_number(text: str) -> bool:
    """Whether a value's text can be read as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
