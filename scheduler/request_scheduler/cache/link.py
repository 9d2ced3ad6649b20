"""The way to a server of answers for worker threads: scripts by their digest, bodies in pieces, news of drops.

An answer of 50 MB is packed, sent and taken apart in a thread, on whichever event loop the program runs; the store's link
(stores/redis/link.py) is one for an event loop, for messages that are short. Errors of the package `redis` become ours here.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from request_scheduler.cache.rows import Mark
from request_scheduler.stores.redis.link import hide_secrets, is_other_kind, is_unknown_script, taken_by
from request_scheduler.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from redis import Redis
    from redis.connection import ConnectionInterface

    from request_scheduler.cache.scripts import Script

_PATIENCE = 2.0  # seconds for a connection, and for each part of a message
_PIECE = 1024 * 1024  # bytes of one part of a body, so that patience is about the server's life and not about its speed
_UPLOAD = 600_000  # milliseconds that a body lives before it is put
_HEARING = 60.0  # seconds of silence after which a thread looks whether it is still wanted


class ServerLost(Exception):  # noqa: N818 - named for what happened
    """The server cannot be reached, or does not answer in time."""


class ServerRefuses(Exception):  # noqa: N818 - named for what happened
    """The server lives and says no: it has no room, or this user has no leave."""


class Upload(NamedTuple):
    """A body to be sent ahead under a name, and what its script is asked."""

    name: str
    body: bytes
    question: Sequence[bytes]


class CacheLink:
    """Connections to the server at `url`, made on first use; `kinds` of what lies there are by the keys of every script."""

    def __init__(self, url: str, kinds: Mapping[str, str | None]) -> None:
        self._url, self._kinds, self._keys = url, kinds, list(kinds)
        self._client: Redis | None = None

    def ask(self, script: Script, *question: bytes) -> Any:
        """What a script answers; it is sent in full only to a server that does not know it yet."""
        with self._speaking() as client:
            return self._ask(client, script, question)

    def upload(self, script: Script, uploads: Iterable[Upload]) -> None:
        """Send bodies, each with its question to a script, all in one message; asks again until each answer is 1."""
        with self._speaking() as client:
            pipe = client.pipeline(transaction=False)
            questions: dict[int, Sequence[bytes]] = {}
            for name, body, question in uploads:
                content = memoryview(body)
                pipe.set(name, content[:_PIECE], px=_UPLOAD)
                for start in range(_PIECE, len(content), _PIECE):
                    pipe.append(name, content[start : start + _PIECE])
                questions[len(pipe)] = question
                pipe.evalsha(script.digest, len(self._keys), *self._keys, *question)
            for place, answer in enumerate(pipe.execute(raise_on_error=False)):
                if isinstance(answer, Exception) and not is_unknown_script(answer):
                    raise answer
                while place in questions and answer != 1:
                    answer = self._ask(client, script, questions[place])

    def get(self, name: str) -> bytes | None:
        """The body under a name."""
        with self._speaking() as client:
            body = client.get(name)
            assert body is None or isinstance(body, bytes)
            return body

    def listen(self, channel: str) -> Ears:
        """Hear from now on what a channel tells."""
        with self._speaking() as client:
            return Ears(client.connection_pool.make_connection(), channel)

    def close(self) -> None:
        """Let go of the connections; the next use makes them again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, client: Redis, script: Script, question: Sequence[bytes]) -> Any:
        try:
            return client.evalsha(script.digest, len(self._keys), *self._keys, *question)
        except Exception as error:
            if not is_unknown_script(error):
                raise
            return client.eval(script.text, len(self._keys), *self._keys, *question)

    @contextmanager
    def _speaking(self) -> Iterator[Redis]:
        """The client; whatever goes wrong is said without the secrets of the address, which a server may repeat."""
        from redis.exceptions import ResponseError

        try:
            yield self._connected()
        except Exception as error:  # noqa: BLE001 - the address alone can give errors of many kinds
            kind = ServerRefuses if isinstance(error, ResponseError) else ServerLost
            taken = self._taken() if is_other_kind(error) else ""
            raise kind(taken or hide_secrets(f"{type(error).__name__}: {error}", self._url)) from None

    def _taken(self) -> str:
        """Which key holds a value of another kind than is kept there; empty when that cannot be told."""
        client = self._connected()
        with suppress(Exception):
            for key, wanted in self._kinds.items():
                kind = client.type(key)
                assert isinstance(kind, bytes)
                if wanted is not None and text_of(kind) not in ("none", wanted):
                    return taken_by(key, text_of(kind), wanted)
        return ""

    def _connected(self) -> Redis:
        if self._client is None:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            self._client = Redis.from_url(
                self._url,
                protocol=2,
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                retry=Retry(NoBackoff(), 0),  # a look that is late is a miss: nobody waits for another one
            )
        return self._client


class News(NamedTuple):
    """One drop as its channel tells it; no tags stand for everything."""

    mark: Mark
    tags: frozenset[str] | None


class Ears:
    """A connection on which a server tells of drops; made to be waited at by a thread of its own."""

    def __init__(self, connection: ConnectionInterface, channel: str) -> None:
        self._connection, self.open = connection, True
        try:
            connection.connect()  # type: ignore[no-untyped-call]
            connection.send_command("SUBSCRIBE", channel)  # type: ignore[no-untyped-call]
            connection.read_response(push_request=True)
        except BaseException:
            self.close()
            raise

    def hear(self) -> News | None:
        """Wait for the next drop; None once the connection is gone, and whoever was told of drops by it is not any more."""
        try:
            while self.open:
                if self._connection.can_read(_HEARING):
                    return _news(self._connection.read_response(push_request=True)[-1])
        except Exception as error:  # noqa: BLE001 - whatever it is, the next look opens another one
            logger.debug("no news from the server of answers (%s)", type(error).__name__)
        self.close()
        return None

    def close(self) -> None:
        """Hear no more; a thread that waits is let go."""
        self.open = False
        self._connection.disconnect()  # type: ignore[no-untyped-call]


def _news(message: bytes) -> News:
    generation, drops, *tags = json.loads(text_of(message))
    return News(Mark(int(drops), int(generation)), frozenset(tags[0]) if tags else None)


def text_of(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")
