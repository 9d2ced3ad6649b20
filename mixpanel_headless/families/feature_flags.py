"""Feature flags: what a program shows to whom.

flag = ws.create_feature_flag(mp.CreateFeatureFlagParams(name="New checkout", key="new_checkout"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, post, put
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import feature_flags as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.feature_flags")

VIEW = Scope.PROJECT_AND_WORKSPACE


class FeatureFlags(Surface[Mode]):
    """What a program shows to whom.

    Flags belong to a workspace (data view): the pinned one, or that of `resolve_workspace_id`, which may cost two requests
    the first time. None of these calls costs a query.
    """

    @operation
    def list_feature_flags(self, *, include_archived: bool = False) -> Request[Listing[kinds.FeatureFlag]]:
        """The flags of the workspace (data view), without those that are archived unless they are asked for.

        - `include_archived`: those in the archive too.
        """
        return get(
            "feature-flags/", list[kinds.FeatureFlag], scope=VIEW, include_archived=True if include_archived else None
        )

    @operation
    def create_feature_flag(self, params: kinds.CreateFeatureFlagParams) -> Request[kinds.FeatureFlag]:
        """A new flag; it is not served before its status is `enabled`."""
        return post("feature-flags/", kinds.FeatureFlag, scope=VIEW, json=params)

    @operation
    def get_feature_flag(self, flag_id: str) -> Request[kinds.FeatureFlag]:
        """One flag."""
        return get(at("feature-flags/{}/", flag_id), kinds.FeatureFlag, scope=VIEW)

    @operation
    def update_feature_flag(self, flag_id: str, params: kinds.UpdateFeatureFlagParams) -> Request[kinds.FeatureFlag]:
        """The flag as it is from now on; what is given replaces all that it was."""
        return put(at("feature-flags/{}/", flag_id), kinds.FeatureFlag, scope=VIEW, json=params)

    @operation
    def delete_feature_flag(self, flag_id: str) -> Request[None]:
        """Delete a flag for good; the service refuses one that is enabled."""
        return delete(at("feature-flags/{}/", flag_id), scope=VIEW)

    @operation
    def archive_feature_flag(self, flag_id: str) -> Request[None]:
        """Put a flag away; `restore_feature_flag` brings it back."""
        return post(at("feature-flags/{}/archive/", flag_id), scope=VIEW)

    @operation
    def restore_feature_flag(self, flag_id: str) -> Request[kinds.FeatureFlag]:
        """A flag that was archived, brought back."""
        return delete(at("feature-flags/{}/archive/", flag_id), kinds.FeatureFlag, scope=VIEW)

    @operation
    def duplicate_feature_flag(self, flag_id: str) -> Request[kinds.FeatureFlag]:
        """A new flag that is like another one."""
        return post(at("feature-flags/{}/duplicate/", flag_id), kinds.FeatureFlag, scope=VIEW)

    @operation
    def set_flag_test_users(self, flag_id: str, params: kinds.SetTestUsersParams) -> Request[None]:
        """Say who tests which variant of a flag; those of before are replaced."""
        return put(at("feature-flags/{}/test-users/", flag_id), scope=VIEW, json=params)

    @operation
    def get_flag_history(
        self, flag_id: str, *, page: str | None = None, page_size: int | None = None
    ) -> Request[kinds.FlagHistoryResponse]:
        """One page of a flag's changes, and how many there are.

        - `page`: which page, as the one before it says.
        - `page_size`: how many changes one page has.
        """
        return get(
            at("feature-flags/{}/history/", flag_id),
            kinds.FlagHistoryResponse,
            scope=VIEW,
            page=page,
            page_size=page_size,
        )

    @operation
    def get_flag_limits(self) -> Request[kinds.FlagLimitsResponse]:
        """How many flags the project may have, and how many it has."""
        return get("feature-flags/limits/", kinds.FlagLimitsResponse, scope=Scope.PROJECT)
