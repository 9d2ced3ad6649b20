"""Imports go one way; each heavy package has one owner."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLIENT = "mixpanel_headless"
TOP = {"workspace", "cli", "sandbox"}
FORBIDDEN = {
    "request_scheduler": {CLIENT, "aiohttp"},
    f"{CLIENT}.errors": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch", "planning", "engine", "query"}},
    f"{CLIENT}.models": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch", "operation", "planning"}},
    f"{CLIENT}.query": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch", "operation", "planning"}},
    f"{CLIENT}.results": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch", "operation", "planning"}},
    f"{CLIENT}.engine": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch", "operation", "planning"}},
    f"{CLIENT}.governance": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch", "operation", "planning"}},
    f"{CLIENT}.planning": {f"{CLIENT}.{name}" for name in TOP | {"families", "dispatch"}},
    f"{CLIENT}.families": {f"{CLIENT}.{name}" for name in TOP | {"dispatch", "transport"}},
    f"{CLIENT}.workspace": {f"{CLIENT}.cli", f"{CLIENT}.sandbox"},
    f"{CLIENT}.sandbox": {f"{CLIENT}.cli", "request_scheduler"},
}
NEUTRAL = {"request_scheduler.file_lock"}
"""What any layer may use: a lock of files, which knows of no budget."""
OWNERS = {
    "aiohttp": {f"{CLIENT}.transport", f"{CLIENT}.sandbox"},
    "yarl": {f"{CLIENT}.transport"},
    "duckdb": {f"{CLIENT}.engine"},
    "pandas": {f"{CLIENT}.results"},
    "cattrs": {f"{CLIENT}.convert"},
    "isal": {f"{CLIENT}.transport", f"{CLIENT}.exports.writing"},
    "backports.zstd": {f"{CLIENT}.exports.parquet"},
    "fsspec": {f"{CLIENT}.exports.places"},
    "networkx": {f"{CLIENT}.results.graphs"},
    "anytree": {f"{CLIENT}.results.graphs"},
    "structlog": {CLIENT},
    "rich": {f"{CLIENT}.results", f"{CLIENT}.cli"},
    "click": {f"{CLIENT}.cli"},
    "jq": {f"{CLIENT}.cli"},
    "opentelemetry": {f"{CLIENT}.observers.otel"},
    "prometheus_client": {f"{CLIENT}.observers.prometheus"},
    "redis": {"request_scheduler.stores.redis.link", "request_scheduler.cache.link"},  # for loops, and for threads
    "trio": set(),
}


def modules() -> Iterator[tuple[str, Path]]:
    for root in (ROOT / CLIENT, ROOT / "scheduler" / "request_scheduler"):
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root.parent).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), path


@functools.cache
def imports(name: str, path: Path, *, at_run_time: bool = False) -> tuple[str, ...]:
    """Absolute names of all that a module imports, wherever in it; `at_run_time` leaves type-checking imports out."""
    return tuple(_imports(name, path, at_run_time=at_run_time))


def _imports(name: str, path: Path, *, at_run_time: bool) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if at_run_time and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            target = ".".join([*above, *([node.module] if node.module else [])])
            yield from ([target] if node.module else [f"{target}.{alias.name}" for alias in node.names])


def inside(name: str, layer: str) -> bool:
    return name == layer or name.startswith(layer + ".")


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_layer_imports_nothing_from_above(layer: str) -> None:
    crossings = [
        f"{name} imports {target}"
        for name, path in modules()
        if inside(name, layer)
        for target in imports(name, path, at_run_time=True)
        for banned in FORBIDDEN[layer]
        if inside(target, banned) and target not in NEUTRAL
    ]
    assert crossings == []


@pytest.mark.parametrize("package", OWNERS)
def test_a_heavy_package_is_imported_by_its_owner_only(package: str) -> None:
    strangers = [
        name
        for name, path in modules()
        if any(inside(target, package) for target in imports(name, path, at_run_time=True))
        and not any(inside(name, owner) for owner in OWNERS[package])
    ]
    assert strangers == []


def test_the_check_would_see_a_crossing(tmp_path: Path) -> None:
    source = tmp_path / "bad.py"
    source.write_text("from ..workspace import Workspace\nimport aiohttp.web\n")
    assert list(imports(f"{CLIENT}.families.bad", source)) == [f"{CLIENT}.workspace", "aiohttp.web"]


def test_modules_stay_small() -> None:
    long = {name: lines for name, path in modules() if (lines := path.read_text().count("\n")) > 500}
    assert long == {}, "split it along its nouns"


def builders() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted((ROOT / CLIENT / "families").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
                if "operation" in {name.id for name in names if isinstance(name, ast.Name)}:
                    yield f"{path.stem}.{node.name}", node


def test_the_request_of_an_operation_depends_on_its_arguments_and_its_pin_alone() -> None:
    """For that it may be kept for a pin's project, view and day, whatever workspace asks for it."""
    found = dict(builders())
    assert len(found) > 200
    for name, node in found.items():
        pins = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Attribute) and one.attr == "pin"}
        own = [one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == "self" and id(one) not in pins]
        assert not own, f"{name} reads more of its workspace than the pin"
