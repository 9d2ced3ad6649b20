"""Custom events that the project keeps: one name for several events.

ws.create_custom_event(mp.CreateCustomEventParams(name="Any Purchase", alternatives=["Order", "Renewal"]))
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import delete, get, patch, post
from mixpanel_headless.errors import MixpanelHeadlessError
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import custom_events as kinds
    from mixpanel_headless.models import definitions
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.custom_events")
    definitions = LazyModule("mixpanel_headless.models.definitions")

VIEW = Scope.WORKSPACE_IF_PINNED
PATH = "data-definitions/events/"


class CustomEvents(Surface[Mode]):
    """One name for several events; none of these calls costs a query."""

    @operation
    def create_custom_event(self, params: kinds.CreateCustomEventParams) -> Request[kinds.CustomEvent]:
        """A new custom event."""
        alternatives = json.dumps([{"event": name} for name in params.alternatives], ensure_ascii=False)
        fields = {"name": params.name, "alternatives": alternatives}
        return post("custom_events/", kinds.CustomEvent, scope=VIEW, form=fields, inside="custom_event")

    @operation
    def list_custom_events(self) -> Request[Listing[definitions.EventDefinition]]:
        """What is said of the custom events."""
        return get(PATH, list[definitions.EventDefinition], scope=VIEW, custom_event=True)

    @operation
    def _update_custom_event(
        self, custom_event_id: int, params: definitions.UpdateEventDefinitionParams
    ) -> Request[definitions.EventDefinition]:
        """What is said of an event, which should be the custom event."""
        fields = {**params.to_wire(), "customEventId": custom_event_id}
        return patch(PATH, definitions.EventDefinition, scope=VIEW, json=fields)

    @composite
    async def update_custom_event(
        self: CustomEvents[Async], custom_event_id: int, params: definitions.UpdateEventDefinitionParams
    ) -> definitions.EventDefinition:
        """Change a custom event, and get what the Lexicon says of it; what is not given stays.

        Raises UPDATE_TARGET_MISMATCH when the service says that it changed another one.
        """
        changed = await self._update_custom_event(custom_event_id, params)
        if changed.custom_event_id not in (None, custom_event_id):
            raise MixpanelHeadlessError(
                f"Custom event {custom_event_id} was to change, and the service changed {changed.custom_event_id}.",
                code="UPDATE_TARGET_MISMATCH",
                hint="Look at both in the Lexicon.",
                sent=True,
            )
        return changed

    @operation
    def delete_custom_event(self, custom_event_id: int) -> Request[None]:
        """Delete a custom event for good; reports that use it break."""
        return delete(PATH, scope=VIEW, json={"customEventId": custom_event_id})
