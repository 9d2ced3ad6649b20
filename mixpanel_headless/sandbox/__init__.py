"""A local Mixpanel over HTTP, for tests, demos and offline work: `with Sandbox() as box: box.workspace()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixpanel_headless.sandbox.arrivals import Counters as Counters
    from mixpanel_headless.sandbox.arrivals import Logged as Logged
    from mixpanel_headless.sandbox.box import Sandbox as Sandbox
    from mixpanel_headless.sandbox.faults import Cut as Cut
    from mixpanel_headless.sandbox.faults import Delay as Delay
    from mixpanel_headless.sandbox.faults import ForeignUse as ForeignUse
    from mixpanel_headless.sandbox.faults import Hold as Hold
    from mixpanel_headless.sandbox.faults import Instead as Instead
    from mixpanel_headless.sandbox.faults import failing as failing
    from mixpanel_headless.sandbox.faults import huge as huge
    from mixpanel_headless.sandbox.faults import not_json as not_json
    from mixpanel_headless.sandbox.faults import shedding as shedding
else:
    from mixpanel_headless._lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(__name__)
