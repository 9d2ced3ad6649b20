"""Funnels: how many go from one step to the next, how fast, by segment and over time.

ws.query_funnel(["Sign Up", "Trial Started", "Invoice Paid"], conversion_window=7).overall_conversion_rate
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.query.funnels import build_funnel_params
from mixpanel_headless.query.patterns import question_of, read_question
from mixpanel_headless.results.funnels import FunnelQueryResult

from .reports import DEFAULT_LIMIT, request_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.query import vocabulary as words
    from mixpanel_headless.query.behaviors import AnyStep, BehaviorRef, Exclusion, HoldingConstant
    from mixpanel_headless.query.comparisons import TimeComparison
    from mixpanel_headless.query.custom_properties import AnyProperty
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.query.filters import Filter
    from mixpanel_headless.query.funnels import MemberGroup
    from mixpanel_headless.request import Request


class Funnels(Surface[Mode]):
    """The funnel report."""

    build_funnel_params = staticmethod(build_funnel_params)

    @operation
    def query_funnel(
        self,
        steps: BehaviorRef | Sequence[AnyStep],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: int = 30,
        unit: words.Unit = "day",
        math: words.FunnelMath = "conversion_rate_unique",
        math_property: AnyProperty | None = None,
        conversion_window: int = 14,
        conversion_window_unit: words.WindowUnit = "day",
        order: words.FunnelOrder = "loose",
        group_by: MemberGroup | Sequence[MemberGroup] | None = None,
        where: Filter | Sequence[Filter] | None = None,
        exclusions: str | Exclusion | Sequence[str | Exclusion] | None = None,
        holding_constant: str | HoldingConstant | Sequence[str | HoldingConstant] | None = None,
        mode: words.FunnelMode = "steps",
        reentry_mode: words.ReentryMode | None = None,
        time_comparison: TimeComparison | None = None,
        data_group_id: int | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Request[FunnelQueryResult]:
        """How many users take all steps of a funnel in their order, and where the others stop.

        Costs one query however many steps it has, none when the answer is known or an equal question is under way.

        Raises BookmarkValidationError with every problem at once, before anything is sent.

        - `limit`: at most so many segments of the breakdown.
        - others: those of `build_funnel_params`.
        """
        params = build_funnel_params(
            steps,
            from_date=from_date,
            to_date=to_date,
            last=last,
            unit=unit,
            math=math,
            math_property=math_property,
            conversion_window=conversion_window,
            conversion_window_unit=conversion_window_unit,
            order=order,
            group_by=group_by,
            where=where,
            exclusions=exclusions,
            holding_constant=holding_constant,
            mode=mode,
            reentry_mode=reentry_mode,
            time_comparison=time_comparison,
            data_group_id=data_group_id,
        )
        return request_report(FunnelQueryResult, question_of(params), self.pin.project, limit)

    @operation
    def run_funnel_params(
        self, params: Mapping[str, Any], *, limit: int = DEFAULT_LIMIT, workspace_id: int | None = None
    ) -> Request[FunnelQueryResult]:
        """The answer to a funnel report that is given as JSON, as saved reports (bookmarks) hold it.

        In Python, `build_funnel_params` makes such. `workspace_id` wins over the pinned view. Costs one query, like
        `query_funnel`; the bookmark is sent as it is.

        - `limit`: at most so many segments of the breakdown.
        """
        return request_report(FunnelQueryResult, read_question(params), self.pin.project, limit, workspace_id)
