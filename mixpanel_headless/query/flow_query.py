"""A flow question as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .fields import as_tuple
from .steps import FlowStep

if TYPE_CHECKING:
    from .cohorts import CohortBreakdown
    from .dates import Range
    from .filters import Filter
    from .frequency import FrequencyBreakdown
    from .groups import GroupBy
    from .vocabulary import FlowCount, FlowMode, FlowWindowUnit

AnyFlowStep: TypeAlias = "str | FlowStep"


def _steps(value: Any) -> tuple[Any, ...]:
    """What a caller gave as steps, names as steps; what is neither stays for the rules to refuse."""
    return tuple(FlowStep(item) if isinstance(item, str) else item for item in as_tuple(value))


@attrs.frozen(kw_only=True)
class FlowQuery:
    """What was asked, unchecked; `whole` names the arguments that were given as one value, not as a list."""

    steps: tuple[FlowStep, ...] = attrs.field(converter=_steps)
    forward: int
    reverse: int
    range: Range
    conversion_window: int
    conversion_window_unit: FlowWindowUnit
    count_type: FlowCount
    cardinality: int
    collapse_repeated: bool
    hidden_events: tuple[str, ...] = attrs.field(converter=as_tuple)
    exclusions: tuple[str, ...] = attrs.field(converter=as_tuple)
    mode: FlowMode
    where: tuple[Filter, ...] = attrs.field(converter=as_tuple)
    segments: tuple[GroupBy | CohortBreakdown | FrequencyBreakdown, ...]
    data_group_id: int | None
    whole: frozenset[str] = frozenset()

    def tail(self, step: FlowStep) -> tuple[int, int]:
        """How many events to show after and before a step: its own numbers, else those of the question."""
        forward = self.forward if step.forward is None else step.forward
        return forward, self.reverse if step.reverse is None else step.reverse

    def path(self, argument: str, position: int) -> str:
        """Where an item of a list argument stands."""
        return argument if argument in self.whole else f"{argument}[{position}]"
