from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import mixpanel_headless.query as package


def test_every_code_of_the_package_has_an_example() -> None:
    modules = [import_module(f"{package.__name__}.{module.name}") for module in pkgutil.iter_modules(package.__path__)]
    sources = "\n".join(map(inspect.getsource, modules))
    tests = Path(__file__).parents[1].rglob("test_*.py")
    examples = "\n".join(path.read_text() for path in sorted(tests) if path != Path(__file__))
    codes = set(re.findall(r'"((?:[A-Z]{1,2}\d+[A-Z]?|FL|U)_[A-Z0-9_]+|UP?\d+)"', sources))
    assert codes
    assert {code for code in codes if f'"{code}"' not in examples} == set()
