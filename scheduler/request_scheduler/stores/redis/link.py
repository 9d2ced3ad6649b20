"""The way of an event loop to a Redis server: scripts by their digest, news by subscription."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import anyio

from request_scheduler.stores import StoreOccupied
from request_scheduler.stores.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio.connection import AbstractConnection

PATIENCE = 2.0  # seconds for a connection, and for an answer
_SCHEMES = ("redis", "rediss", "unix")
_OPTIONS = {"db", "username", "password", "client_name"}
_TCP_OPTIONS = {"socket_keepalive"}
_TLS_OPTIONS = {
    f"ssl_{name}"
    for name in (
        "ca_certs",
        "ca_data",
        "ca_path",
        "cert_reqs",
        "certfile",
        "check_hostname",
        "ciphers",
        "keyfile",
        "password",
    )
}
"""What an address may ask of the connection; how it is spoken over is not the caller's to choose."""


class LinkLost(Exception):  # noqa: N818 - named for what happened
    """The server cannot be reached, or does not do what it is asked."""


class LinkCut(LinkLost):
    """The connection ended, as one does that was idle while the server was started anew; the next one may be sound."""


class KeyTaken(LinkLost, StoreOccupied):
    """A key that a script needs holds a value of another kind than it keeps there."""


class Question(NamedTuple):
    """A script with its keys and what it is told; `keys` and what `stays` are the same again and again."""

    script: str
    keys: tuple[str, ...]
    leads: tuple[str, ...]
    stays: tuple[str, ...]
    told: Sequence[str]

    def message(self, command: str, script: str) -> bytes:
        """The command that runs the script, as it goes over the wire; most of it is known and need not be packed anew."""
        _, keys, leads, stays, told = self
        count = len(keys) + len(leads)
        parts = [b"*%d\r\n" % (3 + count + len(stays) + len(told)), _pack(command, script, str(count), *keys)]
        parts += [_pack_word(lead) for lead in leads]
        parts.append(_pack(*stays))
        parts += [_pack_word(word) for word in told]
        return b"".join(parts)


