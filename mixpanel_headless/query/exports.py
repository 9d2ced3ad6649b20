"""What may be exported: the parameters of raw events and of profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import ParamValidationError

from .dates import Day, as_text, day_flaw, days_between
from .fields import BEYOND, is_positive_integer, is_whole, is_whole_text
from .rules import Rule, flag, problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.errors import ValidationError

MOST_EVENTS = 100_000
"""The largest `limit` of the export endpoint."""


@attrs.frozen(kw_only=True)
class EventExport:
    """Which events are wanted; the service reads the dates and the condition."""

    from_date: Day = attrs.field(converter=as_text)
    to_date: Day = attrs.field(converter=as_text)
    events: Sequence[str] | None = None
    where: str | None = None
    limit: int | None = None

    def question(self, project: str) -> dict[str, Any]:
        """What is asked whatever the days, as JSON; raises ParamValidationError that tells everything that is wrong."""
        self.params(project)
        return {"project": project, "events": list(self.events) if self.events else None, "where": self.where or None}

    def days(self) -> list[date]:
        """Each day that is wanted, once `question` has found no fault with them."""
        return days_between(date.fromisoformat(str(self.from_date)), date.fromisoformat(str(self.to_date)))

    def params(self, project: str) -> dict[str, str]:
        """The query parameters; raises ParamValidationError that tells everything that is wrong."""
        refuse(problems(EVENT_RULES, self))
        params = {"project_id": project, "from_date": str(self.from_date), "to_date": str(self.to_date)}
        if self.events:
            params["event"] = json.dumps(list(self.events))
        if self.where:
            params["where"] = self.where
        if self.limit is not None:
            params["limit"] = str(self.limit)
        return params


@attrs.frozen(kw_only=True)
class ProfileExport:
    """Which profiles are wanted, and which of their properties."""

    where: str | None = None
    cohort_id: str | None = None
    output_properties: Sequence[str] | None = None
    distinct_id: str | None = None
    distinct_ids: Sequence[str] | None = None
    group_id: str | None = None
    behaviors: Sequence[Mapping[str, Any]] | None = None
    as_of_timestamp: int | None = None
    include_all_users: bool = False

    def body(self, project: str, now: float) -> dict[str, Any]:
        """The body of the first page's request; raises ParamValidationError that tells everything that is wrong."""
        refuse(problems(PROFILE_RULES, self) + problems(TIME_RULES, (self.as_of_timestamp, now)))
        parts = {
            "where": self.where,
            "filter_by_cohort": json.dumps({"id": str(self.cohort_id)}) if self.cohort_id is not None else None,
            "output_properties": listed(self.output_properties),
            "distinct_id": self.distinct_id,
            "distinct_ids": listed(None if self.distinct_ids is None else list(dict.fromkeys(self.distinct_ids))),
            "data_group_id": None if self.group_id is None else str(self.group_id),
            "behaviors": listed(self.behaviors),
            "as_of_timestamp": self.as_of_timestamp,
            "include_all_users": self.include_all_users if self.cohort_id is not None else None,
        }
        given = {name: value for name, value in parts.items() if value is not None}
        return {"project_id": project, "page": 0, **given}


def listed(items: Sequence[Any] | None) -> str | None:
    """A list as the JSON text that the endpoint takes in its place; none for an empty one."""
    try:
        return json.dumps(list(items), allow_nan=False) if items else None
    except (TypeError, ValueError, RecursionError) as error:
        raise ParamValidationError(
            f"A list cannot be written as JSON: {error}.", hint="Give text, numbers, lists and mappings."
        ) from None


def is_text_list(value: object) -> bool:
    """Whether a value is a list of names, or not given; a text alone is not taken for a list of its letters."""
    return value is None or (isinstance(value, list | tuple) and all(map(is_whole_text, value)))


def is_object_list(value: object) -> bool:
    """Whether a value is a list of objects."""
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def is_id(value: object) -> bool:
    """Whether a value is an id as text or as a number, or not given."""
    return value is None or is_positive_integer(value) or (is_whole_text(value) and bool(value.strip()))


def refuse(found: Sequence[ValidationError]) -> None:
    """Raise one ParamValidationError for all problems, with the code of the first."""
    if found:
        text = " ".join(problem.message for problem in found)
        details = {"errors": [problem.to_dict() for problem in found]}
        raise ParamValidationError(text, found[0].code, path=found[0].path, details=details)


