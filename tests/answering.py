"""A service that gives the answers it was told to, one after the other, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

import pytest

import mixpanel_headless as mp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class Asked(NamedTuple):
    """One request as it came, its path still encoded."""

    verb: str
    path: str
    params: list[tuple[str, str]]
    body: Any
    authorization: str | None


class Answer(NamedTuple):
    """What to answer: JSON, or text; for requests whose path holds `path`."""

    content: Any = None
    status: int = 200
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Answering:
    """Serves on 127.0.0.1 while it is entered; what nobody told it to answer is an empty success."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.asked, self.lock = deque(answers), list[Asked](), threading.Lock()

    def tell(self, content: Any = None, status: int = 200, path: str = "", **headers: str) -> Self:
        """One more answer; JSON unless it is bytes."""
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.answers.append(Answer(content, status, path, named))
        return self

    def take(self, asked: Asked) -> Answer:
        """The first answer that fits a request."""
        with self.lock:
            self.asked.append(asked)
            for answer in self.answers:
                if answer.path in asked.path:
                    self.answers.remove(answer)
                    return answer
        return Answer({"status": "ok", "results": {}})

    @property
    def sent(self) -> list[str]:
        """Verb and path of every request, in order."""
        return [f"{asked.verb} {asked.path}" for asked in self.asked]

    def __enter__(self) -> Self:
        handler = type("Bound", (Handler,), {"service": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def settings(self, **options: Any) -> dict[str, Any]:
        """What opens a workspace on this service, sharing nothing with other tests."""
        return {
            "project": "12345", "username": "sa.test", "secret": "s3cret", "api_base_url": self.url,
            "store": "memory", "cache": "memory", **options,
        }  # fmt: skip

    def workspace(self, **options: Any) -> mp.Workspace:
        """A blocking workspace of this service."""
        return mp.Workspace(**self.settings(**options))

    def async_workspace(self, **options: Any) -> mp.AsyncWorkspace:
        """An async workspace of this service."""
        return mp.AsyncWorkspace(**self.settings(**options))


class Handler(BaseHTTPRequestHandler):
    """Reads a request, and writes what the service takes for it."""

    protocol_version = "HTTP/1.1"
    service: ClassVar[Answering]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        params = parse_qsl(url.query, keep_blank_values=True)
        json_sent = "json" in self.headers.get("Content-Type", "json")
        parsed = (json.loads(body) if json_sent else body.decode()) if body else None
        told = self.service.take(Asked(self.command, url.path, params, parsed, self.headers.get("Authorization")))
        content = told.content if isinstance(told.content, bytes) else json.dumps(told.content).encode()
        self.send_response(told.status)
        for name, value in (*told.headers, ("Content-Length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names


@pytest.fixture
def service() -> Iterator[Answering]:
    """A service that a test tells what to answer."""
    with Answering() as serving:
        yield serving
