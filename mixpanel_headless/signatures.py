"""Signatures of definitions as they are used when the program runs: what their `*Params` are, and what callers get."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections import abc
from types import NoneType, SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")
FIELDS = frozenset({"params", "entries"})
"""The parameters of operations that take `*Params`, one or several."""


def check_fields(build: Callable[..., R]) -> Callable[..., R]:
    """The same, but its `*Params` are of their classes, or mappings that are read as such."""
    signature = inspect.signature(build)
    given = signature.parameters
    named = {name for name in FIELDS & given.keys() if re.search("Params|Entry", str(given[name].annotation))}
    if not named:
        return build

    @functools.wraps(build)
    def checked(*args: Any, **kwargs: Any) -> R:
        from .models.params import read_argument

        bound = signature.bind(*args, **kwargs)
        for name in named & bound.arguments.keys():
            if (value := bound.arguments[name]) is not None:
                kind = evaluate(given[name].annotation, build)
                bound.arguments[name] = read_argument(name, kind, value)
        return build(*bound.args, **bound.kwargs)

    return checked


def evaluate(annotation: Any, function: Callable[..., Any]) -> Any:
    """An annotation as a type, without its None; it is looked at alone, as others may exist for type checkers only."""
    holder = SimpleNamespace(__annotations__={"it": annotation})
    kind = typing.get_type_hints(holder, function.__globals__, {"Sequence": abc.Sequence})["it"]
    choices = typing.get_args(kind)
    return next(one for one in choices if one is not NoneType) if NoneType in choices else kind


def declare_result(function: Callable[..., Any], wrapper: str, shape: str = "{}") -> None:
    """Make the runtime return annotation say what callers get: `Request[R]` becomes `R`."""
    declared = function.__annotations__.get("return")
    if isinstance(declared, str) and (match := re.fullmatch(wrapper, declared)):
        function.__annotations__["return"] = shape.format(match[1])
