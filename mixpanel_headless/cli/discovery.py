"""`mp inspect`: what a project holds."""

from __future__ import annotations

from mixpanel_headless.cli.operations import operation_group

inspect = operation_group(
    "inspect",
    "Names of events, properties and values.",
    {
        "events": "events",
        "properties": "properties",
        "property-values": "property_values",
        "top-events": "top_events",
    },
)
