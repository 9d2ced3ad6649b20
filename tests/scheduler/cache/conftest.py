"""Real event loops, since threads work beside them; time still comes from a clock that only tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from request_scheduler import ManualClock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "answers.sqlite"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
