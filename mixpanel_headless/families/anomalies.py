"""Anomalies of the data volume: events and properties that came more or less often than they used to.

[anomaly.event_name for anomaly in ws.list_data_volume_anomalies() if anomaly.status == "open"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import get, patch
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_headless.models import anomalies as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.anomalies")

VIEW = Scope.WORKSPACE_IF_PINNED
PATH = "data-definitions/data-volume-anomalies/"


class Anomalies(Surface[Mode]):
    """Counts that were not as predicted; none of these calls costs a query."""

    @operation
    def list_data_volume_anomalies(
        self, *, query_params: Mapping[str, str] | None = None
    ) -> Request[Listing[kinds.DataVolumeAnomaly]]:
        """The anomalies; `query_params` narrow them as the service understands it (`status`, `limit`, `event_id`).

        - `query_params`: further parameters, as the service has them.
        """
        given: dict[str, Any] = dict(query_params or {})
        return get(PATH, list[kinds.DataVolumeAnomaly], scope=VIEW, inside="anomalies", **given)

    @operation
    def update_anomaly(self, params: kinds.UpdateAnomalyParams) -> Request[dict[str, Any]]:
        """Dismiss an anomaly or open it again; what the service answers."""
        return patch(PATH, dict[str, Any], scope=VIEW, json=params)

    @operation
    def bulk_update_anomalies(self, params: kinds.BulkUpdateAnomalyParams) -> Request[dict[str, Any]]:
        """Dismiss several anomalies or open them again; what the service answers."""
        return patch(f"{PATH}bulk/", dict[str, Any], scope=VIEW, json=params)
