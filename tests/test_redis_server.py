"""The Redis of the tests: it starts, forgets and dies as told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.redis_server import BINARIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.redis_server import RedisServer


def test_a_test_gets_an_empty_server(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        assert client.dbsize() == 0
        client.set("left", "over")


def test_the_next_test_finds_nothing_of_it(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        assert client.dbsize() == 0


def test_a_killed_server_is_back_for_the_next_test(redis_server: RedisServer) -> None:
    redis_server.kill()
    assert not redis_server.running


@pytest.mark.parametrize("version", BINARIES or ["6.2"])
def test_a_server_keeps_over_a_crash_what_it_was_told_to_keep(
    new_redis: Callable[..., RedisServer], version: str
) -> None:
    server = new_redis(version, appendonly="yes", appendfsync="always", requirepass="secret")
    with server.client() as client:
        assert str(client.info("server")["redis_version"]).startswith(version)
        client.set("kept", "yes")
    server.kill()
    server.start()
    with server.client() as client:
        assert client.get("kept") == "yes"
