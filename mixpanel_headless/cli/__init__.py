"""The `mp` command: the library's calls, a local Mixpanel and a demo, in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixpanel_headless.cli.root import COMMANDS as COMMANDS
    from mixpanel_headless.cli.root import cli as cli
else:
    from mixpanel_headless._lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(__name__)

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


def main() -> None:
    """The console command `mp`: runs it and leaves the process with its exit code."""
    try:  # around the imports as well: they take long enough for a Ctrl-C to fall into them
        from mixpanel_headless.cli.interrupts import ending_in_order

        with ending_in_order():
            from mixpanel_headless.cli.root import run

            run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(INTERRUPTED)
