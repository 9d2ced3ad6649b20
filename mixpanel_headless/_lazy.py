"""Exports that are imported when somebody first asks for them."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def lazy_exports(
    package: str, table: Mapping[str, Sequence[str]], folders: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package whose names live in its submodules.

    Those of `table` export the names that it gives, which may be their own; those in `folders` what their own `__all__` names, which is read, with
    no module imported, when a name is asked for that the table lacks. `__all__` of the package is all of them.
    """
    home = {name: module for module, names in table.items() for name in names}
    unread = list(folders)

    def find(name: str) -> str | None:
        while name not in home and unread:
            home.update(names_in(package, unread.pop()))
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
