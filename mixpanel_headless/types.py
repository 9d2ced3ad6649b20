"""Every public class under one more name: `mixpanel_headless.types.Filter` is `mixpanel_headless.Filter`.

Scripts written for the 0.4 SDK import some classes from here.
"""

from typing import Any

import mixpanel_headless


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(mixpanel_headless, name)
