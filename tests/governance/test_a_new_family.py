"""A family that nothing but its own definitions tells of has policy, dry run, audit, a command and both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

import mixpanel_headless as mp
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.cli.operations import operation_command
from mixpanel_headless.models.entity import Entity
from mixpanel_headless.models.params import UNSET, Changes, Maybe
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.workspace import AsyncWorkspace, Workspace
from tests.answering import Answering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mixpanel_headless.request import Json, Request

FAMILY = "test_a_new_family"
"""A family is named as its module is."""


@attrs.frozen(kw_only=True)
class Toy(Entity):
    id: int
    name: str


@attrs.frozen(kw_only=True)
class UpdateToyParams(Changes):
    name: Maybe[str] = UNSET


class Toys(Surface[Mode]):
    @operation
    def get_toy(self, toy_id: int) -> Request[Toy]:
        """One toy."""
        return get(at("toys/{}", toy_id), Toy)

    @operation
    def create_toy(self, body: Mapping[str, Json]) -> Request[Toy]:
        """A new toy."""
        return post("toys", Toy, json=body)

    @operation
    def update_toy(self, toy_id: int, params: UpdateToyParams) -> Request[Toy]:
        """The changed toy."""
        return patch(at("toys/{}", toy_id), Toy, json=params)

    @operation
    def delete_toys(self, ids: list[int]) -> Request[None]:
        """Delete toys for good."""
        return delete("toys", json={"toy_ids": ids})


class AsyncToyspace(AsyncWorkspace, Toys[Any]): ...


class Toyspace(Workspace, Toys[Any]):
    @property
    def twin(self) -> AsyncToyspace:
        twin = object.__new__(AsyncToyspace)
        twin.__dict__.update(self.__dict__)
        return twin


def test_each_call_is_a_command_with_an_option_for_each_field() -> None:
    command = operation_command(vars(Toys)["update_toy"], "update")
    options = {option for one in command.params for option in one.opts}
    assert {"toy_id", "--name", "--params", "--dry-run", "--yes"} <= options
    assert {"toy_id", "--dry-run"} - {
        option for one in operation_command(vars(Toys)["get_toy"], "get").params for option in one.opts
    } == {"--dry-run"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def service() -> Iterator[Answering]:
    with Answering() as serving:
        yield serving


def test_its_policy_follows(service: Answering) -> None:
    service.tell({"results": {"id": 5, "name": "Bear"}})
    with Toyspace(**service.settings(policy={"deny": [{"families": [FAMILY], "names": ["Bear"]}]})) as ws:
        with pytest.raises(mp.PolicyDenied, match=rf"{FAMILY}.update_toy\(5\)"):
            ws.update_toy(5, UpdateToyParams(name="Dog"))
        with pytest.raises(mp.PolicyDenied):
            ws.create_toy({"name": "Bear"})
    with Toyspace(**service.settings()) as ws, pytest.raises(mp.PolicyDenied, match="confirmed"):
        ws.delete_toys([1, 2])
    assert service.sent == ["GET /api/app/projects/12345/toys/5"]


def test_its_dry_run_follows(service: Answering) -> None:
    service.tell({"results": {"id": 5, "name": "Bear"}})
    with Toyspace(**service.settings()) as ws, ws.dry_run() as plan:
        assert ws.update_toy(5, UpdateToyParams(name="Dog")).name == "Dog"
        made = ws.create_toy({"name": "Cat"})
        ws.update_toy(made.id, UpdateToyParams(name="Lion"))
    assert [[tuple(one) for one in change.diff] for change in plan.changes] == [
        [("name", "Bear", "Dog")], [("name", None, "Cat")], [("name", None, "Lion")],
    ]  # fmt: skip


async def test_its_audit_and_its_other_mode_follow(service: Answering, tmp_path: Path) -> None:
    service.tell({"results": {"id": 5, "name": "Dog"}})
    async with AsyncToyspace(**service.settings(state_dir=tmp_path)) as ws:
        await ws.update_toy(5, UpdateToyParams(name="Dog"))
        rows = await ws.audit.log()
    assert [(row.kind, row.operation, row.verb, row.target) for row in rows] == [
        (kind, f"{FAMILY}.update_toy", "update", ["5"]) for kind in ("intent", "outcome")
    ]
