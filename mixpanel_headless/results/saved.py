"""Answers of reports that the service keeps."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .curves import curves_of
from .flows import FlowQueryResult
from .legacy import LegacyReport, own, require
from .table import Table, flatten_series
from .trees import copy_tree

if TYPE_CHECKING:
    from mixpanel_headless.request import Json

    from .curves import Curve
    from .drawings import ChartKind, Ways
    from .provenance import Provenance

TYPES = {"insights": "insights", "funnels": "funnel", "retention": "retention", "flows": "flows"}
"""What a saved report's result calls its type."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SavedReportResult(LegacyReport):
    """A saved report's answer, its `series` as the service gave it."""

    bookmark_id: int
    computed_at: str
    from_date: str
    to_date: str
    headers: list[str]
    series: dict[str, Any] = attrs.field(converter=own)
    report_type: str  # type: ignore[misc] # each report has its own
    charts: ClassVar[tuple[ChartKind, ...]] = ("line", "bar")

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        return f"saved {self.report_type} report {self.bookmark_id}"

    def curves(self) -> list[Curve]:
        """The numbers of an insights report; none of the other types, whose series are not read."""
        return curves_of(self.table) if self.report_type == "insights" else []

    @cached_property
    def table(self) -> Table:
        """The numbers of an insights report as rows; one row with the whole series for the other types."""
        if self.report_type != "insights":
            return Table(("series",), [(self.series,)])
        dated = {name: days for name, days in self.series.items() if isinstance(days, dict)}
        if all(not isinstance(count, dict) for days in dated.values() for count in days.values()):
            return Table(("date", "event", "count"), [(d, e, c) for e, days in dated.items() for d, c in days.items()])
        return flatten_series(self.series, self.headers)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FlowsResult(LegacyReport):
    """A saved flow's answer: the columns of events and the ways between them, as the service gave them."""

    report_type: ClassVar[str] = "flows"
    charts: ClassVar[tuple[ChartKind, ...]] = ("sankey",)
    bookmark_id: int
    computed_at: str
    steps: list[dict[str, Any]] = attrs.field(converter=own)
    breakdowns: list[Any] = attrs.field(converter=own)
    overall_conversion_rate: float
    metadata: dict[str, Any] = attrs.field(converter=own)

    @property
    def title(self) -> str:
        """What was asked, in one line."""
        return f"saved flow {self.bookmark_id}"

    def ways(self) -> Ways:
        """The ways between the columns of events."""
        return FlowQueryResult(steps=self.steps).ways()

    @cached_property
    def table(self) -> Table:
        """A row for each step."""
        names = list(dict.fromkeys(name for step in self.steps for name in step))
        return Table(tuple(names), [tuple(step.get(name) for name in names) for step in self.steps])


def read_saved(tree: Json, provenance: Provenance, *, bookmark_id: int, kind: str) -> SavedReportResult:
    """A saved report's answer; what its type is, is known and not guessed from the answer."""
    body = require(tree, dict)
    if kind == "insights":
        days, headers, series = body.get("date_range") or {}, body.get("headers") or [], body.get("series", {})
        first, last = days.get("from_date", ""), days.get("to_date", "")
    else:
        series = require(body.get("data", body.get("series", body)), dict) if kind != "flows" else body
        dates = sorted(key for key in series if isinstance(key, str) and key[:2].isdigit())
        first, last = (dates[0], dates[-1]) if dates else ("", "")
        headers = [f"${TYPES[kind]}"]
    return SavedReportResult(
        bookmark_id=bookmark_id, computed_at=body.get("computed_at") or "", from_date=first, to_date=last,
        headers=copy_tree(headers), series=series, report_type=TYPES[kind], provenance=provenance,
    )  # fmt: skip


def read_saved_flow(tree: Json, provenance: Provenance, *, bookmark_id: int) -> FlowsResult:
    """A saved flow's answer."""
    body = require(tree, dict)
    return FlowsResult(
        bookmark_id=bookmark_id, computed_at=body.get("computed_at") or "", steps=body.get("steps") or [],
        breakdowns=body.get("breakdowns") or [], overall_conversion_rate=body.get("overallConversionRate") or 0.0,
        metadata=body.get("metadata") or {}, provenance=provenance,
    )  # fmt: skip
