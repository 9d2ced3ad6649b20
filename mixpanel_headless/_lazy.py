"""Exports that are imported when somebody first asks for them."""

from __future__ import annotations

import importlib
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

EXPORT = re.compile(r"^    from ([\w.]+) import (\w+) as \2$", re.MULTILINE)


def lazy_exports(package: str, *folders: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose names live in its submodules.

    Its names are those that it imports for type checkers, each on a line of its own such as `from .errors import APIError as
    APIError`, and those that the modules in `folders` of it name in their `__all__`. Both are read, with no module imported,
    when somebody asks for a name. `__all__` of the package is all of them.
    """
    home: dict[str, str] = {}
    unread = [partial(names_in, package, folder) for folder in reversed(folders)]
    unread.append(partial(names_imported, package))

    def find(name: str) -> str | None:
        while name not in home and unread:
            home.update(unread.pop()())
        return home.get(name)

    def get_export(name: str) -> Any:
        if name == "__all__":
            find("")
            return sorted(home)
        if name.startswith("__") or (module := find(name)) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home_of = importlib.import_module(f"{package}.{module}")
        value = home_of if module == name else getattr(home_of, name)
        setattr(sys.modules[package], name, value)
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *get_export("__all__")})

    return get_export, list_names


def names_imported(package: str) -> dict[str, str]:
    """What a package imports for type checkers, each name with its module."""
    text = Path(str(sys.modules[package].__file__)).read_text(encoding="utf-8")
    return {name: module.removeprefix(package).lstrip(".") or name for module, name in EXPORT.findall(text)}


def names_in(package: str, folder: str) -> dict[str, str]:
    """What the modules in a folder of a package export, or in its own ("") one, each name with its module.

    Raises ImportError for a module that does not say so in the form that is read here.
    """
    home: dict[str, str] = {}
    for path in sorted((Path(*sys.modules[package].__path__) / folder).glob("*.py")):
        if path.stem == "__init__":
            continue
        exported = re.search(r"^__all__ = \((.*?)\)", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        if exported is None:
            form = '__all__ = ("Name", "OtherName"), or () for none'
            raise ImportError(f"{path} must say what it exports, as a line that begins with {form}.", path=str(path))
        module = f"{folder}.{path.stem}".lstrip(".")
        home |= dict.fromkeys(re.findall(r'"(\w+)"', exported[1]), module)
    return home


class LazyModule:
    """A module that is imported when one of its names is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value
