"""What refusals teach a budget: when to pause, how to probe, when to pace, and which limits are real. All pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from request_scheduler.limits import Budget, Concurrent, Window

if TYPE_CHECKING:
    from request_scheduler.outcome import Refused

_CONCURRENCY_HOLD = 10.0  # the longest first wait for somebody else's permit
_BACKOFF_CEILING = 64.0
_SMALL_RETRY_AFTER = 60.0  # a longer hint without a named limit is not believed
_LONGEST_DELAY = 300.0
LESSON_LIFE = 7 * 86400.0  # seconds for which limits that the service told are believed without being told again
_HIGHEST_QUOTA = 1_000_000


@frozen
class Pause:
    """What the refusals so far mean for a budget.

    Nothing starts before `until`; while `probing` one request is in flight at most, until one is answered; until
    `paced_until` starts are `pace` seconds apart. `strikes` counts unexplained refusals in a row, and `since` is the
    last one: refusals of requests that were sent before it are the same news.
    """

    until: float = -math.inf
    since: float = -math.inf
    strikes: int = 0
    probing: bool = False
    pace: float = 0.0
    paced_until: float = -math.inf
    ends_on_release: bool = False

    def free_at(self, running: int, last_start: float, now: float) -> float:
        """When the next request may start, infinity while the probe is out."""
        if self.probing and running:
            return math.inf
        earliest = max(now, self.until)
        paced = last_start + self.pace
        if earliest < self.paced_until and paced > earliest:
            return min(paced, self.paced_until)
        return earliest

    def over(self, now: float) -> bool:
        """Whether nothing of it is left."""
        return not self.probing and self.strikes == 0 and now >= self.until and now >= self.paced_until


CLEAR = Pause()


def after_refusal(
    pause: Pause, refusal: Refused, window: Window | None, *, explained: bool, sent_at: float, now: float, jitter: float
) -> Pause:
    """The pause that follows a refusal.

    `window` is the budget's longest one; `explained` says that the own log is full, so its next slot is the only news;
    `jitter` is a random number from 0 to 1.
    """
    if sent_at < pause.since:
        return pause
    strikes = pause.strikes + 1
    if refusal.kind == "concurrency":
        hold = min(_believable(refusal.retry_after) or 1.0, _CONCURRENCY_HOLD, _pace(window)) * 2.0 ** (strikes - 1)
        until = now + min(hold, _longest(window))
        return evolve(pause, until=until, since=now, strikes=strikes, ends_on_release=True)
    if refusal.kind == "window" and window is not None:
        if explained:
            return pause
        # The log has room, so others use the project: probe, and keep requests apart in case the server counts buckets.
        delay = min(_pace(window) * 2.0 ** (strikes - 1), window.seconds)
        return Pause(now + delay, now, strikes, True, _pace(window), now + window.seconds)
    backoff = min(2.0 ** (strikes - 1), _longest(window)) * (0.5 + 0.5 * jitter)
    until = now + max(backoff, min(_believable(refusal.retry_after), _longest(window)))
    return evolve(pause, until=until, since=now, strikes=strikes, probing=True, ends_on_release=False)


def after_answer(pause: Pause, *, sent_at: float, now: float) -> Pause:
    """The pause that is left when a request was answered: pacing goes on, doubling starts anew."""
    if sent_at < pause.since:
        return pause
    if now >= pause.paced_until:
        return CLEAR
    return Pause(pace=pause.pace, paced_until=pause.paced_until)


def after_release(pause: Pause, now: float) -> Pause:
    """The pause that is left when one of the own permits came back: a hold for a permit ends."""
    return evolve(pause, until=min(pause.until, now), ends_on_release=False) if pause.ends_on_release else pause


def learned(budget: Budget, quota: tuple[Window | Concurrent, ...]) -> Budget:
    """The budget with the limits that the service told.

    Untrusted input: it may change how many, never how long. A window of another length is ignored.
    """
    windows = {round(taught.seconds, 3): taught.limit for taught in quota if isinstance(taught, Window)}
    permits = [taught.limit for taught in quota if isinstance(taught, Concurrent)]

    def taught_limit(limit: Window | Concurrent) -> Window | Concurrent:
        if isinstance(limit, Window):
            told = windows.get(round(limit.seconds, 3), limit.limit)
        else:
            told = min(permits, default=limit.limit)
        return evolve(limit, limit=told) if 1 <= told <= _HIGHEST_QUOTA else limit

    return evolve(budget, limits=tuple(taught_limit(limit) for limit in budget.limits))


def retry_delay(attempt: int, after: float | None, jitter: float) -> float:
    """Seconds before a failed call may queue again: what the service asked for within bounds, or a growing backoff."""
    asked = _believable(after, _LONGEST_DELAY)
    return asked or min(2.0 ** (attempt - 1), _BACKOFF_CEILING) * (0.5 + 0.5 * jitter)


def _believable(seconds: float | None, ceiling: float = _SMALL_RETRY_AFTER) -> float:
    """A hint from outside, 0 when it is absent or absurd."""
    if seconds is None or not 0 < seconds <= ceiling:
        return 0.0
    return seconds


def _pace(window: Window | None) -> float:
    return math.inf if window is None else window.seconds / window.limit


def _longest(window: Window | None) -> float:
    return _BACKOFF_CEILING if window is None else min(_BACKOFF_CEILING, window.seconds)
