"""Saved behaviors: several events, a funnel or a retention, kept for metrics to measure.

saved = ws.create_behavior(mp.CreateBehaviorParams(name="Checkout", behavior=mp.FunnelBehavior(["Visit", "Order"])))
ws.query(mp.FunnelMetric(saved.to_ref())).df
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.errors import ParamValidationError, QueryError
from mixpanel_headless.models.params import UNSET
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.query.saved_definitions import behavior_definition

from .metrics import by_id, check_editable, kept, only, raise_plainly, refuse_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.models import behaviors as kinds
    from mixpanel_headless.models import metrics
    from mixpanel_headless.request import Json, Request
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.behaviors")
    metrics = LazyModule("mixpanel_headless.models.metrics")

NOT_PERMITTED = "BH4_DELETE_NOT_PERMITTED"


class Behaviors(Surface[Mode]):
    """Saved behaviors of the project, whatever the pinned workspace; none of these calls costs a query."""

    @operation
    def _list_behavior_rows(self) -> Request[Listing[kinds.SavedBehavior]]:
        """Every saved behavior."""
        return by_id(get("behaviors", list[kinds.SavedBehavior]))

    @composite
    async def list_behaviors(
        self: Behaviors[Async], *, behavior_type: str | None = None, name_contains: str | None = None
    ) -> Listing[kinds.SavedBehavior]:
        """The saved behaviors that meet every condition that is given; one request.

        - `behavior_type`: only behaviors of this type: simple, funnel or retention.
        - `name_contains`: only those with this text in their names, in any case.
        """
        return kept(await self._list_behavior_rows(), behavior_type, None, name_contains)

    @operation
    def _get_behavior_rows(self, behavior_id: int) -> Request[Listing[kinds.SavedBehavior]]:
        """One saved behavior, as a list."""
        return by_id(get(at("behaviors/{}", behavior_id), list[kinds.SavedBehavior]))

    @composite
    async def get_behavior(self: Behaviors[Async], behavior_id: int) -> kinds.SavedBehavior:
        """One saved behavior; the service answers an unknown id with a server error."""
        return only(await self._get_behavior_rows(behavior_id))

    @operation
    def _create_behavior_rows(self, fields: Mapping[str, Json]) -> Request[Listing[kinds.SavedBehavior]]:
        """A new saved behavior, as a list."""
        return by_id(post("behaviors", list[kinds.SavedBehavior], json=fields))

    @composite
    async def create_behavior(
        self: Behaviors[Async], params: kinds.CreateBehaviorParams, *, validate: bool = True
    ) -> kinds.SavedBehavior:
        """A new saved behavior.

        Raises ParamValidationError for what the service would not keep, before anything is sent, unless `validate` is off.

        - `validate`: whether the definition is checked before anything is sent.
        """
        made = behavior_definition(params.behavior, new=True, validate=validate)
        fields = {"type": made.type, **metrics.metadata_of(params), "definition": made.body}
        try:
            return only(await self._create_behavior_rows(fields))
        except QueryError as error:
            raise_plainly(error)

    @operation(before="get_behavior")
    def _update_behavior_rows(
        self, behavior_id: int, fields: Mapping[str, Json]
    ) -> Request[Listing[kinds.SavedBehavior]]:
        """A changed saved behavior, as a list."""
        return by_id(patch(at("behaviors/{}", behavior_id), list[kinds.SavedBehavior], json=fields))

    @composite
    async def update_behavior(
        self: Behaviors[Async], behavior_id: int, params: kinds.UpdateBehaviorParams, *, validate: bool = True
    ) -> kinds.SavedBehavior:
        """The changed saved behavior; what is not given stays. One more request reads it when its definition changes.

        - `validate`: whether the definition is checked before anything is sent.
        """
        fields = dict(metrics.metadata_of(params))
        if params.behavior not in (UNSET, None):
            made = behavior_definition(params.behavior, new=False, validate=validate)
            stored = await self.get_behavior(behavior_id)
            if made.type != stored.type:
                raise ParamValidationError(
                    f"Saved behavior {behavior_id} is a {stored.type}, and the new definition is a {made.type}.",
                    "SM3_KIND_CHANGE",
                    path="behavior",
                    hint="The service cannot change that; create a new behavior.",
                )
            fields["definition"] = made.body
        if isinstance(params.verified, bool):
            fields["verified"] = params.verified
        refuse_nothing(fields)
        return only(await self._update_behavior_rows(behavior_id, fields))

    @operation(before="_list_behavior_rows")
    def _delete_behavior_rows(self, ids: Sequence[int]) -> Request[None]:
        """Delete saved behaviors."""
        return delete("behaviors", json={"behaviors": [{"id": one} for one in ids]})

    @composite
    async def delete_behavior(self: Behaviors[Async], behavior_id: int, *, force: bool = False) -> None:
        """Delete a saved behavior for good; one that may not be edited only with `force`. Two requests.

        - `force`: also what the caller may not edit.
        """
        check_editable([await self.get_behavior(behavior_id)], force, NOT_PERMITTED)
        await self._delete_behavior_rows([behavior_id])

    @composite
    async def delete_behaviors(self: Behaviors[Async], behavior_ids: Sequence[int], *, force: bool = False) -> None:
        """Delete saved behaviors for good, all of them or none; those that may not be edited only with `force`.

        - `force`: also what the caller may not edit.
        """
        if not behavior_ids:
            return
        if not force:
            wanted = set(behavior_ids)
            check_editable([one for one in await self._list_behavior_rows() if one.id in wanted], force, NOT_PERMITTED)
        await self._delete_behavior_rows(behavior_ids)
