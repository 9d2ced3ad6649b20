"""The answer to an insights question."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self, TypeVar

import attrs

from mixpanel_headless.errors import QueryError

from .provenance import Provenance, given
from .report import Report
from .table import Table, flatten_series
from .trees import copy_tree

T = TypeVar("T")
_OBJECT = (dict, Mapping)  # in this order, because to ask an abstract class takes ten times as long
_PARTS = {"computed_at": str, "date_range": dict, "headers": list, "meta": dict}
_ENDS = {"from_date": str, "to_date": str}
_EMPTY: dict[type, Any] = {str: "", list: [], dict: {}}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class QueryResult(Report):
    """An insights answer: the raw `series`, the same as a `table` or data frame, and where it came from.

    Answers may be built from one shared JSON tree: `headers`, `series`, `params` and `meta` become this result's own
    on first access, so changing them is seen by nobody else. `table` and `df` show the answer as it was given.
    """

    report_type: ClassVar[str] = "insights"
    computed_at: str = ""
    from_date: str = ""
    to_date: str = ""
    _headers: Sequence[Any] = attrs.field(factory=list)
    _series: Mapping[str, Any] = attrs.field(factory=dict)
    _params: Mapping[str, Any] | None = attrs.field(factory=dict)  # None: the bookmark that provenance tells
    _meta: Mapping[str, Any] = attrs.field(factory=dict)
    provenance: Provenance = attrs.field(factory=given)

    @classmethod
    def from_reply(cls, reply: Any, params: Mapping[str, Any] | None, provenance: Provenance | None = None) -> Self:
        """The result of a decoded answer; raises QueryError when the answer reports an error or holds no series.

        `params` None stands for the bookmark in the provenance's request.
        """
        check_reply(reply)
        computed_at, dates, headers, meta = _parts(reply, _PARTS)
        from_date, to_date = _parts(dates, _ENDS)
        return cls(
            computed_at=computed_at,
            from_date=sys.intern(str(from_date)),  # a batch holds few ranges and many answers
            to_date=sys.intern(str(to_date)),
            headers=headers,
            series=reply["series"],
            params=params,
            meta=meta,
            provenance=provenance or given(),
        )

    @cached_property
    def headers(self) -> list[Any]:
        """What the levels of `series` are: `$metric`, then one property a breakdown."""
        return copy_tree(list(self._headers))

    @cached_property
    def series(self) -> dict[str, Any]:
        """Metric → nested segments → `{date or "all": value}`."""
        return copy_tree(dict(self._series))

    @cached_property
    def params(self) -> dict[str, Any]:
        """The question as it was sent."""
        return copy_tree(dict(self._asked()))

    @cached_property
    def meta(self) -> dict[str, Any]:
        """The service's remarks: sampling, and whether a segment limit was hit."""
        return copy_tree(dict(self._meta))

    @cached_property
    def table(self) -> Table:
        """The series as rows: `date` (if any), `event`, the segments, `count`."""
        display = self._asked().get("displayOptions")
        chart = display.get("chartType") if isinstance(display, Mapping) else None
        return flatten_series(self._series, self._headers, chart)

    def _asked(self) -> Mapping[str, Any]:
        return self._params if self._params is not None else self.provenance.parameter("bookmark") or {}

    def _values(self) -> dict[str, Any]:
        return {
            "computed_at": self.computed_at,
            "from_date": self.from_date,
            "to_date": self.to_date,
            "headers": self.headers,
            "series": self.series,
            "params": self.params,
            "meta": self.meta,
        }

    def __repr__(self) -> str:
        metrics = list(self._series)
        shown = ", ".join(map(repr, metrics[:2])) + (f" and {len(metrics) - 2} more" if len(metrics) > 2 else "")
        return f"<{type(self).__name__} {shown or 'nothing'}, {self._period()}, {self.provenance}>"

    def _repr_html_(self) -> str:
        from .curves import curves_of
        from .plot import plot_of
        from .svg import svg_plot
        from .views import html_table

        plot = plot_of(curves_of(self.table))
        return (svg_plot(plot) if plot else "") + html_table(self.table, title=self.title, note=self.note)

    def _period(self) -> str:
        return f"{self.from_date[:10]} to {self.to_date[:10]}" if self.from_date or self.to_date else "no dates"

    @property
    def title(self) -> str:
        """What was asked and for which days, in one line."""
        metrics = list(self._series)
        asked = metrics[0] if len(metrics) == 1 else f"{len(metrics)} metrics"
        return f"{asked}, {self._period()}"

    @property
    def note(self) -> str:
        """What a reader must know beside the numbers: the source, and what the service left out."""
        remarks = [str(self.provenance)]
        if self._meta.get("is_segmentation_limit_hit"):
            remarks.append("segment limit hit: the service left segments out")
        factor = self._meta.get("min_sampling_factor")
        if isinstance(factor, int | float) and factor < 1:
            remarks.append(f"sampled: {factor:g} of the events")
        return "; ".join(remarks)


def _parts(reply: Mapping[str, Any], kinds: Mapping[str, type]) -> list[Any]:
    """The parts of these names, an empty one, which results share, for each that is missing or of another kind."""
    return [part if isinstance(part := reply.get(name), kind) else _EMPTY[kind] for name, kind in kinds.items()]


def check_reply(reply: Any) -> None:
    """Raises QueryError unless the decoded answer holds a series; call it before an answer goes into a cache."""
    if isinstance(reply, _OBJECT) and reply.get("error"):
        raise QueryError(f"The query failed: {reply['error']}", status_code=200, response_body=reply)
    if not isinstance(reply, _OBJECT) or not isinstance(reply.get("series"), _OBJECT):
        held = sorted(map(str, reply)) if isinstance(reply, _OBJECT) else type(reply).__name__
        raise QueryError(f"The answer holds no series; it holds {held}.", status_code=200, response_body=reply)
