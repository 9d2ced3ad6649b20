"""The names that series get: `Login [Unique Users]`, `Purchase [Sum of amount]`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN = {
    "total": "Total Events",
    "unique": "Unique Users",
    "cumulative_unique": "Cumulative Unique Users",
    "dau": "DAU",
    "wau": "WAU",
    "mau": "MAU",
    "sessions": "Total Sessions",
}
OF_PROPERTY = {
    "total": "Sum of {}",
    "average": "Average {}",
    "median": "Median {}",
    "min": "Minimum {}",
    "max": "Maximum {}",
    "p25": "25th Percentile {}",
    "p75": "75th Percentile {}",
    "p90": "90th Percentile {}",
    "p99": "99th Percentile {}",
    "unique_values": "Distinct Count of {}",
    "most_frequent": "Most Frequent {}",
    "first_value": "First Value of {}",
    "numeric_summary": "Numeric Summary of {}",
    "histogram": "Distribution of {}",
}
EVENTS = {"$all_events": "All Events"}
STEPS = {"$all_events": "Any event"}


def ordinal(number: float) -> str:
    """1st, 2nd, 97.5th."""
    text = f"{number:g}"
    if "." in text or text[-2:] in {"11", "12", "13"}:
        return f"{text}th"
    return text + {"1": "st", "2": "nd", "3": "rd"}.get(text[-1], "th")


def measure_label(math: str, name: str | None, percentile: float | None = None, per_user: str | None = None) -> str:
    """The bracketed part of a label."""
    if per_user is not None:
        inner = OF_PROPERTY[per_user].format(name) if name else "Total"
        return f"{_over(math, percentile)} {inner} per User"
    if name is None:
        return PLAIN[math]
    return _over_property(math, name, percentile)


def _over_property(math: str, name: str, percentile: float | None) -> str:
    if math == "custom_percentile":
        return f"{ordinal(percentile or 0)} Percentile {name}"
    return OF_PROPERTY[math].format(name)


def _over(math: str, percentile: float | None) -> str:
    if math == "total":
        return "Total"
    return _over_property(math, "", percentile).strip()


def letter(place: int) -> str:
    """A, B, ... Z, AA, ... for 0, 1, ..."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def series_label(event: str, measure: str) -> str:
    """An unnamed metric's key in the answer."""
    return f"{EVENTS.get(event, event)} [{measure}]"


def distinct_labels(labels: Sequence[str], places: Sequence[int]) -> list[str]:
    """Labels that collide get the letters of their clauses in front."""
    counts = Counter(labels)
    return [
        f"{letter(place)}. {label}" if counts[label] > 1 else label for label, place in zip(labels, places, strict=True)
    ]
