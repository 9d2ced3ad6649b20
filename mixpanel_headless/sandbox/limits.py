"""What the service allows: how much of each pool has been used, and what a refusal says.

The client's scheduler keeps its own account; this one is written apart from it, so that each can be judged by the other.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Shape = Literal["rolling", "fixed", "two-bucket"]
Reason = Literal["window", "concurrency"]

CONCURRENCY_RETRY_SECONDS = 10
UNCOUNTED_STATUSES = frozenset({401, 402, 429})


@attrs.frozen
class Window:
    """At most `requests` in `seconds`.

    `rolling` looks back from every instant and is exact; `fixed` starts afresh at each multiple of the window; `two-bucket`
    estimates the rolling count from the last two fixed ones and can refuse what a rolling log would admit.
    """

    requests: int
    seconds: float
    shape: Shape = "rolling"

    def used(self, arrivals: Sequence[float], now: float) -> float:
        """How much of the window is used up by `arrivals`, which are in ascending order."""
        if self.shape == "rolling":
            return len(arrivals) - bisect_right(arrivals, now - self.seconds)
        bucket = math.floor(now / self.seconds)
        current = sum(math.floor(arrival / self.seconds) == bucket for arrival in arrivals)
        if self.shape == "fixed":
            return current
        previous = sum(math.floor(arrival / self.seconds) == bucket - 1 for arrival in arrivals)
        return current + previous * (1 - (now / self.seconds - bucket))

    def has_room(self, arrivals: Sequence[float], now: float) -> bool:
        """Whether one more request may arrive now."""
        return self.used(arrivals, now) + 1 <= self.requests


@attrs.frozen
class Quota:
    """The limits of one pool of requests: any number of windows, and how many may run together."""

    pool: str
    windows: tuple[Window, ...] = ()
    at_once: int | None = None


@attrs.frozen
class Refusal:
    """Why a request was turned away, and the account that it met."""

    quota: Quota
    reason: Reason
    running: int
    used: int
    window: Window | None = None

    def headers(self) -> dict[str, str]:
        """What the service tells about the refusal; only the query pools are known to say anything."""
        if self.quota.pool not in {"query", "jql"}:
            return {}
        if self.reason == "concurrency" or self.window is None:
            wait = str(CONCURRENCY_RETRY_SECONDS)
            return {"RateLimit": f'"project-concurrency";r=0;t={wait}', "Retry-After": wait}
        seconds = format_number(self.window.seconds)
        policy = f'"project";q={self.window.requests};w={seconds}'
        if self.quota.at_once is not None:
            policy += f', "project-concurrency";q={self.quota.at_once};qu="concurrent-requests"'
        return {
            "RateLimit": f'"project";r=0;t={seconds}',
            "RateLimit-Policy": policy,
            "Retry-After": str(math.ceil(self.window.seconds)),
        }

    def text(self, project: int) -> str:
        """The error text of the response body."""
        running = self.running + (self.reason == "concurrency")
        parts = []
        if self.quota.at_once is not None:
            parts.append(f"{running}/{self.quota.at_once} queries running concurrently")
        if self.window is not None:
            used = self.used + (self.reason == "window")
            parts.append(f"{used}/{self.window.requests} queries running in {describe_span(self.window.seconds)}")
        return f"Query rate limit exceeded for project_id: {project}. {' and '.join(parts)}. Wait, then try again."


@attrs.frozen
class Ticket:
    """A request that was let in: which pools it spends and when it arrived."""

    pools: tuple[str, ...]
    arrived: float


class Meter:
    """The running account of one pool; the caller gives the time."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.running = 0
        self._arrivals: list[float] = []
        self._memory = 2 * max((window.seconds for window in quota.windows), default=0.0)

    def used(self, now: float) -> int:
        """Requests inside the longest window, the newest included."""
        longest = max((window.seconds for window in self.quota.windows), default=0.0)
        return len(self._arrivals) - bisect_right(self._arrivals, now - longest)

    def room(self, now: float) -> int | None:
        """How many requests may still arrive now by the windows alone; None without a window."""
        rooms = [math.floor(window.requests - window.used(self._arrivals, now)) for window in self.quota.windows]
        return max(0, min(rooms)) if rooms else None

    def refusal(self, now: float) -> Refusal | None:
        """Why a request that arrives now would be turned away; None when it may enter."""
        full = next((window for window in self.quota.windows if not window.has_room(self._arrivals, now)), None)
        if full is not None:
            return Refusal(self.quota, "window", self.running, math.ceil(full.used(self._arrivals, now)), full)
        if self.quota.at_once is not None and self.running >= self.quota.at_once:
            window = self.quota.windows[0] if self.quota.windows else None
            return Refusal(self.quota, "concurrency", self.running, self.used(now), window)
        return None

    def enter(self, now: float) -> None:
        """Count one request that arrives now and keep its permit until `leave`."""
        self.count(now)
        self.running += 1

    def leave(self, arrived: float, *, counts: bool) -> None:
        """Give back the permit of the request that arrived then, and its slot as well unless it counts."""
        self.running -= 1
        if not counts and arrived in self._arrivals:
            self._arrivals.remove(arrived)

    def count(self, now: float) -> None:
        """Count one request without a permit."""
        if self.quota.windows:
            insort(self._arrivals, now)
            del self._arrivals[: bisect_right(self._arrivals, now - self._memory)]


class Limits:
    """The accounts of all pools of one project; a request enters all the pools that it spends, or none."""

    def __init__(self, quotas: Sequence[Quota]) -> None:
        self.meters: Mapping[str, Meter] = {quota.pool: Meter(quota) for quota in quotas}

    def arrive(self, pools: tuple[str, ...], now: float) -> Ticket | Refusal:
        """A ticket to hand back with `leave`, or the first refusal among the pools."""
        meters = [self.meters[pool] for pool in pools]
        for meter in meters:
            if refusal := meter.refusal(now):
                return refusal
        for meter in meters:
            meter.enter(now)
        return Ticket(pools, now)

    def leave(self, ticket: Ticket, status: int | None) -> bool:
        """Settle a ticket by the status that was sent (None: the connection was cut); tells whether a window has counted it."""
        counts = status not in UNCOUNTED_STATUSES
        meters = [self.meters[pool] for pool in ticket.pools]
        for meter in meters:
            meter.leave(ticket.arrived, counts=counts)
        return counts and any(meter.quota.windows for meter in meters)


def published_quotas(query: Quota, shape: Shape = "rolling") -> tuple[Quota, ...]:
    """All pools of a project, with the given limits for queries and the published ones for the rest."""
    return (
        query,
        Quota("jql", query.windows, query.at_once),
        Quota("export", (Window(60, 3600.0, shape), Window(3, 1.0, shape)), at_once=100),
        Quota("schemas", (Window(5, 60.0, shape),)),
        Quota("app", at_once=10),
    )


def format_number(value: float) -> str:
    """Plain decimal text, without a fraction when there is none."""
    return str(int(value)) if value == int(value) else repr(float(value))


def describe_span(seconds: float) -> str:
    """The window in the words of the service's message."""
    named: dict[float, str] = {1: "second", 60: "minute", 3600: "hour"}
    return f"the last {named.get(seconds) or format_number(seconds) + ' seconds'}"
