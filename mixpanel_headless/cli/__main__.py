"""`python -m mixpanel_headless.cli` is `mp`."""

from __future__ import annotations

from mixpanel_headless.cli import main

main()
