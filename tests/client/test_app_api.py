"""Requests to the App API: scopes, paths, query strings, pages, and answers as entities."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import attrs
import pytest

import mixpanel_headless as mp
from mixpanel_headless.app_api import at, delete, get, patch, post
from mixpanel_headless.models.entity import Entity
from mixpanel_headless.operation import operation
from mixpanel_headless.request import Scope

if TYPE_CHECKING:
    from mixpanel_headless.governance.facts import Verb
    from tests.answering import Answering


@attrs.frozen(kw_only=True)
class Owner(Entity):
    id: int
    name: str | None = None


@attrs.frozen(kw_only=True)
class Board(Entity):
    id: int
    title: str = ""
    pinned: bool = False
    created: datetime | None = None
    owner: Owner | None = None
    custom: int | None = attrs.field(default=None, metadata={"wire": "customId"})


async def send(ws: mp.AsyncWorkspace, request: Any) -> Any:
    verb: Verb = "read" if request.verb == "GET" else "update"
    return await ws.send(request, operation(verb=verb)(lambda ws: request))


@pytest.mark.parametrize(
    ("scope", "view", "path"),
    [
        (Scope.USER, None, "/api/app/boards/"),
        (Scope.PROJECT, 7, "/api/app/projects/12345/boards/"),
        (Scope.WORKSPACE_IF_PINNED, None, "/api/app/projects/12345/boards/"),
        (Scope.WORKSPACE_IF_PINNED, 7, "/api/app/workspaces/7/boards/"),
        (Scope.PROJECT_AND_WORKSPACE, 7, "/api/app/projects/12345/workspaces/7/boards/"),
    ],
)
async def test_a_scope_says_what_comes_before_the_path(
    service: Answering, scope: Scope, view: int | None, path: str
) -> None:
    async with service.async_workspace(workspace=view) as ws:
        await send(ws, get("boards/", scope=scope))
    assert service.sent == [f"GET {path}"]
    assert service.asked[0].params == []


@pytest.mark.parametrize(
    ("path", "spent"),
    [("schemas", 1), (at("schemas/{}", "event"), 1), (at("feature-flags/{}/", "schemas"), 0), ("schemas-of-old/", 0)],
)
async def test_what_stands_below_schemas_and_nothing_else_spends_their_budget(
    service: Answering, path: str, spent: int
) -> None:
    async with service.async_workspace() as ws:
        await send(ws, get(path))
        used = {pool.name: pool.used for pool in (await ws.budget()).pools}
    assert used["schemas"] == spent


async def test_a_scope_that_needs_a_workspace_takes_the_one_that_stands_for_the_project(service: Answering) -> None:
    service.tell({"results": [{"id": 8, "name": "All", "project_id": 12345, "is_default": True, "is_global": True}]})
    async with service.async_workspace() as ws:
        await send(ws, get("boards/", scope=Scope.PROJECT_AND_WORKSPACE))
        await send(ws, get("boards/", scope=Scope.PROJECT_AND_WORKSPACE))
    assert service.sent == [
        "GET /api/app/projects/12345/workspaces/public",
        *["GET /api/app/projects/12345/workspaces/8/boards/"] * 2,
    ]


async def test_a_scope_whose_workspace_is_nowhere_is_an_error_that_says_how_to_pin_one(service: Answering) -> None:
    service.tell({"results": []}).tell({"results": {}})
    async with service.async_workspace() as ws:
        with pytest.raises(mp.WorkspaceScopeError, match="Pin one"):
            await send(ws, get("boards/", scope=Scope.PROJECT_AND_WORKSPACE))


@pytest.mark.parametrize("name", ["a b", "a/b?x=1#f", "50%", "../boards/1", "ü", "a%2Fb"])
async def test_an_id_is_one_segment_of_the_path_whatever_it_holds(service: Answering, name: str) -> None:
    async with service.async_workspace() as ws:
        await send(ws, delete(at("boards/{}/pin", name)))
    [path] = service.sent
    assert path.count("/") == "DELETE /api/app/projects/12345/boards/X/pin".count("/")
    assert unquote(path.split("/")[-2]) == name


@pytest.mark.parametrize("name", ["", " ", ".", "..", None, True, 1.5])
def test_what_cannot_be_a_segment_is_refused(name: Any) -> None:
    with pytest.raises(mp.InvalidArgumentError, match="An id is"):
        at("boards/{}", name)


async def test_query_values_are_text_and_lists_stand_there_item_by_item(service: Answering) -> None:
    async with service.async_workspace() as ws:
        odd: dict[str, Any] = {"name[]": ["a", "b"], "empty[]": []}
        await send(ws, get("boards", limit=3, all=True, off=False, none=None, **odd))
    assert service.asked[0].params == [
        ("limit", "3"),
        ("all", "true"),
        ("off", "false"),
        ("name[]", "a"),
        ("name[]", "b"),
    ]


async def test_an_entity_keeps_what_the_service_adds_and_tells_where_it_came_from(service: Answering) -> None:
    service.tell(
        {
            "results": {
                "id": "3",
                "created": "2026-01-02T03:04:05Z",
                "owner": {"id": 4, "hat": "red"},
                "customId": 5,
                "new": [1],
            }
        }
    )
    async with service.async_workspace() as ws:
        board = await send(ws, get(at("boards/{}", 3), Board))
    assert board.id == 3
    assert board.created == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (board.custom, board.extra, board.owner.extra) == (5, {"new": [1]}, {"hat": "red"})
    assert board.to_dict() == {
        "id": 3, "title": "", "pinned": False, "created": "2026-01-02T03:04:05Z", "custom": 5,
        "owner": {"id": 4, "name": None, "hat": "red"}, "new": [1],
    }  # fmt: skip
    assert board.provenance.request["path"] == "/projects/12345/boards/3"


async def test_a_table_of_entities_has_a_column_for_what_only_some_have(service: Answering) -> None:
    service.tell({"results": [{"id": 1, "name": "a"}, {"id": 2, "hat": "red"}]})
    async with service.async_workspace() as ws:
        table = (await send(ws, get("owners", list[Owner]))).table
    assert table.columns == ("id", "name", "hat")
    assert [tuple(row) for row in table.rows] == [(1, "a", None), (2, None, "red")]


async def test_a_bare_answer_without_an_envelope_is_read_as_well(service: Answering) -> None:
    service.tell([{"id": 1}]).tell({"id": 2})
    async with service.async_workspace() as ws:
        assert [board.id for board in await send(ws, get("boards", list[Board]))] == [1]
        assert (await send(ws, get("boards/2", Board))).id == 2


async def test_an_answer_that_does_not_fit_names_every_flaw_with_its_path(service: Answering) -> None:
    service.tell({"results": [{"id": "x", "title": 3}, {"pinned": "perhaps"}, 4]})
    async with service.async_workspace() as ws:
        with pytest.raises(mp.ResponseValidationError) as caught:
            await send(ws, get("boards", list[Board]))
    assert caught.value.fields == [
        "expected a whole number, got text @ $[0].id",
        "expected text, got 3 @ $[0].title",
        "required field missing @ $[1].id",
        "expected true or false, got text @ $[1].pinned",
        "expected an object, got 4 @ $[2]",
    ]
    assert caught.value.code == "RESPONSE_VALIDATION_ERROR"


@pytest.mark.parametrize("nested", [False, True])
async def test_a_list_follows_its_cursor_to_the_last_page(service: Answering, nested: bool) -> None:
    def page(number: int, cursor: str | None) -> dict[str, Any]:
        rows = {"results": [{"id": number}], "pagination": {"next_cursor": cursor}}
        return {"results": rows} if nested else rows

    service.tell(page(1, "c2")).tell(page(2, "c3")).tell(page(3, None))
    async with service.async_workspace() as ws:
        boards = await send(ws, get("boards", list[Board], type="x"))
    assert [board.id for board in boards] == [1, 2, 3]
    assert [asked.params[1:] for asked in service.asked] == [[], [("cursor", "c2")], [("cursor", "c3")]]
    assert boards.provenance.cost == 3


async def test_a_list_whose_pages_go_round_in_a_circle_ends_in_an_error(service: Answering) -> None:
    for _ in range(3):
        service.tell({"results": [], "pagination": {"next_cursor": "again"}})
    async with service.async_workspace() as ws:
        with pytest.raises(mp.InvalidResponseError, match="twice"):
            await send(ws, get("boards", list[Board]))


async def test_equal_changes_at_the_same_moment_are_two_changes_and_equal_questions_one(service: Answering) -> None:
    async with service.async_workspace() as ws:
        await asyncio.gather(*(send(ws, post("boards", json={"title": "A"})) for _ in range(2)))
        await asyncio.gather(*(send(ws, get("boards")) for _ in range(2)))
    assert service.sent == ["POST /api/app/projects/12345/boards"] * 2 + ["GET /api/app/projects/12345/boards"]
    assert service.asked[0].body == {"title": "A"}


async def test_a_plan_of_equal_changes_counts_each(service: Answering) -> None:
    async with service.async_workspace() as ws:
        plan = await ws.plan([mp.later(ws._keep_link, {"slug": "a"}) for _ in range(2)])
    assert [entry.fate for entry in plan.calls] == ["send", "send"]


async def test_what_a_caller_does_to_an_entity_reaches_nobody_else(service: Answering) -> None:
    service.tell({"results": {"id": 1, "layout": {"rows": []}}})
    async with service.async_workspace() as ws:
        first = await send(ws, get("boards/1", Board, lifetime="discovery"))
        first.extra["layout"]["rows"].append(1)
        second = await send(ws, get("boards/1", Board, lifetime="discovery"))
    assert second.extra == {"layout": {"rows": []}}
    assert second.provenance.origin == "cache"


async def test_an_answer_that_does_not_fit_is_never_kept(service: Answering) -> None:
    service.tell({"results": {"id": None}}).tell({"results": {"id": 1}})
    async with service.async_workspace() as ws:
        with pytest.raises(mp.ResponseValidationError):
            await send(ws, get("boards/1", Board, lifetime="discovery"))
        assert (await send(ws, get("boards/1", Board, lifetime="discovery"))).id == 1


async def test_a_change_without_an_answer_of_use_is_none_and_an_error_in_a_success_is_an_error(
    service: Answering,
) -> None:
    service.tell(b"", 204).tell({"status": "error", "error": "locked"})
    async with service.async_workspace() as ws:
        assert await send(ws, patch(at("boards/{}", 1), json={"title": None})) is None
        with pytest.raises(mp.QueryError, match="locked"):
            await send(ws, delete(at("boards/{}", 1)))
    assert service.asked[0].body == {"title": None}


async def test_a_null_stands_for_the_default_of_a_field_that_cannot_be_none(service: Answering) -> None:
    service.tell({"results": {"id": 1, "title": None, "pinned": None}})
    async with service.async_workspace() as ws:
        board = await send(ws, get("boards/1", Board))
    assert (board.title, board.pinned) == ("", False)


async def test_an_empty_answer_is_success_where_nothing_is_to_be_said(service: Answering) -> None:
    service.tell(text="")
    async with service.async_workspace() as ws:
        assert await send(ws, delete("boards/1")) is None
        service.tell(text="")
        with pytest.raises(mp.InvalidResponseError):
            await send(ws, get("boards/1", Board))


async def test_an_entity_with_a_field_results_is_no_envelope(service: Answering) -> None:
    service.tell({"id": 1, "title": "T", "results": {"id": 2}})
    async with service.async_workspace() as ws:
        board = await send(ws, get("boards/1", Board))
    assert (board.id, board.extra) == (1, {"results": {"id": 2}})
