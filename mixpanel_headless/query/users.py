"""Users: a question as keywords, checked and put into the form that the profile endpoints read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mixpanel_headless.errors import BookmarkValidationError, InvalidArgumentError, shown
from mixpanel_headless.suggestions import did_you_mean, listed

from .cohort_members import cohort_identity
from .dates import as_text
from .fields import as_tuple, is_positive_integer
from .selectors import property_term, selector_of
from .user_query import UserQuery
from .user_rules import MAX_WORKERS, user_problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cohorts import CohortDefinition
    from .dates import Day
    from .filters import Filter
    from .vocabulary import SortOrder, UserAggregate, UserMode

SHARED: Final = frozenset({"where", "filter_by_cohort", "include_all_users", "data_group_id", "as_of_timestamp"})
OF_PROFILES: Final = SHARED | {
    "behaviors", "distinct_id", "distinct_ids", "output_properties", "search", "sort_key", "sort_order",
}  # fmt: skip
OF_AGGREGATES: Final = SHARED | {"action", "selector", "segment_by_cohorts"}


def build_user_params(
    *,
    where: str | Filter | Sequence[Filter] | None = None,
    cohort: int | CohortDefinition | None = None,
    properties: str | Sequence[str] | None = None,
    sort_by: str | None = None,
    sort_order: SortOrder = "descending",
    limit: int | None = 1,
    search: str | None = None,
    distinct_id: str | None = None,
    distinct_ids: str | Sequence[str] | None = None,
    group_id: str | int | None = None,
    as_of: Day | int | None = None,
    mode: UserMode = "aggregate",
    aggregate: UserAggregate = "count",
    aggregate_property: str | None = None,
    percentile: float | None = None,
    segment_by: int | Sequence[int] | None = None,
    parallel: bool = False,
    workers: int = 5,
    include_all_users: bool = False,
) -> dict[str, Any]:
    """The parameters of a question about users, ready to be sent.

    Raises `BookmarkValidationError` with every problem at once.

    - `where`: what must hold of the profiles: conditions, or a selector as text.
    - `cohort`: only members of this cohort: its id, or a definition.
    - `properties`: which properties the profiles come with; all of them otherwise.
    - `sort_by`: the property that profiles are sorted by.
    - `sort_order`: which of them come first.
    - `limit`: so many profiles, or all without a limit.
    - `search`: a text that stands in a profile.
    - `group_id`: the kind of group, by its id, whose profiles are asked for instead of users'.
    - `as_of`: a day, from its midnight in UTC, or seconds since 1970: profiles as they were then.
    - `mode`: one number for all (aggregate), or the users themselves (profiles).
    - `aggregate`: which number it is.
    - `aggregate_property`: the property that it is computed from.
    - `percentile`: which percentile, above 0 and below 100.
    - `segment_by`: cohorts, by their ids, of which each has a number of its own.
    - `parallel`: reads several pages of profiles at once.
    - `workers`: how many pages at most.
    - `include_all_users`: members of the cohort without a profile too.
    """
    query = UserQuery(
        where=None if isinstance(where, str) else where,
        selector=where if isinstance(where, str) else None,
        cohort=cohort,
        properties=_optional(properties),
        sort_by=sort_by,
        sort_order=sort_order,
        limit=limit,
        search=search,
        distinct_id=distinct_id,
        distinct_ids=_optional(distinct_ids),
        group_id=group_id,
        as_of=as_of,
        mode=mode,
        aggregate=aggregate,
        aggregate_property=aggregate_property,
        percentile=percentile,
        segment_by=_optional(segment_by),
        parallel=parallel,
        workers=workers,
        include_all_users=include_all_users,
        whole=not isinstance(where, (list, tuple)),
    )
    if found := list(user_problems(query)):
        raise BookmarkValidationError(found)
    chosen = {**_chosen(query), **(_aggregate(query) if mode == "aggregate" else _profiles(query))}
    return {name: value for name, value in chosen.items() if value is not None}


def check_run(params: object, limit: object, workers: object) -> None:
    """Raises InvalidArgumentError for parameters that are no mapping, or a way to read pages that there is not."""
    if not isinstance(params, Mapping):
        hint = "Give what build_user_params returns."
        raise InvalidArgumentError(f"params is a {type(params).__name__}, not a mapping.", hint=hint)
    if limit is not None and not is_positive_integer(limit):
        raise InvalidArgumentError(
            f"limit is {shown(limit)}.", hint="Give a number of users, 1 or more, or None for all."
        )
    if not is_positive_integer(workers):
        raise InvalidArgumentError(f"workers is {shown(workers)}.", hint=f"Give 1 to {MAX_WORKERS}.")


def is_aggregate(params: Mapping[str, Any]) -> bool:
    """Whether these parameters ask for an aggregate rather than for profiles."""
    return "action" in params


def wire_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the endpoints read them: lists and objects as JSON text, the `where` of an aggregate as `selector`.

    Raises InvalidArgumentError for a parameter that the endpoint does not have.
    """
    aggregate = is_aggregate(params)
    known = OF_AGGREGATES if aggregate else OF_PROFILES
    for name in params:
        if name not in known:
            kind = "aggregate" if aggregate else "answer of profiles"
            raise InvalidArgumentError(
                f"params holds {shown(name)}, which an {kind} does not take{did_you_mean(name, known) or '.'}",
                hint=f"Use one of: {listed(known)}.",
            )
    selector = "selector" if aggregate else "where"
    return {
        selector if name == "where" else name: _json(value) if isinstance(value, (list, tuple, dict)) else value
        for name, value in params.items()
    }


def _optional(value: Any) -> tuple[Any, ...] | None:
    return None if value is None else as_tuple(value)


def _chosen(query: UserQuery) -> dict[str, Any]:
    """Which users are meant."""
    cohort = query.chosen()
    return {
        "where": query.selector or selector_of(query.conditions()) or None,
        "filter_by_cohort": None if cohort is None else _json(cohort_identity(cohort)),
        "include_all_users": None if cohort is None else query.include_all_users,
        "data_group_id": None if query.group_id is None else str(query.group_id),
    }


def _profiles(query: UserQuery) -> dict[str, Any]:
    """What to show of them, and in which order."""
    return {
        "output_properties": query.properties and _json(query.properties),
        "sort_key": query.sort_by and property_term(query.sort_by),
        "sort_order": query.sort_by and query.sort_order,
        "as_of_timestamp": _timestamp(query.as_of),
        "distinct_id": query.distinct_id,
        "distinct_ids": query.distinct_ids and _json(query.distinct_ids),
        "search": query.search,
    }


def _aggregate(query: UserQuery) -> dict[str, Any]:
    """What to compute of them."""
    source = query.aggregate_property and property_term(query.aggregate_property)
    read = [source, query.percentile] if query.aggregate == "percentile" else [source]
    action = f"{query.aggregate}({', '.join(str(part) for part in read if part is not None)})"
    segments = query.segment_by and {str(cohort): True for cohort in query.segment_by}
    return {"action": action, "segment_by_cohorts": segments and _json(segments)}


def _timestamp(moment: Day | int | None) -> int | None:
    if moment is None or isinstance(moment, int):
        return moment
    day = dt.date.fromisoformat(as_text(moment))
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())


def _json(value: Any) -> str:
    """JSON as it stands inside a parameter."""
    return json.dumps(value)
