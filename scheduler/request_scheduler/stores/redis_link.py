"""The way of an event loop to a Redis server: scripts by their digest, news by subscription."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import anyio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

PATIENCE = 2.0  # seconds for a connection, and for an answer
_SCHEMES = ("redis", "rediss", "unix")


class LinkLost(Exception):  # noqa: N818 - named for what happened
    """The server cannot be reached, or does not do what it is asked."""


class LinkCut(LinkLost):
    """The connection ended, as one does that was idle while the server was started anew; the next one may be sound."""


class Link:
    """Connections of one event loop to one server; its password is in none of the texts."""

    def __init__(self, url: str) -> None:
        check_url(url)
        self._url = url
        self.place = place_of(url)
        self._client: Redis | None = None
        self._news: PubSub | None = None

    async def open(self) -> None:
        """Make ready to connect; raises ModuleNotFoundError without the package `redis`."""
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._client = Redis.from_url(
            self._url,
            decode_responses=True,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),  # whoever asks knows what may be asked twice
            single_connection_client=True,  # scripts are short, and borrowing a connection costs a fifth of asking one
        )

    async def close(self) -> None:
        """Let go of every connection."""
        await self.stop_hearing()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[str]) -> list[Any]:
        """What a script answers; it is sent in full only to a server that does not know it yet."""
        from redis.exceptions import ConnectionError as Cut
        from redis.exceptions import NoScriptError, RedisError

        client = self._connected()
        try:
            try:
                answer = await client.evalsha(digest_of(script), len(keys), *keys, *arguments)
            except NoScriptError:
                answer = await client.eval(script, len(keys), *keys, *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            kind = LinkCut if isinstance(error, Cut) else LinkLost
            raise kind(hide_secrets(str(error) or type(error).__name__, self._url)) from error
        assert isinstance(answer, list)
        return answer

    async def hear(self, channel: str, seconds: float) -> list[str]:
        """The messages of a channel: those that came, or the first ones that come within some seconds."""
        from redis.exceptions import RedisError

        ends = anyio.current_time() + seconds
        messages: list[str] = []
        try:
            if self._news is None:
                self._news = self._connected().pubsub(ignore_subscribe_messages=True)
                await self._news.subscribe(channel)
            while (left := ends - anyio.current_time()) > 0 and not messages:
                message = await self._news.get_message(timeout=left)
                while message is not None:
                    messages.append(message["data"])
                    message = await self._news.get_message(timeout=0)
        except (RedisError, OSError, TimeoutError):  # whoever waits looks for itself then
            await self.stop_hearing()
            await anyio.sleep(max(0.0, ends - anyio.current_time()))
        return messages

    async def stop_hearing(self) -> None:
        """Let go of the channel until somebody listens again."""
        news, self._news = self._news, None
        if news is not None:
            await news.aclose()  # type: ignore[no-untyped-call]

    def _connected(self) -> Redis:
        if self._client is None:
            raise LinkLost("the store is not open")
        return self._client


@cache
def digest_of(script: str) -> str:
    """The name by which a server knows a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def check_url(url: str) -> None:
    """Raise ValueError, without the address itself, unless it is one of a Redis server."""
    try:
        parts = urlsplit(url)
        named = bool(parts.path if parts.scheme == "unix" else parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError("the address of Redis cannot be read") from None
    if parts.scheme not in _SCHEMES or not named:
        raise ValueError("the address of Redis must look like redis://host:6379/0, rediss://... or unix:///path")
    database = parts.path.removeprefix("/")
    if parts.scheme != "unix" and database and not database.isdigit():
        raise ValueError("the address of Redis must end with the number of a database, or with none")


def place_of(url: str) -> str:
    """An address without its user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def hide_secrets(text: str, url: str) -> str:
    """A text without the user, password and options of an address: a server may repeat what it was sent."""
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    secrets = {spelled for part in (user, password, parts.query) for spelled in (part, unquote(part)) if spelled}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
