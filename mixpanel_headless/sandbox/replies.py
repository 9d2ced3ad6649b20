"""What the sandbox sends back: answers, and errors in the service's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mixpanel_headless.sandbox.limits import Refusal
    from mixpanel_headless.sandbox.routes import Family

JSON = "application/json"
TEXT = "text/plain"
Json = dict[str, Any]
"""A JSON object, as it comes and goes."""
PACKED_FROM = 1400
"""Bytes beyond which the service packs a text."""
CutPoint = Literal["before headers", "after headers", "inside the body"]


@attrs.frozen
class Reply:
    """One response; `cut` says where the connection ends early, if it does, and `share` how much of the body goes out.

    `seconds` is how long the body takes to go out.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict)
    content_type: str = JSON
    cut: CutPoint | None = None
    share: float = 1.0
    seconds: float = 0.0

    @property
    def sent(self) -> bytes:
        """What of the body goes out: of a cut one at least a byte and never all."""
        if self.cut is None:
            return self.body
        return self.body[: max(1, min(int(len(self.body) * self.share), len(self.body) - 1))]

    @property
    def settles_as(self) -> int | None:
        """The status for the account: a caller that never saw one has been counted all the same."""
        return None if self.cut else self.status


@attrs.frozen
class Told:
    """What the App API tells otherwise than plainly in its envelope."""

    value: Any
    status: int = 200
    pagination: Mapping[str, Any] | None = None
    """What asks for the other rows of a list."""
    bare: bool = False
    """Whether it goes without the envelope."""

    def reply(self) -> Reply:
        """The answer as it is sent."""
        paged = {} if self.pagination is None else {"pagination": self.pagination}
        body = self.value if self.bare else {"status": "ok", "results": self.value, **paged}
        return Reply(self.status, encode(body))


class Rejected(Exception):  # noqa: N818 - it is an answer, not a failure of the sandbox
    """A request that the service answers with an error."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def encode(value: Any) -> bytes:
    """JSON text; what is no number becomes null."""
    import msgspec

    return msgspec.json.encode(value)


def answer(value: Any) -> Reply:
    """A success."""
    return Reply(200, encode(value))


def text_lines(lines: Iterable[bytes], *, packed: bool) -> Reply:
    """A success of lines of text, packed as the service does: on request, and beyond a size."""
    import gzip

    body = b"".join(line + b"\n" for line in lines)
    if not packed or len(body) <= PACKED_FROM:
        return Reply(200, body, content_type=TEXT)
    return Reply(200, gzip.compress(body, 1), {"Content-Encoding": "gzip"}, TEXT)


def error(
    status: int, text: str, path: str, family: Family = "query", headers: Mapping[str, str] | None = None
) -> Reply:
    """An error body as the family of the path words it."""
    body = {"status": "error", "error": text} if family == "app" else {"request": path, "error": text}
    return Reply(status, encode(body), headers or {})


def refusal(refused: Refusal, project: int, path: str, *, headers: bool) -> Reply:
    """The 429 for a limit that has no room, with the headers that explain it or without."""
    if refused.quota.pool == "export":
        what = "too many export requests in progress for this project"
        text = (
            what if refused.reason == "concurrency" else "Project exceeded rate limits. Please retry the request later."
        )
        return Reply(429, encode({"code": 429, "error": text, "status": "Too Many Requests"}))
    family: Family = "app" if refused.quota.pool in {"app", "schemas"} else "query"
    return error(429, refused.text(project), path, family, refused.headers() if headers else {})
