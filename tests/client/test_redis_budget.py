"""Programs that name the same Redis server share their budgets; its address is checked first and never shown whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import mixpanel_headless as mp
from mixpanel_headless.accounts.settings import resolve_settings
from tests.client.conftest import ask
from tests.redis_server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_headless.accounts.settings import Settings
    from mixpanel_headless.sandbox import Sandbox
    from tests.redis_server import RedisServer


def settings_with(**variables: str) -> Settings:
    known = {"MP_USERNAME": "u", "MP_SECRET": "s", "MP_PROJECT_ID": "1"}
    return resolve_settings(environment={**known, **variables})


@pytest.fixture
def nowhere() -> str:
    """The address of a server that does not run."""
    return f"redis://somebody:hidden@127.0.0.1:{free_port()}/0"


def test_two_workspaces_share_one_budget_on_a_server(
    open_box: Callable[..., Sandbox], redis_server: RedisServer
) -> None:
    box = open_box(limit=3)
    with box.workspace(store=redis_server.url) as one, box.workspace(store=redis_server.url) as two:
        ask(one, 2)
        ask(two, 3)
        ask(one, 4)
        assert (one.budget().left, two.budget().left) == (0, 0)
        with pytest.raises(mp.DeadlineUnreachable):
            ask(two.with_options(deadline=60.0), 5)
    assert (box.counted, box.refused) == (3, 0)


def test_the_server_holds_neither_credentials_nor_anything_for_ever(box: Sandbox, redis_server: RedisServer) -> None:
    with box.workspace(store=redis_server.url) as ws:
        ask(ws, 2)
    with redis_server.client() as client:
        keys = client.keys("*")
        assert keys
        assert {client.ttl(key) > 0 for key in keys} == {True}
        assert not any(box.secret.encode() in client.dump(key) for key in keys)


def test_a_server_that_is_out_of_reach_leaves_a_cautious_share(box: Sandbox, nowhere: str) -> None:
    with box.workspace(store=nowhere) as ws:
        assert ask(ws, 2) == ["free", "pro"]


def test_a_server_that_is_out_of_reach_is_an_error_if_so_wished(box: Sandbox, nowhere: str) -> None:
    with box.workspace(store=nowhere, store_on_loss="error") as ws, pytest.raises(mp.TransportError) as raised:
        ask(ws, 2)
    assert (raised.value.code, raised.value.sent, raised.value.retryable) == ("STORE_LOST", False, True)
    assert "hidden" not in repr(raised.value.to_dict())


def test_a_key_of_somebody_else_is_an_error_that_names_it_and_the_way_out(
    box: Sandbox, redis_server: RedisServer
) -> None:
    with box.workspace(store=redis_server.url) as ws:
        ask(ws, 2)
        with redis_server.client() as client:
            (key,) = client.keys("*:log")
            client.set(key, "what somebody else keeps")
            with pytest.raises(mp.TransportError) as raised:
                ask(ws, 3)
            client.delete(key)
    told = raised.value.to_dict()
    assert (raised.value.code, raised.value.sent, raised.value.retryable) == ("STORE_LOST", False, False)
    assert key in str(raised.value)
    assert "MP_STORE" in told["hint"]


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis://:hidden@",
        "redis://h:hidden@host:port/0",
        "http://u:hidden@host/0",
        "redis://u:hidden@host/one",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(mp.ConfigError, match="MP_STORE") as raised:
        settings_with(MP_STORE=url)
    assert "hidden" not in repr(raised.value.to_dict())
    assert "redis://localhost:6379/0" in str(raised.value.hint)


def test_the_password_in_an_address_is_shown_nowhere(
    nowhere: str, caplog: pytest.LogCaptureFixture, box: Sandbox
) -> None:
    assert "hidden" not in repr(settings_with(MP_STORE=nowhere))
    with box.workspace(store=nowhere) as ws:
        ask(ws, 2)
        assert "hidden" not in repr(ws)
    assert "127.0.0.1" in caplog.text
    assert "hidden" not in caplog.text


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)  # as Python itself marks what cannot be imported
    with pytest.raises(mp.ConfigError, match="package redis") as raised:
        settings_with(MP_STORE="rediss://host:6379/0")
    assert "mixpanel-headless[redis]" in str(raised.value.hint)


def test_what_calls_do_without_their_store_is_a_choice_of_three() -> None:
    assert settings_with().store_on_loss == "cautious"
    assert settings_with(MP_STORE_ON_LOSS="wait").store_on_loss == "wait"
    with pytest.raises(mp.ConfigError, match="MP_STORE_ON_LOSS"):
        settings_with(MP_STORE_ON_LOSS="panic")
