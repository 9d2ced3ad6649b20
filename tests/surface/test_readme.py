"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox

if TYPE_CHECKING:
    import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_its_examples_run_against_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(BLOCKS) >= 4
    with Sandbox() as box:
        for name, value in box.environment().items():
            monkeypatch.setenv(name, value)
        space: dict[str, object] = {}
        for block in BLOCKS:
            exec(compile(block, "README.md", "exec"), space)
        workspace = space["ws"]
        assert isinstance(workspace, mp.Workspace)
        workspace.close()
    shown = capsys.readouterr().out
    assert "network, 1 request" in shown
    assert "cache, 0 requests" in shown
    assert "1 of 60 queries used in 1.0 h, 59 left, next now" in shown


def test_every_setting_that_it_lists_is_read_by_the_code() -> None:
    code = "".join(path.read_text() for path in Path(mp.__file__).parent.rglob("*.py"))
    named = set(re.findall(r"MP_[A-Z_]+[A-Z]", README))
    assert len(named) >= 15
    unread = {name for name in named if name not in code and name.removeprefix("MP_LIMIT_").lower() not in code}
    assert unread == set()


def test_every_path_that_it_names_exists() -> None:
    root = Path(mp.__file__).parents[1]
    for path in re.findall(r"`((?:families|tests|scheduler|models|query|results)/[\w./]*)`", README):
        assert (root / path).exists() or (root / "mixpanel_headless" / path).exists(), path
