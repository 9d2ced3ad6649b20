"""Real event loops, for tests whose threads work beside them; a conftest imports the fixture, and it holds for its folder."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
