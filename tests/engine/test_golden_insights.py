"""The worked examples of insights: each request against its data set, compared as the file says."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from mixpanel_headless.engine import Engine, Project

GOLDEN = json.loads((Path(__file__).parent.parent / "data" / "golden-insights.json").read_text(encoding="utf-8"))


def holds(expected: Any, found: Any) -> bool:
    """Whether everything expected is there; what is not expected is free."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(key in found and holds(expected[key], found[key]) for key in expected)
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(holds, expected, found))
    if isinstance(expected, int | float):
        return isinstance(found, int | float) and abs(expected - found) < 1e-9
    return bool(expected == found)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=[case["id"] for case in GOLDEN["cases"]])
def test_the_worked_example_comes_out(case: dict[str, Any]) -> None:
    data = GOLDEN["datasets"][case["dataset"]]
    project = data["project"]
    now = dt.datetime.fromisoformat(project["now"])
    with Engine(Project(timezone=project["timezone"], week_start=project["week_start"], now=now)) as engine:
        engine.add_events(data["events"])
        engine.add_profiles(data.get("profiles", []))
        request = case["request"]["json"]
        body = engine.insights(request["bookmark"], request["queryLimits"]["limit"])
    expected = case["expect"]["body"]
    assert holds(expected, body)
    assert holds(body["series"], expected["series"]), "the series holds more than expected"