class Link:
    """Two connections of one event loop to one server, for scripts and for news; its password is in none of the texts."""

    def __init__(self, url: str) -> None:
        check_url(url)
        self._url = url
        self.place = place_of(url)
        self._connect: Callable[[], AbstractConnection] | None = None
        self._connection: AbstractConnection | None = None
        self._ears: AbstractConnection | None = None
        self._turn, self._patience = asyncio.Lock(), Patience(PATIENCE)

    async def open(self) -> None:
        """Make ready to connect; raises ModuleNotFoundError without the package `redis`."""
        from redis.asyncio.connection import ConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._connect = ConnectionPool.from_url(  # it keeps none of those that it makes
            self._url,
            protocol=2,
            decode_responses=True,
            socket_timeout=None,  # one for message and answer together is cheaper than one for each
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),  # whoever asks knows what may be asked twice
        ).make_connection
        self._connection = self._connect()  # type: ignore[no-untyped-call]
        self._turn, self._patience = asyncio.Lock(), Patience(PATIENCE)

    async def close(self) -> None:
        """Let go of both connections."""
        self._patience.close()
        connections = self._connection, self._ears
        self._connection = self._ears = self._connect = None
        for connection in connections:
            if connection is not None:
                await _end(connection)

    async def run(self, question: Question) -> Any:
        """What a script answers; it is sent in full only to a server that does not know it yet."""
        try:
            try:
                return await self._exchange(question.message("EVALSHA", digest_of(question.script)))
            except Exception as error:
                if not is_unknown_script(error):
                    raise
                return await self._exchange(question.message("EVAL", question.script))
        except Exception as error:
            loss = self._loss(error)
            if loss is None:
                raise
            raise loss from error

    async def kind_of(self, key: str) -> str:
        """What a key holds, by Redis's name for it; "none" if there is no such key."""
        try:
            return str(await self._exchange(b"*2\r\n" + _pack("TYPE", key)))
        except Exception as error:
            raise self._loss(error) or error from error

    async def _exchange(self, text: bytes) -> Any:
        """One message and its answer, on the one connection that all of them take in turn.

        Scripts are short, and all that a client does around a message to share connections, to try again and to time each
        half of it costs more than the message itself.
        """
        async with self._turn:
            if self._connection is None:
                raise LinkLost("the store is not open")
            with self._patience:
                await self._connection.send_packed_command(text, check_health=False)
                return await self._connection.read_response()

    def _loss(self, error: Exception) -> LinkLost | None:
        """What an error of the package `redis` or of the network means; None for any other."""
        from redis.exceptions import ConnectionError as Cut
        from redis.exceptions import RedisError

        if not isinstance(error, (RedisError, OSError, TimeoutError)):
            return None
        kind = KeyTaken if is_other_kind(error) else LinkCut if isinstance(error, Cut) else LinkLost
        return kind(hide_secrets(str(error) or type(error).__name__, self._url))

    async def hear(self, channel: str, seconds: float) -> list[str]:
        """The messages of a channel: those that came, or the first ones that come within some seconds."""
        from redis.exceptions import RedisError

        ends = anyio.current_time() + seconds
        messages: list[str] = []
        try:
            ears = self._ears or await self._listen(channel)
            while (left := ends - anyio.current_time()) > 0 and not messages:
                message = await ears.read_response(timeout=left, push_request=True)
                while message is not None:
                    messages.append(message[-1])
                    message = await ears.read_response(timeout=0, push_request=True)
        except (RedisError, OSError, TimeoutError):  # whoever waits looks for itself then
            await self.stop_hearing()
            await anyio.sleep(max(0.0, ends - anyio.current_time()))
        return messages

    async def stop_hearing(self) -> None:
        """Let go of the channel until somebody listens again."""
        ears, self._ears = self._ears, None
        if ears is not None:
            await ears.disconnect(nowait=True)

    async def _listen(self, channel: str) -> AbstractConnection:
        """A connection on which the server tells what others publish from now on."""
        if self._connect is None:
            raise LinkLost("the store is not open")
        self._ears = ears = self._connect()
        async with asyncio.timeout(PATIENCE):
            await ears.send_command("SUBSCRIBE", channel)
            await ears.read_response(push_request=True)
        return ears


async def _end(connection: AbstractConnection) -> None:
    from redis.exceptions import TimeoutError as NotInTime

    with suppress(NotInTime):  # it is let go of all the same
        await connection.disconnect()


@lru_cache(maxsize=256)
def _pack(*words: str) -> bytes:
    return b"".join(map(_pack_word, words))


def _pack_word(word: str) -> bytes:
    content = word.encode()
    return b"$%d\r\n%b\r\n" % (len(content), content)


@cache
def digest_of(script: str) -> str:
    """The name by which a server knows a script."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def is_unknown_script(error: Exception) -> bool:
    """Whether a server was asked for a script that it was never told, or has forgotten."""
    from redis.exceptions import NoScriptError

    return isinstance(error, NoScriptError)


def is_other_kind(error: Exception) -> bool:
    """Whether a command met a key that holds a value of another kind."""
    return "WRONGTYPE" in str(error)


def taken_by(key: str, kind: str, wanted: str) -> str:
    """What is told of a key that holds a `kind` of value instead of the wanted one."""
    return f"the key {key!r} holds a {kind}, where a {wanted} is kept: rename or delete it, or use another database"


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
    _check_options(parts.scheme, parts.query)


def _check_options(scheme: str, query: str) -> None:
    """Raise ValueError for an option that no connection of the scheme has; its value may be a secret, so it is not told."""
    known = _OPTIONS | (set() if scheme == "unix" else _TCP_OPTIONS) | (_TLS_OPTIONS if scheme == "rediss" else set())
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            told = name if name.isidentifier() else "…"
            raise ValueError(
                f"the address of Redis has the option {told}, which {scheme}:// does not know;"
                f" it knows {', '.join(sorted(known))}"
            )
        if (name == "db" and not (value.isascii() and value.isdigit())) or (
            name == "ssl_cert_reqs" and value not in {"none", "optional", "required"}
        ):
            raise ValueError(f"the address of Redis has an option {name} that cannot be used")


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
