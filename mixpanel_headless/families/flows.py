"""Flows: what users do after an event and before it.

ws.query_flow("Sign Up", forward=3, mode="tree").trees[0].render()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.options import check_choice
from mixpanel_headless.query.flows import build_flow_params, flow_mode
from mixpanel_headless.query.insights import check_view
from mixpanel_headless.query.patterns import Question, read_question
from mixpanel_headless.query.vocabulary import FlowMode
from mixpanel_headless.request import Request
from mixpanel_headless.results.flows import FlowQueryResult, check_flow_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.query import vocabulary as words
    from mixpanel_headless.query.dates import Day
    from mixpanel_headless.query.filters import Filter
    from mixpanel_headless.query.flow_query import AnyFlowStep
    from mixpanel_headless.query.groups import AnyGroup

QUERY_TYPES: Final[dict[FlowMode, str]] = {"sankey": "flows_sankey", "paths": "flows_top_paths", "tree": "flows"}


class Flows(Surface[Mode]):
    """The flow report."""

    build_flow_params = staticmethod(build_flow_params)

    @operation
    def query_flow(
        self,
        event: AnyFlowStep | Sequence[AnyFlowStep],
        *,
        forward: int = 3,
        reverse: int = 0,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: int = 30,
        conversion_window: int = 7,
        conversion_window_unit: words.FlowWindowUnit = "day",
        count_type: words.FlowCount = "unique",
        cardinality: int = 3,
        collapse_repeated: bool = False,
        hidden_events: str | Sequence[str] | None = None,
        mode: words.FlowMode = "sankey",
        where: Filter | Sequence[Filter] | None = None,
        data_group_id: int | None = None,
        segments: AnyGroup | Sequence[AnyGroup] | None = None,
        exclusions: str | Sequence[str] | None = None,
    ) -> Request[FlowQueryResult]:
        """What users do after an event, and before it.

        Mode `sankey` gives columns of events and the ways
        between them, `paths` the commonest paths, `tree` every path merged from its start. Costs one query,
        none when the answer is known or an equal question is under way.

        Raises BookmarkValidationError with every problem at once, before anything is sent.

        - others: those of `build_flow_params`.
        """
        params = build_flow_params(
            event,
            forward=forward,
            reverse=reverse,
            from_date=from_date,
            to_date=to_date,
            last=last,
            conversion_window=conversion_window,
            conversion_window_unit=conversion_window_unit,
            count_type=count_type,
            cardinality=cardinality,
            collapse_repeated=collapse_repeated,
            hidden_events=hidden_events,
            mode=mode,
            where=where,
            data_group_id=data_group_id,
            segments=segments,
            exclusions=exclusions,
        )
        return request_flow(read_question(params), self.pin.project, mode)

    @operation
    def run_flow_params(
        self, params: Mapping[str, Any], *, mode: words.FlowMode | None = None, workspace_id: int | None = None
    ) -> Request[FlowQueryResult]:
        """The answer to a flow report that is given as JSON, as saved reports (bookmarks) hold it.

        In Python, `build_flow_params` makes such. `workspace_id` wins over the pinned view. `mode` wins over the one that
        the bookmark is made for. Costs one query; the bookmark is sent as it is.

        - `mode`: how the flow is shown.
        """
        if mode is not None:
            check_choice("mode", mode, FlowMode)
        question = read_question(params)
        return request_flow(question, self.pin.project, mode or flow_mode(params), workspace_id)


def request_flow(
    question: Question, project: str, mode: FlowMode, workspace: int | None = None
) -> Request[FlowQueryResult]:
    """The request that asks a flow question."""
    number, kind = int(project), QUERY_TYPES[mode]
    return Request(
        "POST",
        "query",
        "/arb_funnels",
        lambda tree, provenance: FlowQueryResult.from_reply(tree, None, mode, provenance),
        body={"bookmark": msgspec.Raw(question.bookmark), "project_id": number, "query_type": kind},
        accept=check_flow_reply,
        lifetime="range",
        closes_on=question.last_day,
        names_project=False,
        workspace=check_view(workspace),
        canonical=b"%d %s %b" % (number, kind.encode(), question.canonical),
    )
