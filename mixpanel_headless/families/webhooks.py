"""Webhooks: addresses that the service posts to.

ws.test_webhook(mp.WebhookTestParams(url="https://example.com/hook")).success
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import webhooks as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.webhooks")

VIEW = Scope.WORKSPACE_IF_PINNED


class Webhooks(Surface[Mode]):
    """Addresses that the service posts to; none of these calls costs a query."""

    @operation
    def list_webhooks(self) -> Request[Listing[kinds.ProjectWebhook]]:
        """The project's webhooks."""
        return get("webhooks/", list[kinds.ProjectWebhook], scope=VIEW)

    @operation
    def create_webhook(self, params: kinds.CreateWebhookParams) -> Request[kinds.WebhookMutationResult]:
        """A new webhook's id and name."""
        return post("webhooks/", kinds.WebhookMutationResult, scope=VIEW, json=params)

    @operation
    def update_webhook(
        self, webhook_id: str | int, params: kinds.UpdateWebhookParams
    ) -> Request[kinds.WebhookMutationResult]:
        """The changed webhook's id and name; what is not given stays."""
        return patch(at("webhooks/{}/", webhook_id), kinds.WebhookMutationResult, scope=VIEW, json=params)

    @operation
    def delete_webhook(self, webhook_id: str | int) -> Request[None]:
        """Delete a webhook for good."""
        return delete(at("webhooks/{}/", webhook_id), scope=VIEW)

    @operation
    def test_webhook(self, params: kinds.WebhookTestParams) -> Request[kinds.WebhookTestResult]:
        """How the address answers a trial; the service posts to it at once."""
        return post("webhooks/test/", kinds.WebhookTestResult, scope=VIEW, json=params)
