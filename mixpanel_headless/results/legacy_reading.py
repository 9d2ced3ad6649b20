"""Answers of the older reports as the service sends them, read into their results."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_headless.errors import QueryError

from .legacy import CohortInfo, FunnelResult, FunnelResultStep, LegacyReport, RetentionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_headless.request import Json

    from .provenance import Provenance

R = TypeVar("R", bound=LegacyReport)
EVERYBODY = "$overall"


def reader(kind: Callable[..., R], part: str | None, **asked: Any) -> Callable[[Json, Provenance], R]:
    """How an answer becomes a result: `part` of it under the name of the result's last field, beside what was asked."""

    def read(tree: Json, provenance: Provenance) -> R:
        return kind(**asked, **parts_of(tree, part), provenance=provenance)

    return read


def parts_of(tree: Json, part: str | None) -> dict[str, Any]:
    """The numbers of an answer by the names of the fields that hold them."""
    body = require(tree, dict)
    if part == "series":
        return {"series": require(require(body.get("data", {}), dict).get("values", {}), dict)}
    if part == "results":
        return {"results": require(body.get("results", {}), dict), "computed_at": body.get("computed_at")}
    return {"data": require(body.get("data", {}), dict)}


def require(part: Any, kind: type) -> Any:
    """A part of an answer, which must be of this kind; QueryError says what came instead."""
    if not isinstance(part, kind):
        raise QueryError(
            f"The answer has {type(part).__name__} where {kind.__name__} belongs.", status_code=200, response_body=part
        )
    return part


def read_funnel(tree: Json, *, funnel_id: int, from_date: str, to_date: str, provenance: Provenance) -> FunnelResult:
    """A saved funnel's answer; the counts of a step are summed over dates, its name is that of the last date."""
    by_date = require(require(tree, dict).get("data", {}), dict)
    names: list[str] = []
    counts: list[int] = []
    for day in by_date.values():
        steps = day.get("steps", day.get(EVERYBODY)) if isinstance(day, dict) else None
        for place, step in enumerate(steps if isinstance(steps, list) else ()):
            if place == len(counts):
                counts.append(0)
                names.append("")
            counts[place] += step.get("count", 0)
            names[place] = step.get("event") or step.get("goal") or f"Step {place + 1}"
    rates = [1.0, *((now / before if before else 0.0) for before, now in pairwise(counts))]
    steps_of_all = [
        FunnelResultStep(event=name, count=count, conversion_rate=rate)
        for name, count, rate in zip(names, counts, rates, strict=False)
    ]
    return FunnelResult(
        funnel_id=funnel_id, funnel_name="", from_date=from_date, to_date=to_date, steps=steps_of_all, by_date=by_date,
        provenance=provenance,
    )  # fmt: skip


def read_retention(tree: Json, provenance: Provenance, **asked: Any) -> RetentionResult:
    """A retention's answer, its dates in order."""
    days: Mapping[str, Any] = require(tree, dict)
    cohorts = [
        CohortInfo(
            date=day,
            size=one.get("first", 0),
            retention=[(count / one["first"] if one.get("first") else 0.0) for count in one.get("counts", ())],
        )
        for day, one in sorted(days.items())
        if isinstance(one, dict)
    ]
    return RetentionResult(cohorts=cohorts, provenance=provenance, **asked)