EVENT_RULES: tuple[Rule[EventExport], ...] = (
    Rule(
        "WR1_DATES",
        "from_date",
        lambda export: bool(day_flaw(export.from_date) or day_flaw(export.to_date)),
        "from_date and to_date must be dates, or days as text such as 2026-01-31.",
    ),
    Rule(
        "WR6_DATES_REVERSED",
        "from_date",
        lambda export: (
            not day_flaw(export.from_date)
            and not day_flaw(export.to_date)
            and str(export.from_date) > str(export.to_date)
        ),
        "from_date {0.from_date} is after to_date {0.to_date}.",
    ),
    Rule(
        "WR2_LIMIT_TOO_SMALL",
        "limit",
        lambda export: export.limit is not None and not is_positive_integer(export.limit),
        "limit must be a whole number of at least 1, or None; it is {0.limit!r}.",
    ),
    Rule(
        "WR3_LIMIT_TOO_LARGE",
        "limit",
        lambda export: is_positive_integer(export.limit) and (export.limit or 0) > MOST_EVENTS,
        f"limit must be at most {MOST_EVENTS}; it is {{0.limit}}. Without a limit all events come.",
    ),
    Rule(
        "WR4_EVENTS_NOT_LIST",
        "events",
        lambda export: not is_text_list(export.events),
        'events must be a list of event names, such as ["Sign Up"].',
    ),
    Rule(
        "WR5_WHERE_NOT_TEXT",
        "where",
        lambda export: export.where is not None and not isinstance(export.where, str),
        'where must be an expression as text, such as properties["plan"] == "pro".',
    ),
)
PROFILE_RULES: tuple[Rule[ProfileExport], ...] = (
    Rule(
        "AC1_DISTINCT_IDS_NOT_LIST",
        "distinct_ids",
        lambda export: not is_text_list(export.distinct_ids),
        "distinct_ids must be a list of text.",
    ),
    Rule(
        "AC2_DISTINCT_ID_CONFLICT",
        "distinct_ids",
        lambda export: export.distinct_id is not None and export.distinct_ids is not None,
        "distinct_id and distinct_ids exclude each other: give one of them.",
    ),
    Rule(
        "AC3_BEHAVIORS_COHORT_CONFLICT",
        "behaviors",
        lambda export: export.behaviors is not None and export.cohort_id is not None,
        "behaviors and cohort_id exclude each other: give one of them.",
    ),
    Rule(
        "AC4_INCLUDE_ALL_USERS_REQUIRES_COHORT",
        "include_all_users",
        lambda export: export.include_all_users and export.cohort_id is None,
        "include_all_users needs a cohort_id.",
    ),
    Rule(
        "AC5_BEHAVIORS_NOT_LIST",
        "behaviors",
        lambda export: export.behaviors is not None and not is_object_list(export.behaviors),
        "behaviors must be a list of objects.",
    ),
    Rule(
        "AC9_WHERE_NOT_TEXT",
        "where",
        lambda export: export.where is not None and not isinstance(export.where, str),
        'where must be an expression as text, such as properties["plan"] == "pro".',
    ),
    Rule(
        "AC10_ID_NOT_TEXT",
        "distinct_id",
        lambda export: export.distinct_id is not None and not isinstance(export.distinct_id, str),
        "distinct_id must be text; it is {0.distinct_id!r}.",
    ),
    Rule(
        "AC10_ID_NOT_TEXT",
        "cohort_id",
        lambda export: not is_id(export.cohort_id),
        "cohort_id must be the id of a cohort; it is {0.cohort_id!r}.",
    ),
    Rule(
        "AC10_ID_NOT_TEXT",
        "group_id",
        lambda export: not is_id(export.group_id),
        "group_id must be the id of a data group; it is {0.group_id!r}.",
    ),
    flag("AC11_FLAG", "include_all_users"),
    Rule(
        "AC7_OUTPUT_PROPERTIES_NOT_LIST",
        "output_properties",
        lambda export: not is_text_list(export.output_properties),
        'output_properties must be a list of names, such as ["$email"].',
    ),
)
TIME_RULES: tuple[Rule[tuple[int | None, float]], ...] = (
    Rule(
        "AC6_AS_OF_TIMESTAMP_FUTURE",
        "as_of_timestamp",
        lambda moment: isinstance(moment[0], int | float) and moment[0] > moment[1],
        "as_of_timestamp is {0[0]}, which is in the future; it must be a Unix time in the past.",
    ),
    Rule(
        "AC8_AS_OF_TIMESTAMP_NOT_NUMBER",
        "as_of_timestamp",
        lambda moment: moment[0] is not None and not (is_whole(moment[0]) and abs(moment[0]) < BEYOND),
        "as_of_timestamp must be a Unix time in whole seconds; it is {0[0]!r}.",
    ),
)
