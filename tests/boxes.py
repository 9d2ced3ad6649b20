"""Sandboxes over a small project, which each folder of tests says with a fixture `contents`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def event(name: str, user: str, moment: str, **properties: Any) -> dict[str, Any]:
    time = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    return {"event": name, "properties": {"distinct_id": user, "time": time, **properties}}


@pytest.fixture
def open_box(contents: dict[str, Any]) -> Iterator[Callable[..., Sandbox]]:
    """Opens sandboxes over the contents, and closes them after the test."""
    opened: list[Sandbox] = []

    def open_one(**options: Any) -> Sandbox:
        opened.append(Sandbox(**{**contents, **options}).open())
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
