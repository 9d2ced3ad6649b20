"""The worked cases, asked over HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import account, caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Answer

DATA = Path(__file__).parents[1] / "data"
FILES = tuple(f"golden-{kind}.json" for kind in ("insights", "funnels", "retention", "legacy", "export"))


@cache
def golden() -> dict[str, Any]:
    """The cases of all files, and their data sets by name."""
    documents = [json.loads((DATA / name).read_text()) for name in FILES]
    return {
        "datasets": {name: dataset for document in documents for name, dataset in document["datasets"].items()},
        "cases": [case for document in documents for case in document["cases"]],
    }


def cases(*engines: str) -> list[dict[str, Any]]:
    """The cases of some engines; without any, those whose answers are JSON."""
    return [
        case for case in golden()["cases"] if (case["engine"] in engines if engines else case["engine"] != "export")
    ]


def differences(wanted: Any, found: Any, exact_at: list[str], *, exact: bool = False, place: str = "") -> Iterator[str]:
    """Where an answer is not what is wanted; keys beyond the wanted ones only matter from a place of `exact_at` on."""
    exact = exact or place in exact_at
    if isinstance(wanted, dict) and isinstance(found, dict):
        missing = wanted.keys() ^ found.keys() if exact else wanted.keys() - found.keys()
        yield from (f"{place}/{key}" for key in missing)
        for key in wanted.keys() & found.keys():
            yield from differences(wanted[key], found[key], exact_at, exact=exact, place=f"{place}/{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, exact_at, exact=exact, place=f"{place}/{number}")
    elif isinstance(wanted, str) and wanted.startswith("<string>"):
        if not isinstance(found, str):
            yield f"{place}: {found!r} is no text"
    elif isinstance(wanted, str) and wanted.startswith("<starts with> "):
        if not str(found).startswith(wanted.removeprefix("<starts with> ")):
            yield f"{place}: {found!r} instead of {wanted!r}"
    elif isinstance(wanted, float | int) and isinstance(found, float | int):
        if abs(wanted - found) > 1e-9:
            yield f"{place}: {found} instead of {wanted}"
    elif wanted != found:
        yield f"{place}: {found!r} instead of {wanted!r}"


def stands(body: Any, pointer: str) -> bool:
    """Whether there is something at a JSON pointer."""
    for name in pointer.split("/")[1:]:
        if name not in body:
            return False
        body = body[name]
    return True


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


def send(box: Sandbox, request: dict[str, Any]) -> Answer:
    """The request of a case, with a wrong secret where the case wants one."""
    ask = caller(box, account(box.username, "wrong") if request.get("auth") == "wrong" else None)
    if "json" in request:
        return ask.post(request["path"], request["json"])
    if "form" in request:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask.send(request["method"], request["path"], urlencode(request["form"]).encode(), form)
    return ask.send(request["method"], f"{request['path']}?{urlencode(request['query'])}")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases()])
def test_a_worked_case_comes_out_over_http(case: dict[str, Any], boxes: dict[str, Sandbox]) -> None:
    request, expected = case["request"], case["expect"]
    if request.get("repeat"):
        with Sandbox(project=1, limit=request["repeat"] - 1, window=request["within_seconds"]) as box:
            answer = [send(box, request) for _ in range(request["repeat"])][-1]
    else:
        answer = send(boxes[case["dataset"]], request)
    exact_at = ["/series"] if case["engine"] == "insights" else case.get("exact_at", [])
    assert answer.status == expected["status"]
    assert list(differences(expected["body"], answer.json, exact_at)) == []
    assert not any(stands(answer.json, pointer) for pointer in case.get("absent", ()))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("export")])
def test_a_worked_export_comes_out_over_http(case: dict[str, Any], boxes: dict[str, Sandbox]) -> None:
    answer, expected = send(boxes[case["dataset"]], case["request"]), case["expect"]
    lines = [json.loads(line) for line in answer.body.splitlines()]
    wanted = expected["body"].get("lines", lines)
    assert answer.status == expected["status"]
    assert len(lines) == expected["body"].get("jsonl_lines", len(wanted))
    assert list(differences(wanted, lines, [])) == []


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


@settings(derandomize=True, max_examples=300)
@given(data=st.data(), junk=st.sampled_from(JUNK))
def test_a_spoiled_question_is_refused_or_answered_and_never_breaks_the_service(
    data: st.DataObject, junk: Any, boxes: dict[str, Sandbox]
) -> None:
    case = data.draw(st.sampled_from([case for case in cases() if case["request"]["path"].endswith("/insights")]))
    bookmark = case["request"]["json"]["bookmark"]
    place = data.draw(st.sampled_from(sorted(places(bookmark), key=repr)))
    answer = caller(boxes[case["dataset"]]).insights(spoiled(bookmark, place, junk), project_id=1)
    assert answer.status in {200, 400, 501}
