"""Annotations as types: also those of names that a module imports for type checkers only, and of aliases kept as text."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
from importlib.util import resolve_name
from types import ModuleType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin

from mixpanel_headless._lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def annotated(function: Callable[..., Any], annotation: Any) -> Any:
    """What an annotation of a function means, wherever its names come from."""
    return evaluate(annotation, inspect.unwrap(function).__module__)


def evaluate(annotation: Any, module: str) -> Any:
    """An annotation in a module as a type."""
    if not isinstance(annotation, str):
        return annotation
    return eval(annotation, {}, cast("Any", names_of(module)))  # noqa: S307 - text of our own modules


class Names:
    """The names that annotations in a module may use."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.own = vars(importlib.import_module(module))
        self.imported: dict[str, tuple[str, str | None]] = {}
        self.aliases: dict[str, str] = {}
        self.collect(ast.parse(inspect.getsource(sys.modules[module])).body)

    def collect(self, body: list[ast.stmt]) -> None:
        """Note where names come from, those for type checkers only included."""
        for statement in body:
            match statement:
                case ast.ImportFrom(module=source, names=names, level=level):
                    home = "." * level + (source or "")
                    package = self.own["__package__"]
                    home = resolve_name(home, package) if level else home
                    self.imported |= {one.asname or one.name: (home, one.name) for one in names}
                case ast.Import(names=names):
                    self.imported |= {one.asname: (one.name, None) for one in names if one.asname}
                    self.imported |= {one.name: (one.name, None) for one in names if "." not in one.name}
                case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=inner):
                    self.collect(inner)
                    self.aliases |= {
                        one.targets[0].id: ast.unparse(one.value)
                        for one in inner
                        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
                    }

    def __getitem__(self, name: str) -> Any:
        if name in self.imported:
            return imported(*self.imported[name])
        if name in self.aliases:
            return evaluate(self.aliases[name], self.module)
        return self.shown(self.own[name])

    def shown(self, value: Any) -> Any:
        """A value of the module as an annotation means it: a text is an alias that only type checkers read."""
        return evaluate(value, self.module) if isinstance(value, str) else value


class Members:
    """A module whose names are looked up as annotations mean them."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return imported(self._module, name)


@functools.cache
def names_of(module: str) -> Names:
    """The names of a module, read once."""
    return Names(module)


def imported(module: str, name: str | None) -> Any:
    """What `from module import name` means, or `import module`."""
    if name is None:
        return Members(module)
    if not module.startswith("mixpanel_headless"):
        found = getattr(importlib.import_module(module), name)
    else:
        try:
            found = names_of(module)[name]
        except KeyError:
            return Members(importlib.import_module(f"{module}.{name}").__name__)
    if isinstance(found, LazyModule):
        return Members(found._name)
    return Members(found.__name__) if isinstance(found, ModuleType) else found


def alternatives(kind: Any) -> Iterator[Any]:
    """The kinds of a union, None left out; one kind alone otherwise."""
    if get_origin(kind) in (Union, UnionType):
        for one in get_args(kind):
            yield from alternatives(one)
    elif kind is not NoneType and kind is not None:
        yield kind
