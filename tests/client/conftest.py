"""A small project behind a sandbox, for the client's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.boxes import anyio_backend, box, event, open_box

if TYPE_CHECKING:
    import mixpanel_headless as mp

__all__ = ["anyio_backend", "box", "open_box"]

NOW = datetime(2026, 1, 8, tzinfo=UTC)
EVENTS = [
    event("Purchase", "u1", "2026-01-05T10:00:00", amount=10, plan="pro"),
    event("Purchase", "u2", "2026-01-05T11:00:00", amount=20, plan="free"),
    event("Purchase", "u1", "2026-01-06T10:00:00", amount=5, plan="pro"),
    event("Login", "u1", "2026-01-06T09:00:00", device="phone"),
    event("Login", "u3", "2026-01-07T09:30:00", device="desk"),
]


@pytest.fixture
def contents() -> dict[str, Any]:
    return {"events": EVENTS, "now": NOW}


def ask(ws: mp.Workspace, number: int) -> list[str]:
    """A question of its own for each number."""
    return sorted(ws.property_values("plan", event="Purchase", limit=number))
