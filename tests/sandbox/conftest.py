"""A small project behind a sandbox, and a plain HTTP caller that knows nothing of our client."""

from __future__ import annotations

import base64
import http.client
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import attrs
import pytest

from tests.boxes import box, event, open_box

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import mixpanel_headless as mp
    from mixpanel_headless.sandbox import Sandbox

__all__ = ["box", "open_box"]

NOW = datetime(2026, 1, 8, tzinfo=UTC)
NAMES = "/api/query/events/names"
EVENTS = [
    event("Purchase", "u1", "2026-01-05T10:00:00", amount=10, plan="pro"),
    event("Purchase", "u2", "2026-01-05T11:00:00", amount=20, plan="free"),
    event("Purchase", "u1", "2026-01-06T10:00:00", amount=5, plan="pro"),
    event("Login", "u1", "2026-01-06T09:00:00", device="phone"),
    event("Login", "u1", "2026-01-07T09:00:00", device="phone"),
    event("Login", "u3", "2026-01-07T09:30:00", device="desk"),
    event("Login", "u2", "2026-01-07T11:00:00", device="desk"),
    event("Login", "u2", "2026-01-07T12:00:00", device="desk"),
]
PROFILES = [{"$distinct_id": "u1", "$properties": {"$city": "Oslo"}}]


@attrs.frozen
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@attrs.frozen
class Caller:
    """Sends one request on a connection of its own."""

    url: str
    authorization: str | None

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        sent = {"Authorization": self.authorization} if self.authorization else {}
        try:
            connection.request(method, path, body or None, {**sent, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", f"{path}?{urlencode({'project_id': 12345, **query})}")

    def post(self, path: str, document: Any) -> Answer:
        return self.send("POST", path, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def insights(self, bookmark: Any, **more: Any) -> Answer:
        return self.post("/api/query/insights", {"project_id": 12345, "bookmark": bookmark, **more})


def account(username: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


def caller(box: Sandbox, authorization: str | None = None) -> Caller:
    return Caller(box.url, authorization or account(box.username, box.secret))


def total_of(name: str, *, kind: str = "event") -> dict[str, Any]:
    """A bookmark that counts one event on the days of the project."""
    behavior = {"type": kind, "name": name, "resourceType": "events", "filtersDeterminer": "all", "filters": []}
    return {
        "sections": {
            "show": [{"type": "metric", "behavior": behavior, "measurement": {"math": "total"}}],
            "time": [{"dateRangeType": "between", "unit": "day", "value": ["2026-01-05", "2026-01-07"]}],
            "filter": [],
            "group": [],
        },
        "displayOptions": {"chartType": "line", "analysis": "linear"},
    }


@pytest.fixture
def contents() -> dict[str, Any]:
    return {"events": EVENTS, "profiles": PROFILES, "now": NOW}


@pytest.fixture
def ask(box: Sandbox) -> Caller:
    return caller(box)


@pytest.fixture
def ws(box: Sandbox) -> Iterator[mp.Workspace]:
    """A workspace of the small project that may change everything."""
    with box.workspace(policy="admin") as workspace:
        yield workspace
