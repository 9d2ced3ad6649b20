"""No test touches the state of whoever runs it: programs started by tests inherit the folder as well."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def state_of_the_session() -> Iterator[None]:
    folder = tempfile.mkdtemp()
    os.environ["MP_STATE_DIR"] = folder
    yield
    del os.environ["MP_STATE_DIR"]
    shutil.rmtree(folder)
