"""The lines of a streamed answer, by way of the scheduler: a run of its call lasts as long as its body."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol, cast

import attrs
from anyio import to_thread

import request_scheduler as rs
from mixpanel_headless.errors import InvalidResponseError, RateLimitError, ServerError, TransportError
from mixpanel_headless.exchange import Exchange
from mixpanel_headless.logs import logger

from .delivered import Delivered
from .lines import BLOCK, Splitter, lines_of
from .rows import NO_EVENT, read_loosely

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from mixpanel_headless.dispatch import Asked, Dispatcher
    from mixpanel_headless.transport import Incoming

    from .writing import EventFile

PIECES = 16
"""Pieces of a body whose lines are handed over together."""
PAGES_AHEAD = 2
"""Pages that wait for a slow reader, before the service is made to wait."""
TERMINATED = b"terminated early"
"""What the service writes as last line of an export that it could not finish."""


class Sink(Protocol):
    """Where the bodies of a call's requests go, until one of them is whole."""

    asked: int
    """Requests that were sent."""

    @property
    def reached(self) -> int:
        """Grows with everything that no request before has brought."""

    def begin(self) -> None:
        """A new request is answered from its beginning."""

    async def take(self, pieces: Iterator[bytes], incoming: Incoming) -> None:
        """Some more of the body; waits while whoever reads it is slow."""

    async def end(self, incoming: Incoming) -> None:
        """The body has come to its end; raises TransportError if that is none."""


class StreamedExchange(Exchange):
    """One run of a streamed call, which lasts as long as the body that it pours into its sink."""

    __slots__ = ("had", "idle", "sink")

    def __init__(self, plain: Exchange, sink: Sink, idle: asyncio.Event) -> None:
        super().__init__(plain.dispatcher, plain.request, plain.message, plain.label, plain.tenant, plain.retries)
        self.sink, self.had, self.idle = sink, sink.reached, idle

    async def __call__(self) -> rs.Outcome[None]:
        self.idle.clear()
        self.sink.asked += 1
        try:
            async with self.dispatcher.transport.open(self.message) as incoming:
                if incoming.status != 200:
                    self.check(await incoming.read())
                await self._pour(incoming)
        except TransportError as error:
            raise self.broken(error) from error
        except InvalidResponseError as error:
            raise rs.Failed(error) from error
        finally:
            self.idle.set()
        return rs.Outcome(None)

    @property
    def in_vain(self) -> bool:
        """Whether it has brought nothing new."""
        return self.sink.reached == self.had

    def broken(self, error: TransportError) -> rs.NotSent | rs.Failed:
        """A cut; after something new has come it ends the flight, for that was no try in vain and is no outage."""
        return super().broken(error) if self.in_vain else rs.Failed(error, settlement=rs.Settlement.UNKNOWN)

    async def _pour(self, incoming: Incoming) -> None:
        self.sink.begin()
        async with aclosing(incoming.parts()) as parts:
            async for pieces in parts:
                await self.sink.take(pieces, incoming)
        await self.sink.end(incoming)


@attrs.define(eq=False)
class LineSink:
    """Passes lines on as they come, each once however often the body begins again."""

    delivered: Delivered
    deliver: Callable[[list[bytes]], Awaitable[None]]
    asked: int = 0
    _splitter: Splitter = attrs.field(factory=Splitter)

    @property
    def reached(self) -> int:
        """The lines that were passed on."""
        return self.delivered.count

    def begin(self) -> None:
        """A new request is answered from its beginning."""
        self.delivered.begin()
        self._splitter = Splitter()

    async def take(self, pieces: Iterator[bytes], incoming: Incoming) -> None:
        """Some more of the body."""
        while some := list(itertools.islice(pieces, PIECES)):
            lines: list[bytes] = []
            try:
                for piece in some:
                    lines += lines_of(self._splitter.feed(piece))
            finally:  # what came before a line that never ends has come
                await self._pass_on(lines, incoming)

    async def end(self, incoming: Incoming) -> None:
        """The last line, which may lack its line break."""
        last = self._splitter.end()
        check_end(last, incoming)
        await self._pass_on([last] if last else [], incoming)

    async def _pass_on(self, lines: list[bytes], incoming: Incoming) -> None:
        ended = bool(lines) and lines[-1].strip() == TERMINATED
        new = self.delivered.new(lines[:-1] if ended else lines)
        if new:
            await self.deliver(new)
        if ended:
            raise cut(incoming, "as the service itself says")


