"""Hostile arguments, settings and answers: refused by name before anything is sent, never shown, never kept."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import os
from typing import TYPE_CHECKING, Any

import anyio
import pytest

import mixpanel_headless as mp
from mixpanel_headless import transport
from mixpanel_headless.accounts.settings import resolve_settings
from mixpanel_headless.replies import Reply, error_of, read_quota, read_retry_after
from mixpanel_headless.sandbox.faults import Instead

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_headless.sandbox import Sandbox

FULL = {"MP_USERNAME": "sa.test", "MP_SECRET": "hush-hush", "MP_PROJECT_ID": "12345"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MP_SECRET", "hush\nhush"),
        ("MP_SECRET", os.fsdecode(b"hush\xff")),
        ("MP_USERNAME", "who:ever"),
        ("MP_OAUTH_TOKEN", "tok\x00en"),
        ("MP_API_BASE_URL", "http://:hush-hush@host"),
        ("MP_API_BASE_URL", "http://[::1"),
        ("MP_API_BASE_URL", "http://host:99999"),
        ("MP_API_BASE_URL", "http://ho\nst"),
        ("MP_APP_BASE_URL", "http://host\n"),
        ("MP_APP_BASE_URL", "http://host/\x1b"),
        ("MP_APP_BASE_URL", "http://host/a b"),
        ("MP_APP_BASE_URL", "http://\ud800"),
        ("MP_STATE_DIR", "\n"),
        ("MP_STATE_DIR", "a\x1bb"),
        ("MP_STATE_DIR", "\ud800"),
        ("MP_STORE", "redis://:hush-hush@host/0?foo=1"),
        ("MP_CACHE", "redis://host/0?socket_timeout=1&password=hush-hush"),
        ("MP_POLICY", ""),
        ("MP_POLICY", " \n"),
        ("MP_LIMIT_QUERY", "9" * 400),
        ("MP_LIFETIME_OPEN", "inf"),
        ("MP_WORKSPACE_ID", "-5"),
        ("MP_WORKSPACE_ID", "../x"),
        ("MP_PROJECT_ID", "1" * 5000),
    ],
)
def test_a_hostile_variable_is_named_and_its_secret_not_shown(name: str, value: str) -> None:
    environment = {**FULL, name: value}
    if name == "MP_OAUTH_TOKEN":
        del environment["MP_SECRET"]
    with pytest.raises(mp.ConfigError) as caught:
        resolve_settings(environment=environment)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "settings",
    [
        {"weights": {"a": float("nan")}},
        {"weights": {"a": 0}},
        {"weights": 5},
        {"cache_bytes": -1},
        {"queue_size": 0},
        {"when_full": "foo"},
        {"limits": {"query": 3}},
        {"limits": mp.Limits(query=True)},
        {"limits": mp.Limits(query=1.5)},  # type: ignore[arg-type]
        {"limits": mp.Limits(query=10**400)},
        {"lifetimes": 5},
        {"lifetimes": mp.Lifetimes(discovery=10**400)},
        {"workspace": "abc"},
        {"workspace": -1},
        {"region": ["us"]},
        {"reserve": 10**5000},
        {"limits": mp.Limits(query=10**5000)},
        {"project": 10**5000},
        {"weights": {"a": 10**5000}},
        {"telemetry": 5},
        {"telemetry": [5]},
        {"telemetry": [["a"]]},
        {"api_base_url": 5},
        {"username": 1},
        {"username": b"x"},
        {"secret": b"x"},
        {"region": 10**5000},
        {"state_dir": -1},
        {"state_dir": b"x"},
        {"state_dir": []},
        {"state_dir": "a\0b"},
        {"weights": {1: 2}},
        {"minimum": {1: 0.5}},
        {"minimum": {"a": float("nan")}},
        {"minimum": {"a": True}},
        {"minimum": {"a": 10**5000}},
        {"minimum": {"a": 0.6, "b": 0.6}},
        {"queue_size": True},
        {"policy": ""},
        {"policy": "a\nb"},
        {"policy": b"read_only"},
        {"policy": 5},
        {"telemetry": {"otel": 5}},
    ],
)
def test_a_workspace_refuses_what_it_cannot_work_with_when_it_is_made(settings: dict[str, Any]) -> None:
    with pytest.raises(mp.ConfigError) as caught:
        mp.Workspace(**{"project": 1, "username": "u", "secret": "s", **settings})
    assert caught.value.hint


class NoTruth:
    """Neither equal nor true nor shown, as frames of data and half-made objects are."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("equality")

    def __bool__(self) -> bool:
        raise RuntimeError("truth")

    def __repr__(self) -> str:
        raise RuntimeError("text")


@pytest.mark.parametrize("argument", list(inspect.signature(mp.Workspace).parameters))
@pytest.mark.parametrize(
    "value", [[1], {1}, {"a": "b"}, b"x", 10**5000, len, NoTruth()], ids=lambda one: type(one).__name__
)
def test_a_workspace_names_the_argument_that_is_of_no_use(argument: str, value: Any) -> None:
    with pytest.raises((mp.ConfigError, mp.InvalidArgumentError)) as caught:
        mp.Workspace(**{"project": 1, "username": "u", "secret": "s", argument: value})
    assert argument.partition("_")[0] in str(caught.value).casefold()


