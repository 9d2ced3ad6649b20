"""Custom properties that the project keeps.

ws.create_custom_property(
    mp.CreateCustomPropertyParams(
        name="Gross", resource_type="events", display_formula="A * 1.19",
        composed_properties={"A": mp.ComposedPropertyValue(resource_type="event", value="net", type="number")},
    )
)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, post, put
from mixpanel_headless.errors import QueryError
from mixpanel_headless.operation import Async, Mode, Surface, composite, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import custom_properties as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.custom_properties")

VIEW = Scope.WORKSPACE_IF_PINNED


class CustomProperties(Surface[Mode]):
    """Properties that are computed from others whenever they are asked for; none of these calls costs a query."""

    @operation
    def _list_custom_properties(self) -> Request[Listing[kinds.CustomProperty]]:
        """The custom properties, if the service can read them all."""
        return get("custom_properties/", list[kinds.CustomProperty], scope=VIEW)

    @composite
    async def list_custom_properties(self: CustomProperties[Async]) -> Listing[kinds.CustomProperty]:
        """The custom properties; the service lists none when it cannot read the formula of one.

        Raises QueryError then.
        """
        try:
            return await self._list_custom_properties()
        except QueryError as error:
            body = error.response_body
            if isinstance(body, dict) and body.get("field") == "displayFormula":
                error.hint = (
                    "The service cannot read one property's formula; get_custom_property gives them one by one."
                )
            raise

    @operation
    def create_custom_property(self, params: kinds.CreateCustomPropertyParams) -> Request[kinds.CustomProperty]:
        """A new custom property."""
        return post("custom_properties/", kinds.CustomProperty, scope=VIEW, json=params)

    @operation
    def get_custom_property(self, property_id: str | int) -> Request[kinds.CustomProperty]:
        """One custom property."""
        return get(at("custom_properties/{}/", property_id), kinds.CustomProperty, scope=VIEW)

    @operation
    def update_custom_property(
        self, property_id: str | int, params: kinds.UpdateCustomPropertyParams
    ) -> Request[kinds.CustomProperty]:
        """The changed custom property; what is not given stays."""
        return put(at("custom_properties/{}/", property_id), kinds.CustomProperty, scope=VIEW, json=params)

    @operation
    def delete_custom_property(self, property_id: str | int) -> Request[None]:
        """Delete a custom property for good; reports that use it break."""
        return delete(at("custom_properties/{}/", property_id), scope=VIEW)

    @operation
    def validate_custom_property(self, params: kinds.CreateCustomPropertyParams) -> Request[dict[str, Any]]:
        """What the service says of a custom property that is not made yet; changes nothing."""
        return post("custom_properties/validate/", dict[str, Any], scope=VIEW, json=params)