@attrs.define(eq=False)
class FileSink:
    """Makes a file of the lines, from the first with each request, so that in the end it holds one whole answer."""

    file: EventFile
    asked: int = 0
    reached: int = 0
    _read: int = 0
    _splitter: Splitter = attrs.field(init=False)
    _last: bytes = b""

    def begin(self) -> None:
        """A new request is answered from its beginning."""
        self.file.begin()
        self._splitter, self._read, self._last = Splitter(BLOCK), 0, b""

    async def take(self, pieces: Iterator[bytes], incoming: Incoming) -> None:
        """Some more of the body."""
        await to_thread.run_sync(self._add_pieces, pieces)

    def _add_pieces(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            self._add(self._splitter.feed(piece))
            self._read += len(piece)
        self.reached = max(self.reached, self._read)

    def _add(self, text: bytes) -> None:
        if text:
            self._last = text[text.rfind(b"\n", 0, -1) + 1 :]
            self.file.add(text)

    async def end(self, incoming: Incoming) -> None:
        """See that the last line is whole, and no word of an export that the service could not finish."""
        rest = self._splitter.end()
        check_end(rest[rest.rfind(b"\n") + 1 :], incoming)
        await to_thread.run_sync(self._add, rest)
        if self._last.strip() == TERMINATED:
            raise cut(incoming, "as the service itself says")


def check_end(last: bytes, incoming: Incoming) -> None:
    """Raise TransportError if a body of which nobody told where it ends does so inside a line.

    The service packs its answers or tells their length, and both are held to. Where a proxy takes that away, a cut between
    two lines looks like the end, which is told as a warning.
    """
    if incoming.tells_its_end:
        return
    if last.strip() and not is_whole(last):
        raise cut(incoming, "inside a line")
    logger().warning(
        "an export came without its length and unpacked, as some proxies send it, so a cut between two lines would not be seen",
        request=str(incoming.message),
    )


def is_whole(line: bytes) -> bool:
    """Whether a line without an end can have been sent so."""
    try:
        read_loosely(line)
    except NO_EVENT:
        return False
    return True


def cut(incoming: Incoming, where: str) -> TransportError:
    """The error for a body that ended early without the connection's saying so."""
    return TransportError(f"{incoming.message}: the answer ended early, {where}.", sent=True)


@attrs.define(eq=False)
class LineReader:
    """Reads one request's answer line by line, each line once, through as many requests as that takes.

    A cut, a 5xx or a refusal ends it only when no request since has brought a new line: each that does gives the call
    all its attempts back.
    """

    dispatcher: Dispatcher
    asked: Asked[Any]
    _arrived: asyncio.Queue[list[bytes] | Exception | None] = attrs.field(factory=lambda: asyncio.Queue(PAGES_AHEAD))
    _idle: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def pages(self) -> AsyncGenerator[list[bytes]]:
        """Some lines at a time, blank ones left out; when it is left, its connection is closed."""
        self._idle.set()
        with Delivered() as delivered:
            asking = asyncio.create_task(self._ask(delivered))
            try:
                while (page := await self._arrived.get()) is not None:
                    if isinstance(page, Exception):
                        try:
                            raise page
                        finally:
                            del page  # or the error would hold itself, by way of this frame
                    yield page
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                await self._idle.wait()

    async def _ask(self, delivered: Delivered) -> None:
        try:
            await pour(self.dispatcher, self.asked, LineSink(delivered, self._arrived.put), self._idle)
        except Exception as error:  # noqa: BLE001 - the reader gets it
            await self._arrived.put(error)
        else:
            await self._arrived.put(None)


async def read_into(file: EventFile, dispatcher: Dispatcher, asked: Asked[Any]) -> int:
    """Give a file one request's whole answer, through as many requests as that takes; how many they were."""
    sink, idle = FileSink(file), asyncio.Event()
    idle.set()
    try:
        await pour(dispatcher, asked, sink, idle)
    finally:
        await idle.wait()
    return sink.asked


async def pour(dispatcher: Dispatcher, asked: Asked[Any], sink: Sink, idle: asyncio.Event) -> None:
    """Ask until a body has come to its end; `idle` is set while no request is under way."""
    call = dispatcher.call_of(asked, await dispatcher.make_ready(asked))
    while not await finish(dispatcher, call, sink, idle):
        pass


async def finish(dispatcher: Dispatcher, call: rs.Call[Any], sink: Sink, idle: asyncio.Event) -> bool:
    """Whether the answer has come to its end; False when it broke after it had brought something new."""
    exchange = StreamedExchange(cast("Exchange", call.run), sink, idle)
    try:
        await dispatcher.submit(attrs.evolve(call, run=exchange, key=None))
    except (TransportError, ServerError, RateLimitError):
        if exchange.in_vain:
            raise
        return False
    return True
