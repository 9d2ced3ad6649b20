"""Paths as callers and settings give them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .query.names import name_flaw


def read_path(given: Any) -> Path | None:
    """A path, in which `~` is the user's home; None for what is none: of another kind, blank, or with control characters."""
    try:
        text = os.fspath(given)
        return None if isinstance(text, bytes) or name_flaw(text) else Path(text).expanduser()
    except (TypeError, RuntimeError):  # of another kind; a home that nobody knows
        return None
