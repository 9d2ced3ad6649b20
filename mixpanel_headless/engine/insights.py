"""Insights: a report's bookmark to the whole body of its answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.query.fields import is_whole

from .errors import BadQuery, Unsupported
from .metrics import Question
from .operands import Plan
from .properties import property_name
from .reading import listing, mapping, text
from .report import report_series
from .times import Range, Window, buckets, compared, read_range, whole

if TYPE_CHECKING:
    from .tables import Store

MAX_LIMIT = 50_000
MAX_METRICS = 40
BY_BUCKET = ("line", "stacked-line", "column", "stacked-column")
WHOLE_ANSWER = {"funnel-steps": "funnel", "retention-curve": "retention"}
WHOLE_RANGE = ("bar", "bar-stacked", "pie", "table", "insights-metric", "metric", *WHOLE_ANSWER)
DEFAULT_ROLLING = 7
BOOKMARK_KEYS = frozenset({"sections", "displayOptions", "timeComparison", "sorting", "columnWidths", "title",
                           "name", "description", "type", "id", "icon", "querySamplingEnabled", "legend"})  # fmt: skip


def insights(store: Store, bookmark: Any, limit: int) -> dict[str, Any]:
    """The body that answers an insights query."""
    if not is_whole(limit):
        raise BadQuery(f"The query limit must be a whole number, not {limit!r}.")
    if limit > MAX_LIMIT:
        raise BadQuery(f"Query limit exceeds max limit of {MAX_LIMIT} ({limit} was given)")
    if limit < 1:
        raise BadQuery(f"The query limit must be above 0, not {limit}.")
    sections, display = _parts(bookmark)
    now = store.project.clock()
    shows = _expanded(_list(sections, "show"))
    plan = _plan(sections, display, bookmark.get("timeComparison"), store, now)
    plan = attrs.evolve(plan, whole_of=_whole_of(display, shows))
    question = Question(store, store.tables(), now, _list(sections, "filter"), _list(sections, "group"), plan.unit)
    body, cut = report_series(question, shows, plan, limit)
    answer = {
        "computed_at": now.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "date_range": plan.span.to_dict(),
        "headers": [_first_header(shows), *(_header(clause) for clause in question.groups)],
        "meta": _meta(body, shows, question.groups, cut),
        "series": body,
    }
    if plan.comparison is not None:
        answer["time_comparison"] = _compared(question, shows, plan, limit)
    return answer


def _parts(bookmark: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    bookmark = mapping(bookmark, "The bookmark")
    sections = mapping(bookmark.get("sections"), "sections")
    unknown = sorted(str(key) for key in set(bookmark) - BOOKMARK_KEYS)
    if unknown:
        raise BadQuery(f"{unknown[0]}: Extra inputs are not permitted")
    display = mapping(bookmark.get("displayOptions") or {}, "displayOptions")
    for key in ("globalDataGroupId", "dataGroupId", "formula"):
        if sections.get(key):
            raise Unsupported(f"sections.{key}")
    return sections, display


def _list(sections: Mapping[str, Any], key: str) -> list[Any]:
    return listing(sections.get(key), f"sections.{key}")


def _plan(
    sections: Mapping[str, Any], display: Mapping[str, Any], comparison: Any, store: Store, now: dt.datetime
) -> Plan:
    times = _list(sections, "time")
    if len(times) != 1:
        raise BadQuery("sections.time needs exactly one entry.")
    time = mapping(times[0], "sections.time")
    chart, analysis = text(display, "chartType", "line"), text(display, "analysis", "linear")
    if chart not in BY_BUCKET + WHOLE_RANGE:
        raise Unsupported(f"displayOptions chartType {chart!r}")
    if analysis not in {"linear", "logarithmic", "rolling", "cumulative"}:
        raise Unsupported(f"displayOptions analysis {analysis!r}")
    rolling = display.get("rollingWindowSize") or DEFAULT_ROLLING
    if not is_whole(rolling) or not 1 <= rolling <= 365:
        raise BadQuery("rollingWindowSize must be a whole number from 1 to 365.")
    if chart in WHOLE_RANGE:
        analysis = "linear"
    span, unit = read_range(time, store.project, now), text(time, "unit", "day")
    windows = _windows(span, unit, chart in BY_BUCKET, rolling if analysis == "rolling" else 1, store)
    comparison = display.get("timeComparison") or comparison
    if comparison is not None:
        comparison = mapping(comparison, "timeComparison")
    return Plan(span, windows, unit, analysis, rolling, comparison)


def _windows(span: Range, unit: str, cut: bool, rolling: int, store: Store) -> Sequence[Window]:
    return buckets(span, unit, store.project.week_start, before=rolling - 1) if cut else whole(span)


def _expanded(shows: Sequence[Any]) -> list[Mapping[str, Any]]:
    """The show clauses; a block of several events without a name stands for one clause each."""
    found: list[Mapping[str, Any]] = []
    for clause in shows:
        clause = mapping(clause, "A show clause")
        behavior = clause.get("behavior")
        if isinstance(behavior, Mapping) and behavior.get("type") == "simple" and not behavior.get("name"):
            found += [{**clause, "behavior": part} for part in listing(behavior.get("behaviors"), "behaviors")]
        else:
            found.append(clause)
    if not found:
        raise BadQuery("sections.show needs at least one metric.")
    if len(found) > MAX_METRICS:
        raise BadQuery(f"A report holds at most {MAX_METRICS} metrics, not {len(found)}.")
    return found


def _kinds(shows: Sequence[Mapping[str, Any]]) -> set[str]:
    behaviors = [clause.get("behavior") for clause in shows]
    return {text(behavior, "type") if isinstance(behavior, Mapping) else "" for behavior in behaviors}


def _whole_of(display: Mapping[str, Any], shows: Sequence[Mapping[str, Any]]) -> str | None:
    """The kind of behavior whose whole answer the chart shows; a table of insights has an `analysis`."""
    chart = display.get("chartType")
    if chart == "table" and "analysis" not in display:
        return next((kind for kind in WHOLE_ANSWER.values() if _kinds(shows) == {kind}), None)
    return WHOLE_ANSWER.get(str(chart))


def _first_header(shows: Sequence[Mapping[str, Any]]) -> str:
    kinds = _kinds(shows)
    return next((f"${kind}" for kind in WHOLE_ANSWER.values() if kinds == {kind}), "$metric")


def _header(clause: Mapping[str, Any]) -> str:
    return "$cohorts" if clause.get("cohorts") is not None else property_name(clause)


def _meta(body: Mapping[str, Any], shows: Sequence[Any], groups: Sequence[Any], cut: bool) -> dict[str, Any]:
    return {
        "min_sampling_factor": 1.0,
        "is_segmentation_limit_hit": cut,
        "sub_query_count": sum(clause.get("type") != "formula" for clause in shows),
        "report_sections": {
            "show": [{"metric_key": key} for key in body],
            "group": [{"bookmark": clause} for clause in groups],
        },
    }


def _compared(question: Question, shows: Sequence[Mapping[str, Any]], plan: Plan, limit: int) -> dict[str, Any]:
    """The same report over the range that is held against the asked one."""
    assert plan.comparison is not None
    span = compared(plan.span, plan.comparison, question.store.project.zone)
    by_bucket = plan.windows[-1].key != "all"
    windows = _windows(span, plan.unit, by_bucket, plan.rolling if plan.analysis == "rolling" else 1, question.store)
    other = attrs.evolve(plan, span=span, windows=windows, comparison=None)
    return {"date_range": span.to_dict(), "series": report_series(question, shows, other, limit)[0]}