@pytest.mark.parametrize("resume", ["a\0b", "\ud800", 5, ["a"]])
def test_a_batch_that_cannot_be_kept_is_refused_before_anything_is_sent(box: Sandbox, resume: Any) -> None:
    with box.workspace() as ws, pytest.raises((mp.ConfigError, mp.InvalidArgumentError)):
        ws.gather([mp.later(ws.property_values, "plan")], resume=resume)
    assert box.requests == []


def test_another_kind_of_event_loop_is_told_by_name(box: Sandbox) -> None:
    async def ask() -> None:
        await box.async_workspace().events()

    with pytest.raises(mp.ConfigError, match="asyncio") as caught:
        anyio.run(ask, backend="trio")
    assert "trio" in caught.value.hint


@pytest.mark.parametrize(
    "wish",
    [
        {"tenant": ["a"]},
        {"tenant": 5},
        {"tenant": ""},
        {"deadline": 10**400},
        {"max_age": 10**5000},
        {"priority": 10**5000},
        {"tenant": 10**5000},
    ],
)
def test_a_hostile_wish_is_refused(box: Sandbox, wish: dict[str, Any]) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match=next(iter(wish))):
        ws.with_options(**wish)


@pytest.mark.parametrize(
    "ceiling",
    [
        {"name": 5},
        {"name": "x", "max_requests": "3"},
        {"name": "x", "max_requests": 1.5},
        {"name": "x", "max_wait": "soon"},
        {"name": "x", "max_wait": 10**400},
        {"name": "x", "max_requests": 10**5000},
    ],
)
def test_a_hostile_ceiling_is_refused(box: Sandbox, ceiling: dict[str, Any]) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError), ws.task(**ceiling):
        pass


def test_a_type_that_does_not_exist_costs_nothing(box: Sandbox) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match="general"):
        ws.top_events(type="anything")  # type: ignore[arg-type]
    assert box.requests == []


@pytest.mark.parametrize("body", [b'{"error":"odd"}', b'{"events":5}', b"null", b"5", b'"x"'])
def test_an_answer_of_another_shape_is_never_kept(box: Sandbox, body: bytes) -> None:
    box.inject(Instead(200, body))
    with box.workspace() as ws:
        with pytest.warns(UserWarning, match="where a list belongs"):
            assert list(ws.events()) == []
        assert list(ws.events()) == ["Login", "Purchase"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: ws.properties("Login"),
        lambda ws: ws.top_events(),
        lambda ws: ws.segmentation("Login", from_date="2026-01-05", to_date="2026-01-06"),
        lambda ws: ws.query_user(),
    ],
)
def test_an_answer_that_only_names_an_error_is_one_and_is_not_kept(
    box: Sandbox, ask: Callable[[mp.Workspace], object]
) -> None:
    box.inject(Instead(200, b'{"error":"the index is down"}'))
    with box.workspace() as ws:
        with pytest.raises(mp.QueryError, match="the index is down"):
            ask(ws)
        ask(ws)


@pytest.mark.parametrize("body", [b'{"steps":7}', b'{"trees":"x","metadata":{}}'])
def test_flows_of_another_shape_are_an_error(box: Sandbox, body: bytes) -> None:
    box.inject(Instead(200, body))
    with box.workspace() as ws, pytest.raises(mp.QueryError, match="holds no flows"):
        ws.query_flow("Login")


@pytest.mark.parametrize("body", [b"<html>log in</html>", b'{"error":"too many exports"}'])
def test_a_stream_without_one_event_among_its_lines_is_no_export(box: Sandbox, body: bytes) -> None:
    box.inject(Instead(200, body))
    with box.workspace() as ws, pytest.raises(mp.InvalidResponseError, match="None of the 1 lines"):
        list(ws.stream_events(from_date="2026-01-05", to_date="2026-01-06"))


@pytest.mark.parametrize("form", ["parquet", "jsonl.gz"])
def test_a_day_without_one_event_among_its_lines_is_asked_for_again(box: Sandbox, tmp_path: Path, form: Any) -> None:
    pytest.importorskip("duckdb")
    box.inject(Instead(200, b"<html>log in</html>"))
    day = {"from_date": "2026-01-05", "to_date": "2026-01-05", "format": form}
    with box.workspace() as ws:
        with pytest.raises(mp.InvalidResponseError, match="None of the 1 lines"):
            ws.export_events(tmp_path, **day)
        assert ws.export_events(tmp_path, **day).rows == 2


