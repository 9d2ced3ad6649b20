"""One definition serves both modes."""

from __future__ import annotations

import gc
import inspect
import pydoc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.operation import Async, Method, Mode, Operation, Surface, composite, operation, stream
from mixpanel_headless.request import Json, Request, query_params
from mixpanel_headless.workspace import AsyncWorkspace, Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mixpanel_headless.results.provenance import Provenance
    from mixpanel_headless.sandbox import Sandbox


def read_list(tree: Json, provenance: Provenance) -> list[str]:
    return list(tree)


class Toys(Surface[Mode]):
    @operation
    def list_names(self, *, limit: int = 10) -> Request[list[str]]:
        """Names, as the service has them."""
        params = query_params(type="general", limit=limit, from_date="2026-01-01", to_date="2026-01-31")
        return Request("GET", "query", "/events/names", read_list, params)

    @composite
    async def count_names(self: Toys[Async]) -> int:
        """How many names there are."""
        return len(await self.list_names())

    @stream
    async def iter_names(self: Toys[Async], times: int = 1) -> AsyncIterator[Sequence[str]]:
        """Every name, over and over."""
        for _ in range(times):
            yield await self.list_names()


class AsyncToyspace(AsyncWorkspace, Toys[Any]): ...


class Toyspace(Workspace, Toys[Any]):
    @property
    def twin(self) -> AsyncToyspace:
        twin = object.__new__(AsyncToyspace)
        twin.__dict__.update(self.__dict__)
        return twin


def settings(box: Sandbox) -> dict[str, Any]:
    return {
        "project": str(box.project),
        "username": box.username,
        "secret": box.secret,
        "api_base_url": box.url,
    }


def test_a_blocking_workspace_gives_what_an_async_one_awaits(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws:
        assert sorted(ws.list_names()) == ["Login", "Purchase"]
        assert ws.count_names() == 2
        assert list(ws.iter_names(2)) == [*ws.list_names(), *ws.list_names()]


async def test_an_async_workspace_awaits_the_same_definitions(box: Sandbox) -> None:
    async with AsyncToyspace(**settings(box)) as ws:
        names = await ws.list_names()
        assert await ws.count_names() == len(names)
        assert [name async for name in ws.iter_names(2)] == names * 2


def test_a_stream_that_is_left_early_is_closed(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws:
        names = ws.iter_names(1000)
        assert next(names) in {"Login", "Purchase"}
        names.close()  # type: ignore[attr-defined]  # a generator behind the Iterator
        assert box.counted == 1


def test_both_modes_share_signature_and_docstring() -> None:
    for name in (
        "query",
        "run_params",
        "query_funnel",
        "query_retention",
        "events",
        "properties",
        "property_values",
        "top_events",
        "budget",
    ):
        blocking, awaited = getattr(mp.Workspace, name), getattr(mp.AsyncWorkspace, name)
        assert blocking is awaited, "the family holds the one definition"
        assert inspect.signature(blocking.call_blocking) == inspect.signature(blocking.call)
        assert blocking.call.__doc__ == blocking.call_blocking.__doc__ is not None


def test_the_runtime_annotation_is_what_callers_get() -> None:
    query = mp.Workspace.query
    assert isinstance(query, Operation)
    assert inspect.signature(query.call_blocking).return_annotation == "QueryResult"
    assert inspect.signature(Toys.iter_names.iterate_blocking).return_annotation == "Iterator[str]"
    assert inspect.signature(Toys.iter_names.iterate).return_annotation == "AsyncIterator[str]"


@pytest.mark.parametrize("name", ["query", "query_user", "stream_events"])
def test_a_call_by_way_of_its_class_has_signature_and_docstring_as_any_method(name: str) -> None:
    by_class, own = getattr(mp.Workspace, name), getattr(object.__new__(mp.Workspace), name)
    assert list(inspect.signature(by_class).parameters)[1:] == list(inspect.signature(own).parameters)
    assert (by_class.__doc__, by_class.__name__) == (own.__doc__, name)
    assert pydoc.plain(pydoc.render_doc(by_class)).splitlines()[2].startswith(f"{name}(self")
    assert repr(by_class).endswith(f".{name}>")


def test_a_call_by_way_of_its_class_is_the_same_call(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws:
        assert Toyspace.list_names(ws) == ws.list_names()
        assert list(Toyspace.iter_names(ws)) == ws.list_names()


def test_an_operation_knows_its_name_and_family() -> None:
    query = mp.Workspace.query
    assert isinstance(query, Method)
    assert (query.family, query.name) == ("insights", "query")


@pytest.mark.parametrize(
    ("build", "query"),
    [
        ("build_params", "query"),
        ("build_funnel_params", "query_funnel"),
        ("build_retention_params", "query_retention"),
    ],
)
def test_a_query_takes_all_that_its_builder_takes_with_the_same_defaults(build: str, query: str) -> None:
    taken = dict(inspect.signature(getattr(mp.Workspace, build)).parameters)
    asked = dict(inspect.signature(getattr(mp.Workspace, query).call_blocking).parameters)
    del taken["today"], asked["self"], asked["limit"]
    assert {name: one.default for name, one in taken.items()} == {name: one.default for name, one in asked.items()}


def test_building_a_request_sends_nothing(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws:
        request = Toys.list_names.build(ws, limit=3)
    assert request.params["limit"] == "3"
    assert box.requests == []


def test_the_bare_surface_says_which_mode_it_lacks() -> None:
    with pytest.raises(TypeError, match="await"):
        Surface[Async]().wait_for(lambda: None)  # type: ignore[arg-type, return-value]


def test_one_request_is_made_ready_once_for_a_pin_and_anew_for_another(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws:
        ws.list_names()
        dispatcher = ws.thread.call(ws.runtime.open)
        request = Toys.list_names.build(ws)
        first = dispatcher.prepare(request, ws.pin)
        assert dispatcher.prepare(request, ws.pin) is first
        ws.use(workspace=42)
        assert dispatcher.prepare(request, ws.pin).message.params["workspace_id"] == "42"


def test_what_was_made_ready_goes_with_its_request(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws:
        dispatcher = ws.thread.call(ws.runtime.open)
        request = Toys.list_names.build(ws)
        ready = weakref.ref(dispatcher.prepare(request, ws.pin))
        del request
        gc.collect()
        assert ready() is None


def test_two_credentials_make_different_keys_and_headers_of_the_same_request(box: Sandbox) -> None:
    with Toyspace(**settings(box)) as ws, Toyspace(**settings(box) | {"secret": "another"}) as other:
        request = Toys.list_names.build(ws)
        ready, theirs = (each.thread.call(each.runtime.open).prepare(request, ws.pin) for each in (ws, other))
    assert ready.key != theirs.key
    assert ready.message.headers["Authorization"] != theirs.message.headers["Authorization"]
    assert "Authorization" not in repr(ready)
