"""A family that nothing but its two files tells of has everything: both modes, policy, dry run, audit, command, sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODELS = '''
"""Toys: things to play with."""

import attrs

from .entity import Entity
from .params import UNSET, Changes, Maybe, Params

__all__ = ("CreateToyParams", "Toy", "UpdateToyParams")


@attrs.frozen(kw_only=True)
class Toy(Entity):
    """A thing to play with."""

    id: int
    name: str
    age: int | None = None


@attrs.frozen(kw_only=True)
class CreateToyParams(Params):
    """A new toy."""

    name: str
    age: Maybe[int] = UNSET


@attrs.frozen(kw_only=True)
class UpdateToyParams(Changes):
    """What is to change of a toy."""

    name: Maybe[str] = UNSET
    age: Maybe[int] = UNSET
'''.lstrip()
FAMILY = '''
"""Toys: things to play with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_headless.models import toys as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.toys")


class Toys(Surface[Mode]):
    """Things to play with; none of these calls costs a query."""

    @operation
    def list_toys(self) -> Request[Listing[kinds.Toy]]:
        """The toys."""
        return get("toys", list[kinds.Toy])

    @operation
    def get_toy(self, toy_id: int) -> Request[kinds.Toy]:
        """One toy."""
        return get(at("toys/{}", toy_id), kinds.Toy)

    @operation
    def create_toy(self, params: kinds.CreateToyParams) -> Request[kinds.Toy]:
        """A new toy."""
        return post("toys", kinds.Toy, json=params)

    @operation
    def update_toy(self, toy_id: int, params: kinds.UpdateToyParams) -> Request[kinds.Toy]:
        """The changed toy; what is not given stays."""
        return patch(at("toys/{}", toy_id), kinds.Toy, json=params)

    @operation
    def delete_toys(self, ids: Sequence[int]) -> Request[None]:
        """Delete toys for good."""
        return delete("toys", json={"toy_ids": list(ids)})
