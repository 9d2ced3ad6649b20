"""No test touches the state of whoever runs it: programs started by tests inherit the folder as well."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.answering import service
from tests.redis_server import new_redis, newest_redis_server, redis_server, session_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

# How fast the machine is decides no test.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

__all__ = ["new_redis", "newest_redis_server", "redis_server", "service", "session_redis"]


@pytest.fixture(scope="session", autouse=True)
def state_of_the_session() -> Iterator[None]:
    folder = tempfile.mkdtemp()
    os.environ["MP_STATE_DIR"] = folder
    yield
    del os.environ["MP_STATE_DIR"]
    shutil.rmtree(folder)
