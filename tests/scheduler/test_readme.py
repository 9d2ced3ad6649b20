from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[2] / "scheduler" / "README.md"


def test_the_readmes_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    promised = re.findall(r"print\(.*#\s(.+)", example)
    exec(compile(example, str(README), "exec"), {"__name__": "example"})
    assert capsys.readouterr().out.splitlines() == promised
