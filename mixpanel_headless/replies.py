"""What the service answered, read as values: pure functions from status, headers and body."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal

import attrs
import msgspec

from request_scheduler.value import value

from .errors import (
    APIError,
    AuthenticationError,
    InvalidResponseError,
    MixpanelHeadlessError,
    QueryError,
    RateLimitError,
    ServerError,
    SessionReplayAccessError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .request import Json

RefusalKind = Literal["window", "concurrency", "unknown"]
DEFAULT_TEXTS = {400: "Unknown error", 403: "Permission denied", 404: "Resource not found"}
PAGE = 1_000_000
"""How much of a web page is searched."""
UNCOUNTED = frozenset({401, 402, 429})
"""Statuses whose requests the service does not count (spec: the budget's "what counts")."""


@value
class Reply:
    """One answer as it came: status, headers (asked for in lower case), body."""

    verb: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class RefusalNote:
    """What a 429 says about the budget: which limit, how long, and the project's real quota if it is told."""

    kind: RefusalKind
    retry_after: float | None
    quota: tuple[tuple[str, int, float], ...] = ()
    """(name, units, window seconds; 0 for a limit of requests at once)"""


def decode(reply: Reply) -> Json:
    """The JSON of a 2xx answer."""
    if reply.status == 204 and not reply.body:
        return {"status": "ok"}
    try:
        return msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidResponseError(quote(reply), sent=True) from None


def decode_nothing(reply: Reply) -> Json:
    """The JSON of a 2xx answer that has nothing to say, and may be empty."""
    return decode(reply) if reply.body.strip() else {"status": "ok"}


def read_redirect(reply: Reply) -> Json:
    """Where an answer sends people on: by its status, or by the script of a page that does the same."""
    location = reply.headers.get("location")
    page = reply.body[:PAGE].decode("utf-8", "replace") if reply.status == 200 else ""
    if script := re.search(r'window\.location\.href\s*=\s*("(?:[^"\\\n]|\\.)*")', page):
        try:
            location = msgspec.json.decode(script[1])
        except msgspec.DecodeError:
            location = script[1].strip('"')
    return {"status": reply.status, "location": location}


def quote(reply: Reply) -> str:
    """What to say of a body that is not JSON: its beginning, with nothing that would act on a terminal."""
    shown = reply.body[:500].decode("utf-8", "replace")
    printable = "".join(mark if mark.isprintable() or mark == "\n" else "\N{REPLACEMENT CHARACTER}" for mark in shown)
    return f"Non-JSON response from {reply.verb} {reply.url} (status {reply.status}): {printable}"


def scrub(body: bytes, secrets: Sequence[bytes]) -> bytes:
    """A body without the secrets that it may repeat, however its JSON spells them."""
    try:
        tree = msgspec.json.decode(body)
        cleaned = scrub_tree(tree, [secret.decode() for secret in secrets])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        for secret in secrets:
            body = body.replace(secret, b"***")
        return body
    return body if cleaned == tree else msgspec.json.encode(cleaned)


def scrub_tree(tree: Json, secrets: Sequence[str]) -> Json:
    """JSON whose texts are without secrets, names of fields included."""
    if isinstance(tree, str):
        for secret in secrets:
            tree = tree.replace(secret, "***")
        return tree
    if isinstance(tree, dict):
        return {scrub_tree(name, secrets): scrub_tree(value, secrets) for name, value in tree.items()}
    return [scrub_tree(value, secrets) for value in tree] if isinstance(tree, list) else tree


def error_of(reply: Reply, now: datetime | None = None) -> MixpanelHeadlessError | None:
    """The error that an answer stands for, None for a 2xx; nobody here asks for a part, so that a 206 is one too."""
    status = reply.status
    if status == 206:
        text = f"{reply.verb} {reply.url} was answered with a part of the answer (206), which nobody asked for."
        return InvalidResponseError(text, sent=True)
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return TransportError(
            f"{reply.verb} {reply.url} was answered with a redirect ({status}), which is never followed.",
            sent=True,
            retryable=False,
            hint="Check the base URL and MP_REGION.",
        )
    body = parse_body(reply.body)
    facts: dict[str, Any] = {
        "status_code": status,
        "response_body": body,
        "request_method": reply.verb,
        "request_url": reply.url,
    }
    if status == 401:
        return AuthenticationError("Invalid credentials. Check username, secret, and project_id.", **facts)
    if status == 429:
        note = read_refusal(reply, now)
        text = error_text(body, "Too many requests")
        return RateLimitError(f"Rate limit exceeded: {text}", retry_after=note.retry_after, **facts)
    if status >= 500:
        again = status != 501  # what is not supported now will not be in a minute
        hint = None if again else "Ask in another way: this service does not support it."
        return ServerError(f"Server error: {error_text(body, str(status))}", retryable=again, hint=hint, **facts)
    if status == 403 and may_tell_of_recordings(reply.url) and b"SESSION_RECORDING_SENSITIVE_DATA" in reply.body:
        return SessionReplayAccessError(error_text(body, DEFAULT_TEXTS[403]), **facts)
    return QueryError(error_text(body, DEFAULT_TEXTS.get(status, "Request failed")), **facts)


def may_tell_of_recordings(url: str) -> bool:
    """Whether a call has to do with session recordings: a question may; configuration does not, though it may name the flag."""
    return "/replays/" in url or "/api/app/" not in url


def parse_body(body: bytes) -> Json:
    """An error's body: JSON if it is JSON, else the beginning of its text."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body[:2000].decode("utf-8", "replace")


def error_text(body: Json, default: str) -> str:
    """The sentence in an error's body, at most what a person would read."""
    if isinstance(body, dict):
        if body.get("error"):
            return str(body["error"])[:2000]
        return body["message"][:2000] if isinstance(body.get("message"), str) else default
    if isinstance(body, str) and body.strip():
        return body[:200]
    return default


def read_refusal(reply: Reply, now: datetime | None = None) -> RefusalNote:
    """Which limit refused; without the service's own headers the kind is "unknown" and teaches nothing."""
    limited = reply.headers.get("ratelimit", "")
    names = re.findall(r'"([^"]*)"', limited)
    if not names:
        kind: RefusalKind = "unknown"
    else:
        kind = "concurrency" if any(name.endswith("concurrency") for name in names) else "window"
    return RefusalNote(kind, read_retry_after(reply.headers.get("retry-after"), now), read_quota(reply.headers))


def read_retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header, given as seconds or as an HTTP date; None for anything else."""
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text.strip()):
        return float(text.strip())
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def read_quota(headers: Mapping[str, str]) -> tuple[tuple[str, int, float], ...]:
    """The limits that a RateLimit-Policy header names, e.g. `"project";q=60;w=3600`."""
    quota = []
    for part in headers.get("ratelimit-policy", "").split(","):
        name = re.search(r'"([^"]*)"', part)
        units = re.search(r";\s*q=([0-9]{1,7})(?![0-9.])", part)
        window = re.search(r";\s*w=([0-9]{1,7}(?:\.[0-9]{1,6})?)(?![0-9.])", part)
        at_once = window is None and not re.search(r";\s*w=", part)
        if name and units and int(units[1]) > 0 and (at_once or (window and float(window[1]) > 0)):
            quota.append((name[1], int(units[1]), float(window[1]) if window else 0.0))
    return tuple(quota)


def refuse_error_body(tree: Json, *, question: bool = False) -> None:
    """A 2xx whose body says `status: error` is an error; that of a question is one also if it only names an `error`."""
    if not isinstance(tree, dict):
        return
    if tree.get("status") == "error" or (question and isinstance(tree.get("error"), str) and tree["error"]):
        raise QueryError(error_text(tree, "The service reported an error."), status_code=200, response_body=tree)


def unwrap(tree: Json) -> Json:
    """What an answer of the App API holds: its `results`, or all of it where it has no such envelope.

    Some entities have a field `results` too, and no envelope has an `id`.
    """
    return tree["results"] if isinstance(tree, dict) and "results" in tree and "id" not in tree else tree


def read_rows(tree: Json) -> Json:
    """The rows of a list, also of one whose envelope holds another."""
    return unwrap(unwrap(tree))


def read_page(tree: Json) -> Json:
    """One page of a list as `results` and `pagination`, in whatever envelope they came, or without one."""
    inner = unwrap(tree)
    if not isinstance(inner, list):
        return inner
    pagination = tree.get("pagination") if isinstance(tree, dict) else None
    return {"results": inner, "pagination": pagination}


def next_cursor(tree: Json) -> str:
    """What asks for the page after this one of a list; "" after the last page."""
    for envelope in (tree, unwrap(tree)):
        pagination = envelope.get("pagination") if isinstance(envelope, dict) else None
        if isinstance(pagination, dict) and pagination.get("next_cursor"):
            return str(pagination["next_cursor"])
    return ""


def counts(error: BaseException | None) -> bool:
    """Whether the service counted a request that was answered this way."""
    return not (isinstance(error, APIError) and error.status_code in UNCOUNTED)
