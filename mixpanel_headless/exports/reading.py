"""The lines of a streamed answer, by way of the scheduler: a run of its call lasts as long as its body."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import attrs

import request_scheduler as rs
from mixpanel_headless.dispatch import Attempt
from mixpanel_headless.errors import RateLimitError, ServerError, TransportError

from .delivered import Delivered
from .lines import Splitter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from mixpanel_headless.dispatch import Asked, Dispatcher
    from mixpanel_headless.transport import Incoming

PAGES_AHEAD = 2
"""Pages that wait for a slow reader, before the service is made to wait."""
TERMINATED = b"terminated early"
"""What the service writes as last line of an export that it could not finish."""


class StreamAttempt(Attempt):
    """One run of a streamed call: what is new of its lines goes to `deliver`, which waits while the reader is slow."""

    __slots__ = ("deliver", "delivered", "had", "idle")

    def __init__(
        self,
        plain: Attempt,
        deliver: Callable[[list[bytes]], Awaitable[None]],
        delivered: Delivered,
        idle: asyncio.Event,
    ) -> None:
        super().__init__(plain.dispatcher, plain.request, plain.message, plain.label, plain.tenant, plain.retries)
        self.deliver, self.delivered, self.had, self.idle = deliver, delivered, delivered.count, idle

    async def __call__(self) -> rs.Outcome[None]:
        self.idle.clear()
        try:
            async with self.dispatcher.transport.open(self.message) as incoming:
                if incoming.status != 200:
                    self.check(await incoming.read())
                await self._pour(incoming)
        except TransportError as error:
            raise self.broken(error) from error
        finally:
            self.idle.set()
        return rs.Outcome(None)

    @property
    def in_vain(self) -> bool:
        """Whether it has brought nothing new."""
        return self.delivered.count == self.had

    def broken(self, error: TransportError) -> rs.NotSent | rs.Failed:
        """A cut; after something new has come it ends the flight, for that was no try in vain and is no outage."""
        return super().broken(error) if self.in_vain else rs.Failed(error, settlement=rs.Settlement.UNKNOWN)

    async def _pour(self, incoming: Incoming) -> None:
        self.delivered.begin()
        splitter = Splitter()
        async with aclosing(incoming.pieces()) as pieces:
            async for piece in pieces:
                await self._pass_on(splitter.feed(piece), incoming)
        last = splitter.end()
        if last and not incoming.tells_its_end and not last[0].rstrip().endswith(b"}"):
            raise cut(incoming, "inside a line")
        await self._pass_on(last, incoming)

    async def _pass_on(self, lines: list[bytes], incoming: Incoming) -> None:
        ended = bool(lines) and lines[-1].strip() == TERMINATED
        new = self.delivered.new(lines[:-1] if ended else lines)
        if new:
            await self.deliver(new)
        if ended:
            raise cut(incoming, "as the service itself says")


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
                        raise page
                    yield page
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                await self._idle.wait()

    async def _ask(self, delivered: Delivered) -> None:
        try:
            call = self.dispatcher.call_of(self.asked, await self.dispatcher.make_ready(self.asked))
            while not await self._finish(call, delivered):
                pass
        except Exception as error:  # noqa: BLE001 - the reader gets it
            await self._arrived.put(error)
        else:
            await self._arrived.put(None)

    async def _finish(self, call: rs.Call[Any], delivered: Delivered) -> bool:
        """Whether the answer has come to its end; False when it broke after it had brought something new."""
        attempt = StreamAttempt(cast("Attempt", call.run), self._arrived.put, delivered, self._idle)
        try:
            await self.dispatcher.submit_call(attrs.evolve(call, run=attempt, key=None))
        except (TransportError, ServerError, RateLimitError):
            if attempt.in_vain:
                raise
            return False
        return True
