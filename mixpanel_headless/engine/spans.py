"""Which days a question speaks of, so that whoever has some of the events knows whether they are enough."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from typing import TYPE_CHECKING, Any

from .reading import listing, mapping, text
from .times import read_day, read_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .project import Project
    from .times import Range

Days = tuple[dt.date, dt.date]
UNBOUNDED = re.compile(r"cohort|retention|frequen|session|rolling|wau|mau|first.?time|compar", re.IGNORECASE)
"""Words of questions whose answers may hang on events of any other day; a name that holds one is taken for one too."""
WINDOWS = (
    re.compile(r'"conversionWindowDuration":(?P<n>\d+),"conversionWindowUnit":"(?P<unit>\w+)"'),
    re.compile(r'"conversion_window":\{"unit":"(?P<unit>\w+)","value":(?P<n>\d+)\}'),
)
DAYS_OF = {"second": 1 / 86400, "minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 31}
PROFILES = re.compile(r'"resourceType":"(?!events?")|\buser\[|"dataset":"\$people|\$mixpanel_profile', re.IGNORECASE)
"""What questions say that look at profiles."""


def insights_days(bookmark: Any, project: Project) -> Days:
    """The first and the last day of an insights bookmark, funnels and retention included."""
    sections = mapping(mapping(bookmark, "The bookmark").get("sections"), "sections")
    return days_of(read_range(listing(sections.get("time"), "sections.time")[0], project, project.clock()))


def flow_days(bookmark: Any, project: Project) -> Days:
    """The first and the last day of a flow bookmark."""
    return days_of(flow_range(bookmark, project, project.clock()))


def flow_range(bookmark: Mapping[str, Any], project: Project, now: dt.datetime) -> Range:
    """The span of time of a flow bookmark."""
    given = mapping(bookmark.get("date_range"), "date_range")
    kind, first = text(given, "type", "between"), given.get("from_date")
    value = [first, given.get("to_date")] if kind == "between" else first
    return read_range({"dateRangeType": kind, "value": value, "window": first}, project, now)


def legacy_days(parameters: Mapping[str, Any]) -> Days:
    """The first and the last day of an older report."""
    return read_day(parameters.get("from_date")), read_day(parameters.get("to_date"))


def days_of(span: Range) -> Days:
    """The days of a span in the project's time."""
    return span.start.date(), span.end.date()


def reach_of(question: Any) -> int | None:
    """How many days before and after those of the question its answer may hang on; None when that is not known."""
    words = json.dumps(question, separators=(",", ":"))
    if UNBOUNDED.search(words):
        return None
    found = [match for pattern in WINDOWS for match in pattern.finditer(words)]
    if not found:
        return None if "funnel" in words else 0
    if any(match["unit"] not in DAYS_OF for match in found):
        return None
    return 1 + math.ceil(max(int(match["n"]) * DAYS_OF[match["unit"]] for match in found))


def asks_for_profiles(question: Any) -> bool:
    """Whether the answer hangs on profiles."""
    return PROFILES.search(json.dumps(question, separators=(",", ":"))) is not None
