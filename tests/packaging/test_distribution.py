"""What is built and shipped, and what importing it costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from tests.packaging.stubs import stubs

ROOT = Path(__file__).parents[2]
FRAMES_AND_CHARTS = ("pandas", "polars", "pyarrow", "plotly", "kaleido")
HEAVY = (
    "aiohttp", "duckdb", "structlog", "attrs", "cattrs", "msgspec", "rich", "click", "request_scheduler",
    *FRAMES_AND_CHARTS,
)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_exactly_the_two_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}
    assert tops == {"mixpanel_headless", "request_scheduler"}


def test_both_packages_are_marked_as_typed(wheel: zipfile.ZipFile) -> None:
    assert {"mixpanel_headless/py.typed", "request_scheduler/py.typed"} <= set(wheel.namelist())


def test_the_wheel_brings_the_command_mp_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert "mp = mixpanel_headless.cli:main" in wheel.read(entry).decode()
    assert any(name.endswith("LICENSE") for name in names)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_importing_the_client_loads_nothing_heavy() -> None:
    assert loaded_by("import mixpanel_headless").isdisjoint(HEAVY)


def test_a_workspace_is_made_without_the_http_library() -> None:
    loaded = loaded_by("import mixpanel_headless as mp; mp.Workspace(project='1', username='u', secret='s')")
    assert loaded.isdisjoint({"aiohttp", "pandas", "duckdb", "structlog", "cattrs"})


def test_a_workspace_with_its_budgets_in_a_file_is_open_without_the_package_redis(tmp_path: Path) -> None:
    wishes = f"project='1', username='u', secret='s', store='sqlite', state_dir={str(tmp_path)!r}"
    loaded = loaded_by(f"import mixpanel_headless as mp\nws = mp.Workspace({wishes})\nws.budget()\nws.close()")
    assert "request_scheduler.stores.sqlite" in loaded
    assert loaded.isdisjoint({"redis", "request_scheduler.stores.redis", "request_scheduler.stores.redis.link"})


def test_the_help_of_mp_loads_nothing_heavy() -> None:
    statement = "sys.argv = ['mp', '--help']; from mixpanel_headless.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    loaded = loaded_by(statement)
    assert "click" in loaded
    assert loaded.isdisjoint({"aiohttp", "pandas", "duckdb", "structlog", "cattrs", "request_scheduler"})


@pytest.mark.parametrize(("package", "folders"), [("", ["models"]), ("sandbox", []), ("cli", [])])
def test_a_package_exports_what_type_checkers_see(package: str, folders: list[str]) -> None:
    module = import_module(f"mixpanel_headless.{package}".rstrip("."))
    tree = ast.parse((ROOT / "mixpanel_headless" / package / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name for node in imports for alias in node.names} - {"*"}
    assert [node.module for node in imports if node.names[0].name == "*"] == folders
    for folder in folders:
        seen |= set(import_module(f"{module.__name__}.{folder}").__all__)
    assert seen == set(module.__all__)
    assert all(getattr(module, name) is not None for name in seen)


def test_type_checkers_see_every_family_and_every_file_of_models() -> None:
    for place, text in stubs().items():
        assert place.read_text(encoding="utf-8") == text, "run python tests/packaging/stubs.py"
