"""HTTP: the only module of the client that imports aiohttp; its errors become ours here and nowhere else."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Self

import aiohttp
from yarl import URL

from .errors import ClosedError, InvalidResponseError, TransportError
from .replies import Reply

if TYPE_CHECKING:
    from types import TracebackType

    from .request import Message

MOST_BYTES = 512_000_000
"""The largest body that is read into memory, unpacked."""


class Transport:
    """A pool of connections. Redirects are not followed, so that credentials stay with their host."""

    def __init__(self, *, connections: int = 100, most_bytes: int = MOST_BYTES) -> None:
        self.connections, self.most_bytes = connections, most_bytes
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )
        # aiohttp would send an idempotent request again by itself after a stale connection; every request sent is
        # paid for here, so the second one must be ours to decide.
        self._session._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, message: Message) -> Reply:
        """The answer, whatever its status; TransportError when there is none, with `sent` False when nothing left."""
        if self._session is None:
            raise ClosedError("The transport is closed.", sent=False)
        try:
            async with self._session.request(
                message.verb,
                address(message.url, tuple(message.params.items())),
                headers=message.headers,
                data=message.body,
                allow_redirects=False,
                timeout=patience(message.timeout),
            ) as response:
                body = await read_body(response, self.most_bytes)
                return Reply(message.verb, message.url, response.status, response.headers, body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise TransportError(f"{message}: no connection ({describe(error)}).", sent=False) from error
        except TimeoutError as error:
            raise TransportError(
                f"{message}: no answer within {message.timeout:g} s; the service may have counted it.",
                sent=True,
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TransportError(
                f"{message}: the connection broke ({describe(error)}); the service may have counted the request.",
                sent=True,
            ) from error


async def read_body(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body, unpacked; InvalidResponseError once it is larger than anybody could want, however small it was packed."""
    chunks, size = [], 0
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > most_bytes:
            raise InvalidResponseError(
                f"{response.method} {response.url.with_query(None)} answered more than {most_bytes:,} bytes.",
                sent=True,
                hint="Ask for fewer days or segments.",
            )
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@functools.lru_cache(maxsize=256)
def address(url: str, params: tuple[tuple[str, str], ...]) -> URL:
    """Where a request goes, its parameters encoded; most questions go to few addresses, and making one is slow."""
    try:
        return URL(url).extend_query(params)
    except ValueError as error:
        raise aiohttp.InvalidURL(url) from error


@functools.lru_cache(maxsize=8)
def patience(total: float) -> aiohttp.ClientTimeout:
    """The time limits of a request; there is one `total` for each base."""
    return aiohttp.ClientTimeout(total=total, sock_connect=30.0)


def describe(error: BaseException) -> str:
    """A library's error in few words, without its request objects."""
    text = str(error).partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
