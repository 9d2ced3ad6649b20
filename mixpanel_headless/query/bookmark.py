"""The structure of a report bookmark, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mixpanel_headless.errors import BookmarkValidationError, ValidationError, shown

from .bookmark_rules import (
    BEHAVIOR_RULES,
    COHORT_RULES,
    DETERMINER_RULES,
    DISPLAY_RULES,
    FILTER_RULES,
    GROUP_RULES,
    MEASUREMENT_RULES,
    TIME_RULES,
    is_cohort,
)
from .rules import problems
from .sorting_rules import sorting_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .vocabulary import ReportType


def validate_bookmark(params: Mapping[str, Any], bookmark_type: ReportType = "insights") -> list[ValidationError]:
    """Every error and warning about a bookmark's structure; an empty list says that the service can read it.

    A flows bookmark has another structure, of which only the outline is checked.
    """
    if not isinstance(params, dict):
        return [ValidationError("params", "a bookmark is an object.", "B0_NOT_A_DICT")]
    check = _flow_problems if bookmark_type == "flows" else _report_problems
    try:
        return [*check(params), *_encoding_problems(params)]
    except RecursionError:
        return [ValidationError("params", "this is nested too deep, or holds itself.", "B26_NOT_JSON")]


def checked_bookmark(found: Iterable[ValidationError], build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The bookmark that `build` makes, if nothing was found wrong with the arguments nor is with its structure."""
    if wrong := list(found):
        raise BookmarkValidationError(wrong)
    params = build()
    flaws = validate_bookmark(params)
    if any(problem.severity == "error" for problem in flaws):
        raise BookmarkValidationError(flaws)
    return params


def _encoding_problems(params: dict[str, Any]) -> Iterator[ValidationError]:
    try:
        msgspec.json.encode(params)
    except (ValueError, TypeError) as error:
        yield ValidationError("params", f"this cannot be written as JSON: {error}.", "B26_NOT_JSON")


def _report_problems(params: dict[str, Any]) -> Iterator[ValidationError]:
    for field, code in (("sections", "B1_MISSING_SECTIONS"), ("displayOptions", "B2_MISSING_DISPLAY_OPTIONS")):
        if field not in params:
            yield ValidationError("params", f"Missing required field {shown(field)}", code)
    for field, code in (("sections", "B1_MISSING_SECTIONS"), ("displayOptions", "B2_MISSING_DISPLAY_OPTIONS")):
        if field in params and not isinstance(params[field], dict):
            yield ValidationError(field, f"{shown(field)} must be a dict", code)
    if isinstance(params.get("sections"), dict):
        yield from _section_problems(params["sections"])
    if isinstance(params.get("displayOptions"), dict):
        yield from problems(DISPLAY_RULES, params["displayOptions"], "displayOptions")
    if "sorting" in params:
        yield from sorting_problems(params["sorting"])


def _section_problems(sections: dict[str, Any]) -> Iterator[ValidationError]:
    show = sections.get("show")
    if not isinstance(show, list) or not show:
        code = "B3_MISSING_SHOW" if show is None else "B4_INVALID_SHOW"
        yield ValidationError("sections.show", "a report shows a list of at least one metric.", code)
    else:
        for position, clause in enumerate(show):
            yield from _clause_problems(clause, f"sections.show[{position}]")
    for position, entry in enumerate(_items(sections, "time")):
        path = f"sections.time[{position}]"
        yield from (
            problems(TIME_RULES, entry, path) if isinstance(entry, dict) else _no_object(path, "B12_INVALID_TIME")
        )
    for position, entry in enumerate(_items(sections, "filter")):
        yield from _filter_problems(entry, f"sections.filter[{position}]")
    for position, entry in enumerate(_items(sections, "group")):
        path = f"sections.group[{position}]"
        yield from (
            problems(GROUP_RULES, entry, path) if isinstance(entry, dict) else _no_object(path, "B17_INVALID_GROUP")
        )


def _clause_problems(clause: object, path: str) -> Iterator[ValidationError]:
    if not isinstance(clause, dict):
        yield from _no_object(path, "B4_INVALID_SHOW")
    elif clause.get("type") == "formula":
        yield from _formula_problems(clause, path)
    elif isinstance(clause.get("behavior"), dict):
        if is_cohort(clause):
            yield from problems(COHORT_RULES, clause, path)
        yield from problems(BEHAVIOR_RULES, clause, path)
        if isinstance(clause.get("measurement"), dict):
            yield from problems(MEASUREMENT_RULES, clause, path)
        yield from problems(DETERMINER_RULES, clause, path)
        yield from _behavior_filter_problems(clause["behavior"], f"{path}.behavior")
    elif "id" not in clause:
        yield ValidationError(path, "a metric has a behavior, or the id of a saved one.", "B4_INVALID_SHOW")


def _formula_problems(clause: dict[str, Any], path: str) -> Iterator[ValidationError]:
    if "id" not in clause and not clause.get("definition"):
        yield ValidationError(f"{path}.definition", "a formula has a definition.", "B25_MISSING_FORMULA")
    for position, operand in enumerate(_items(clause, "referencedMetrics")):
        yield from _clause_problems(operand, f"{path}.referencedMetrics[{position}]")


def _behavior_filter_problems(behavior: dict[str, Any], path: str) -> Iterator[ValidationError]:
    for position, entry in enumerate(_items(behavior, "filters")):
        yield from _filter_problems(entry, f"{path}.filters[{position}]")
    for position, part in enumerate(_items(behavior, "behaviors")):
        if isinstance(part, dict):
            yield from _behavior_filter_problems(part, f"{path}.behaviors[{position}]")


def _filter_problems(entry: object, path: str) -> Iterator[ValidationError]:
    if not isinstance(entry, dict):
        yield from _no_object(path, "B14_INVALID_FILTER")
        return
    yield from problems(FILTER_RULES, entry, path)
    for position, item in enumerate(_items(entry, "listItemFilters")):
        yield from _filter_problems(item, f"{path}.listItemFilters[{position}]")


def _flow_problems(params: dict[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(params.get("steps"), list) or not params["steps"]:
        yield ValidationError("steps", "a flow has a list of at least one step.", "B3_MISSING_SHOW")
    if not isinstance(params.get("date_range"), dict):
        yield ValidationError("date_range", "a flow has a date range.", "B12_INVALID_TIME")


def _items(owner: dict[str, Any], key: str) -> list[Any]:
    value = owner.get(key)
    return value if isinstance(value, list) else []


def _no_object(path: str, code: str) -> Iterator[ValidationError]:
    yield ValidationError(path, "this entry is an object.", code)
