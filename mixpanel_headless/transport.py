"""HTTP: the only module of the client that imports aiohttp; its errors become ours here and nowhere else."""

from __future__ import annotations

import functools
import zlib
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from yarl import URL

from .errors import ClosedError, InvalidResponseError, TransportError
from .replies import Reply

unpacker: Any = zlib
with suppress(ImportError):  # the extra `speedups`: three times as fast
    import isal.isal_zlib

    unpacker = isal.isal_zlib

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from types import TracebackType

    from .request import Message

PIECE = 1 << 17
"""Bytes that are unpacked at a time: few enough for memory that is in use already, as fresh pages cost more than unpacking."""
TAKEN = 1 << 13
"""Packed bytes that are looked at together: those that are left over are copied with each piece."""
MOST_BYTES = 512_000_000
"""The largest body that is read into memory, unpacked."""
MOST_QUOTED = 1_000_000
"""How much of an answer is read that only tells an error."""
PLAIN = frozenset({"", "identity"})
"""How a body is called that is not packed."""
FAILURES = (aiohttp.ClientError, OSError, ValueError)
"""What a request can end with instead of an answer; TimeoutError is an OSError."""


class Transport:
    """A pool of connections. Redirects are not followed, so that credentials stay with their host."""

    def __init__(self, *, connections: int = 100) -> None:
        self.connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # aiohttp takes a gzip answer without its end for a whole one
            headers={"Accept-Encoding": "gzip, deflate"},
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
                body = await read_body(response)
                return Reply(message.verb, message.url, response.status, response.headers, body)
        except FAILURES as error:
            raise transport_error(message, error) from without_frames(error)

    @asynccontextmanager
    async def open(self, message: Message) -> AsyncIterator[Incoming]:
        """The answer while its body is still to come; the timeout bounds each wait for more of it, not the whole."""
        if self._session is None:
            raise ClosedError("The transport is closed.", sent=False)
        try:
            response = await self._session.request(
                message.verb,
                address(message.url, tuple(message.params.items())),
                headers=message.headers,
                data=message.body,
                allow_redirects=False,
                timeout=patience_between(message.timeout),
            )
        except FAILURES as error:
            raise transport_error(message, error) from without_frames(error)
        try:
            yield Incoming(message, response)
        finally:
            response.close()


