"""Real event loops, since threads work beside them; time still comes from a clock that only tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from request_scheduler import ManualClock
from tests.scheduler.cache.places import FilePlace, ServerPlace
from tests.scheduler.loops import anyio_backend  # noqa: F401 - a fixture of this folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scheduler.cache.places import Place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "answers.sqlite"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["disk", "redis"])
def place(request: pytest.FixtureRequest, path: Path) -> Place:
    return FilePlace(path) if request.param == "disk" else ServerPlace(request.getfixturevalue("redis_server"))
