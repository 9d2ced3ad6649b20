"""A question about users as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .cohort_members import CohortMember
from .fields import as_tuple
from .filters import Filter

if TYPE_CHECKING:
    from .cohorts import CohortDefinition
    from .dates import Day
    from .vocabulary import SortOrder, UserAggregate, UserMode


@attrs.frozen(kw_only=True)
class UserQuery:
    """What was asked, unchecked; `selector` is a `where` given as text, `whole` says that it was given as one value."""

    where: tuple[Filter, ...] = attrs.field(converter=as_tuple)
    selector: str | None
    cohort: int | CohortDefinition | None
    properties: tuple[str, ...] | None
    sort_by: str | None
    sort_order: SortOrder
    limit: int | None
    search: str | None
    distinct_id: str | None
    distinct_ids: tuple[str, ...] | None
    group_id: str | int | None
    as_of: Day | int | None
    mode: UserMode
    aggregate: UserAggregate
    aggregate_property: str | None
    percentile: float | None
    segment_by: tuple[int, ...] | None
    parallel: bool
    workers: int
    include_all_users: bool
    whole: bool

    def path(self, position: int) -> str:
        """Where a condition stands."""
        return "where" if self.whole else f"where[{position}]"

    def members(self) -> list[CohortMember]:
        """The cohorts among the conditions."""
        return [
            condition.value
            for condition in self.where
            if isinstance(condition, Filter) and isinstance(condition.value, CohortMember)
        ]

    def conditions(self) -> list[Filter]:
        """The conditions on properties."""
        return [condition for condition in self.where if not isinstance(condition.value, CohortMember)]

    def chosen(self) -> int | CohortDefinition | None:
        """The cohort that is asked about, whichever way it was given."""
        members = self.members()
        return members[0].cohort if members else self.cohort
