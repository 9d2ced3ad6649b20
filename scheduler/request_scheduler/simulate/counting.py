"""The four ways in which services count requests in a window; the caller gives the time, which only goes forward.

The client's arithmetic is written apart from this, in `limits`, so that each can be judged by the other.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol


class Counter(Protocol):
    """A count of requests in a window."""

    def has_room(self, now: float) -> bool:
        """Whether one more may arrive now."""

    def count(self, now: float) -> None:
        """One arrives now."""


class RollingLog:
    """Exact: looks back by a window from every instant."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._arrivals: deque[float] = deque()

    def has_room(self, now: float) -> bool:
        """Whether fewer than the limit came in the window that ends now."""
        while self._arrivals and self._arrivals[0] <= now - self._seconds:
            self._arrivals.popleft()
        return len(self._arrivals) < self._limit

    def count(self, now: float) -> None:
        """Note the moment."""
        self._arrivals.append(now)


class Buckets:
    """Starts afresh at each multiple of the window; `estimating` adds the part of the last one that a rolling one holds."""

    def __init__(self, limit: int, seconds: float, *, estimating: bool) -> None:
        self._limit, self._seconds, self._estimating = limit, seconds, estimating
        self._number, self._current, self._previous = 0, 0, 0

    def has_room(self, now: float) -> bool:
        """Whether the count, or its estimate, leaves room for one."""
        self._turn_to(math.floor(now / self._seconds))
        used = float(self._current)
        if self._estimating:
            used += self._previous * (1 - (now / self._seconds - self._number))
        return used + 1 <= self._limit

    def count(self, now: float) -> None:
        """Add one to the current bucket."""
        self._turn_to(math.floor(now / self._seconds))
        self._current += 1

    def _turn_to(self, number: int) -> None:
        if number > self._number:
            self._previous = self._current if number == self._number + 1 else 0
            self._number, self._current = number, 0


class TokenBucket:
    """Full at first, and filled evenly: a window's worth of tokens in a window."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._rate = limit, limit / seconds
        self._tokens, self._filled = float(limit), 0.0

    def has_room(self, now: float) -> bool:
        """Whether a token is there."""
        self._tokens = min(self._limit, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        return self._tokens >= 1

    def count(self, now: float) -> None:
        """Take one."""
        self._tokens -= 1


def make_counter(shape: str, limit: int, seconds: float) -> Counter:
    """The counter of that shape."""
    if shape == "rolling":
        return RollingLog(limit, seconds)
    if shape == "token":
        return TokenBucket(limit, seconds)
    return Buckets(limit, seconds, estimating=shape == "two-bucket")


def fullest_window(moments: list[float], seconds: float) -> int:
    """The most moments, in ascending order, that any half-open stretch of `seconds` holds, whatever its phase."""
    fullest = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        fullest = max(fullest, last - first + 1)
    return fullest
