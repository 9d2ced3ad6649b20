"""Which of the service's addresses exist, and which pools a request to them spends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

Family = Literal["query", "export", "app", "signed", "unknown"]
SCOPE = r"(?:projects/(?P<project>\d+)(?:/workspaces/\d+)?|workspaces/\d+)"
"""How most addresses of the App API begin."""
SIGNED = "/signed/"
"""How addresses begin whose signature is their key, in the place of credentials."""

COUNTED_SEGMENTS = frozenset({
    "arb_funnels", "cohorts", "correlate", "custom-query", "data_definitions", "engage", "events", "experiments", "flows",
    "formulas", "funnels", "impact", "insights", "integrations", "jql", "metrics", "query", "retention", "segmentation",
    "stream", "trends",
})  # fmt: skip

KNOWN_ENDPOINTS = frozenset({
    "annotations", "arb_funnels", "cohorts/list", "custom_events", "data_definitions/events", "engage", "engage/aliases", "engage/stats", "events",
    "events/names", "events/properties", "events/properties/top", "events/properties/values", "events/top", "funnels",
    "funnels/list", "insights", "jql", "project", "retention", "retention/addiction", "segmentation",
    "segmentation/average", "segmentation/numeric", "segmentation/sum", "stream/bookmark", "stream/query", "workspaces",
})  # fmt: skip


@attrs.frozen
class Route:
    """Where a path leads: the family, and the endpoint inside it without slashes at its ends."""

    family: Family
    endpoint: str

    @property
    def known(self) -> bool:
        """Whether the service has this address; the sandbox may still not answer it."""
        return self.family in {"export", "app", "signed"} or self.endpoint in KNOWN_ENDPOINTS


def find_route(path: str) -> Route:
    """The route of a path; `/api/2.0/` is another name of `/api/query/`, apart from the export."""
    for prefix in ("/api/query/", "/api/2.0/"):
        if path.startswith(prefix):
            endpoint = path.removeprefix(prefix).strip("/")
            return Route("export" if endpoint == "export" else "query", endpoint)
    if path.startswith("/api/app/"):
        return Route("app", path.removeprefix("/api/app/").strip("/"))
    return Route("signed" if path.startswith(SIGNED) else "unknown", path.strip("/"))


def pools_spent(route: Route, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The pools that one request spends; empty for what the service does not count."""
    segments = route.endpoint.split("/")
    if route.family == "export":
        return ("export",)
    if route.family == "app":
        return ("schemas",) if "schemas" in segments else ("app",)
    if route.family in {"signed", "unknown"} or segments[0] not in COUNTED_SEGMENTS:
        return ()
    if route.endpoint == "engage/aliases" or (route.endpoint == "engage" and parameters.get("session_id")):
        return ()
    return ("query", "jql") if segments[0] == "jql" else ("query",)
