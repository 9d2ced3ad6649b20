"""`mp inspect` and `mp budget`: what a project holds, and what its limits have left."""

from __future__ import annotations

from mixpanel_headless.cli.operations import operation_command, operation_group

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
budget = operation_command("budget", "budget")
