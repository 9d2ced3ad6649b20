"""What every kind of report is asked beside its metrics: days, breakdowns, conditions, a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from mixpanel_headless.errors import ValidationError, shown

from .comparisons import TimeComparison
from .dates import Day, Range
from .dates import today as current_day
from .fields import as_tuple, is_positive_integer
from .filter_clauses import AnyFilter, filter_clauses, filter_problems
from .filters import Filter
from .frequency import FrequencyFilter
from .groups import AnyGroup, as_groups, group_clauses, group_problems
from .rules import Rule, choice, problems
from .vocabulary import UNITS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from .cohorts import CohortBreakdown
    from .frequency import FrequencyBreakdown
    from .groups import GroupBy

ANY_CONDITION: Final = (Filter, FrequencyFilter)


@attrs.frozen(kw_only=True)
class Coverage:
    """What was asked, unchecked; `whole` names the arguments that were given as one value, not as a list."""

    range: Range
    unit: str
    groups: tuple[GroupBy | CohortBreakdown | FrequencyBreakdown, ...]
    where: tuple[AnyFilter, ...]
    time_comparison: TimeComparison | None
    data_group_id: int | None
    whole: frozenset[str]

    @classmethod
    def of(
        cls,
        *,
        from_date: Day | None,
        to_date: Day | None,
        last: int,
        today: dt.date | None,
        unit: str,
        group_by: AnyGroup | Sequence[AnyGroup] | None,
        where: AnyFilter | Sequence[AnyFilter] | None,
        time_comparison: TimeComparison | None,
        data_group_id: int | None,
    ) -> Coverage:
        """The coverage that these arguments of a builder describe; raises `BB1` for what is no breakdown."""
        given: tuple[tuple[str, object], ...] = (("group_by", group_by), ("where", where))
        return cls(
            range=Range(from_date, to_date, last, today or current_day()),
            unit=unit,
            groups=as_groups(group_by),
            where=as_tuple(where),
            time_comparison=time_comparison,
            data_group_id=data_group_id,
            whole=frozenset([name for name, value in given if not isinstance(value, (list, tuple))]),
        )

    def path(self, argument: str, position: int) -> str:
        """Where an item of a list argument stands."""
        return argument if argument in self.whole else f"{argument}[{position}]"

    def sections(self, show: list[dict[str, Any]], conditions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The `sections` of a bookmark that shows this; `conditions` are the `where` if its form is a special one."""
        sections: dict[str, Any] = {
            "show": show,
            "time": self.range.time_section(self.unit),
            "filter": filter_clauses(self.where) if conditions is None else conditions,
            "group": group_clauses(self.groups, self.data_group_id),
        }
        if self.data_group_id is not None:
            sections["globalDataGroupId"] = str(self.data_group_id)
        return sections

    def compared(self) -> dict[str, Any]:
        """What the comparison adds to the `displayOptions`."""
        return {} if self.time_comparison is None else {"timeComparison": self.time_comparison.to_dict()}


ANY_UNIT: Final[Rule[Coverage]] = choice("V30_INVALID_UNIT", "unit", UNITS)
_OTHERS: tuple[Rule[Coverage], ...] = (
    Rule(
        "V31_INVALID_TIME_COMPARISON",
        "time_comparison",
        lambda c: c.time_comparison is not None and not isinstance(c.time_comparison, TimeComparison),
        "time_comparison is {0.time_comparison!r}; give a TimeComparison.",
    ),
    Rule(
        "DG1_INVALID_DATA_GROUP_ID",
        "data_group_id",
        lambda c: c.data_group_id is not None and not is_positive_integer(c.data_group_id),
        "data_group_id is {0.data_group_id!r}; it must be an integer above 0.",
    ),
)


def coverage_problems(
    coverage: Coverage, unit: Rule[Coverage] = ANY_UNIT, conditions: tuple[type, ...] = ANY_CONDITION
) -> Iterator[ValidationError]:
    """Everything that is wrong with the arguments that all reports share; `unit` is the kind's own rule of units."""
    yield from coverage.range.problems()
    yield from problems((unit,), coverage)
    for position, group in enumerate(coverage.groups):
        yield from group_problems(group, coverage.path("group_by", position))
    for position, condition in enumerate(coverage.where):
        path = coverage.path("where", position)
        if isinstance(condition, conditions):
            yield from filter_problems(condition, path)
        else:
            kinds = " or a ".join(kind.__name__ for kind in conditions)
            yield ValidationError(
                path, f"{shown(condition)} is no condition here; give a {kinds}.", "V25_INVALID_FILTER_TYPE"
            )
    yield from problems(_OTHERS, coverage)
