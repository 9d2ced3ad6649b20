"""Virtual time for both event loops: idle time passes at once, and nothing here reads a real clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio.testing

from request_scheduler.virtual_time import VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, Mapping[str, Any]]:
    if request.param == "trio":
        return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}
    return "asyncio", {"loop_factory": VirtualTimeLoop}
