"""An insights question as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from .formulas import Formula

if TYPE_CHECKING:
    from .cohorts import CohortBreakdown
    from .comparisons import TimeComparison
    from .dates import Range
    from .filter_clauses import AnyFilter
    from .frequency import FrequencyBreakdown
    from .groups import GroupBy
    from .measurements import Measurement
    from .metric_refs import MetricRef, SavedMetric
    from .metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
    from .vocabulary import Mode, Unit

ShownMetric: TypeAlias = "Metric | CohortMetric | FunnelMetric | RetentionMetric | MetricRef | SavedMetric"
AnyMetric: TypeAlias = "str | ShownMetric | Formula"


@attrs.frozen(kw_only=True)
class InsightsQuery:
    """What was asked, unchecked; `whole` names the arguments that were given as one value, not as a list."""

    events: tuple[AnyMetric, ...]
    range: Range
    unit: Unit
    measurement: Measurement
    groups: tuple[GroupBy | CohortBreakdown | FrequencyBreakdown, ...]
    where: tuple[AnyFilter, ...]
    formula: str | None
    formula_label: str | None
    rolling: int | None
    cumulative: bool
    mode: Mode
    time_comparison: TimeComparison | None
    data_group_id: int | None
    whole: frozenset[str] = frozenset()

    def formulas(self) -> list[Formula]:
        """The formulas, whichever way they were given."""
        given = [event for event in self.events if isinstance(event, Formula)]
        return given if self.formula is None else [*given, Formula(self.formula, self.formula_label)]

    def letters(self) -> int:
        """How many metrics a formula can name."""
        return sum(not isinstance(event, Formula) for event in self.events)

    def path(self, argument: str, position: int) -> str:
        """Where an item of a list argument stands."""
        return argument if argument in self.whole else f"{argument}[{position}]"
