"""The local query engine: wire JSON and events in, wire answers out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import Engine as Engine
    from .errors import BadQuery as BadQuery
    from .errors import EventFileError as EventFileError
    from .errors import Unsupported as Unsupported
    from .generate import generate_shop as generate_shop
    from .project import Project as Project

_MODULES = {
    "Engine": "engine",
    "BadQuery": "errors",
    "EventFileError": "errors",
    "Unsupported": "errors",
    "generate_shop": "generate",
    "Project": "project",
}
__all__ = sorted(_MODULES)  # noqa: PLE0605 - one list, not two


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
