"""Every rule has an example that breaks it, and a neighbour of that example that does not: the tables beside this file."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

import mixpanel_headless.query as package
from tests.query import (
    rules_of_arguments,
    rules_of_behaviors,
    rules_of_bookmarks,
    rules_of_conditions,
    rules_of_flows,
    rules_of_metrics,
    rules_of_users,
)

Example = Callable[[], object]
TABLES = (
    rules_of_arguments,
    rules_of_behaviors,
    rules_of_bookmarks,
    rules_of_conditions,
    rules_of_flows,
    rules_of_metrics,
    rules_of_users,
)
RULES = [(code, *examples) for table in TABLES for code, examples in table.RULES.items()]


@pytest.mark.parametrize(("code", "broken"), [(code, broken) for code, broken, _ in RULES])
def test_an_example_that_breaks_the_rule_is_refused_by_its_code(
    codes_of: Callable[[Example], set[str]], code: str, broken: Example
) -> None:
    assert code in codes_of(broken)


@pytest.mark.parametrize("fine", [pytest.param(fine, id=code) for code, _, fine in RULES])
def test_the_neighbour_of_that_example_is_fine(codes_of: Callable[[Example], set[str]], fine: Example) -> None:
    assert codes_of(fine) == set()


def test_every_code_of_the_package_has_an_example() -> None:
    modules = [import_module(f"{package.__name__}.{module.name}") for module in pkgutil.iter_modules(package.__path__)]
    sources = "\n".join(map(inspect.getsource, modules))
    tests = Path(__file__).parents[1].rglob("*.py")
    examples = "\n".join(path.read_text() for path in sorted(tests) if path != Path(__file__))
    codes = set(re.findall(r'"((?:[A-Z]{1,2}\d+[A-Z]?|FL|U)_[A-Z0-9_]+|UP?\d+)"', sources))
    assert codes
    assert {code for code in codes if f'"{code}"' not in examples} == set()


def test_the_suggestions_for_an_unknown_chart_name_the_charts_that_share_half_its_letters() -> None:
    (problem,) = rules_of_bookmarks.report(sorting={"lines": {}})
    assert problem.suggestion == ["line", "pie"]
