"""Retention: how many come back, and after how long.

ws.query_retention("Sign Up", "Login", retention_unit="week", last=90).average
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.query.patterns import question_of, read_question
from mixpanel_headless.query.retention import build_retention_params
from mixpanel_headless.results.retention import RetentionQueryResult

from .reports import DEFAULT_LIMIT, request_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.query import vocabulary as words
    from mixpanel_headless.query.behaviors import BehaviorRef
    from mixpanel_headless.query.comparisons import TimeComparison
    from mixpanel_headless.query.custom_properties import AnyProperty
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.query.filter_clauses import AnyFilter
    from mixpanel_headless.query.groups import AnyGroup
    from mixpanel_headless.query.steps import AnyEvent, RetentionEvent
    from mixpanel_headless.request import Request


class Retention(Surface[Mode]):
    """The retention report."""

    build_retention_params = staticmethod(build_retention_params)

    @operation
    def query_retention(
        self,
        born_event: AnyEvent | RetentionEvent | BehaviorRef,
        return_event: AnyEvent | RetentionEvent | None = None,
        *,
        retention_unit: words.RetentionUnit = "week",
        alignment: words.Alignment = "birth",
        bucket_sizes: Sequence[int] | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: int = 30,
        unit: words.RetentionUnit = "day",
        math: words.RetentionMath = "retention_rate",
        math_property: AnyProperty | None = None,
        group_by: AnyGroup | Sequence[AnyGroup] | None = None,
        where: AnyFilter | Sequence[AnyFilter] | None = None,
        mode: words.RetentionMode = "curve",
        unbounded_mode: words.UnboundedMode | None = None,
        retention_cumulative: bool = False,
        time_comparison: TimeComparison | None = None,
        data_group_id: int | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Request[RetentionQueryResult]:
        """How many users come back after a first event, by the date of that and by the time since.

        Costs one query however many buckets it has, none when the answer is known or an equal question is under way.

        Raises BookmarkValidationError with every problem at once, before anything is sent.

        - `limit`: at most so many segments of the breakdown.
        - others: those of `build_retention_params`.
        """
        params = build_retention_params(
            born_event,
            return_event,
            retention_unit=retention_unit,
            alignment=alignment,
            bucket_sizes=bucket_sizes,
            from_date=from_date,
            to_date=to_date,
            last=last,
            unit=unit,
            math=math,
            math_property=math_property,
            group_by=group_by,
            where=where,
            mode=mode,
            unbounded_mode=unbounded_mode,
            retention_cumulative=retention_cumulative,
            time_comparison=time_comparison,
            data_group_id=data_group_id,
        )
        return request_report(RetentionQueryResult, question_of(params), self.pin.project, limit)

    @operation
    def run_retention_params(
        self, params: Mapping[str, Any], *, limit: int = DEFAULT_LIMIT, workspace_id: int | None = None
    ) -> Request[RetentionQueryResult]:
        """The answer to a retention report that is given as JSON, as saved reports (bookmarks) hold it.

        In Python, `build_retention_params` makes such. `workspace_id` wins over the pinned view. Costs one query, like
        `query_retention`; the bookmark is sent as it is.

        - `limit`: at most so many segments of the breakdown.
        """
        return request_report(RetentionQueryResult, read_question(params), self.pin.project, limit, workspace_id)
