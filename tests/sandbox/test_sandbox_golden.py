"""The worked insights cases, asked over HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import caller

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).parents[1] / "data" / "golden-insights.json"


@cache
def golden() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text())
    return document


def insights_cases() -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in golden()["cases"] if case["engine"] == "insights"]


def differences(wanted: Any, found: Any, *, exact: bool, place: str = "") -> Iterator[str]:
    """Where an answer is not what is wanted; keys beyond the wanted ones only matter when it has to be exact."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        missing = wanted.keys() ^ found.keys() if exact else wanted.keys() - found.keys()
        yield from (f"{place}/{key}" for key in missing)
        for key in wanted.keys() & found.keys():
            inside = exact or f"{place}/{key}" == "/series"
            yield from differences(wanted[key], found[key], exact=inside, place=f"{place}/{key}")
    elif isinstance(wanted, float | int) and isinstance(found, float | int):
        if abs(wanted - found) > 1e-9:
            yield f"{place}: {found} instead of {wanted}"
    elif wanted != found:
        yield f"{place}: {found!r} instead of {wanted!r}"


@pytest.fixture(scope="module")
def boxes() -> Iterator[dict[str, Sandbox]]:
    """One open sandbox for each data set."""
    opened: dict[str, Sandbox] = {}
    for name, dataset in golden()["datasets"].items():
        project = dataset["project"]
        opened[name] = Sandbox(
            dataset["events"],
            dataset.get("profiles", ()),
            project=1,
            timezone=project["timezone"],
            now=datetime.fromisoformat(project["now"]),
            limit=1000,
        ).open()
    yield opened
    for box in opened.values():
        box.close()


@pytest.mark.parametrize("case", insights_cases())
def test_a_worked_case_comes_out_over_http(case: dict[str, Any], boxes: dict[str, Sandbox]) -> None:
    request, expected = case["request"], case["expect"]
    answer = caller(boxes[case["dataset"]]).post(request["path"], request["json"])
    assert answer.status == expected["status"]
    assert list(differences(expected["body"], answer.json, exact=False)) == []