@pytest.mark.parametrize("body", [b'{"events":5}', b'{"events":[1]}', b'{"events":[{}]}'])
def test_busiest_events_of_another_shape_are_an_error_of_ours(box: Sandbox, body: bytes) -> None:
    box.inject(Instead(200, body))
    with box.workspace() as ws, pytest.raises(mp.InvalidResponseError):
        ws.top_events()


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_server_that_echoes_the_credentials_does_not_get_them_into_an_error(box: Sandbox, status: int) -> None:
    secret = "Zq7-not-for-any-log"
    with box.workspace(secret=secret) as ws:
        authorization = ws.settings.credentials.authorization()
        box.inject(Instead(status, f"you sent {authorization} with {secret}".encode(), content_type="text/plain"))
        with pytest.raises(mp.MixpanelHeadlessError) as caught:
            ws.events()
        shown = f"{caught.value} {caught.value.to_dict()} {getattr(caught.value, 'response_body', '')}"
    assert secret not in shown
    assert authorization.split()[1] not in shown


@pytest.mark.parametrize(
    "text", ["Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "Fri, 31 Dec 2026 23:59:59 +99999999999999999999"]
)
def test_a_date_beyond_the_calendar_is_no_retry_after(text: str) -> None:
    assert read_retry_after(text) is None


def test_a_window_of_no_length_is_not_a_limit_of_requests_at_once() -> None:
    assert read_quota({"ratelimit-policy": '"a";q=5;w=0, "b";q=5;w=123456789'}) == ()
    assert read_quota({"ratelimit-policy": '"c";q=5;qu="concurrent-requests"'}) == (("c", 5, 0.0),)


def test_what_is_not_supported_is_not_worth_another_try() -> None:
    assert [getattr(error_of(Reply("GET", "u", status, {}, b"")), "retryable", None) for status in (500, 501)] == [
        True,
        False,
    ]


def test_a_gzip_bomb_ends_before_it_fills_the_memory(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    assert len(bomb) < 10_000
    box.inject(Instead(200, bomb, {"Content-Encoding": "gzip"}))
    monkeypatch.setattr(transport, "MOST_BYTES", 1_000_000)
    with box.workspace() as ws:
        with pytest.raises(mp.InvalidResponseError, match="1,000,000"):
            ws.events()
        assert ws.budget().used == 1


def test_the_budget_of_a_project_not_asked_yet_is_known(box: Sandbox) -> None:
    with box.workspace() as ws:
        assert ws.use(project=5).budget().used == 0


def test_an_async_workspace_that_is_dropped_leaves_no_task_behind(box: Sandbox) -> None:
    async def ask_and_forget(make: Callable[[], mp.AsyncWorkspace]) -> int:
        ws = make()
        view = ws.with_options(tenant="a")
        await view.events()
        del ws, view
        for _ in range(1000):
            await asyncio.sleep(0)
            if len(asyncio.all_tasks()) == 1:
                break
        return len(asyncio.all_tasks())

    assert asyncio.run(ask_and_forget(box.async_workspace)) == 1


def test_messages_end_before_the_hint_begins(box: Sandbox) -> None:
    with box.workspace() as ws, ws.task("report", max_requests=0), pytest.raises(mp.TaskCeilingReached) as caught:
        ws.events()
    assert ". Give the task" in str(caught.value)


@pytest.mark.parametrize("depth", [400, 900])
def test_an_answer_nested_hundreds_deep_is_read(box: Sandbox, depth: int) -> None:
    series = '{"a":' * depth + '{"2026-01-05":1}' + "}" * depth
    box.inject(Instead(200, f'{{"computed_at":"2026-01-08T00:00:00","series":{{"E":{series}}},"headers":[]}}'.encode()))
    with box.workspace() as ws:
        answer, again = (ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-05") for _ in range(2))
    assert len(answer.table.columns) == depth + 3
    assert answer.to_dict()["series"].keys() == {"E"}
    answer.series["E"]["a"].clear()
    assert again.series["E"]["a"]
    assert box.counted == 1


def test_an_answer_nested_beyond_reading_is_an_error_of_ours(box: Sandbox) -> None:
    box.inject(Instead(200, b'{"series":' + b"[" * 5000 + b"]" * 5000 + b"}"))
    with box.workspace() as ws, pytest.raises(mp.InvalidResponseError):
        ws.query("Purchase", from_date="2026-01-05", to_date="2026-01-05")


def holding_itself() -> dict[str, Any]:
    params: dict[str, Any] = {"sections": {}}
    params["sections"]["show"] = [params]
    return params


def nested(depth: int) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for _ in range(depth):
        params = {"a": params}
    return params


@pytest.mark.parametrize(
    "params",
    [holding_itself(), nested(5000), {"a": object()}, {"a": 10**5000}, {"a": "\ud800"}, {(1, 2): 3}],
    ids=["holding itself", "deep", "object", "number", "surrogate", "key"],
)
def test_a_bookmark_that_cannot_be_sent_is_refused(box: Sandbox, params: dict[str, Any]) -> None:
    with box.workspace() as ws, pytest.raises(mp.InvalidArgumentError, match="params"):
        ws.run_params(params)
    assert box.requests == []


@pytest.mark.parametrize("params", [holding_itself(), nested(5000), {"a": 10**5000}], ids=["itself", "deep", "number"])
def test_a_bookmark_that_cannot_be_written_is_a_problem_among_others(params: dict[str, Any]) -> None:
    assert "B26_NOT_JSON" in {problem.code for problem in mp.validate_bookmark(params)}
