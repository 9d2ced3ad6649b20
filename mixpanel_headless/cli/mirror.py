"""`mp mirror`: the project's events on this machine."""

from __future__ import annotations

from mixpanel_headless.cli.operations import operation_group

mirror = operation_group(
    "mirror",
    "The project's events on this machine, which answer questions for nothing.",
    {"sync": "mirror", "status": "mirror_status", "drop": "drop_mirror"},
)
