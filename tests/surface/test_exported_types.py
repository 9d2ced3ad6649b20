"""Whoever holds a part of an answer can name its type: what answers are made of is exported."""

from __future__ import annotations

import inspect
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pytest

import mixpanel_headless as mp
import request_scheduler as rs
from mixpanel_headless.cli.annotations import annotated, evaluate
from mixpanel_headless.cli.operations import definition_of
from mixpanel_headless.operation import Named

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("mixpanel_headless.", "request_scheduler.")
ANSWERS = tuple(
    f"mixpanel_headless.{part}" for part in ("results", "governance", "replays", "models", "fanin", "families")
)
"""Where the classes of what calls give are defined."""
INSIDE = {
    "PlannedChange": {"asked", "read"},  # what applying a change needs
    "Planned": {"asked", "request"},
}
"""Fields of exported classes that are for the package alone."""


def classes_in(kind: Any) -> Iterator[type]:
    """The classes of our own in a type."""
    for part in get_args(kind):
        yield from (one for inner in (part if isinstance(part, list) else [part]) for one in classes_in(inner))
    origin = get_origin(kind) or kind
    if isinstance(origin, type) and origin.__module__.startswith(OURS):
        yield origin


def members_of(cls: type) -> Iterator[tuple[str, Any]]:
    """The public fields, properties and methods of a class with the types of what they give."""
    for home in cls.__mro__:
        if not home.__module__.startswith(OURS):
            continue
        for name, kind in {**vars(home).get("__annotations__", {}), **vars(home)}.items():
            if name.startswith("_") or name in INSIDE.get(cls.__name__, ()):
                continue
            function = getattr(kind, "fget", None) or getattr(kind, "func", None) or kind
            if inspect.isfunction(function):
                yield name, annotated(function, function.__annotations__.get("return"))
            elif name in vars(home).get("__annotations__", {}):
                yield name, evaluate(home.__annotations__[name], home.__module__)


def answers() -> Iterator[tuple[str, Any]]:
    """What each call and each property of a workspace gives."""
    for name in dir(mp.Workspace):
        member = getattr_static(mp.Workspace, name)
        if isinstance(member, Named) and not name.startswith("_"):
            define = definition_of(member)
            yield name, annotated(define, define.__annotations__["return"])


def test_all_types_that_answers_are_made_of_are_exported() -> None:
    waiting, seen, hidden = list(answers()), set[type](), dict[str, str]()
    while waiting:
        where, kind = waiting.pop()
        for cls in set(classes_in(kind)) - seen:
            seen.add(cls)
            if cls not in (getattr(mp, cls.__name__, None), getattr(rs, cls.__name__, None)):
                hidden[cls.__qualname__] = where
            if cls.__module__.startswith(ANSWERS):
                waiting += [(f"{cls.__name__}.{name}", one) for name, one in members_of(cls)]
    assert mp.BudgetReport in seen
    assert hidden == {}


@pytest.mark.parametrize(
    "name", ["PoolReport", "Table", "Curve", "Stages", "Grid", "SentRequest", "Finding", "Difference"]
)
def test_parts_of_answers_have_names(name: str) -> None:
    assert isinstance(getattr(mp, name), type)
    assert name in dir(mp)
