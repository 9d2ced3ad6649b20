"""A project of a few hundred events behind a sandbox, and a server that sends just the bytes that it is told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import attrs
import pytest

import mixpanel_headless as mp
from tests.boxes import anyio_backend, box, open_box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["anyio_backend", "box", "open_box"]

NOW = datetime(2026, 1, 8, tzinfo=UTC)
START = datetime(2026, 1, 5, tzinfo=UTC)


class Days(TypedDict):
    from_date: str
    to_date: str


DAYS: Days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}


def event(number: int, **properties: Any) -> dict[str, Any]:
    """Event number 0 to 599: two hundred on each of three days."""
    moment = START + timedelta(days=number // 200, minutes=number % 200)
    own = {"distinct_id": f"u{number % 7}", "time": int(moment.timestamp()), "$insert_id": f"i-{number}"}
    name = ("Login", "Purchase", "Search")[number % 3]
    return {"event": name, "properties": {**own, "amount": number, "note": "x" * (number % 90), **properties}}


EVENTS = [event(number) for number in range(600)]
IDS = [f"i-{number}" for number in range(600)]


@pytest.fixture
def contents() -> dict[str, Any]:
    return {"events": EVENTS, "now": NOW}


@attrs.define(eq=False)
class Script:
    """A server that answers the requests in turn with given bytes, headers included, and closes after each."""

    answers: list[bytes]
    requests: list[str] = attrs.field(factory=list)
    _listener: socket.socket = attrs.field(factory=socket.socket)

    def __attrs_post_init__(self) -> None:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        for answer in self.answers:
            connection, _ = self._listener.accept()
            with connection, contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                if head.strip():
                    self.requests.append(head.split(b"\r\n")[0].decode())
                connection.sendall(answer)

    def close(self) -> None:
        self._listener.close()

    def workspace(self) -> mp.Workspace:
        return mp.Workspace(project=1, username="u", secret="s", api_base_url=self.url, store="memory", cache="memory")


@pytest.fixture
def play() -> Iterator[Callable[..., Script]]:
    """Starts a server for some answers, and ends it after the test."""
    started: list[tuple[Script, threading.Thread]] = []

    def start(*answers: bytes) -> Script:
        script = Script(list(answers))
        thread = threading.Thread(target=script.serve, daemon=True)
        thread.start()
        started.append((script, thread))
        return script

    yield start
    for script, thread in started:
        for _ in script.answers:  # those that nobody asked for
            with socket.create_connection(("127.0.0.1", int(script.url.rpartition(":")[2]))) as last:
                last.sendall(b"\r\n\r\n")
        thread.join(timeout=10)
        script.close()


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def endless(body: bytes, *headers: str) -> bytes:
    """An answer whose end only the end of the connection tells."""
    return "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *headers]).encode() + b"\r\n\r\n" + body
