"""One request of a call on its way to the service and back, in the terms of the scheduler that admitted it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

import request_scheduler as rs
from request_scheduler.uncollected import uncollected

from . import errors
from .logs import log_refusal
from .planning.freshness import time_to_live
from .replies import (
    RefusalNote,
    Reply,
    counts,
    error_of,
    quote,
    read_refusal,
    read_retry_after,
    refuse_error_body,
    scrub,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dispatch import Dispatcher
    from .request import Json, Message, Request

LARGE_BODY = 1_000_000
"""Bytes from which decoding moves to a worker thread, so that it does not hold up the event loop."""


class Exchange:
    """One run of a call, once the scheduler has admitted it: sends a single request."""

    __slots__ = ("dispatcher", "label", "message", "request", "retries", "tenant")

    def __init__(
        self, dispatcher: Dispatcher, request: Request[Any], message: Message, label: str, tenant: str, retries: int
    ) -> None:
        self.dispatcher, self.request, self.message = dispatcher, request, message
        self.label, self.tenant, self.retries = label, tenant, retries

    async def __call__(self) -> rs.Outcome[Json]:
        try:
            reply = await self.dispatcher.transport.send(self.message)
        except errors.TransportError as error:
            raise self.broken(error) from error
        if reply.status != 200 and not (self.request.redirects and 300 <= reply.status < 400):
            self.check(reply)
        try:
            tree = await read_tree(reply, self.request.decode)
        except errors.InvalidResponseError:
            quoted = quote(self._scrub(reply))
            raise rs.Failed(errors.InvalidResponseError(quoted, sent=True), settlement=rs.Settlement.SPENT) from None
        try:
            refuse_error_body(tree, question=self.request.base == "query" and self.request.shape is not list)
            self.request.accept(tree)
        except errors.MixpanelHeadlessError as error:
            raise rs.Failed(error, settlement=rs.Settlement.SPENT) from error
        ttl = 0.0
        if isinstance(tree, self.request.shape):
            ttl = time_to_live(self.request, datetime.now(UTC).date(), self.dispatcher.settings.lifetimes)
        return rs.Outcome(tree, ttl=ttl, size=len(reply.body))

    def broken(self, error: errors.TransportError) -> rs.NotSent | rs.Failed:
        """A request without a whole answer, in the scheduler's terms."""
        if error.sent is False:
            return rs.NotSent(error, retry=self._once_more(), outage=True)
        return rs.Failed(error, settlement=rs.Settlement.UNKNOWN, retry=self._once_more(), outage=True)

    def check(self, reply: Reply) -> None:
        """Raise what an answer stands for that is no success, in the scheduler's terms."""
        failure = error_of(self._scrub(reply))
        if failure is None:
            return
        try:
            raise self._in_terms(failure, reply)
        finally:
            del failure  # what its caller raises leads back to this frame: it would hold itself

    def _in_terms(self, failure: errors.MixpanelHeadlessError, reply: Reply) -> rs.Failed | rs.Refused:
        """What an answer that is no success means to the scheduler."""
        if isinstance(failure, errors.RateLimitError):
            note = read_refusal(reply)
            log_refusal(self.label, self.tenant, note.kind)
            return refusal(failure, note)
        if isinstance(failure, errors.ServerError):
            after = read_retry_after(reply.headers.get("retry-after"))
            return rs.Failed(failure, retry=self._once_more(), after=after, outage=True)
        return rs.Failed(failure, settlement=rs.Settlement.SPENT if counts(failure) else rs.Settlement.REFUNDED)

    def _scrub(self, reply: Reply) -> Reply:
        """The reply without the credentials that a server may have echoed, for errors to quote."""
        return attrs.evolve(reply, body=scrub(reply.body, self.dispatcher.secrets))

    def _once_more(self) -> bool:
        """Whether the caller pays for another try after a server error, which this call is about to use."""
        self.retries -= 1
        return self.retries >= 0


async def read_tree(reply: Reply, decode: Callable[[Reply], Json]) -> Json:
    """The answer's JSON; a large one is decoded beside the event loop."""
    if len(reply.body) < LARGE_BODY:
        return decode(reply)
    from anyio import to_thread

    return await to_thread.run_sync(_decode_large, reply, decode)


def _decode_large(reply: Reply, decode: Callable[[Reply], Json]) -> Json:
    """The answer's JSON; the decoder keeps the interpreter to itself, and collections would make that several times longer."""
    with uncollected():
        return decode(reply)


def refusal(error: errors.RateLimitError, note: RefusalNote) -> rs.Refused:
    """A 429 in the scheduler's terms."""
    quota = tuple(rs.Window(units, window) if window else rs.Concurrent(units) for _, units, window in note.quota)
    return rs.Refused(error, kind=note.kind, retry_after=note.retry_after, quota=quota or None)
