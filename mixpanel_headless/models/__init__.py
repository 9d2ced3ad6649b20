"""What the App API keeps: its entities as frozen classes, each file imported when one of its names is first asked for."""

from mixpanel_headless._lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(__name__, "")
