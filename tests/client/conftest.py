"""A small project behind a sandbox, for the client's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 1, 8, tzinfo=UTC)


def event(name: str, user: str, moment: str, **properties: Any) -> dict[str, Any]:
    time = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    return {"event": name, "properties": {"distinct_id": user, "time": time, **properties}}


EVENTS = [
    event("Purchase", "u1", "2026-01-05T10:00:00", amount=10, plan="pro"),
    event("Purchase", "u2", "2026-01-05T11:00:00", amount=20, plan="free"),
    event("Purchase", "u1", "2026-01-06T10:00:00", amount=5, plan="pro"),
    event("Login", "u1", "2026-01-06T09:00:00", device="phone"),
    event("Login", "u3", "2026-01-07T09:30:00", device="desk"),
]


@pytest.fixture
def open_box() -> Iterator[Callable[..., Sandbox]]:
    opened: list[Sandbox] = []

    def open_one(**options: Any) -> Sandbox:
        opened.append(Sandbox(**{"events": EVENTS, "now": NOW, **options}).open())
        return opened[-1]

    yield open_one
    for box in opened:
        box.close()


@pytest.fixture
def box(open_box: Callable[..., Sandbox]) -> Sandbox:
    return open_box()


@pytest.fixture
def anyio_backend() -> str:
    """The client runs on asyncio, since its HTTP library does."""
    return "asyncio"
