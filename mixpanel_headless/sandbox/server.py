"""The sockets of the sandbox: HTTP in, HTTP out, and connections that end where a fault wants them to."""

from __future__ import annotations

import asyncio
import errno
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from mixpanel_headless.errors import ConfigError
from mixpanel_headless.sandbox import replies
from mixpanel_headless.sandbox.arrivals import Arrival
from mixpanel_headless.sandbox.routes import find_route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mixpanel_headless.sandbox.replies import Reply
    from mixpanel_headless.sandbox.service import Service

HOST = "127.0.0.1"
MAX_BODY = 16 * 2**20
STAGES = 10
"""Parts in which a slow body goes out."""


def application(service: Service) -> web.Application:
    """A web application that answers every path as `service` does."""

    async def respond(request: web.Request) -> web.StreamResponse:
        try:
            arrival = await read_arrival(request)
        except web.HTTPRequestEntityTooLarge:
            text = f"request exceeds max limit of {MAX_BODY} bytes"
            path = request.rel_url.raw_path
            return whole_response(replies.error(413, text, path, find_route(path).family))
        reply = await service.answer(arrival)
        staged = reply.cut is not None or reply.seconds > 0
        return await staged_response(request, reply) if staged else whole_response(reply)

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/{path:.*}", respond)
    return app


async def read_arrival(request: web.Request) -> Arrival:
    """The request with its whole body and its path as it was sent."""
    return Arrival(
        method=request.method,
        path=request.rel_url.raw_path,
        query={name: request.query[name] for name in request.query},
        authorization=request.headers.get("Authorization"),
        content_type=request.content_type,
        body=await request.read(),
        takes_gzip="gzip" in request.headers.get("Accept-Encoding", "").lower(),
        origin=str(request.url.origin()),
        every={name: request.query.getall(name) for name in request.query},
    )


def whole_response(reply: Reply) -> web.Response:
    """The reply as aiohttp sends it."""
    headers = {**reply.headers, "Content-Type": reply.content_type}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


async def staged_response(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Send the reply at its pace and as much of it as its cut allows, then end the connection if it was cut."""
    response = web.StreamResponse(
        status=reply.status,
        headers={**reply.headers, "Content-Type": reply.content_type, "Content-Length": str(len(reply.body))},
    )
    if reply.cut != "before headers":
        await response.prepare(request)
    if reply.cut in {None, "inside the body"}:
        for piece in parts(reply.sent, STAGES if reply.seconds else 1):
            await response.write(piece)
            await asyncio.sleep(reply.seconds / STAGES)
    if reply.cut is not None and request.transport is not None:
        request.transport.close()
    return response


def parts(body: bytes, count: int) -> list[bytes]:
    """A body in at most so many parts, none of them empty."""
    size = max(1, -(-len(body) // count))
    return [body[start : start + size] for start in range(0, len(body), size)]


@asynccontextmanager
async def listening(app: web.Application, port: int) -> AsyncIterator[int]:
    """Serve `app` on this machine only, and say on which port; port 0 takes any that is free."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.25)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        try:
            await site.start()
        except OSError as error:
            raise port_error(port, error) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def port_error(port: int, error: OSError) -> ConfigError:
    """What keeps the port from being opened, and the way out."""
    way_out = "Give another port, or 0 for any that is free."
    if error.errno == errno.EADDRINUSE:
        return ConfigError(f"Port {port} is already in use.", code="PORT_IN_USE", hint=way_out, details={"port": port})
    return ConfigError(f"Port {port} cannot be opened: {error.strerror or error}.", code="PORT_REFUSED", hint=way_out)


class Listener:
    """A service that listens on a thread and an event loop of its own."""

    def __init__(self, service: Service, port: int) -> None:
        self._service = service
        self._wanted = port
        self._opened: Future[int] = Future()
        self._closing: Future[None] = Future()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._opened.result()}"

    def open(self) -> None:
        """Return as soon as requests can come; raises ConfigError when the port cannot be opened."""
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self.close()
            raise

    def wait(self) -> None:
        """Return when it has ended, or with the caller's KeyboardInterrupt."""
        self._ended.wait()

    def close(self) -> None:
        """Return when nothing runs any more; harmless when repeated."""
        if not self._closing.done():
            self._closing.set_result(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)
        finally:
            self._ended.set()

    async def _serve(self) -> None:
        async with listening(application(self._service), self._wanted) as port:
            self._opened.set_result(port)
            await asyncio.wrap_future(self._closing)
            self._service.heal()
