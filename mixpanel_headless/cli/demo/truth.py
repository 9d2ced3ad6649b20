"""The check of every answer: the engine is asked the same question directly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import MixpanelHeadlessError

if TYPE_CHECKING:
    from mixpanel_headless.cli.demo.questions import Question
    from mixpanel_headless.results.insights import QueryResult

Compute = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From a question in wire form to the body that answers it."""


@attrs.define
class Truth:
    """What is right, computed once for each question, whoever asks it in whatever spelling."""

    compute: Compute
    _known: dict[int, Mapping[str, Any]] = attrs.field(factory=dict, init=False)

    def problem_of(self, question: Question, result: QueryResult) -> str:
        """What is wrong with an answer; nothing when it is right."""
        try:
            right = self._known[question.id] if question.id in self._known else self.compute(result.params)
        except MixpanelHeadlessError as error:
            return f"answered, but the engine says: {error}"
        self._known[question.id] = right
        if question.unknown and result.series:
            return "an answer about something that does not exist"
        if not same_value(result.series, right["series"]):
            return "another series than the events give"
        if result.headers != right["headers"]:
            return f"headers {result.headers} instead of {right['headers']}"
        return ""


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON trees are equal, floats up to what adding in another order changes."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
