"""The worked insights cases, asked over HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
            limit=10_000,
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


JUNK: tuple[Any, ...] = (None, [], {}, "", "x", -1, 0, 1e308, True, 10**30, "2026-13-45", [None], [[]], {"a": 1})


def places(tree: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a tree of JSON."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, branch in inside:
        yield (*place, key)
        yield from places(branch, (*place, key))


def spoiled(tree: Any, place: tuple[Any, ...], junk: Any) -> Any:
    """A copy of a tree with something else in one place."""
    if not place:
        return junk
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[place[0]] = spoiled(copy[place[0]], place[1:], junk)
    return copy


@settings(derandomize=True, max_examples=200, deadline=None)
@given(data=st.data(), junk=st.sampled_from(JUNK))
def test_a_spoiled_question_is_refused_or_answered_and_never_breaks_the_service(
    data: st.DataObject, junk: Any, boxes: dict[str, Sandbox]
) -> None:
    case = data.draw(st.sampled_from([case for case in golden()["cases"] if case["dataset"] == "shop"]))
    bookmark = case["request"]["json"]["bookmark"]
    place = data.draw(st.sampled_from(sorted(places(bookmark), key=repr)))
    answer = caller(boxes["shop"]).insights(spoiled(bookmark, place, junk), project_id=1)
    assert answer.status in {200, 400, 501}