'''.lstrip()
OPEN = """
import asyncio, json, os, subprocess, sys
import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox

assert mp.__file__.startswith(os.getcwd()), mp.__file__
box = Sandbox([{"event": "Play", "properties": {"distinct_id": "u", "time": 1_767_000_000}}]).open()
def tell(value):
    print(json.dumps(value))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package to which the two files were added."""
    folder = tmp_path_factory.mktemp("toys")
    shutil.copytree(ROOT / "mixpanel_headless", folder / "mixpanel_headless")
    for part, text in (("models", MODELS), ("families", FAMILY)):
        (folder / "mixpanel_headless" / part / "toys.py").write_text(text)
    return folder


def run(place: Path, *arguments: str) -> str:
    """What a fresh interpreter writes that finds the package there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    settings = {**kept, "PYTHONPATH": str(place), "MP_STATE_DIR": str(place / "state")}
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, check=False, cwd=place, env=settings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(place: Path, program: str) -> Any:
    """What a program tells that runs beside a sandbox."""
    return json.loads(run(place, "-c", f"{OPEN}\ntry:\n{program}\nfinally:\n    box.close()"))


def test_its_toys_are_kept_by_the_sandbox_from_making_to_deletion(place: Path) -> None:
    assert told(place, """
    with box.workspace(policy="admin") as ws:
        made = ws.create_toy(mp.CreateToyParams(name="Bear"))
        other = ws.create_toy({"name": "Dog", "age": 3})
        changed = ws.update_toy(made.id, mp.UpdateToyParams(age=2))
        before = [toy.name for toy in ws.list_toys()]
        ws.delete_toys([other.id])
        tell([before, changed.name, ws.get_toy(made.id).age, [toy.name for toy in ws.list_toys()]])
    """) == [["Bear", "Dog"], "Bear", 2, ["Bear"]]  # fmt: skip


def test_the_sandbox_refuses_what_lacks_a_field(place: Path) -> None:
    assert told(place, """
    import base64, urllib.error, urllib.request
    key = base64.b64encode(f"{box.username}:{box.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{box.url}/api/app/projects/{box.project}/toys", b"{}", headers, method="POST")
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as refused:
        tell([refused.code, json.load(refused)["error"]])
        refused.close()
    """) == [400, "name: required field"]  # fmt: skip


def test_its_calls_are_awaited_too(place: Path) -> None:
    assert told(place, """
    async def main():
        async with box.async_workspace() as ws:
            made = await ws.create_toy(mp.CreateToyParams(name="Bear"))
            return (await ws.get_toy(made.id)).name
    tell(asyncio.run(main()))
    """) == "Bear"  # fmt: skip


def test_the_names_of_its_models_are_exported(place: Path) -> None:
    names = ["CreateToyParams", "Toy", "UpdateToyParams"]
    program = f"import mixpanel_headless as mp; print(mp.Toy.__module__, {{*{names}}} <= {{*mp.__all__}})"
    assert run(place, "-c", program).split() == ["mixpanel_headless.models.toys", "True"]


def added(folder: Path, families: str = FAMILY, models: str = MODELS) -> str:
    """What an interpreter complains of when the package has these two files more."""
    shutil.copytree(ROOT / "mixpanel_headless", folder / "mixpanel_headless")
    for part, text in (("models", models), ("families", families)):
        (folder / "mixpanel_headless" / part / "toys.py").write_text(text)
    program = "import mixpanel_headless as mp; mp.Workspace; mp.Toy"
    settings = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=False, cwd=folder, env=settings, capture_output=True, text=True).stderr


def test_a_class_below_the_family_does_not_take_its_place(tmp_path: Path) -> None:
    assert added(tmp_path, f"{FAMILY}\n\nclass Box(Surface[Mode]):\n    pass\n") == ""


@pytest.mark.parametrize(
    ("families", "told"),
    [
        (FAMILY + FAMILY[FAMILY.index("class Toys") :].replace("Toys", "Games"), "it has Games and Toys."),
        (FAMILY.replace("class Toys(Surface[Mode])", "class Toys"), "it has none."),
        (FAMILY[: FAMILY.index("    @operation")], "it has none."),
    ],
)
def test_a_file_without_just_one_family_is_refused(families: str, told: str, tmp_path: Path) -> None:
    complaint = added(tmp_path, families).splitlines()[-1]
    assert complaint.startswith("TypeError: mixpanel_headless.families.toys must have one class of calls")
    assert complaint.endswith(told)


def test_models_that_do_not_say_what_they_export_are_refused(tmp_path: Path) -> None:
    complaint = added(tmp_path, models=MODELS.replace("__all__ = (", "__all__: tuple[str, ...] = (")).splitlines()[-1]
    assert complaint.startswith("ImportError: ")
    assert "models/toys.py must say what it exports" in complaint


def test_its_policy_follows(place: Path) -> None:
    denied, sent, unconfirmed = told(place, """
    with box.workspace(policy={"deny": [{"families": ["toys"], "names": ["Bear"]}]}) as ws:
        try:
            ws.create_toy(mp.CreateToyParams(name="Bear"))
        except mp.PolicyDenied as denied:
            said = [str(denied), [request.method for request in box.requests]]
    with box.workspace() as ws:
        try:
            ws.delete_toys([1, 2])
        except mp.PolicyDenied as denied:
            tell([*said, str(denied)])
    """)  # fmt: skip
    assert "toys.create_toy" in denied
    assert sent == []
    assert "confirmed" in unconfirmed


def test_its_dry_run_follows(place: Path) -> None:
    assert told(place, """
    with box.workspace() as ws:
        bear = ws.create_toy(mp.CreateToyParams(name="Bear"))
        with ws.dry_run() as plan:
            answer = ws.update_toy(bear.id, mp.UpdateToyParams(name="Dog")).name
            ws.update_toy(ws.create_toy(mp.CreateToyParams(name="Cat")).id, mp.UpdateToyParams(name="Lion"))
        diffs = [[list(one) for one in change.diff] for change in plan.changes]
        tell([answer, ws.get_toy(bear.id).name, diffs])
    """) == ["Dog", "Bear", [[["name", "Bear", "Dog"]], [["name", None, "Cat"]], [["name", None, "Lion"]]]]  # fmt: skip


def test_its_audit_follows(place: Path) -> None:
    assert told(place, """
    with box.workspace(state_dir=os.path.join(os.getcwd(), "audited")) as ws:
        bear = ws.create_toy(mp.CreateToyParams(name="Bear"))
        ws.update_toy(bear.id, mp.UpdateToyParams(name="Dog"))
        rows = ws.audit.log(operation="toys.update_toy")
        tell([[row.kind, row.verb, row.target == [str(bear.id)]] for row in rows])
    """) == [["intent", "update", True], ["outcome", "update", True]]  # fmt: skip


def test_its_commands_follow(place: Path) -> None:
    made, read = told(place, """
    settings = {**os.environ, **box.environment()}
    def mp_toys(*words):
        command = [sys.executable, "-m", "mixpanel_headless.cli", "toys", *words, "--json"]
        done = subprocess.run(command, env=settings, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    made = mp_toys("create", "--name", "Bear", "--age", "3")
    mp_toys("update", str(made["id"]), "--name", "Dog")
    tell([made["name"], mp_toys("get", str(made["id"]))["name"]])
    """)  # fmt: skip
    assert (made, read) == ("Bear", "Dog")


def test_its_command_tells_of_itself(place: Path) -> None:
    told_of_all = run(place, "-m", "mixpanel_headless.cli", "--help")
    told_of_one = run(place, "-m", "mixpanel_headless.cli", "toys", "update", "--help")
    assert "Toys: things to play with." in told_of_all
    assert "The changed toy; what is not given stays." in told_of_one
    assert "--name" in told_of_one
    assert "--dry-run" in told_of_one


def test_type_checkers_are_told_of_it_by_the_command_alone(place: Path) -> None:
    run(place, str(ROOT / "tests" / "packaging" / "stubs.py"))
    stubs = [(place / "mixpanel_headless" / part / "__init__.pyi").read_text() for part in ("families", "models")]
    assert "    Toys[Mode],\n" in stubs[0]
    assert "from .toys import *\n" in stubs[1]
