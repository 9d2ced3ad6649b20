"""Insights: how often, how many, how much, over time and by segment.

ws.query("Sign Up", math="unique", group_by="plan", last=90).df
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.query.insights import ask_insights, build_insights_params
from mixpanel_headless.query.patterns import read_question
from mixpanel_headless.results.insights import QueryResult

from .reports import DEFAULT_LIMIT, request_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.query import vocabulary as words
    from mixpanel_headless.query.comparisons import TimeComparison
    from mixpanel_headless.query.custom_properties import AnyProperty
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.query.filter_clauses import AnyFilter
    from mixpanel_headless.query.groups import AnyGroup
    from mixpanel_headless.query.insights_query import AnyMetric
    from mixpanel_headless.request import Request


class Insights(Surface[Mode]):
    """The insights report."""

    build_params = staticmethod(build_insights_params)

    @operation(command="insights")
    def query(
        self,
        events: AnyMetric | Sequence[AnyMetric],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: int = 30,
        unit: words.Unit = "day",
        math: words.Math = "total",
        math_property: AnyProperty | None = None,
        per_user: words.PerUser | None = None,
        percentile_value: float | None = None,
        group_by: AnyGroup | Sequence[AnyGroup] | None = None,
        where: AnyFilter | Sequence[AnyFilter] | None = None,
        formula: str | None = None,
        formula_label: str | None = None,
        rolling: int | None = None,
        cumulative: bool = False,
        mode: words.Mode = "timeseries",
        time_comparison: TimeComparison | None = None,
        data_group_id: int | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Request[QueryResult]:
        """How often events happened, or what is computed of them, by date and by breakdown.

        Costs one query however many metrics it has, none when the answer is known or an equal question is under way.

        Raises BookmarkValidationError with every problem at once, before anything is sent.

        - `limit`: at most so many segments of the breakdown.
        - others: those of `build_params`.
        """
        question = ask_insights(
            events,
            from_date=from_date,
            to_date=to_date,
            last=last,
            unit=unit,
            math=math,
            math_property=math_property,
            per_user=per_user,
            percentile_value=percentile_value,
            group_by=group_by,
            where=where,
            formula=formula,
            formula_label=formula_label,
            rolling=rolling,
            cumulative=cumulative,
            mode=mode,
            time_comparison=time_comparison,
            data_group_id=data_group_id,
        )
        return request_report(QueryResult, question, self.pin.project, limit)

    @operation
    def run_params(
        self, params: Mapping[str, Any], *, limit: int = DEFAULT_LIMIT, workspace_id: int | None = None
    ) -> Request[QueryResult]:
        """The answer to an insights report that is given as JSON, as saved reports (bookmarks) hold it.

        In Python, `build_params` makes such. `workspace_id` wins over the pinned view. Costs one query, like `query()`; the
        bookmark is sent as it is.

        - `limit`: at most so many segments of the breakdown.
        """
        return request_report(QueryResult, read_question(params), self.pin.project, limit, workspace_id)
