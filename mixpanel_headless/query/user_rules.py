"""What a question about users may ask, argument by argument."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, get_args

from mixpanel_headless.errors import ValidationError, shown

from .cohort_members import CohortMember
from .cohorts import CohortDefinition
from .dates import as_text, day_flaw
from .fields import is_finite, is_positive_integer
from .filters import Filter
from .rules import Rule, choice, flag, problems
from .selectors import selector_flaw
from .vocabulary import SortOrder, UserAggregate, UserMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .user_query import UserQuery

MAX_WORKERS: Final = 5


def user_problems(query: UserQuery) -> Iterator[ValidationError]:
    """Everything that is wrong with the arguments, in the order in which a caller reads them."""
    for position, condition in enumerate(query.where):
        yield from _condition_problems(condition, query.path(position))
    yield from problems(_RULES, query)
    for code, argument, sound, complaint in _ITEMS:
        for position, item in enumerate(getattr(query, argument) or ()):
            if not sound(item):
                yield ValidationError(f"{argument}[{position}]", f"{shown(item)} {complaint}.", code)
    if query.mode == "aggregate":
        yield from _misplaced(query, _OF_PROFILES, "profiles")
    elif query.mode == "profiles":
        yield from _misplaced(query, _OF_AGGREGATES, "aggregate")


def _condition_problems(condition: object, path: str) -> Iterator[ValidationError]:
    if not isinstance(condition, Filter):
        yield ValidationError(path, f"{shown(condition)} is no condition; give a Filter, or a selector alone.", "U0")
    elif isinstance(condition.value, CohortMember):
        if condition.value.negated:
            complaint = "profiles cannot be asked for by the cohort that they are not in"
            yield ValidationError(path, f"{complaint}; define a cohort that says so.", "U12")
    elif not isinstance(condition.property, str):
        kind = type(condition.property).__name__
        yield ValidationError(f"{path}.property", f"a selector names properties; it has no {kind}.", "U25")
    elif not condition.property.strip():
        yield ValidationError(f"{path}.property", "the property has a blank name.", "U10")
    elif flaw := selector_flaw(condition):
        yield ValidationError(path, f"{flaw}.", "U_FILTER")


def _misplaced(query: UserQuery, arguments: tuple[tuple[str, str, Any], ...], mode: str) -> Iterator[ValidationError]:
    """Arguments that are given and change nothing in the mode that is asked for."""
    for code, argument, default in arguments:
        if getattr(query, argument) != default:
            yield ValidationError(argument, f"{argument} says something in mode={shown(mode)} only.", code)


_OF_PROFILES: Final = (
    ("U18", "parallel", False),
    ("U19", "sort_by", None),
    ("U20", "search", None),
    ("U21", "distinct_id", None),
    ("U21", "distinct_ids", None),
    ("U22", "properties", None),
    ("U30", "as_of", None),
)
_OF_AGGREGATES: Final = (
    ("U_AGGREGATE_ONLY", "aggregate", "count"),
    ("U_AGGREGATE_ONLY", "aggregate_property", None),
    ("U_AGGREGATE_ONLY", "percentile", None),
    ("U_AGGREGATE_ONLY", "segment_by", None),
)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


_ITEMS: Final[tuple[tuple[str, str, Callable[[object], bool], str], ...]] = (
    ("U11", "properties", _is_name, "names no property"),
    ("U_DISTINCT_ID", "distinct_ids", _is_name, "is no distinct_id, which is text"),
    ("U17", "segment_by", is_positive_integer, "is the id of no cohort, which is an integer above 0"),
)


def _name(code: str, argument: str) -> Rule[UserQuery]:
    return Rule(
        code,
        argument,
        lambda q: getattr(q, argument) is not None and not _is_name(getattr(q, argument)),
        f"{argument} is {{0.{argument}!r}}; it is text that is not blank.",
    )


def _filled(code: str, argument: str) -> Rule[UserQuery]:
    return Rule(
        code, argument, lambda q: getattr(q, argument) == (), f"{argument} is empty; leave it out or name at least one."
    )


def _unknown_day(query: UserQuery) -> bool:
    moment = query.as_of
    if moment is None or isinstance(moment, (str, dt.date)):
        return moment is not None and day_flaw(as_text(moment)) is not None
    return not is_positive_integer(moment)


_RULES: tuple[Rule[UserQuery], ...] = (
    choice("U_MODE", "mode", get_args(UserMode)),
    choice("U_AGGREGATE", "aggregate", get_args(UserAggregate)),
    choice("UP1", "sort_order", get_args(SortOrder)),
    flag("U_FLAG", "parallel"),
    flag("U_FLAG", "include_all_users"),
    _name("U_SELECTOR", "selector"),
    _name("U_TEXT", "search"),
    _name("U_TEXT", "sort_by"),
    _name("U_TEXT", "aggregate_property"),
    _name("U_DISTINCT_ID", "distinct_id"),
    _filled("U4", "distinct_ids"),
    _filled("U29", "properties"),
    _filled("U_SEGMENTS", "segment_by"),
    Rule(
        "U1",
        "distinct_id",
        lambda q: q.distinct_id is not None and q.distinct_ids is not None,
        "distinct_id and distinct_ids are two ways to name users; give one of them.",
    ),
    Rule(
        "U3",
        "limit",
        lambda q: q.limit is not None and not is_positive_integer(q.limit),
        "limit is {0.limit!r}; it is a number of users, 1 or more, or None for all.",
    ),
    Rule("U6", "as_of", _unknown_day, "as_of is {0.as_of!r}; give a day as YYYY-MM-DD, or seconds since 1970."),
    Rule(
        "U_COHORT",
        "cohort",
        lambda q: (
            q.cohort is not None and not is_positive_integer(q.cohort) and not isinstance(q.cohort, CohortDefinition)
        ),
        "cohort is {0.cohort!r}; give the id of a cohort or a CohortDefinition.",
    ),
    Rule("U13", "where", lambda q: len(q.members()) > 1, "profiles are asked for by one cohort; where holds several."),
    Rule(
        "U_TWO_COHORTS",
        "cohort",
        lambda q: q.cohort is not None and bool(q.members()),
        "cohort and Filter.in_cohort both name one; give one of them.",
    ),
    Rule(
        "U7",
        "include_all_users",
        lambda q: q.include_all_users is True and q.chosen() is None,
        "include_all_users widens a cohort, and none is given.",
    ),
    Rule(
        "U14",
        "aggregate_property",
        lambda q: q.aggregate != "count" and q.aggregate_property is None,
        "aggregate={0.aggregate!r} needs the property to aggregate.",
    ),
    Rule(
        "U15",
        "aggregate_property",
        lambda q: q.aggregate == "count" and q.aggregate_property is not None,
        "aggregate='count' counts users; it reads no property.",
    ),
    Rule(
        "U26",
        "percentile",
        lambda q: q.aggregate == "percentile" and q.percentile is None,
        "aggregate='percentile' needs a percentile.",
    ),
    Rule(
        "U27",
        "percentile",
        lambda q: q.aggregate != "percentile" and q.percentile is not None,
        "percentile goes with aggregate='percentile', not with {0.aggregate!r}.",
    ),
    Rule(
        "U28",
        "percentile",
        lambda q: q.percentile is not None and not (is_finite(q.percentile) and 0 < q.percentile < 100),
        "percentile is {0.percentile!r}; it lies between 0 and 100.",
    ),
    Rule(
        "U_GROUP",
        "group_id",
        lambda q: q.group_id is not None and not _is_name(q.group_id) and not is_positive_integer(q.group_id),
        "group_id is {0.group_id!r}; give the id of a data group.",
    ),
    Rule(
        "U23",
        "workers",
        lambda q: not is_positive_integer(q.workers) or q.workers > MAX_WORKERS,
        f"workers is {{0.workers!r}}; 1 to {MAX_WORKERS} pages are read at once.",
    ),
)
