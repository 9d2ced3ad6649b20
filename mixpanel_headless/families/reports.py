"""The way that all kinds of report share: one address, one form of question, each with its own form of answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from mixpanel_headless.query.insights import check_limit, check_view
from mixpanel_headless.request import Request

if TYPE_CHECKING:
    from mixpanel_headless.query.patterns import Question
    from mixpanel_headless.results.series import SeriesReport

R = TypeVar("R", bound="SeriesReport")
DEFAULT_LIMIT: Final = 3000


def request_report(
    result: type[R], question: Question, project: str, limit: int, workspace: int | None = None
) -> Request[R]:
    """The request that asks a question about events and reads its answer as this kind of result."""
    number, most, view = int(project), check_limit(limit), check_view(workspace)
    return Request(
        "POST",
        "query",
        "/insights",
        lambda tree, provenance: result.from_sound(tree, None, provenance),
        body={"bookmark": msgspec.Raw(question.bookmark), "project_id": number, "queryLimits": {"limit": most}},
        accept=result.check_reply,
        lifetime="range",
        closes_on=question.last_day,
        names_project=False,
        workspace=view,
        canonical=b"%d %d %b" % (number, most, question.canonical),
    )
