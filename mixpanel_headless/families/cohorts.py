"""Cohorts that the project keeps: groups of people by what they did and are.

ws.create_cohort(mp.CreateCohortParams(name="Payers", definition=definition.to_dict()))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, joined, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.models import cohorts as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.cohorts")

VIEW = Scope.WORKSPACE_IF_PINNED


class Cohorts(Surface[Mode]):
    """Groups of people; none of these calls costs a query."""

    @operation
    def list_cohorts_full(
        self, *, data_group_id: str | int | None = None, ids: Sequence[int] | None = None
    ) -> Request[Listing[kinds.Cohort]]:
        """The cohorts of one data group or with those ids, all of them by default, with all that is known of each.

        - `data_group_id`: only those of this kind of group, by its id.
        - `ids`: only those with these ids.
        """
        return get("cohorts", list[kinds.Cohort], scope=VIEW, data_group_id=data_group_id or None, ids=joined(ids))

    @operation
    def get_cohort(self, cohort_id: int) -> Request[kinds.Cohort]:
        """One cohort."""
        return get(at("cohorts/{}", cohort_id), kinds.Cohort, scope=VIEW)

    @operation
    def create_cohort(self, params: kinds.CreateCohortParams) -> Request[kinds.Cohort]:
        """A new cohort."""
        return post("cohorts", kinds.Cohort, scope=VIEW, json=params)

    @operation
    def update_cohort(self, cohort_id: int, params: kinds.UpdateCohortParams) -> Request[kinds.Cohort]:
        """The changed cohort; what is not given stays."""
        return patch(at("cohorts/{}", cohort_id), kinds.Cohort, scope=VIEW, json=params)

    @operation
    def delete_cohort(self, cohort_id: int) -> Request[None]:
        """Delete a cohort for good; reports that use it break."""
        return delete(at("cohorts/{}", cohort_id), scope=VIEW)

    @operation
    def bulk_delete_cohorts(self, ids: Sequence[int]) -> Request[None]:
        """Delete several cohorts for good; reports that use them break."""
        return post("cohorts/bulk-delete", scope=VIEW, json={"cohort_ids": list(ids)})

    @operation
    def bulk_update_cohorts(self, entries: Sequence[kinds.BulkUpdateCohortEntry]) -> Request[None]:
        """Change several cohorts at once; what is not given of each stays."""
        return post("cohorts/bulk-update", scope=VIEW, json={"cohorts": list(entries)})