class Incoming:
    """An answer of which the body has not been read."""

    def __init__(self, message: Message, response: aiohttp.ClientResponse) -> None:
        self.message, self.status, self._response = message, response.status, response

    @property
    def tells_its_end(self) -> bool:
        """Whether a body that is cut can be told from a whole one."""
        headers = self._response.headers
        packed = headers.get("Content-Encoding", "").strip().lower() not in PLAIN
        return packed or "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower()

    async def parts(self) -> AsyncGenerator[Iterator[bytes]]:
        """The body as it comes: parts that whoever takes them unpacks, piece by piece and wholly before the next.

        A part can be unpacked in another thread. Both raise TransportError for a body that is damaged or ends too early.
        """
        with self._told():
            packing = Packing(self._response.headers.get("Content-Encoding", ""))
            while packed := await self._response.content.readany():
                yield self._pieces(packing, packed)
            packing.end()

    def _pieces(self, packing: Packing, packed: bytes) -> Iterator[bytes]:
        with self._told():
            yield from packing.unpack(packed)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise transport_error(self.message, error) from without_frames(error)

    async def read(self, most_bytes: int = MOST_QUOTED) -> Reply:
        """The whole answer; of a body that is longer, its beginning."""
        body = b""
        async with aclosing(self.parts()) as parts:
            async for pieces in parts:
                for piece in pieces:
                    body += piece
                    if len(body) >= most_bytes:
                        break
        message = self.message
        return Reply(message.verb, message.url, self.status, self._response.headers, body[:most_bytes])


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """The body, unpacked; InvalidResponseError once it is larger than anybody could want, however small it was packed."""
    chunks, size = [], 0
    packing = Packing(response.headers.get("Content-Encoding", ""))
    while packed := await response.content.readany():
        for chunk in packing.unpack(packed):
            size += len(chunk)
            if size > MOST_BYTES:
                raise InvalidResponseError(
                    f"{response.method} {response.url.with_query(None)} answered more than {MOST_BYTES:,} bytes.",
                    sent=True,
                    hint="Ask for fewer days or segments.",
                )
            chunks.append(chunk)
    packing.end()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class Packing:
    """How a body is packed, and how far it has been unpacked; ClientPayloadError for one that is damaged or cut.

    The end of a gzip stream holds the sum and the length of what is in it (RFC 1952), so a body is whole only with it.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding.strip().lower()
        self.stream: Any = None
        self.whole = True
        if self.encoding not in PLAIN | {"gzip", "x-gzip", "deflate"}:
            raise aiohttp.ClientPayloadError(f"the answer is packed as {self.encoding[:40]!r}")

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """What some more bytes hold, in pieces that are small however much it is."""
        if self.encoding in PLAIN:
            yield packed
            return
        for start in range(0, len(packed), TAKEN):
            yield from self._unpack_some(packed[start : start + TAKEN])

    def _unpack_some(self, data: bytes) -> Iterator[bytes]:
        more = True
        while data or more:
            if self.stream is None or self.stream.eof:
                data = data.lstrip(b"\0") if self.stream else data  # padding; anything else is another member
                if not data:
                    return
                self.stream = unpacker.decompressobj(self._window(data))
            try:
                chunk = self.stream.decompress(data, PIECE)
            except unpacker.error as error:
                raise aiohttp.ClientPayloadError(f"the packed answer is damaged: {error}") from error
            data = self.stream.unused_data if self.stream.eof else self.stream.unconsumed_tail
            self.whole, more = self.stream.eof, len(chunk) == PIECE
            yield chunk

    def _window(self, data: bytes) -> int:
        """The parameter of zlib for the format; "deflate" is sent with a header and, by some, without."""
        if self.encoding != "deflate":
            return 16 + zlib.MAX_WBITS
        return zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS

    def end(self) -> None:
        """Raise ClientPayloadError if something is still to come."""
        if not self.whole:
            raise aiohttp.ClientPayloadError("the packed answer ends too early")


@functools.lru_cache(maxsize=256)
def address(url: str, params: tuple[tuple[str, str | tuple[str, ...]], ...]) -> URL:
    """Where a request goes, its parameters encoded; most questions go to few addresses, and making one is slow."""
    pairs = [(name, one) for name, text in params for one in ((text,) if isinstance(text, str) else text)]
    try:
        return URL(url, encoded="%" in url).extend_query(pairs)  # paths say `%24`, which a URL would say `$`
    except ValueError as error:
        raise aiohttp.InvalidURL(url) from error


@functools.lru_cache(maxsize=8)
def patience(total: float) -> aiohttp.ClientTimeout:
    """The time limits of a request; there is one `total` for each base."""
    return aiohttp.ClientTimeout(total=total, sock_connect=30.0)


@functools.lru_cache(maxsize=8)
def patience_between(pieces: float) -> aiohttp.ClientTimeout:
    """The time limits of an answer that is read as it comes; a reader who is slow uses up none of it."""
    return aiohttp.ClientTimeout(total=None, sock_connect=30.0, sock_read=pieces)


def transport_error(message: Message, error: BaseException) -> TransportError:
    """A library's failure in our terms: whether the request may have arrived, and why no answer did."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return TransportError(f"{message}: no connection ({describe(error)}).", sent=False)
    if isinstance(error, TimeoutError):
        text = f"{message}: no answer within {message.timeout:g} s; the service may have counted it."
        return TransportError(text, sent=True)
    text = f"{message}: the connection broke ({describe(error)}); the service may have counted the request."
    return TransportError(text, sent=True)


def without_frames(error: BaseException) -> BaseException:
    """A library's failure without its frames: in their locals stand the headers that were sent, credentials among them."""
    behind: BaseException | None = error
    seen: set[int] = set()
    while behind is not None and id(behind) not in seen:
        seen.add(id(behind))
        behind.__traceback__ = None
        behind = behind.__cause__ or behind.__context__
    return error


def describe(error: BaseException) -> str:
    """A library's error in few words, without its request objects."""
    text = str(error).partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
