"""Blueprints: dashboards made from a template, or to explain a change.

board = ws.create_blueprint("onboarding")
ws.get_blueprint_config(board.id).variables
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, get, post, put
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.replies import unwrap
from mixpanel_headless.request import Json, Request, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_headless.models import dashboards as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.dashboards")

VIEW = Scope.WORKSPACE_IF_PINNED


class Blueprints(Surface[Mode]):
    """Dashboards made from a template; none of these calls costs a query."""

    @operation
    def list_blueprint_templates(self, *, include_reports: bool = False) -> Request[Listing[kinds.BlueprintTemplate]]:
        """The templates; `create_blueprint` takes the name of one.

        In Python, the name is `extra["name"]`.

        - `include_reports`: with the reports that each would hold.
        """
        listed = get(
            "dashboards/blueprints-all",
            list[kinds.BlueprintTemplate],
            scope=VIEW,
            include_reports=True if include_reports else None,
        )
        return attrs.evolve(listed, read=lambda tree, provenance: listed.read(name_templates(tree), provenance))

    @operation
    def create_blueprint(self, template_type: str) -> Request[kinds.Dashboard]:
        """A new dashboard made from a template."""
        return post("dashboards/blueprints", kinds.Dashboard, scope=VIEW, json={"template_type": template_type})

    @operation
    def get_blueprint_config(self, dashboard_id: int) -> Request[kinds.BlueprintConfig]:
        """What the events and properties of a blueprint's dashboard are called in this project."""
        return get(at("dashboards/{}/blueprint-config", dashboard_id), kinds.BlueprintConfig, scope=VIEW)

    @operation
    def update_blueprint_cohorts(self, cohorts: Sequence[Mapping[str, Any]]) -> Request[None]:
        """Give the cohorts that blueprints use."""
        return put("dashboards/blueprints/cohorts", scope=VIEW, json={"cohorts": list(cohorts)})

    @operation
    def finalize_blueprint(self, params: kinds.BlueprintFinishParams) -> Request[kinds.Dashboard]:
        """The finished dashboard of a blueprint, with its cards as they are given."""
        return post("dashboards/blueprints/finish", kinds.Dashboard, scope=VIEW, json=params)

    @operation
    def create_rca_dashboard(self, params: kinds.CreateRcaDashboardParams) -> Request[kinds.Dashboard]:
        """A new dashboard that looks for the cause of a change."""
        return post("dashboards/rca", kinds.Dashboard, scope=VIEW, json=params)


def name_templates(tree: Json) -> Json:
    """Templates as a list; where they come in an object by name, its keys win over names inside."""
    found = unwrap(tree)
    found = found["templates"] if isinstance(found, dict) and "templates" in found else found
    if isinstance(found, dict):
        return [{**template, "name": name} for name, template in found.items() if isinstance(template, dict)]
    return found
