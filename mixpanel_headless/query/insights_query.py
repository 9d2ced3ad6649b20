"""An insights question as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from .formulas import Formula

if TYPE_CHECKING:
    from .coverage import Coverage
    from .measurements import Measurement
    from .metric_refs import MetricRef, SavedReference
    from .metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric
    from .vocabulary import Mode

ShownMetric: TypeAlias = "Metric | CohortMetric | FunnelMetric | RetentionMetric | MetricRef | SavedReference"
AnyMetric: TypeAlias = "str | ShownMetric | Formula"


@attrs.frozen(kw_only=True)
class InsightsQuery:
    """What was asked, unchecked."""

    events: tuple[AnyMetric, ...]
    coverage: Coverage
    measurement: Measurement
    formula: str | None
    formula_label: str | None
    rolling: int | None
    cumulative: bool
    mode: Mode

    def formulas(self) -> list[Formula]:
        """The formulas, whichever way they were given."""
        given = [event for event in self.events if isinstance(event, Formula)]
        return given if self.formula is None else [*given, Formula(self.formula, self.formula_label)]

    def letters(self) -> int:
        """How many metrics a formula can name."""
        return sum(not isinstance(event, Formula) for event in self.events)
