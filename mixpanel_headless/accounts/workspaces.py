"""Which workspace (data view) stands for a whole project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mixpanel_headless.request import Json

EVERYTHING = "All Project Data"


class View(Protocol):
    """What the choice looks at."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str | None: ...
    @property
    def is_global(self) -> bool | None: ...
    @property
    def is_default(self) -> bool | None: ...
    @property
    def is_visible(self) -> bool | None: ...


@attrs.frozen
class Listed:
    """A workspace as the index of projects lists it."""

    id: int
    name: str | None
    is_global: bool | None
    is_default: bool | None
    is_visible: bool | None


def choose_workspace(views: Iterable[View]) -> int | None:
    """The id of the global one; else by name, the default one, the first that is not hidden, the first; None of none."""
    ranked = sorted(views, key=rank)  # stable: among equals the first
    return ranked[0].id if ranked else None


def rank(view: View) -> tuple[bool, ...]:
    """Sorts before another what stands for more of the project."""
    return (view.is_global is not True, view.name != EVERYTHING, view.is_default is not True, view.is_visible is False)


def read_index(tree: Json, project: str) -> list[Listed]:
    """A project's workspaces in the index of all projects; entries without an id are none."""
    entry = tree.get(project) if isinstance(tree, dict) else None
    views = entry.get("workspaces") if isinstance(entry, dict) else None
    listed = [view for view in views.values() if isinstance(view, dict)] if isinstance(views, dict) else []
    return [
        Listed(int(view["id"]), *(view.get(name) for name in ("name", "is_global", "is_default", "is_visible")))
        for view in listed
        if str(view.get("id", "")).isdecimal()
    ]
